//! Who sleeps and who searches: the protocol by which no wake-up is lost.
//!
//! A worker is in one of three states: it *runs* tasks, it *searches* the boxes of others for tasks, or it is *parked*.
//! One word says which workers are parked and how many search; whoever makes work ready reads that word and wakes one
//! parked worker, unless somebody searches already and will find the work.
//!
//! ```text
//!                    transition_to_searching (granted)
//!            running ---------------------------------> searching
//!             |  ^  <---------------------------------    |   ^
//!             |  |      transition_from_searching         |   | the bit was cleared by `notify`
//!  refused:   |  |                                        |   |
//!  others     |  | transition_from_parked                 |   |
//!  search     v  | (the bit was still set)                v   |
//!            parked <------------------------------- parked --+
//!                            transition_to_parked
//! ```
//!
//! # Named invariants
//!
//! - *Push, fence, look*: work is made visible before the word is read, with a fence between.
//! - *Bit, fence, look*: the parked bit is set before the boxes are read, with a fence between. Own boxes always; the
//!   boxes of everybody if this worker was the last that searched. With the rule above, either the pusher sees the bit or
//!   the parker sees the work.
//! - *Last one looks again*: a searcher that stops, for whatever reason, and was the last, looks at all boxes after saying
//!   so (and wakes another if it cannot take what it sees): pushers who saw it searching woke nobody.
//! - *Nobody sleeps unsearched*: a worker may park without having searched only while another searches, judged by the same
//!   read-modify-write that sets its bit.
//! - *Whoever clears a bit owes the wake-up*: [`Idle::notify`] clears a bit, counts its worker as a searcher and hands the
//!   caller the duty to unpark it. A worker that wakes by itself (a deadline, an event, a spurious unpark) clears its own
//!   bit, and finds out in the same step whether somebody else did.
//!
//! A bit is set once and cleared once per sleep and a counter counts only workers without a bit, so no sleeper can be
//! entered twice and no counter can underflow, however often a worker is unparked behind this module's back.
//!
//! # Limits
//!
//! A word has room for 48 workers (24 on 32-bit machines) and as many searchers as it has workers. More workers take
//! more words; the rules hold per word, and a pusher reads all of them.
//!
//! # Cost
//!
//! [`Idle::notify`] is a fence and one load where somebody searches or nobody sleeps; with more than one word, a load per
//! word.

use std::boxed::Box;

use zokio_core::atomic::{AtomicUsize, Ordering, fence};

/// Workers whose parked bits share one word.
const GROUP: usize = usize::BITS as usize / 4 * 3;

/// One searcher in the upper quarter of the word; the lower three quarters are parked bits.
const SEARCHER: usize = 1 << GROUP;

/// A copy of one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Snapshot(usize);

impl Snapshot {
    fn searchers(self) -> usize {
        self.0 >> GROUP
    }

    fn parked(self) -> usize {
        self.0 & (SEARCHER - 1)
    }

    fn is_parked(self, bit: usize) -> bool {
        self.0 & bit != 0
    }

    /// The bit of `prefer` if it is parked, else that of some parked worker.
    fn choose(self, prefer: usize) -> Option<usize> {
        match self.parked() {
            0 => None,
            parked if parked & prefer != 0 => Some(prefer),
            parked => Some(1 << parked.trailing_zeros()),
        }
    }

    /// Debug only: no more workers parked and searching than there are.
    fn check(self, workers: usize) {
        debug_assert!(
            self.parked().count_ones() as usize + self.searchers() <= workers,
            "idle word {self:?} counts more than its {workers} workers"
        );
        debug_assert!(self.parked() >> workers == 0, "idle word {self:?} has a bit beyond its {workers} workers");
    }
}

/// On its own pair of cache lines.
#[derive(Debug)]
#[repr(align(128))]
struct Word(AtomicUsize);

