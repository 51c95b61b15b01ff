//! How every task of a runtime that stops is dropped, whoever holds it.
//!
//! 1. Somebody closes the runtime (`Shared::close`): the flag is set, the inboxes are closed and emptied, every worker is
//!    unparked. What comes to an inbox later goes back to whoever brings it, who cancels it.
//! 2. Each worker, at its next tick, leaves its loop and ([`drain`]) closes the registry of its home, aborts every task in
//!    it, and cancels all that is or comes into its own queue, until there is nothing. A task of its home that is not
//!    there then is in the queue of another worker, which will do the same, runs there and will find itself aborted, or is
//!    with a thread that was refused.
//!    A home whose worker could not be started is [abandoned](abandon) instead.
//! 3. The last worker to be over closes the timers of all.
//!
//! No worker waits for another, and no task is dropped where it may not be.

use zokio_core::guard::{DEEPEST, in_turn};
use zokio_core::park::Unpark;
use zokio_core::task::AbortHandle;

use crate::home::{Home, Task};
use crate::overflow::Batch;
use crate::worker::Local;

/// Cancels a task that nobody will run. Where this thread is cancelling one already, after that: dropping a future may wake others,
/// whose futures wake others again.
#[cold]
pub(crate) fn bury<U: Unpark>(task: Task<U>) {
    in_turn(1, move || task.cancel());
}

/// Cancels a task that was just spawned, and that nobody will run. Before its spawner goes on, who may wait for it.
#[cold]
pub(crate) fn refuse<U: Unpark>(task: Task<U>) {
    in_turn(DEEPEST, move || task.cancel());
}

/// Refuses tasks at a home from now on, and aborts those that it has. One that sleeps is scheduled by its abort: into the queue
/// of the worker that this thread is, or into an inbox.
pub(crate) fn abandon<U: Unpark>(home: &Home<U>) {
    home.tasks.close();
    home.tasks.abort_handles().iter().for_each(AbortHandle::abort);
}

/// Drops the tasks of a worker that has left its loop.
pub(crate) fn drain<U: Unpark>(local: &Local<U>) {
    let home = local.home();
    abandon(home);
    loop {
        let backlog = home.backlog.take(Batch::<Task<U>>::ROOM);
        let rest = backlog.chain(core::iter::from_fn(|| local.queue.pop()));
        if rest.map(Task::cancel).count() == 0 {
            return;
        }
    }
}
