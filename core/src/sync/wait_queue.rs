//! A queue of tasks that wait for the same thing, first come, first woken.

use core::future::Future;
use core::ops::Deref;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use super::waiters::{Protocol, Section, Step, Tag, Waiters, Waiting};
use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};
use crate::task::waker::WAKES_WITHIN;

/// Tasks that wait for the same thing.
///
/// The queue holds no condition and no permit: a wake-up with nobody there is gone. So a waiter takes its place first,
/// looks at its condition, and waits afterwards, which is what [`wait_until`](Self::wait_until) does.
/// [`Notify`](super::Notify) is the queue that remembers one wake-up.
///
/// # Cost
///
/// One compare-and-swap for a wake-up that finds nobody; else the lock once for each operation, for a bounded number of
/// instructions; [`wake_all`](Self::wake_all) takes it once for every few waiters. A waiter's place in the queue is inside
/// its future. [`wake_one`](Self::wake_one) may be
/// called from an interrupt where `L` may be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use core::sync::atomic::{AtomicUsize, Ordering};
/// use zokio_core::sync::WaitQueue;
///
/// static LEVEL: AtomicUsize = AtomicUsize::new(0);
/// static CHANGED: WaitQueue = WaitQueue::new();
///
/// async fn level_of(least: usize) {
///     let reached = || LEVEL.load(Ordering::Acquire) >= least;
///     CHANGED.wait_until(reached).await.expect("nobody closes the queue");
/// }
///
/// fn set_level(level: usize) {
///     LEVEL.store(level, Ordering::Release);
///     CHANGED.wake_all();
/// }
/// # let _ = level_of(1);
/// # set_level(1);
/// # }
/// ```
pub struct WaitQueue<L: RawLock = DefaultLock> {
    /// What there is to know without the lock:
    ///
    /// ```text
    ///   bits  4..      3       2        1        0
    ///        epoch | KEEPS | CLOSED | PERMIT | WAITING
    /// ```
    ///
    /// - *waiting*: WAITING is set and cleared under the lock, and set while somebody is in the lane of those who wait. Who
    ///   wakes while it is not set changes the word, and is done.
    /// - *one order*: who wakes and who comes to wait both change the word, even to what it is: whoever comes second sees
    ///   what the first one did before. So a condition that is made true before a wake-up is seen after a place is taken.
    /// - *either*: PERMIT and WAITING are never set both.
    word: AtomicUsize,
    /// The state: how often all were sent from one lane into the other.
    pub(super) waiters: Waiters<L, usize, Told, LANES>,
}

/// Somebody waits.
const WAITING: usize = 1;
/// A wake-up that found nobody is kept here.
const PERMIT: usize = 1 << 1;
/// Nobody waits any more.
const CLOSED: usize = 1 << 2;
/// A wake-up that finds nobody is to be kept.
const KEEPS: usize = 1 << 3;
/// One call of `wake_all`; a waiter that knows an older number was there at a later call.
const EPOCH: usize = 1 << 4;

/// The lanes are those who wait, and those whom `wake_all` or `close` reached and has yet to call.
const LINE: usize = 0;
const LEAVING: usize = 1;
pub(super) const LANES: usize = 2;

type Inner<'s> = Section<'s, usize, Told, LANES>;

/// What a waiter is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// To wait.
    Wait,
    /// That the one wake-up is its own, to use or to pass on: to the one that waits longest, or shortest.
    Yours(End),
}

impl Tag for Told {
    type Mark = ();
}

/// The end of the line at which one is woken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// A word that says what a wake-up leaves which finds nobody.
const fn kept(word: usize) -> usize {
    if word & KEEPS != 0 { word | PERMIT } else { word }
}

impl WaitQueue {
    const_fn! {
        /// Makes a queue in which nobody waits.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[inline] // not generic: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<L: RawLock> WaitQueue<L> {
    const_fn! {
        /// Makes a queue in which nobody waits. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            Self { word: AtomicUsize::new(0), waiters: Waiters::new(0) }
        }
    }

    const_fn! {
        /// Makes a queue that keeps one wake-up that found nobody.
        pub(super) const fn with_permit() -> Self {
            Self { word: AtomicUsize::new(KEEPS), waiters: Waiters::new(0) }
        }
    }

