//! One direction (reading or writing) of one source: what is known of it and who waits for it.
//!
//! ```text
//!  | generation | tick | WAITING SHUTDOWN ERROR CLOSED READY |      one word
//! ```
//!
//! | part | set by | cleared by |
//! |---|---|---|
//! | READY | an event of this direction | an operation that would block, or fell short, if the tick is the one it saw |
//! | CLOSED, ERROR | an event | the next tenant; a clear after "would block" takes ERROR along |
//! | SHUTDOWN | the reactor's end | nobody |
//! | WAITING | a waiter that has put its waker into the list | the event that will take the list |
//! | tick | +1 with each event | |
//! | generation | +1 when the source leaves the slot | |
//!
//! # Invariants
//!
//! *own direction*: reading and writing have a word each, so an event or a clear of one never touches the other, and a
//! busy writer cannot keep a reader's clear from succeeding.
//!
//! *clear what was seen*: a clear compares the tick read before the operation; an event in between makes it fail. The
//! tick has 34 bits (17 on 32-bit targets): it would have to wrap within one system call to be mistaken.
//!
//! *list first*: a waiter puts its waker into the list before it reads or sets WAITING, and an event that clears
//! WAITING takes the list afterwards. So either the event finds the waker, or the waiter finds READY.
//!
//! *right tenant*: an event carries the generation of its token and is dropped if the word has another.

use core::task::{Poll, Waker};
use std::vec::Vec;

use zokio_core::atomic::{AtomicUsize, Ordering};
use zokio_core::lock::{DefaultLock, Lock};

const READY: usize = 1;
const CLOSED: usize = 1 << 1;
const ERROR: usize = 1 << 2;
const SHUTDOWN: usize = 1 << 3;
const WAITING: usize = 1 << 4;
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
#[derive(Clone, Copy, PartialEq, Eq)]
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

    /// The word with the tick advanced and WAITING cleared.
    fn next_tick(self) -> usize {
        let tick = self.0.wrapping_add(TICK) & TICK_MASK;
        (self.0 & !TICK_MASK & !WAITING) | tick
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

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The one waiter of the `poll_` functions: a later one takes its place.
    Poller,
    /// One of many, by a key that [`Direction::key`] gave.
    Listed(u64),
}

#[derive(Debug, Default)]
struct Waiters {
    poller: Option<Waker>,
    listed: Vec<(u64, Waker)>,
    last_key: u64,
}

impl Waiters {
    fn place(&mut self, who: Who) -> Option<&mut Waker> {
        match who {
            Who::Poller => self.poller.as_mut(),
            Who::Listed(key) => self.listed.iter_mut().find(|(other, _)| *other == key).map(|(_, waker)| waker),
        }
    }

    fn put(&mut self, who: Who, waker: Waker) -> Option<Waker> {
        match self.place(who) {
            Some(place) => Some(core::mem::replace(place, waker)),
            None => {
                match who {
                    Who::Poller => self.poller = Some(waker),
                    Who::Listed(key) => self.listed.push((key, waker)),
                }
                None
            }
        }
    }

    fn take(&mut self, who: Who) -> Option<Waker> {
        match who {
            Who::Poller => self.poller.take(),
            Who::Listed(key) => {
                let at = self.listed.iter().position(|(other, _)| *other == key)?;
                Some(self.listed.remove(at).1)
            }
        }
    }
}

/// How many wakers are taken out of the list under one hold of its lock.
const BATCH: usize = 8;

/// One direction of one source.
#[derive(Debug)]
pub(super) struct Direction {
    word: AtomicUsize,
    waiters: Lock<DefaultLock, Waiters>,
}

impl Direction {
    pub fn new() -> Self {
        Self { word: AtomicUsize::new(0), waiters: Lock::new(Waiters::default()) }
    }

    /// The word now.
    pub fn snapshot(&self) -> Snapshot {
        // Ordering: Acquire pairs with the Release of `event` and `shutdown`: what the OS did before the event is done.
        Snapshot(self.word.load(Ordering::Acquire))
    }

