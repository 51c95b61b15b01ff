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
//!   the parker sees the work. The own queue is one of the own boxes: it was empty when the bit was set, but a parker may deliver
//!   events between that and the look.
//! - *Last one looks again*: a searcher that stops, for whatever reason, and was the last, looks at all boxes after saying
//!   so (and wakes another if it cannot take what it sees): pushers who saw it searching woke nobody.
//! - *Who calls nobody looks again*: a worker that pushes behind others and so calls nobody looks, behind a fence, whether one of
//!   them is still there. If so, whoever is or will be called for that one finds both; if not, a searcher may have taken all and looked
//!   for more before the push. What events and timers wake between two polls it looks at once, when all of it is there.
//! - *Nobody sleeps unsearched*: a worker may park without having searched only while another searches, judged by the same
//!   read-modify-write that sets its bit.
//! - *Whoever clears a bit owes the wake-up*: [`Idle::notify`] clears a bit, counts its worker as a searcher and hands the
//!   caller the duty to unpark it. A worker that wakes by itself (a deadline, an event, a spurious unpark) clears its own
//!   bit, and finds out in the same step whether somebody else did.
//!
//! - *Naps are searches*: a searcher that found nothing may sleep for a moment, with no bit set and still counted, and
//!   then looks again. Whoever makes work ready that it will come to by itself ([`Idle::notify_lazily`]) leaves it asleep;
//!   whoever calls for help ([`Idle::notify`]) ends its nap. A nap that is not ended where it ought to have been costs a
//!   delay as long as a nap, and nothing is lost: all that holds for searchers holds for this one.
//! - *Whoever leaves something stays*: a searcher that leaves tasks to their worker (see [`steal`](crate::steal)) naps on and
//!   does not park, unless another one searches: the worker to which they were left may be held up by any of them.
//! - *Name, fence, look*: it says that it naps before it looks at all boxes for the last time, with a fence between.
//!
//! # Why naps
//!
//! Tasks that wake each other in turn (a lock that goes round, two ends of a channel) keep one worker busy: what each of
//! them wakes is what that worker runs next. A second one that is called for each such wake finds nothing most of the
//! time, costs a call of the system and its own time to fall asleep, and where it does find something every word the tasks
//! share goes to and fro between two caches. Not to call it at all would let a task wait for ever behind the poll that woke it,
//! if that blocks. So the second worker looks from time to time.
//!
//! Several such tasks at once would call it at each wake. Where it has just seen that their worker gets through all of them, it
//! says with its name whose tasks it left, and that worker's second task does not end its nap ([`Idle::notify_of_few`]); the
//! first one that is not among a few does, and so does any other worker that calls for help.
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

mod left;

use std::boxed::Box;

use zokio_core::atomic::{AtomicUsize, Ordering, fence};

pub(crate) use left::Left;

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

/// Why another worker may be wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// For what the caller comes to by itself if nothing keeps it.
    Lazy,
    /// For a few tasks.
    Few,
    /// For help.
    Help,
}

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
    /// The worker that naps, and one, and what it [left](Left); zero: nobody.
    napper: Word,
    group: usize,
    workers: usize,
}

impl Idle {
    /// How many workers there may be.
    pub(crate) const MOST: usize = Left::MOST - 1;

    /// All `workers` run.
    pub(crate) fn new(workers: usize) -> Self {
        Self::with_group(workers, GROUP)
    }

    /// As `new`, with fewer workers to a word.
    fn with_group(workers: usize, group: usize) -> Self {
        debug_assert!((1..=GROUP).contains(&group));
        assert!(workers <= Self::MOST, "more workers than a name has bits for");
        let words = (0..workers.div_ceil(group)).map(|_| Word(AtomicUsize::new(0))).collect();
        Self { words, napper: Word(AtomicUsize::new(0)), group, workers }
    }

    fn place(&self, worker: usize) -> (&AtomicUsize, usize) {
        (&self.words[worker / self.group].0, 1 << (worker % self.group))
    }

    /// The number of workers whose bits are in the word of `worker`.
    fn members(&self, group: usize) -> usize {
        self.group.min(self.workers - group * self.group)
    }

