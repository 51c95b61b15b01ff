//! One direction (reading or writing) of one source: what is known of it and who waits for it.
//!
//! ```text
//!  | generation | tick | POLLING SHUTDOWN ERROR CLOSED READY |      one word
//! ```
//!
//! | part | set by | cleared by |
//! |---|---|---|
//! | READY | an event of this direction | an operation that would block, or fell short, if the tick is the one it saw |
//! | CLOSED, ERROR | an event | the next tenant; a clear after "would block" takes ERROR along |
//! | SHUTDOWN | the reactor's end | nobody |
//! | POLLING | the one poller, having put its waker into the cell | the event that will empty the cell |
//! | tick | +1 with each event | |
//! | generation | +1 when the source leaves the slot | |
//!
//! # Invariants
//!
//! *own direction*: reading and writing have a word each, so an event or a clear of one never touches the other, and a
//! busy writer cannot keep a reader's clear from succeeding.
//!
//! *clear what was seen*: a clear compares the tick read before the operation; an event in between makes it fail. The
//! tick has 35 bits (17 on 32-bit targets): it would have to wrap within one system call to be mistaken.
//!
//! *waker first*: the poller leaves its waker before it reads or sets its bit, and an event that clears the bit takes the
//! waker afterwards. So either the event finds the waker, or the poller finds READY.
//!
//! *place first*: one of many takes its place in the list before it reads the word, and an event changes the word before it
//! wakes the list, which is what `WaitQueue::wait_until` asks for.
//!
//! *right tenant*: an event carries the generation of its token and is dropped if the word has another.

use core::task::{Poll, Waker};
use std::panic::{AssertUnwindSafe, catch_unwind};

use zokio_core::atomic::{AtomicUsize, Ordering};
use zokio_core::sync::{WaitCell, WaitQueue};

const READY: usize = 1;
const CLOSED: usize = 1 << 1;
const ERROR: usize = 1 << 2;
const SHUTDOWN: usize = 1 << 3;
const POLLING: usize = 1 << 4;
const FLAGS: u32 = 5;

/// How many bits of a word, and of a token, are the generation. It wraps: on 32-bit targets after 1,024 tenants of one
/// slot, all of which would have to come and go while one event waits to be delivered.
pub(super) const GENERATION_BITS: u32 = if usize::BITS == 64 { 24 } else { 10 };
const GENERATION_SHIFT: u32 = usize::BITS - GENERATION_BITS;
const TICK: usize = 1 << FLAGS;
const TICK_MASK: usize = (1 << GENERATION_SHIFT) - TICK;

/// What an event says about one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct News {
    pub closed: bool,
    pub error: bool,
}

/// The word, as it was read at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Snapshot(usize);

impl Snapshot {
    pub fn is_ready(self) -> bool {
        self.0 & READY != 0
    }
    pub fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }
    pub fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }
    pub fn is_shutdown(self) -> bool {
        self.0 & SHUTDOWN != 0
    }
    fn generation(self) -> usize {
        self.0 >> GENERATION_SHIFT
    }

    /// Whether there is something to do but wait.
    pub fn answers(self, question: Question) -> bool {
        let mask = match question {
            Question::Operation => READY | SHUTDOWN,
            Question::State => READY | CLOSED | SHUTDOWN,
        };
        self.0 & mask != 0
    }

    /// An event for `generation`.
    fn after_event(self, generation: usize, news: News) -> Option<Self> {
        if self.generation() != generation {
            return None;
        }
        let flags = READY | if news.closed { CLOSED } else { 0 } | if news.error { ERROR } else { 0 };
        Some(Self(self.next_tick() | flags))
    }

    fn after_shutdown(self) -> Self {
        Self(self.next_tick() | SHUTDOWN)
    }

    /// The word with the tick advanced and nobody waiting.
    fn next_tick(self) -> usize {
        let tick = self.0.wrapping_add(TICK) & TICK_MASK;
        (self.0 & !(TICK_MASK | POLLING)) | tick
    }

    /// A clear by someone who saw `seen` before the operation.
    fn after_clear(self, seen: Self, cause: Cause) -> Option<Self> {
        let identity = !(TICK - 1);
        if self.0 & identity != seen.0 & identity {
            return None;
        }
        match cause {
            Cause::WouldBlock => Some(Self(self.0 & !(READY | ERROR))),
            // The end, or the error, is still to be fetched, and no further event will announce it.
            Cause::FellShort if self.is_closed() || self.is_error() => None,
            Cause::FellShort => Some(Self(self.0 & !READY)),
        }
    }
}

/// What a waiter wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Is an operation worth trying? A closed side that has answered "would block" is not, until the next event.
    Operation,
    /// What is known? A closed side stays known.
    State,
}

/// Why readiness is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The operation said that it would block.
    WouldBlock,
    /// The operation moved fewer bytes than it could have: the source is drained.
    FellShort,
}