    /// Waits to be woken. [`wake_all`](Self::wake_all) reaches the future from now on, [`wake_one`](Self::wake_one) once
    /// it was polled or [enabled](Wait::enable).
    ///
    /// # Errors
    ///
    /// [`Closed`] once the queue is closed, unless a wake-up came before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in the queue. A wake-up that it received and did not use goes to the next
    /// waiter.
    #[inline]
    pub fn wait(&self) -> Wait<'_, L> {
        Wait { waiting: self.waiters.wait(Turn::new(self)) }
    }

    /// Waits until `condition` holds, which is looked at now and after every wake-up.
    ///
    /// Whoever makes it hold must do so before it wakes. No lock is held while `condition` runs.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the queue is closed and the condition does not hold.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_until(&self, mut condition: impl FnMut() -> bool) -> Result<(), Closed> {
        loop {
            let mut wait = pin!(self.wait());
            wait.as_mut().enable();
            if condition() {
                return Ok(());
            }
            wait.await?;
        }
    }

    /// Wakes the one that waits longest. Returns whether there was one.
    #[inline]
    pub fn wake_one(&self) -> bool {
        self.wake_at(End::First)
    }

    /// Wakes the one that waits longest, or shortest.
    #[inline]
    pub(super) fn wake_at(&self, end: End) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITING == 0 {
            // Ordering: Release pairs with the Acquire of `change` and `quick`, by *one order*. A second wake-up that finds
            // the permit of the first passes on what came before that one as well: it changes what that one released.
            match self.word.compare_exchange_weak(word, kept(word), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return false,
                Err(now) => word = now,
            }
        }
        self.waiters.with(|section| self.give_one(section, end))
    }

    /// Gives one wake-up to somebody in line, or keeps it where the queue does that. Answers whether somebody got it.
    fn give_one(&self, section: &mut Inner<'_>, end: End) -> bool {
        let given = match end {
            End::First => section.pop(LINE, Told::Yours(end)),
            End::Last => section.pop_last(LINE, Told::Yours(end)),
        };
        if section.is_empty(LINE) {
            self.change(|word| if given { word & !WAITING } else { kept(word & !WAITING) });
        }
        given
    }

    /// Wakes all that wait now, and nobody who comes while this call runs.
    ///
    /// # Cost
    ///
    /// Proportional to the number of waiters; the lock is taken once for every few of them. A waker that panics does not
    /// keep the others from being woken.
    pub fn wake_all(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITING == 0 {
            // Ordering: as in `wake_at`.
            match self.word.compare_exchange_weak(word, word.wrapping_add(EPOCH), Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        // From here on everybody who was there is woken, as far as their own polls can tell; the rest is calling them.
        let call = self.waiters.with(|section| {
            self.change(|word| (word & !WAITING).wrapping_add(EPOCH));
            section.append(LINE, LEAVING);
            *section.state = section.state.wrapping_add(1);
            *section.state
        });
        // A later call owns everybody in that lane: it has put its own behind ours, and calls them all.
        self.waiters.drain(LEAVING, Told::Wait, |last| *last != call);
    }

    /// Closes the queue: all that wait and all that come later get [`Closed`].
    ///
    /// # Cost
    ///
    /// As [`wake_all`](Self::wake_all).
    pub fn close(&self) {
        let _ = self.close_after(|| Ok::<_, core::convert::Infallible>(()));
    }

    /// Closes it unless `first` fails, which is called in the same section.
    pub(super) fn close_after<E>(&self, first: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        self.waiters.with(|section| {
            first()?;
            self.change(|word| (word & !WAITING) | CLOSED);
            section.append(LINE, LEAVING);
            Ok(())
        })?;
        // Nobody is put behind them any more, so this ends.
        self.waiters.drain(LEAVING, Told::Wait, |_| false);
        Ok(())
    }

    /// Whether the queue is closed.
    pub fn is_closed(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `change`: who sees the end sees what came before it.
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Changes the word to what `f` answers, under the lock; answers what it was.
    #[inline]
    fn change(&self, mut f: impl FnMut(usize) -> usize) -> usize {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // Ordering: AcqRel, by *one order*: Acquire pairs with who woke before, Release with who comes after.
            match self.word.compare_exchange_weak(word, f(word), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return word,
                Err(now) => word = now,
            }
        }
    }
}

impl Default for WaitQueue {
    #[inline] // as `new`
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<L: RawLock> core::fmt::Debug for WaitQueue<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitQueue").finish_non_exhaustive()
    }
}

/// A wait for a wake-up; see [`WaitQueue::wait`]. Once it has been ready it stays ready.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a, L: RawLock = DefaultLock> {
    waiting: Waiting<'a, L, Turn<&'a WaitQueue<L>>, LANES>,
}