    /// Called after work was made visible: chooses the sleeping worker to wake, if one must be woken. The caller owes it an
    /// unpark; it is counted as a searcher already.
    ///
    /// `prefer` is chosen if it is parked: the work lies in its boxes.
    #[must_use = "whoever clears a bit owes the wake-up"]
    pub(crate) fn notify(&self, prefer: usize) -> Option<usize> {
        self.choose(prefer, Call::Help)
    }

    /// As [`notify`](Self::notify), for the second task in the queue of `prefer`: one that naps and has left it its tasks is let
    /// sleep.
    #[must_use = "whoever clears a bit owes the wake-up"]
    pub(crate) fn notify_of_few(&self, prefer: usize) -> Option<usize> {
        self.choose(prefer, Call::Few)
    }

    /// As [`notify`](Self::notify), for work that the caller comes to by itself if nothing keeps it: one that naps is let
    /// sleep.
    #[must_use = "whoever clears a bit owes the wake-up"]
    pub(crate) fn notify_lazily(&self, prefer: usize) -> Option<usize> {
        self.choose(prefer, Call::Lazy)
    }

    #[inline]
    fn choose(&self, prefer: usize, call: Call) -> Option<usize> {
        let found = self.choose_parked(prefer);
        // Who searches and does not nap finds it, or looks again before it does.
        found.unwrap_or_else(|| if call == Call::Lazy { None } else { self.end_nap_for(prefer, call) })
    }

    /// The worker that naps, if one does and it is called so: it naps no more, and is owed an unpark.
    fn end_nap_for(&self, caller: usize, call: Call) -> Option<usize> {
        let napper = &self.napper.0;
        let word = napper.load(Ordering::Relaxed);
        if word == 0 {
            return None;
        }
        let (name, left) = Left::read(word);
        if call == Call::Few && left.includes(caller) {
            return None;
        }
        // Ordering: relaxed, as the words: the unpark synchronises.
        napper.compare_exchange(word, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok().then_some(name)
    }

    /// A parked worker, searching from now on; or that somebody searches already (`None`), or nobody sleeps.
    #[inline]
    fn choose_parked(&self, prefer: usize) -> Option<Option<usize>> {
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
                    Ok(_) => return Some(Some(group * self.group + bit.trailing_zeros() as usize)),
                    Err(actual) => now = Snapshot(actual),
                }
            }
        }
        Some(None)
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

    /// A searcher that found nothing asks to nap. At most one does, and only while somebody runs, who may make work ready
    /// lazily. If it may, it looks at the boxes once more, and sleeps for a moment.
    #[must_use]
    fn begin_nap(&self, worker: usize, left: Left) -> bool {
        let idlers = |word: &Word| {
            let now = Snapshot(word.0.load(Ordering::Relaxed));
            now.parked().count_ones() as usize + now.searchers()
        };
        // A courtesy, as the limit of searchers.
        if self.words.iter().map(idlers).sum::<usize>() >= self.workers {
            return false;
        }
        let begun = self.napper.0.compare_exchange(0, left.named(worker), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        // Ordering: *name, fence, look*; pairs with the fence in `choose_parked`.
        fence(Ordering::SeqCst); // after the name
        begun
    }

    /// It is awake again, for whatever reason. Returns whether it was called for. `left`: as at the beginning.
    fn end_nap(&self, worker: usize, left: Left) -> bool {
        self.napper.0.compare_exchange(left.named(worker), 0, Ordering::Relaxed, Ordering::Relaxed).is_err()
    }

    /// Whether `worker` sleeps or is about to. Called after something was made visible that only this worker looks at
    /// before it sleeps (an earlier deadline): if so, it is to be unparked, and clears its bit itself.
    pub(crate) fn is_parked(&self, worker: usize) -> bool {
        let (word, bit) = self.place(worker);
        // Ordering: as in `notify`: *push, fence, look*.
        fence(Ordering::SeqCst); // after the insertion
        let naps = |word: usize| word != 0 && Left::read(word).0 == worker;
        Snapshot(word.load(Ordering::Relaxed)).is_parked(bit) || naps(self.napper.0.load(Ordering::Relaxed))
    }

    /// The number of parked workers now.
    pub(crate) fn parked(&self) -> usize {
        let parked = |word: &Word| Snapshot(word.0.load(Ordering::Relaxed)).parked().count_ones() as usize;
        self.words.iter().map(parked).sum()
    }
}

