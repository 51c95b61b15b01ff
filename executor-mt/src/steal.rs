//! Where a worker without tasks looks, and what it does with what it finds.
//!
//! One task is run at once; the others go to the thief's own queue, which is empty, and what does not fit there to its
//! backlog, where they can be stolen again.
//!
//! # What is left where it lies
//!
//! Tasks that wake each other in turn share what they wait for. On two workers each of them costs more than both on one:
//! the words they share go to and fro between two caches (measured: a semaphore, 60 ns a turn on one worker, 150 to 450 on
//! two). So [a few](FEW) are left to a worker that is seen to [get through them](gets_through) in about a microsecond, which
//! is less than it takes to bring them elsewhere. What that costs: tasks that share nothing, are few and whose polls are
//! that short run on one worker where they could on two.

use zokio_core::park::Unpark;

use crate::deque::CAPACITY;
use crate::home::{Home, Task};
use crate::shared::Shared;
use crate::worker::Local;

/// As many tasks in a queue are few: their worker is given the time to show that it gets through them by itself.
pub(crate) const FEW: usize = if cfg!(shuttle) { 2 } else { 16 };

/// How often a searcher looks whether a worker gets on: about a microsecond.
const LOOKS: u32 = if cfg!(any(loom, shuttle, miri)) { 3 } else { 60 };

/// Whether a worker in whose queue lie so many tasks, few of them, starts as many polls while a searcher looks on. `before` is
/// what `polls` answered before the queue was looked at.
pub(crate) fn gets_through(queued: usize, before: u64, mut polls: impl FnMut() -> u64) -> bool {
    (1..=FEW).contains(&queued)
        && (0..LOOKS).any(|_| {
            core::hint::spin_loop();
            polls().wrapping_sub(before) as usize >= queued
        })
}

/// Looks into all boxes of all other workers, beginning anywhere, and at last into its own.
///
/// `leave` says how many tasks in the queue of a worker are left to it: if there are no more, none is taken.
pub(crate) fn search<U: Unpark>(
    shared: &Shared<U>,
    thief: &Local<U>,
    start: usize,
    mut leave: impl FnMut(usize) -> usize,
) -> Option<Task<U>> {
    let workers = shared.homes.len();
    let others = (0..workers).map(|step| (start % workers + step) % workers).filter(|victim| *victim != thief.index());
    others.chain([thief.index()]).find_map(|victim| take(&shared.homes[victim], thief, leave(victim)))
}

fn take<U: Unpark>(victim: &Home<U>, thief: &Local<U>, most_left: usize) -> Option<Task<U>> {
    if victim.thief.len() > most_left {
        if let Some(task) = victim.thief.steal(&thief.queue) {
            return Some(task);
        }
    }
    if let (Some(task), _) = from_backlog(victim, thief, CAPACITY / 2) {
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

/// Takes one task to run and up to `most` others into the queue of `thief`, which is empty. Says how many others.
pub(crate) fn from_backlog<U: Unpark>(victim: &Home<U>, thief: &Local<U>, most: usize) -> (Option<Task<U>>, usize) {
    if victim.backlog.len() == 0 {
        return (None, 0);
    }
    let mut batch = victim.backlog.take(most);
    let first = batch.next();
    (first, keep(batch, thief))
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

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    /// What [`gets_through`] says of a worker that starts `each` polls between two looks.
    fn seen(queued: usize, each: u64) -> bool {
        let mut polls = 7;
        gets_through(queued, 7, || {
            polls += each;
            polls
        })
    }

    #[test]
    fn a_worker_gets_through_what_it_has_started_as_many_polls_for() {
        assert!([1, 2, FEW].iter().all(|&queued| seen(queued, 16)));
        assert!(![0, FEW + 1].iter().any(|&queued| seen(queued, 100)), "nothing is left to it, or too much");
        assert!(!seen(1, 0), "it does not move");
        assert!(seen(LOOKS.min(16) as usize, 1), "at the last look");
        assert!(gets_through(2, u64::MAX, || 1), "the count may begin anew");
        assert!(!gets_through(3, u64::MAX, || 1));
    }
}