/// What a worker that wanted to park must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Parked {
    /// It is parked: look at the own boxes, then sleep.
    LookAtOwn,
    /// It is parked and was the last searcher: look at all boxes, then sleep.
    LookAtAll,
    /// It is not parked but counted as a searcher: nobody else searches, so it must.
    Search,
}

/// Who is parked and how many search.
#[derive(Debug)]
pub(crate) struct Idle {
    words: Box<[Word]>,
    group: usize,
    workers: usize,
}

impl Idle {
    /// All `workers` run.
    pub(crate) fn new(workers: usize) -> Self {
        Self::with_group(workers, GROUP)
    }

    /// As `new`, with fewer workers to a word.
    fn with_group(workers: usize, group: usize) -> Self {
        debug_assert!((1..=GROUP).contains(&group));
        let words = (0..workers.div_ceil(group)).map(|_| Word(AtomicUsize::new(0))).collect();
        Self { words, group, workers }
    }

    fn place(&self, worker: usize) -> (&AtomicUsize, usize) {
        (&self.words[worker / self.group].0, 1 << (worker % self.group))
    }

    /// The number of workers whose bits are in the word of `worker`.
    fn members(&self, group: usize) -> usize {
        self.group.min(self.workers - group * self.group)
    }

    /// Called after work was made visible: chooses the parked worker to wake, if one must be woken. The caller owes it an
    /// unpark; it is counted as a searcher already.
    ///
    /// `prefer` is chosen if it sleeps: the work lies in its boxes.
    #[must_use = "whoever clears a bit owes the wake-up"]
    pub(crate) fn notify(&self, prefer: usize) -> Option<usize> {
        // Ordering: *push, fence, look*; pairs with the fences after a bit is set and after a searcher stops. If that
        // fence came first, the loads below see its bit or its absence from the searchers; if it came later, its worker
        // sees the work.
        fence(Ordering::SeqCst); // after the push
        if self.words.iter().any(|word| Snapshot(word.0.load(Ordering::Relaxed)).searchers() > 0) {
            return None;
        }
        let first = prefer / self.group;
        for step in 0..self.words.len() {
            let group = (first + step) % self.words.len();
            let word = &self.words[group].0;
            let prefer = if step == 0 { 1 << (prefer % self.group) } else { 0 };
            let mut now = Snapshot(word.load(Ordering::Relaxed));
            while let Some(bit) = now.choose(prefer) {
                if now.searchers() > 0 {
                    return None;
                }
                let next = Snapshot(now.0 - bit + SEARCHER);
                next.check(self.members(group));
                // Ordering: the unpark that follows synchronises with the woken worker; the word itself carries no data.
                match word.compare_exchange_weak(now.0, next.0, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return Some(group * self.group + bit.trailing_zeros() as usize),
                    Err(actual) => now = Snapshot(actual),
                }
            }
        }
        None
    }

    /// A running worker without tasks asks to search. At most half of the workers search at one time; whoever is refused
    /// goes on to park.
    pub(crate) fn transition_to_searching(&self, worker: usize) -> bool {
        let (word, _) = self.place(worker);
        let members = self.members(worker / self.group);
        if Snapshot(word.load(Ordering::Relaxed)).searchers() * 2 >= members.max(2) {
            return false;
        }
        // The limit is a courtesy: two that pass it together may both search.
        let before = Snapshot(word.fetch_add(SEARCHER, Ordering::Relaxed));
        Snapshot(before.0 + SEARCHER).check(members);
        true
    }

    /// A searcher has found work and runs it. Returns whether it was the last: then it must look at all boxes and call
    /// [`notify`](Self::notify) if there is more.
    #[must_use = "the last searcher looks again"]
    pub(crate) fn transition_from_searching(&self, worker: usize) -> bool {
        let (word, _) = self.place(worker);
        let before = Snapshot(word.fetch_sub(SEARCHER, Ordering::Relaxed));
        debug_assert!(before.searchers() > 0, "a worker that did not search stopped searching");
        // Ordering: *last one looks again*; pairs with the fence in `notify`.
        fence(Ordering::SeqCst); // after the search
        before.searchers() == 1
    }