/// How many naps in a row find nothing before a worker parks.
const NAPS: u32 = 16;

/// Naps get longer by doubling, so often at most.
const LONGEST: u32 = 3;

/// What a worker that found nothing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Rest {
    /// It has slept for a moment.
    Napped,
    /// It must search once more, and take whatever there is.
    Search,
    /// It may park.
    Park,
}

/// One worker's own view of the protocol: whether it searches, and what it owes at each change.
#[derive(Debug)]
pub(crate) struct Role {
    worker: usize,
    searching: bool,
    /// It was called for, or searches for the last time before it parks: it takes whatever it finds.
    eager: bool,
    /// Naps since it last found something.
    naps: u32,
}

impl Role {
    /// The worker runs.
    pub(crate) fn new(worker: usize) -> Self {
        Self { worker, searching: false, eager: false, naps: 0 }
    }

    /// The worker has work in hand. `any` tells whether any box of anybody holds more. Returns the worker to unpark.
    #[must_use = "whoever clears a bit owes the wake-up"]
    pub(crate) fn found(&mut self, idle: &Idle, any: impl FnOnce() -> bool) -> Option<usize> {
        if !core::mem::take(&mut self.searching) {
            return None;
        }
        (self.eager, self.naps) = (false, 0);
        if !idle.transition_from_searching(self.worker) || !any() {
            return None;
        }
        idle.notify(self.worker)
    }

    /// The worker's own boxes are empty. Returns whether it may look into those of others.
    pub(crate) fn may_search(&mut self, idle: &Idle) -> bool {
        self.searching = self.searching || idle.transition_to_searching(self.worker);
        self.searching
    }

    /// Whether a search takes a task that its worker may be about to run itself.
    pub(crate) fn is_eager(&self) -> bool {
        self.eager
    }

    /// The worker took nothing, and `left` what it saw: lets it nap, or says what else to do. `park` sleeps, as in
    /// [`park`](Self::park), for a time that it is told in naps of the shortest kind; `plenty` tells whether there is work that
    /// needs help.
    pub(crate) fn nap(
        &mut self,
        idle: &Idle,
        left: Left,
        plenty: impl FnOnce() -> bool,
        park: impl FnOnce(u32, &mut dyn FnMut() -> bool),
    ) -> Rest {
        if !self.searching {
            return Rest::Park;
        }
        let leaves = left != Left::NOBODY;
        if leaves {
            // *Whoever leaves something stays*.
            (self.eager, self.naps) = (false, self.naps.min(NAPS - 1));
        }
        if self.naps == NAPS || !idle.begin_nap(self.worker, left) {
            // *Nobody sleeps unsearched*, and a search that leaves something is none; but where another one naps, that looks.
            return if leaves || core::mem::replace(&mut self.eager, true) { Rest::Park } else { Rest::Search };
        }
        let mut look = Some(plenty);
        park(1 << self.naps.min(LONGEST), &mut || look.take().is_some_and(|plenty| !plenty()));
        self.naps += 1;
        self.eager = idle.end_nap(self.worker, left);
        Rest::Napped
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
                (self.searching, self.eager) = (true, true);
                return false;
            }
            Parked::LookAtOwn => false,
            Parked::LookAtAll => true,
        };
        let mut look = Some((own, any));
        park(&mut || look.take().is_some_and(|(own, any)| !(own() || (all && any()))));
        self.searching = idle.transition_from_parked(self.worker);
        (self.eager, self.naps) = (self.searching, 0);
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

#[cfg(all(test, loom))]
#[path = "idle/tests/loom.rs"]
pub(crate) mod loom_tests;
#[cfg(all(test, not(loom)))]
#[path = "idle/tests/states.rs"]
mod tests;