impl<'a, L: RawLock> Wait<'a, L> {
    /// Takes the place in the queue without being polled. Returns whether the wait is over already: then the next poll is
    /// ready.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.waiting().enroll().is_ready()
    }

    fn waiting(self: Pin<&mut Self>) -> Pin<&mut Waiting<'a, L, Turn<&'a WaitQueue<L>>, LANES>> {
        // SAFETY: the only field, which is moved neither here nor by a destructor of `Wait`'s own: there is none.
        unsafe { self.map_unchecked_mut(|this| &mut this.waiting) }
    }
}

impl<L: RawLock> Future for Wait<'_, L> {
    type Output = Result<(), Closed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // No budget: as tokio's, and who is told must not miss it.
        self.waiting().poll_free(cx)
    }
}

impl<L: RawLock> core::fmt::Debug for Wait<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

/// One waiter's side; `Q` is how it reaches the queue.
pub(super) struct Turn<Q> {
    queue: Q,
    /// The queue's word when the wait began: only the epoch counts.
    began: usize,
    /// How the wait ended, once it did.
    outcome: Result<(), Closed>,
}

/// What the word says to a waiter.
#[derive(Clone, Copy)]
enum Sight {
    /// It was woken with all.
    Woken,
    /// The queue is closed.
    Closed,
    /// There is a permit. It is looked for last: who was woken with all does not need it.
    Permit,
    /// Nothing has come.
    Nothing,
}

impl<L: RawLock, Q: Deref<Target = WaitQueue<L>>> Turn<Q> {
    /// A wait that begins now.
    #[inline]
    pub(super) fn new(queue: Q) -> Self {
        // Ordering: Acquire pairs with the Release of `wake_all`: a condition that was made true before a call which does
        // not count any more is seen after this.
        let began = queue.word.load(Ordering::Acquire);
        Self { queue, began, outcome: Ok(()) }
    }

    #[inline(always)]
    fn see(&self, word: usize) -> Sight {
        if (word ^ self.began) >= EPOCH {
            Sight::Woken
        } else if word & (CLOSED | PERMIT) == 0 {
            Sight::Nothing
        } else if word & CLOSED != 0 {
            Sight::Closed
        } else {
            Sight::Permit
        }
    }
}

impl<L: RawLock, Q: Deref<Target = WaitQueue<L>>> Protocol<LANES> for Turn<Q> {
    type State = usize;
    type Tag = Told;
    type Output = Result<(), Closed>;
    const LANE: usize = LINE;
    /// On one core the lock is as cheap as the word.
    const QUICK: bool = !WAKES_WITHIN;

    #[inline]
    fn quick(&mut self) -> Option<Result<(), Closed>> {
        // Ordering: Acquire pairs with the Release of who woke.
        let mut word = self.queue.word.load(Ordering::Acquire);
        loop {
            match self.see(word) {
                Sight::Woken => return Some(Ok(())),
                Sight::Nothing => return None,
                Sight::Closed => {
                    self.outcome = Err(Closed(()));
                    return Some(self.outcome);
                }
                Sight::Permit => {
                    // Ordering: Acquire pairs with the Release of who left the permit.
                    let taken = self.queue.word.compare_exchange_weak(
                        word,
                        word & !PERMIT,
                        Ordering::Acquire,
                        Ordering::Acquire,
                    );
                    match taken {
                        Ok(_) => return Some(Ok(())),
                        Err(now) => word = now,
                    }
                }
            }
        }
    }

    fn poll(&mut self, _: &mut Inner<'_>, told: Option<Told>) -> Step<Result<(), Closed>, Told> {
        if !matches!(told, Some(Told::Yours(_))) {
            // The first such poll is final, or the lock is as cheap as the word; at a later one WAITING is set already: so
            // nothing changes in vain.
            let mut sight = Sight::Nothing;
            self.queue.change(|word| {
                sight = self.see(word);
                match sight {
                    Sight::Woken | Sight::Closed => word,
                    Sight::Permit => word & !PERMIT,
                    Sight::Nothing => word | WAITING,
                }
            });
            match sight {
                Sight::Woken | Sight::Permit => {}
                Sight::Closed => self.outcome = Err(Closed(())),
                Sight::Nothing => return Step::Wait(Told::Wait),
            }
        }
        Step::Ready(self.outcome)
    }

    fn cancel(&mut self, section: &mut Inner<'_>, told: Told) {
        match told {
            Told::Yours(end) => {
                self.queue.give_one(section, end);
            }
            Told::Wait if section.is_empty(LINE) => {
                self.queue.change(|word| word & !WAITING);
            }
            Told::Wait => {}
        }
    }

    fn again(&mut self) -> Result<(), Closed> {
        self.outcome
    }
}

/// The queue is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Closed(pub(super) ());

impl core::fmt::Display for Closed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the queue is closed")
    }
}

impl core::error::Error for Closed {}