/// Calls wakers, or drops them. Where one panics, the panic hook has told of it: others, of this source and of those whose events were
/// fetched together with its own, must hear of theirs all the same.
fn foreign(wake: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(wake)) {
        // Its destructor is foreign code as well.
        core::mem::forget(payload);
    }
}

/// One direction of one source.
#[derive(Debug)]
pub(super) struct Direction {
    word: AtomicUsize,
    /// The one waiter of the `poll_` functions: a later one takes its place.
    poller: WaitCell,
    /// All others.
    list: WaitQueue,
}

impl Direction {
    pub fn new() -> Self {
        Self { word: AtomicUsize::new(0), poller: WaitCell::new(), list: WaitQueue::new() }
    }

    /// The word now.
    pub fn snapshot(&self) -> Snapshot {
        // Ordering: Acquire pairs with the Release of `event` and `shutdown`: what the OS did before the event is done.
        Snapshot(self.word.load(Ordering::Acquire))
    }

    /// Takes in a new tenant. Called while the slot is nobody's, after [`close`](Self::close) or on a fresh slot.
    pub fn open(&self, ready: bool) {
        let flags = if ready { READY } else { 0 };
        // Ordering: Release; as in `close`.
        self.word.fetch_or(flags, Ordering::Release);
    }

    /// Lets go of whoever still waits. The first half of sending the tenant away.
    pub fn forget_all(&self) {
        // The slot is given back, whatever the waker does.
        foreign(|| drop(self.poller.take()));
        // Empty but for waiters that were leaked: whoever waits borrows the source.
        self.wake_list();
    }

    /// Sends the tenant away: events on their way to it are dropped from here on.
    pub fn close(&self) {
        let next = self.snapshot().0.wrapping_add(1 << GENERATION_SHIFT) & !((1 << GENERATION_SHIFT) - 1);
        // Ordering: Release; pairs with the Acquire of the compare-and-swap in `transition`, which either comes first
        // and is overwritten here, or sees the new generation. A swap, not a store, so that models know this order.
        self.word.swap(next, Ordering::Release);
    }

    /// The generation that tokens of the present tenant carry.
    pub fn generation(&self) -> usize {
        self.snapshot().generation()
    }

    /// Takes an event in and wakes who waits. Whether it was for the present tenant.
    pub fn event(&self, generation: usize, news: News) -> bool {
        self.transition(|word| word.after_event(generation, news))
    }

    /// Tells everyone that no event will come any more.
    pub fn shutdown(&self) {
        self.transition(|word| Some(word.after_shutdown()));
    }

    fn transition(&self, next: impl Fn(Snapshot) -> Option<Snapshot>) -> bool {
        let mut seen = self.snapshot();
        loop {
            let Some(new) = next(seen) else { return false };
            // Ordering: Release publishes the event to `snapshot`; Acquire orders the look at the wakers after the bits
            // were read, so that those left there before are found (*waker first*).
            match self.word.compare_exchange_weak(seen.0, new.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(now) => seen = Snapshot(now),
            }
        }
        if seen.0 & POLLING != 0 {
            foreign(|| _ = self.poller.wake());
        }
        self.wake_list();
        true
    }

    /// Wakes all who are in the list now; without the lock where nobody is.
    fn wake_list(&self) {
        foreign(|| self.list.wake_all());
    }

    /// Forgets readiness that was seen before an operation, unless an event has come since.
    pub fn clear(&self, seen: Snapshot, cause: Cause) {
        let mut now = self.snapshot();
        while let Some(next) = now.after_clear(seen, cause) {
            // Ordering: Relaxed would do for the value; Acquire on failure because `now` is used like a snapshot.
            match self.word.compare_exchange_weak(now.0, next.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(other) => now = Snapshot(other),
            }
        }
    }

    /// For the one poller: the word if an operation is worth trying; otherwise the waker will be woken when it is.
    pub fn poll(&self, waker: &Waker) -> Poll<Snapshot> {
        let question = Question::Operation;
        let seen = self.snapshot();
        if seen.answers(question) {
            return Poll::Ready(seen);
        }
        self.poller.register(waker);
        let mut seen = self.snapshot();
        loop {
            if seen.answers(question) {
                return Poll::Ready(seen);
            }
            // An event that clears the bit seen here takes the waker later than one was left above (*waker first*).
            if seen.0 & POLLING != 0 {
                return Poll::Pending;
            }
            // Ordering: Release hands the waker to the event that clears the bit; Acquire as in `snapshot`.
            let waiting = seen.0 | POLLING;
            match self.word.compare_exchange_weak(seen.0, waiting, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Poll::Pending,
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// For any number of others: waits until the word answers.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait(&self, question: Question) -> Snapshot {
        let mut seen = self.snapshot();
        if !seen.answers(question) {
            let answered = self.list.wait_until(|| {
                seen = self.snapshot();
                seen.answers(question)
            });
            answered.await.expect("nobody closes the list");
        }
        seen
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
