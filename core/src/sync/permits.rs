//! Permits that tasks take and give back: what a mutex, a read-write lock, a semaphore and a cell set once are made of.
//!
//! A word in front of the wait list holds the permits, so that taking and giving back are one compare-and-swap each while
//! nobody waits. Only who has to wait, and who gives back while somebody waits for it, reach the list.
//!
//! ```text
//!   bits    3..      2      1       0
//!        permits | FAIR | CLOSED | ASK
//! ```
//!
//! # Invariants
//!
//! - *ask*: ASK is set and cleared under the list's lock only. While it is set the permits change under that lock only:
//!   who wants some stands in line, who gives some back asks the list.
//! - *nobody forgotten*: outside of sections, if somebody is in the list, then either ASK is set and the first in line
//!   cannot have what it needs, or the first in line is [`Woken`](Told::Woken) and comes by itself. (Or a step of
//!   [`serve`](Permits::serve) is still to come, and whoever owes it has not returned.)
//! - *all or patient*: only who needs all the permits there are is told `Woken`: if it comes and does not get them,
//!   somebody has some and gives them back; if it gets them, none are left for those behind it.
//! - *closed for good*: CLOSED is never cleared, and nobody enters the list after it is set. It is set before the end takes
//!   the first one out of the list: who finds itself out, and not closed, was given what it needs.
//!
//! # Who is next
//!
//! First come, first served. With FAIR, and for all who need a part only (readers), what is given back is handed to the
//! first in line: it is [`Owed`](Told::Owed). Without FAIR, who needs everything (a mutex, a writer) is called instead, and
//! until it runs what it waits for is anybody's; if it comes too late it is owed from then on.
//!
//! ```text
//!   poll -> Wait --enough is there: woken, ASK off--> Woken --polled, taken past it: ASK on--> Owed
//!                                                       | polled, there: has it                  | enough: taken off the word
//!                                                       v                                        v
//!                                                      done <------------------ polled ------ Granted
//! ```
//!
//! A permit handed over at once would make each unlock a switch of tasks, and each short section as long as a wake-up.

use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::waiters::{Out, Protocol, Section, Step, Tag, Waiters, Waiting};
use crate::atomic::{AtomicUsize, LAYOUT_IS_REAL, Ordering};
use crate::const_fn;
use crate::lock::{LocalLock, RawLock};
use crate::task::coop;

const ASK: usize = 1;
const CLOSED: usize = 1 << 1;
const FAIR: usize = 1 << 2;
const SHIFT: u32 = 3;
const ONE: usize = 1 << SHIFT;

/// As many permits as there can be.
pub(super) const MAX: usize = usize::MAX >> SHIFT;

/// What a waiter is told, and how much it needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// To wait, and to come when it is called.
    Wait(u32),
    /// To come and take what it needs if that is still there.
    Woken(u32),
    /// To wait for what is its own as soon as it is there.
    Owed(u32),
    /// That so many permits are its own, in no list any more.
    Granted(u32),
}

impl Tag for Told {
    type Mark = Out;
}

/// Why there are no permits now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Short {
    /// There never will be.
    Closed,
    /// Others have them, or come first.
    Taken,
}

type Inner<'s> = Section<'s, (), Told, 1>;

fn permits(word: usize) -> usize {
    word >> SHIFT
}

/// The word after `need` permits were taken by somebody who does not stand in line.
#[inline(always)]
fn taken(word: usize, need: u32) -> Result<usize, Short> {
    if word & CLOSED != 0 {
        return Err(Short::Closed);
    }
    // Nothing can be had past the line as well.
    if permits(word) < need as usize || word & ASK != 0 && need > 0 {
        return Err(Short::Taken);
    }
    Ok(word - need as usize * ONE)
}

/// The word after `count` permits were given back.
#[inline(always)]
fn given(word: usize, count: usize) -> usize {
    if count > MAX - permits(word) {
        too_many();
    }
    word + count * ONE
}

#[cold]
#[inline(never)]
fn too_many() -> ! {
    panic!("a semaphore cannot have more than MAX_PERMITS permits")
}

