//! Waiting until everybody is done.
//!
//! [`WaitGroup`] is the thing itself, usually a `static`; who works holds a guard that borrows it. `TaskTracker` is the same
//! in an `Arc`, with tokio-util's names, and is complete only when it was closed as well.
//!
//! # Protocol
//!
//! A word counts the guards, and says whether the group is closed. It is *complete* when it is closed and counts none.
//! Whoever makes it so does that under the lock, counts it up in the same section and wakes all who wait; who waits looks at
//! the count. So a wait that was there when the group was complete ends, also if there are guards again by the
//! time it is polled, and one that began later knows nothing of it: who makes a guard and then a wait is waited for.

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(test)]
mod tests;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

#[cfg(feature = "alloc")]
pub use self::alloc::{TaskTracker, TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};
use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;
use crate::future::project;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::waiters::{Protocol, Section, Step, Waiters, Waiting};

const WAITING: usize = 0;
const LEAVING: usize = 1;
const LANES: usize = 2;

/// In the word: closed.
const CLOSED: usize = 1;
/// One guard.
const GUARD: usize = 2;

/// Counts those who work.
struct Tally<L: RawLock> {
    word: AtomicUsize,
    /// How often it was complete.
    waiters: Waiters<L, usize, (), LANES>,
}

impl<L: RawLock> Tally<L> {
    const_fn! {
        const fn new(word: usize) -> Self {
            Self { word: AtomicUsize::new(word), waiters: Waiters::new(0) }
        }
    }

    fn load(&self) -> usize {
        // Ordering: acquires what those did who are done; pairs with `leave`.
        self.word.load(Ordering::Acquire)
    }

    /// One guard more.
    fn join(&self) {
        let joined = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| word.checked_add(GUARD));
        joined.expect("too many guards of one group");
    }

    /// One guard less.
    fn leave(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word != GUARD | CLOSED {
            // Ordering: releases what this one did to who completes the group, which acquires all of it; pairs with `finish`.
            match self.word.compare_exchange_weak(word, word - GUARD, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.finish(|word| word.fetch_sub(GUARD, Ordering::AcqRel), GUARD | CLOSED);
    }

    /// Answers whether it was open.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
    fn close(&self) -> bool {
        self.finish(|word| word.fetch_or(CLOSED, Ordering::AcqRel), 0) & CLOSED == 0
    }

    /// Answers whether it was closed.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
    fn reopen(&self) -> bool {
        self.word.fetch_and(!CLOSED, Ordering::AcqRel) & CLOSED != 0
    }

    /// Changes the word, which completes the group if it was `last`: under the lock, where that is counted. Answers what it
    /// was.
    ///
    /// Ordering: `change` acquires what all did who are done, for those whom the count tells, and releases it to who
    /// looks without the lock.
    #[cold]
    fn finish(&self, change: impl FnOnce(&AtomicUsize) -> usize, last: usize) -> usize {
        let (word, count) = self.waiters.with(|section| {
            let word = change(&self.word);
            if word == last {
                *section.state = section.state.wrapping_add(1);
                section.append(WAITING, LEAVING);
            }
            (word, *section.state)
        });
        if word == last {
            // A later one owns everybody in that lane: it has put its own behind ours, and wakes them all.
            self.waiters.drain(LEAVING, (), |state| *state != count);
        }
        word
    }

    /// Waits until it is complete, from now on.
    fn wait(&self) -> Waiting<'_, L, Complete, LANES> {
        let seen = self.waiters.with(|section| *section.state);
        let already = self.load() == CLOSED;
        self.waiters.wait(Complete { seen, already })
    }
}

/// One who waits until a group is complete.
struct Complete {
    seen: usize,
    /// It was so when the wait was made.
    already: bool,
}

impl Protocol<LANES> for Complete {
    type State = usize;
    type Tag = ();
    type Output = ();
    const LANE: usize = WAITING;
    const FREE: bool = true;