    /// Takes in a new tenant. Called while the slot is nobody's, after [`close`](Self::close) or on a fresh slot.
    pub fn open(&self, ready: bool) {
        let flags = if ready { READY } else { 0 };
        // Ordering: Release; as in `close`. Stale events carry an older generation and change nothing in between.
        self.word.store(self.snapshot().0 | flags, Ordering::Release);
    }

    /// Drops the wakers of whoever still waits. The first half of sending the tenant away.
    pub fn forget_all(&self) {
        // Not `take` of the list: its memory serves the next tenant. It is empty but for waiters that were leaked.
        let gone = self.waiters.with(|waiters| (waiters.poller.take(), waiters.listed.drain(..).collect::<Vec<_>>()));
        drop(gone);
    }

    /// Sends the tenant away: events on their way to it are dropped from here on.
    pub fn close(&self) {
        let next = self.snapshot().0.wrapping_add(1 << GENERATION_SHIFT) & !((1 << GENERATION_SHIFT) - 1);
        // Ordering: Release; pairs with the Acquire of the compare-and-swap in `transition`, which either comes first
        // and is overwritten here, or sees the new generation.
        self.word.store(next, Ordering::Release);
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
            // Ordering: Release publishes the event to `snapshot`; Acquire orders the look at the list after WAITING
            // was read, so that the waker put there before is found (*list first*).
            match self.word.compare_exchange_weak(seen.0, new.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(now) => seen = Snapshot(now),
            }
        }
        if seen.0 & WAITING != 0 {
            self.wake();
        }
        true
    }

    /// Wakes all who are in the list now, in batches, with the lock released.
    fn wake(&self) {
        let mut left = usize::MAX;
        while left > 0 {
            let mut batch: [Option<Waker>; BATCH] = [const { None }; BATCH];
            left = self.waiters.with(|waiters| {
                let mut left = left.min(waiters.listed.len());
                let mut places = batch.iter_mut();
                if let Some(poller) = waiters.poller.take() {
                    if let Some(place) = places.next() {
                        *place = Some(poller);
                    }
                }
                let count = left.min(places.len());
                for (place, (_, waker)) in places.zip(waiters.listed.drain(..count)) {
                    *place = Some(waker);
                }
                left -= count;
                left
            });
            batch.into_iter().flatten().for_each(Waker::wake);
        }
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

    /// A key for one of many waiters.
    pub fn key(&self) -> Who {
        self.waiters.with(|waiters| {
            waiters.last_key += 1;
            Who::Listed(waiters.last_key)
        })
    }

    /// The word if it answers; otherwise the waker will be woken when it does.
    pub fn poll(&self, question: Question, who: Who, waker: &Waker) -> Poll<Snapshot> {
        let seen = self.snapshot();
        if seen.answers(question) {
            return Poll::Ready(seen);
        }
        let known = self.waiters.with(|waiters| waiters.place(who).is_some_and(|place| place.will_wake(waker)));
        if !known {
            let waker = waker.clone();
            let old = self.waiters.with(|waiters| waiters.put(who, waker));
            drop(old);
        }
        let mut seen = self.snapshot();
        loop {
            if seen.answers(question) {
                return Poll::Ready(seen);
            }
            // An event that cleared the WAITING seen here takes the list later than it was filled above (*list first*).
            if seen.0 & WAITING != 0 {
                return Poll::Pending;
            }
            // Ordering: Release hands the waker's place in the list to the event that clears WAITING; Acquire as in
            // `snapshot`.
            let waiting = seen.0 | WAITING;
            match self.word.compare_exchange_weak(seen.0, waiting, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Poll::Pending,
                Err(now) => seen = Snapshot(now),
            }
        }
    }

    /// Takes a waiter out of the list.
    pub fn forget(&self, who: Who) {
        let old = self.waiters.with(|waiters| waiters.take(who));
        drop(old);
    }
}