/// The permits, and those who wait for some.
pub(super) struct Permits<L> {
    word: AtomicUsize,
    waiters: Waiters<L, (), Told>,
}

impl<L: RawLock> Permits<L> {
    const_fn! {
        /// So many permits; `fair`: all who wait are served strictly in their order.
        pub(super) const fn new(count: usize, fair: bool) -> Self {
            let fair = if fair { FAIR } else { 0 };
            Self { word: AtomicUsize::new(count << SHIFT | fair), waiters: Waiters::new(()) }
        }
    }

    const_fn! {
        /// None, for ever.
        pub(super) const fn closed() -> Self {
            Self { word: AtomicUsize::new(CLOSED), waiters: Waiters::new(()) }
        }
    }

    /// Changes the word to what `f` answers, and answers what it was.
    #[inline(always)]
    fn change(&self, mut f: impl FnMut(usize) -> usize) -> usize {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // Ordering: AcqRel: Acquire pairs with the Release of `give`, so that what was done under the permits is seen
            // by who takes them, here or through the lock; Release passes it on to who takes what is put back here.
            match self.word.compare_exchange_weak(word, f(word), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return word,
                Err(now) => word = now,
            }
        }
    }

    /// As [`change`](Self::change), in a section.
    #[inline(always)]
    fn change_within(&self, mut f: impl FnMut(usize) -> usize) -> usize {
        let word = self.word.load(Ordering::Relaxed);
        if word & ASK == 0 {
            return self.change(f);
        }
        // *ask*: nobody else changes it, so a store will do.
        // Ordering: Release: pairs with the Acquire of `take`. What earlier sections gave came by the lock, what came before
        // ASK was set by the Acquire half of the `change` that set it.
        self.word.store(f(word), Ordering::Release);
        word
    }

    /// Takes permits if they are there and nobody comes first.
    #[inline(always)]
    pub(super) fn take(&self, need: u32) -> Result<(), Short> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = match taken(word, need) {
                Ok(next) => next,
                Err(short) => {
                    // By its ordering: who is told of the end sees what came before it.
                    let _ = short == Short::Closed && self.is_closed();
                    return Err(short);
                }
            };
            // Ordering: Acquire pairs with the Release of `give`: what was done under the permits was done before.
            match self.word.compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Takes all the permits there are, if they are there and nobody was passed: without a look, which would cost as much
    /// again. Never where it is FAIR or somebody is asked for: [`take`](Self::take) looks.
    #[inline(always)]
    fn guess(&self, count: u32) -> bool {
        // Ordering: as in `take`.
        let all = count as usize * ONE;
        self.word.load(Ordering::Relaxed) == all
            && self.word.compare_exchange(all, 0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// As [`take`](Self::take), for all the permits there are.
    #[inline(always)]
    pub(super) fn take_all(&self, count: u32) -> Result<(), Short> {
        if self.guess(count) { Ok(()) } else { self.take(count) }
    }

    /// As [`give`](Self::give), for all the permits there are. It looks first, which is free here (who has them all wrote the
    /// word last), where a guess that fails costs as much as one that does not.
    #[inline(always)]
    pub(super) fn give_all(&self, count: u32) {
        let word = self.word.load(Ordering::Relaxed);
        // Ordering: as in `give`.
        let given = || self.word.compare_exchange(0, count as usize * ONE, Ordering::Release, Ordering::Relaxed);
        if word != 0 || given().is_err() {
            self.give_late(count as usize);
        }
    }

    /// As [`give`](Self::give), out of line.
    #[cold]
    #[inline(never)]
    fn give_late(&self, count: usize) {
        self.give(count);
    }

    /// Gives permits back, or makes new ones.
    ///
    /// # Panics
    ///
    /// If there were more than [`MAX`] then.
    #[inline(always)]
    pub(super) fn give(&self, count: usize) {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = given(word, count);
            if word & ASK != 0 {
                return self.hand_over(count);
            }
            // Ordering: Release: pairs with the Acquire of `take` and `change`.
            match self.word.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    #[inline(never)]
    fn hand_over(&self, count: usize) {
        // All of it in the first step; while it is not given away ASK keeps it from others.
        self.waiters.repeat_after(|section| self.serve(section, count), |section| self.serve(section, 0));
    }

    /// Gives what is there, and `count` more, to the first in line: one step, after which ASK is right again. Answers whether
    /// there is more to give, and somebody to get it.
    #[inline(always)]
    fn serve(&self, section: &mut Inner<'_>, count: usize) -> bool {
        let (need, owed) = match section.front(0) {
            Some(Told::Owed(need)) => (need, true),
            Some(Told::Wait(need)) => (need, false),
            // Nobody, or somebody who comes by itself.
            _ => {
                self.change_within(|word| given(word, count) & !ASK);
                return false;
            }
        };
        let enough = |word: usize| permits(word) >= need as usize;
        let before = self.change_within(|word| {
            let word = given(word, count);
            match (enough(word), owed) {
                (true, true) => (word - need as usize * ONE) | ASK,
                (true, false) => word & !ASK,
                (false, _) => word | ASK,
            }
        });
        let there = given(before, count);
        if !enough(there) {
            return false;
        }
        if !owed {
            section.rouse(0, Told::Woken(need));
            return false;
        }
        section.pop(0, Told::Granted(need));
        if section.is_empty(0) {
            self.change_within(|word| word & !ASK);
            return false;
        }
        permits(there) > need as usize
    }

    /// Takes up to `count` permits out for ever; answers how many.
    pub(super) fn forget(&self, count: usize) -> usize {
        let least = |word: usize| if word & ASK == 0 { permits(word).min(count) } else { 0 };
        least(self.change(|word| word - least(word) * ONE))
    }

    /// Ends every wait, now and later.
    pub(super) fn close(&self) {
        self.waiters.repeat(|section| {
            let last = section.is_empty(0);
            // Before anybody is out: who sees its mark looks at this without the lock.
            // Ordering: by that of the mark: it is set, with Release, after this, and who acquires it sees this one as well.
            self.change_within(|word| if last { (word | CLOSED) & !ASK } else { word | CLOSED });
            section.pop(0, Told::Granted(0))
        });
    }

    /// Whether it is closed.
    pub(super) fn is_closed(&self) -> bool {
        // Ordering: Acquire pairs with the Release half of `close`: who sees the end sees what came before it.
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Permits that somebody may take.
    pub(super) fn available(&self) -> usize {
        // Ordering: Acquire pairs with the Release of `give`, for who learns from it that others are done.
        let word = self.word.load(Ordering::Acquire);
        // What is there while somebody waits is on its way to the first in line.
        if word & ASK == 0 { permits(word) } else { 0 }
    }

    /// Takes what is needed if it is there, and nobody comes first. `whole`: it is all there is.
    #[inline(always)]
    fn seize(&self, need: u32, whole: bool) -> bool {
        if whole { self.guess(need) } else { self.take(need).is_ok() }
    }
}

/// One waiter's side.
struct Turn<'a, L: RawLock> {
    permits: &'a Permits<L>,
    need: u32,
    whole: bool,
}

impl<L: RawLock> Turn<'_, L> {
    /// The first poll, under the lock.
    fn enter(&self, section: &mut Inner<'_>) -> Step<Result<(), Short>, Told> {
        // *nobody forgotten*: if somebody is in line and not asked for, the first one is on its way, and whoever gives permits
        // back has nobody to call. So the first one's node need not be looked at, which may lie in another core's cache.
        let ask = if section.is_empty(0) { ASK } else { 0 };
        let before = self.permits.change_within(|word| match taken(word, self.need) {
            Ok(next) => next,
            Err(Short::Closed) => word,
            Err(Short::Taken) => word | ask,
        });
        debug_assert!(
            section.is_empty(0) || before & (ASK | CLOSED) != 0 || matches!(section.front(0), Some(Told::Woken(_))),
            "who is first in line was forgotten"
        );
        match taken(before, self.need) {
            Err(Short::Taken) if self.whole && before & FAIR == 0 => Step::Wait(Told::Wait(self.need)),
            Err(Short::Taken) => Step::Wait(Told::Owed(self.need)),
            outcome => Step::Ready(outcome.map(drop)),
        }
    }

    /// A poll after it was called.
    fn come(&self, section: &mut Inner<'_>) -> Step<Result<(), Short>, Told> {
        let need = self.need as usize;
        let before =
            self.permits.change_within(|word| if permits(word) >= need { word - need * ONE } else { word | ASK });
        if permits(before) < need {
            return Step::Wait(Told::Owed(self.need));
        }
        section.step_out(0);
        // *all or patient*: nothing is left to give, but ASK must be right for who is first now.
        self.permits.serve(section, 0);
        Step::Ready(Ok(()))
    }
}

impl<L: RawLock> Protocol<1> for Turn<'_, L> {
    type State = ();
    type Tag = Told;
    type Output = Result<(), Short>;
    const LANE: usize = 0;
    const QUICK: bool = true;
    const LEAVES: bool = false;

    #[inline(always)]
    fn quick(&mut self) -> Option<Self::Output> {
        match self.permits.take(self.need) {
            Err(Short::Taken) => None,
            outcome => Some(outcome),
        }
    }

    #[inline(always)]
    fn taken_out(&mut self) -> Option<Self::Output> {
        // *closed for good*: all that is promised to who is taken out is what it needs, but at the end.
        (!self.permits.is_closed()).then_some(Ok(()))
    }

    fn expects_to_wait(&self) -> bool {
        let word = self.permits.word.load(Ordering::Relaxed);
        // Nobody is asked for, so the first in line was called, and this is it; and there is nothing left.
        self.whole && word & ASK == 0 && permits(word) < self.need as usize
    }

    fn poll(&mut self, section: &mut Inner<'_>, told: Option<Told>) -> Step<Self::Output, Told> {
        match told {
            None => self.enter(section),
            Some(told @ (Told::Wait(_) | Told::Owed(_))) if !self.permits.is_closed() => Step::Wait(told),
            Some(Told::Woken(_)) => self.come(section),
            Some(Told::Granted(_)) if !self.permits.is_closed() => Step::Ready(Ok(())),
            Some(told) => {
                if let Told::Granted(count) = told {
                    // Too late: the end counts more. Nobody is in line for it who is not sent away as well.
                    self.permits.change_within(|word| given(word, count as usize));
                }
                Step::Ready(Err(Short::Closed))
            }
        }
    }

    fn cancel(&mut self, section: &mut Inner<'_>, told: Told) {
        if let Told::Granted(count) = told {
            self.permits.change_within(|word| given(word, count as usize));
        }
        self.permits.serve(section, 0);
    }

    fn cancelled(&mut self) {
        let word = self.permits.word.load(Ordering::Relaxed);
        if word & ASK != 0 && permits(word) > 0 {
            self.permits.waiters.repeat(|section| self.permits.serve(section, 0));
        }
    }
}