    fn poll(&mut self, section: &mut Section<'_, usize, (), LANES>, _: Option<()>) -> Step<(), ()> {
        // It is completed in a section, which found this one in line, or which this one finds counted.
        let complete = self.already || *section.state != self.seen;
        if complete { Step::Ready(()) } else { Step::Wait(()) }
    }

    fn cancel(&mut self, _: &mut Section<'_, usize, (), LANES>, (): ()) {}

    fn again(&mut self) {}
}

/// Waits until everybody who holds a guard is done.
///
/// # Cost
///
/// A guard is one read-modify-write to make and one to drop; the last one takes the lock, and once more for every few who
/// wait. A guard may be dropped in an interrupt where `L` may be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::WaitGroup;
///
/// static WRITES: WaitGroup = WaitGroup::new();
///
/// async fn write() {
///     let _working = WRITES.add();
///     // write; done when the guard is dropped, however that happens
/// }
///
/// async fn power_off() {
///     WRITES.wait().await;
/// }
/// # let _ = (write(), power_off());
/// # }
/// ```
pub struct WaitGroup<L: RawLock = DefaultLock> {
    tally: Tally<L>,
}

impl WaitGroup {
    const_fn! {
        /// Makes a group in which nobody works.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[inline] // not generic: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<L: RawLock> WaitGroup<L> {
    const_fn! {
        /// Makes a group in which nobody works. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            Self { tally: Tally::new(CLOSED) }
        }
    }

    /// Begins to work: the group waits for the guard that this returns. A guard that is forgotten (`mem::forget`) works for
    /// ever.
    ///
    /// # Panics
    ///
    /// When there are half of `usize::MAX` guards, which takes forgotten ones.
    pub fn add(&self) -> WaitGroupGuard<'_, L> {
        self.tally.join();
        WaitGroupGuard { tally: &self.tally }
    }

    /// Waits until nobody works. It is enough that nobody does at one moment from this call on.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub fn wait(&self) -> WaitGroupWait<'_, L> {
        WaitGroupWait { waiting: self.tally.wait() }
    }

    /// Guards that there are.
    pub fn len(&self) -> usize {
        self.tally.load() / GUARD
    }

    /// Whether nobody works.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for WaitGroup {
    #[inline] // as `new`
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<L: RawLock> core::fmt::Debug for WaitGroup<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitGroup").field("len", &self.len()).finish()
    }
}

/// Somebody who works; see [`WaitGroup::add`]. Dropping it says that it is done.
#[must_use = "who drops the guard is done"]
pub struct WaitGroupGuard<'a, L: RawLock = DefaultLock> {
    tally: &'a Tally<L>,
}

impl<L: RawLock> WaitGroupGuard<'_, L> {
    /// Is done: the same as to drop it.
    pub fn done(self) {}
}

impl<L: RawLock> Clone for WaitGroupGuard<'_, L> {
    fn clone(&self) -> Self {
        self.tally.join();
        Self { tally: self.tally }
    }
}

impl<L: RawLock> Drop for WaitGroupGuard<'_, L> {
    fn drop(&mut self) {
        self.tally.leave();
    }
}

impl<L: RawLock> core::fmt::Debug for WaitGroupGuard<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitGroupGuard").finish_non_exhaustive()
    }
}

/// A wait for a group; see [`WaitGroup::wait`]. Once it has been ready it stays ready.
#[must_use = "futures do nothing unless polled"]
pub struct WaitGroupWait<'a, L: RawLock = DefaultLock> {
    waiting: Waiting<'a, L, Complete, LANES>,
}

impl<L: RawLock> Future for WaitGroupWait<'_, L> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (waiting,) = project!(self => waiting);
        waiting.poll(cx)
    }
}

impl<L: RawLock> core::fmt::Debug for WaitGroupWait<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitGroupWait").finish_non_exhaustive()
    }
}
