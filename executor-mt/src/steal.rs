//! Where a worker without tasks looks, and what it does with what it finds.
//!
//! One task is run at once; the others go to the thief's own queue, which is empty, and what does not fit there to its
//! backlog, where they can be stolen again.

use zokio_core::park::Unpark;

use crate::deque::CAPACITY;
use crate::home::{Home, Task};
use crate::shared::Shared;
use crate::worker::Local;

/// Looks into all boxes of all other workers, beginning anywhere, and at last into its own.
///
/// A task that lies alone in the queue of a worker is taken only if `last` says so of that worker.
pub(crate) fn search<U: Unpark>(
    shared: &Shared<U>,
    thief: &Local<U>,
    start: usize,
    mut last: impl FnMut(usize) -> bool,
) -> Option<Task<U>> {
    let workers = shared.homes.len();
    let others = (0..workers).map(|step| (start % workers + step) % workers).filter(|victim| *victim != thief.index());
    others.chain([thief.index()]).find_map(|victim| {
        let most_left = if last(victim) { 0 } else { 1 };
        take(&shared.homes[victim], thief, most_left)
    })
}

fn take<U: Unpark>(victim: &Home<U>, thief: &Local<U>, most_left: usize) -> Option<Task<U>> {
    if victim.thief.len() > most_left {
        if let Some(task) = victim.thief.steal(&thief.queue) {
            return Some(task);
        }
    }
    if let Some(task) = from_backlog(victim, thief, CAPACITY / 2) {
        return Some(task);
    }
    // A whole box in one step: the others of it can be stolen from here.
    for inbox in [&victim.wakes, &victim.spawns] {
        if inbox.is_empty() {
            continue;
        }
        let mut tasks = inbox.take_all();
        let first = tasks.next();
        let rest = keep(tasks, thief);
        if first.is_some() {
            thief.home().counters.count_received(rest + 1);
            return first;
        }
    }
    None
}

/// Takes one task to run and up to `most` others into the queue of `thief`, which is empty.
pub(crate) fn from_backlog<U: Unpark>(victim: &Home<U>, thief: &Local<U>, most: usize) -> Option<Task<U>> {
    if victim.backlog.len() == 0 {
        return None;
    }
    let mut batch = victim.backlog.take(most);
    let first = batch.next();
    keep(batch, thief);
    first
}

/// Puts tasks into the queue of `local`, and those for which there is no room into its backlog. Returns how many.
pub(crate) fn keep<U: Unpark>(mut tasks: impl Iterator<Item = Task<U>>, local: &Local<U>) -> usize {
    let mut count = 0;
    while let Some(task) = tasks.next() {
        count += 1;
        if let Err(task) = local.queue.push(task) {
            let mut others = 0;
            local.home().backlog.extend([task].into_iter().chain(tasks.inspect(|_| others += 1)));
            local.home().counters.count_overflowed(1 + others);
            return count + others;
        }
    }
    count
}