/// A wait for permits, which are its caller's when it is ready.
///
/// Who has no budget left takes its permits, or its place in line, all the same, and goes on with the next poll: it loses no
/// turn by yielding.
///
/// Whoever finds its permits there writes nothing but that it is done: what a wait needs is made when it begins.
pub(super) struct Acquire<'a, L: RawLock> {
    /// Dropped out of line, and only where there is something to drop: the way of who never waits is compiled into its
    /// caller.
    stage: ManuallyDrop<Stage<'a, L>>,
}

enum Stage<'a, L: RawLock> {
    /// Not polled yet.
    New,
    /// It has to wait, or had to.
    Line(Waiting<'a, L, Turn<'a, L>, 1>),
    /// It has what it needs, and waits for a budget to go on with.
    #[allow(dead_code)] // to be dropped
    Held(Lease<'a, L>),
    /// It was ready.
    Done,
}

impl<'a, L: RawLock> Acquire<'a, L> {
    /// A wait that has not begun. Not a constant: all of its memory would be copied.
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { stage: ManuallyDrop::new(Stage::New) }
    }

    /// Waits for so many of these permits: the same ones at each poll. `whole`: they are all there are.
    #[inline(always)]
    pub(super) fn poll(
        self: Pin<&mut Self>,
        permits: &'a Permits<L>,
        need: u32,
        whole: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Short>> {
        // SAFETY: nothing is moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        if !matches!(*this.stage, Stage::New) || !permits.seize(need, whole) {
            return this.wait(permits, need, whole, cx);
        }
        if !coop::spend() {
            return this.charge(Lease { permits, count: need }, cx);
        }
        this.stage = ManuallyDrop::new(Stage::Done);
        Poll::Ready(Ok(()))
    }

    /// A poll of who found too little, or waited. *pinned*: `self` is.
    #[inline(never)]
    fn wait(
        &mut self,
        permits: &'a Permits<L>,
        need: u32,
        whole: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Short>> {
        if matches!(*self.stage, Stage::New) {
            self.stage = ManuallyDrop::new(Stage::Line(permits.waiters.wait(Turn { permits, need, whole })));
        }
        match &mut *self.stage {
            Stage::Line(waiting) => {
                // SAFETY: *pinned*; it is moved neither here nor by the destructor.
                let waiting = unsafe { Pin::new_unchecked(waiting) };
                let outcome = ready!(waiting.poll_free(cx));
                // It was ready: nothing is there to drop.
                core::mem::forget(core::mem::replace(&mut *self.stage, Stage::Done));
                match outcome {
                    Ok(()) if coop::spend() => Poll::Ready(Ok(())),
                    Ok(()) => self.charge(Lease { permits, count: need }, cx),
                    Err(short) => Poll::Ready(Err(short)),
                }
            }
            Stage::Held(_) if permits.is_closed() => {
                *self.stage = Stage::Done;
                Poll::Ready(Err(Short::Closed))
            }
            Stage::Held(_) => {
                ready!(coop::poll_done(cx));
                // It is the caller's from now on.
                core::mem::forget(core::mem::replace(&mut *self.stage, Stage::Done));
                Poll::Ready(Ok(()))
            }
            Stage::New | Stage::Done => panic!("a future was polled after it was ready"),
        }
    }

    /// Charges a unit of budget for what it got.
    #[inline(never)]
    fn charge(&mut self, got: Lease<'a, L>, cx: &mut Context<'_>) -> Poll<Result<(), Short>> {
        let allowed = coop::poll_done(cx);
        *self.stage = if allowed.is_pending() {
            Stage::Held(got)
        } else {
            // It is the caller's from now on.
            core::mem::forget(got);
            Stage::Done
        };
        allowed.map(Ok)
    }

    #[cold]
    #[inline(never)]
    fn end(&mut self) {
        // SAFETY: once, by the destructor.
        unsafe { ManuallyDrop::drop(&mut self.stage) };
    }
}

impl<L: RawLock> Drop for Acquire<'_, L> {
    #[inline(always)]
    fn drop(&mut self) {
        if !matches!(*self.stage, Stage::New | Stage::Done) {
            self.end();
        }
    }
}

// A word, and the two ends of the line.
const _: () = assert!(!LAYOUT_IS_REAL || size_of::<Permits<LocalLock>>() == 3 * size_of::<usize>());
// A wait: where, for how much, and a node of two neighbours, a waker, a tag with its amount, and whether it is linked.
const _: () = assert!(!LAYOUT_IS_REAL || size_of::<Acquire<'_, LocalLock>>() <= 3 * size_of::<usize>() + 56 + 8);

/// Permits that are given back when this is dropped.
pub(super) struct Lease<'a, L: RawLock> {
    pub(super) permits: &'a Permits<L>,
    pub(super) count: u32,
}

impl<L: RawLock> Drop for Lease<'_, L> {
    #[inline]
    fn drop(&mut self) {
        self.permits.give(self.count as usize);
    }
}
