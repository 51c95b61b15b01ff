//! Notifications, conditions, values that are set once, groups.

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use zokio::sync::{Barrier, Condvar, Mutex, Notify, OnceCell, SetOnce, Signal, TaskTracker, WaitGroup, WaitQueue};

use super::{Rig, Rival, keep, release, rig};

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let notify = keep(Notify::new());
    rigs.push(rig("Notify::notified", || notify.notified(), || notify.notify_one()));
    let notify = Arc::new(Notify::new());
    let more = notify.clone();
    rigs.push(rig("Notify::notified_owned", move || notify.clone().notified_owned(), move || more.notify_one()));
    let queue = keep(WaitQueue::new());
    rigs.push(rig("WaitQueue::wait", || queue.wait(), || queue.wake_one()));
    let (queue, tickets) = (keep(WaitQueue::new()), keep(Cell::new(0)));
    rigs.push(rig(
        "WaitQueue::wait_until",
        || queue.wait_until(|| take(tickets)),
        || {
            tickets.set(tickets.get() + 1);
            queue.wake_one();
        },
    ));
    let signal = keep(Signal::<u8>::new());
    rigs.push(rig(
        "Signal::wait",
        || signal.wait(),
        || {
            signal.signal(1);
        },
    ));
    let (mutex, condvar) = (keep(Mutex::new(())), keep(Condvar::new()));
    let wait = || async { drop(condvar.wait(mutex.lock().await).await) };
    rigs.push(relocks(mutex, rig("Condvar::wait", wait, || condvar.notify_one())));
    let (mutex, condvar) = (keep(Mutex::new(())), keep(Condvar::new()));
    let wait = || async { drop(condvar.wait_or(mutex.lock().await, pending()).await) };
    rigs.push(relocks(mutex, rig("Condvar::wait_or", wait, || condvar.notify_one())));
    let (mutex, condvar, tickets) = (keep(Mutex::new(())), keep(Condvar::new()), keep(Cell::new(0)));
    let wait = || async { drop(condvar.wait_while(mutex.lock().await, |()| !take(tickets)).await) };
    let grant = || {
        tickets.set(tickets.get() + 1);
        condvar.notify_one();
    };
    rigs.push(relocks(mutex, rig("Condvar::wait_while", wait, grant)));
    let barrier = keep(Barrier::new(2));
    // Who comes counts, whatever becomes of it.
    let come = || drop(pin!(barrier.wait()).poll(&mut Context::from_waker(Waker::noop())));
    let wait = rig("Barrier::wait", || barrier.wait(), come);
    rigs.push(Rig { single: true, counts: true, ..wait });
    let cell = keep(OnceCell::new());
    let init = rig("OnceCell::get_or_init", || cell.get_or_init(|| ready(1)), release(begun(cell)));
    rigs.push(Rig { rival: makes(cell), ..init });
    let cell = keep(OnceCell::new());
    let init = || cell.get_or_try_init(|| ready(Ok::<u8, ()>(1)));
    rigs.push(Rig { rival: makes(cell), ..rig("OnceCell::get_or_try_init", init, release(begun(cell))) });
    let once = keep(SetOnce::new());
    rigs.push(rig("SetOnce::wait", || once.wait(), || once.set(1_u8)));
    let group = keep(WaitGroup::new());
    rigs.push(rig("WaitGroup::wait", || group.wait(), release(group.add())));
    let tracker = keep(TaskTracker::new());
    let token = tracker.token();
    tracker.close();
    rigs.push(rig("TaskTracker::wait", || tracker.wait(), release(token)));
    rigs
}

/// Once notified it waits for the mutex.
fn relocks(mutex: &'static Mutex<()>, rig: Rig) -> Rig {
    Rig { second: Some(Box::new(|| Box::new(mutex.try_lock().expect("nobody has it")))), ..rig }
}

/// Takes one of those that were granted.
fn take(tickets: &Cell<usize>) -> bool {
    let some = tickets.get();
    tickets.set(some.saturating_sub(1));
    some > 0
}

/// One that makes another value: all get the one that the first has made.
fn makes(cell: &'static OnceCell<u8>) -> Option<Rival> {
    Rival::new(|| cell.get_or_init(|| ready(2)), |_, _| cell.get() == Some(&2))
}

/// An initialization that waits for ever; when it is dropped, another one may try.
fn begun(cell: &'static OnceCell<u8>) -> impl Future {
    let mut first = Box::pin(cell.get_or_init(pending::<u8>));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    first
}