    /// A worker without tasks parks. `searching` says whether it is counted as a searcher.
    pub(crate) fn transition_to_parked(&self, worker: usize, searching: bool) -> Parked {
        let (word, bit) = self.place(worker);
        let members = self.members(worker / self.group);
        let mut now = Snapshot(word.load(Ordering::Relaxed));
        loop {
            debug_assert!(!now.is_parked(bit), "a parked worker parked");
            let (next, what) = match (searching, now.searchers()) {
                (true, 0) => unreachable!("a searcher that is not counted"),
                (true, 1) => (now.0 - SEARCHER + bit, Parked::LookAtAll),
                (true, _) => (now.0 - SEARCHER + bit, Parked::LookAtOwn),
                // *Nobody sleeps unsearched*.
                (false, 0) => (now.0 + SEARCHER, Parked::Search),
                (false, _) => (now.0 + bit, Parked::LookAtOwn),
            };
            Snapshot(next).check(members);
            match word.compare_exchange_weak(now.0, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    // Ordering: *bit, fence, look*; pairs with the fence in `notify`.
                    fence(Ordering::SeqCst); // after the bit
                    return what;
                }
                Err(actual) => now = Snapshot(actual),
            }
        }
    }

    /// A worker is awake again, for whatever reason. Returns whether it was notified, and so is counted as a searcher.
    pub(crate) fn transition_from_parked(&self, worker: usize) -> bool {
        let (word, bit) = self.place(worker);
        let before = Snapshot(word.fetch_and(!bit, Ordering::Relaxed));
        !before.is_parked(bit)
    }

    /// Whether `worker` sleeps or is about to. Called after something was made visible that only this worker looks at
    /// before it sleeps (an earlier deadline): if so, it is to be unparked, and clears its bit itself.
    pub(crate) fn is_parked(&self, worker: usize) -> bool {
        let (word, bit) = self.place(worker);
        // Ordering: as in `notify`: *push, fence, look*.
        fence(Ordering::SeqCst); // after the insertion
        Snapshot(word.load(Ordering::Relaxed)).is_parked(bit)
    }

    /// The number of parked workers now.
    pub(crate) fn parked(&self) -> usize {
        let parked = |word: &Word| Snapshot(word.0.load(Ordering::Relaxed)).parked().count_ones() as usize;
        self.words.iter().map(parked).sum()
    }
}

/// One worker's own view of the protocol: whether it searches, and what it owes at each change.
#[derive(Debug)]
pub(crate) struct Role {
    worker: usize,
    searching: bool,
}

impl Role {
    /// The worker runs.
    pub(crate) fn new(worker: usize) -> Self {
        Self { worker, searching: false }
    }

    /// The worker has work in hand. `any` tells whether any box of anybody holds more. Returns the worker to unpark.
    #[must_use = "whoever clears a bit owes the wake-up"]
    pub(crate) fn found(&mut self, idle: &Idle, any: impl FnOnce() -> bool) -> Option<usize> {
        if !core::mem::take(&mut self.searching) || !idle.transition_from_searching(self.worker) || !any() {
            return None;
        }
        idle.notify(self.worker)
    }

    /// The worker's own boxes are empty. Returns whether it may look into those of others.
    pub(crate) fn may_search(&mut self, idle: &Idle) -> bool {
        self.searching = self.searching || idle.transition_to_searching(self.worker);
        self.searching
    }

    /// The worker found nothing: parks it. `own` tells whether its own boxes hold work (or it must not sleep for another
    /// reason), `any` whether any box does. `park` sleeps, and must call the closure it is given exactly once, after the
    /// point from which an unpark ends the sleep, and not sleep if that answers `false`. Returns whether it parked at all;
    /// if not, it must search.
    pub(crate) fn park(
        &mut self,
        idle: &Idle,
        own: impl FnOnce() -> bool,
        any: impl FnOnce() -> bool,
        park: impl FnOnce(&mut dyn FnMut() -> bool),
    ) -> bool {
        let all = match idle.transition_to_parked(self.worker, self.searching) {
            Parked::Search => {
                self.searching = true;
                return false;
            }
            Parked::LookAtOwn => false,
            Parked::LookAtAll => true,
        };
        let mut look = Some((own, any));
        park(&mut || look.take().is_some_and(|(own, any)| !(own() || (all && any()))));
        self.searching = idle.transition_from_parked(self.worker);
        true
    }

    /// The worker leaves for good: it is no searcher any more.
    pub(crate) fn leave(&mut self, idle: &Idle) {
        if core::mem::take(&mut self.searching) {
            // Nobody searches after a shutdown: there is no last one.
            let _ = idle.transition_from_searching(self.worker);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn notify_wakes_one_and_only_while_nobody_searches() {
        let idle = Idle::new(3);
        assert_eq!(idle.notify(0), None, "all run");
        for worker in 0..3 {
            assert!(idle.transition_to_searching(worker));
            assert_eq!(idle.transition_to_parked(worker, true), Parked::LookAtAll);
        }
        assert_eq!(idle.parked(), 3);
        assert_eq!(idle.notify(1), Some(1), "the preferred one");
        assert_eq!(idle.notify(2), None, "one searches already");
        assert!(idle.transition_from_parked(1), "it was notified");
        assert!(idle.transition_from_searching(1), "it was the last");
        assert_eq!(idle.notify(1), Some(0), "the preferred one runs, so another");
    }

    #[test]
    fn failure_004_a_worker_unparked_from_outside_is_not_counted_twice() {
        let idle = Idle::new(2);
        for round in 0..100 {
            for worker in 0..2 {
                let searching = idle.transition_to_searching(worker);
                assert_eq!(idle.transition_to_parked(worker, searching), Parked::LookAtAll, "round {round}");
            }
            // Nobody notified them: each clears its own bit, and no searcher is counted.
            for worker in 0..2 {
                assert!(!idle.transition_from_parked(worker));
            }
            assert_eq!(idle.words[0].0.load(Ordering::Relaxed), 0);
        }
        let searching = idle.transition_to_searching(1);
        let _ = idle.transition_to_parked(1, searching);
        assert_eq!(idle.notify(0), Some(1));
    }

    #[test]
    fn nobody_parks_unsearched() {
        let idle = Idle::new(2);
        assert_eq!(idle.transition_to_parked(0, false), Parked::Search);
        assert_eq!(idle.transition_to_parked(1, false), Parked::LookAtOwn);
        assert_eq!(idle.transition_to_parked(0, true), Parked::LookAtAll);
    }

    #[test]
    fn more_workers_than_a_word_holds() {
        for workers in [1, 47, 48, 49, 97, 1000] {
            let idle = Idle::new(workers);
            for worker in 0..workers {
                assert!(idle.transition_to_searching(worker));
                let _ = idle.transition_to_parked(worker, true);
            }
            assert_eq!(idle.parked(), workers);
            for worker in (0..workers).rev() {
                assert_eq!(idle.notify(worker), Some(worker));
                assert!(idle.transition_from_parked(worker));
                assert!(idle.transition_from_searching(worker));
            }
            assert_eq!(idle.parked(), 0);
            assert_eq!(idle.notify(0), None);
        }
    }

    #[test]
    fn a_searcher_in_one_word_answers_for_all() {
        let idle = Idle::with_group(4, 2);
        assert!(idle.transition_to_searching(0));
        let _ = idle.transition_to_parked(0, true);
        assert!(idle.transition_to_searching(3));
        assert_eq!(idle.notify(0), None);
        assert_eq!(idle.transition_to_parked(3, true), Parked::LookAtAll);
        assert_eq!(idle.notify(2), Some(3), "in the preferred one's word first");
    }
}

#[cfg(all(test, loom))]
#[path = "idle/tests/loom.rs"]
pub(crate) mod loom_tests;
