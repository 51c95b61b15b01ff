//! A queue of tasks that wait for the same thing, first come, first woken.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use super::waiters::{Protocol, Section, Step, Waiters, Waiting};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// The lane of those who wait.
const WAITING: usize = 0;
/// The lane of those whom `wake_all` or `close` reached and has yet to call.
const LEAVING: usize = 1;
const LANES: usize = 2;

/// Tasks that wait for the same thing.
///
/// The queue holds no condition and no permit: a wake-up with nobody there is gone. So a waiter takes its place first,
/// looks at its condition, and waits afterwards, which is what [`wait_until`](Self::wait_until) does.
/// [`Notify`](super::Notify) is the queue that remembers one wake-up.
///
/// # Cost
///
/// The lock once for each operation, for a bounded number of instructions; [`wake_all`](Self::wake_all) takes it once
/// for every few waiters. A waiter's place in the queue is inside its future. [`wake_one`](Self::wake_one) may be
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
    waiters: Waiters<L, State, Told, LANES>,
}

struct State {
    /// Calls of `wake_all`; a waiter that knows an older number was there at a later call.
    epoch: usize,
    closed: bool,
    permit: Permit,
}

/// What becomes of a wake-up that finds nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permit {
    /// It is gone.
    Never,
    /// It is kept, and there is none.
    Empty,
    /// There is one.
    Stored,
}

/// What a waiter is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// To wait.
    Wait,
    /// That the one wake-up is its own, to use or to pass on.
    Yours,
}

impl State {
    const fn new(permit: Permit) -> Self {
        Self { epoch: 0, closed: false, permit }
    }
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
            Self { waiters: Waiters::new(State::new(Permit::Never)) }
        }
    }

    const_fn! {
        /// Makes a queue that keeps one wake-up that found nobody.
        pub(super) const fn with_permit() -> Self {
            Self { waiters: Waiters::new(State::new(Permit::Empty)) }
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
    pub fn wait(&self) -> Wait<'_, L> {
        let epoch = self.waiters.with(|section| section.state.epoch);
        Wait { waiting: self.waiters.wait(Turn { epoch, outcome: Ok(()) }) }
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
    pub fn wake_one(&self) -> bool {
        self.waiters.with(give_one)
    }

    /// Wakes all that wait now, and nobody who comes while this call runs.
    ///
    /// # Cost
    ///
    /// Proportional to the number of waiters; the lock is taken once for every few of them. A waker that panics does not
    /// keep the others from being woken.
    pub fn wake_all(&self) {
        // From here on everybody who was there is woken, as far as their own polls can tell; the rest is calling them.
        let epoch = self.waiters.with(|section| {
            section.state.epoch = section.state.epoch.wrapping_add(1);
            section.append(WAITING, LEAVING);
            section.state.epoch
        });
        // A later call owns everybody in that lane: it has put its own behind ours, and calls them all.
        self.waiters.drain(LEAVING, Told::Wait, |state| state.epoch != epoch);
    }

    /// Closes the queue: all that wait and all that come later get [`Closed`].
    ///
    /// # Cost
    ///
    /// As [`wake_all`](Self::wake_all).
    pub fn close(&self) {
        self.waiters.with(|section| {
            section.state.closed = true;
            section.append(WAITING, LEAVING);
        });
        // Nobody is put behind them any more, so this ends.
        self.waiters.drain(LEAVING, Told::Wait, |_| false);
    }

    /// Whether the queue is closed.
    pub fn is_closed(&self) -> bool {
        self.waiters.with(|section| section.state.closed)
    }
}

/// Gives one wake-up to the first in line, or keeps it where the queue does that. Answers whether somebody got it.
fn give_one(section: &mut Section<'_, State, Told, LANES>) -> bool {
    let given = section.pop(WAITING, Told::Yours);
    if !given && section.state.permit == Permit::Empty {
        section.state.permit = Permit::Stored;
    }
    given
}

impl<L: RawLock> Default for WaitQueue<L> {
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
    waiting: Waiting<'a, L, Turn, LANES>,
}

impl<'a, L: RawLock> Wait<'a, L> {
    /// Takes the place in the queue without being polled. Returns whether the wait is over already: then the next poll is
    /// ready.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.waiting().enroll().is_ready()
    }

    fn waiting(self: Pin<&mut Self>) -> Pin<&mut Waiting<'a, L, Turn, LANES>> {
        // SAFETY: the only field, which is moved neither here nor by a destructor of `Wait`'s own: there is none.
        unsafe { self.map_unchecked_mut(|this| &mut this.waiting) }
    }
}

impl<L: RawLock> Future for Wait<'_, L> {
    type Output = Result<(), Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.waiting().poll(cx)
    }
}

impl<L: RawLock> core::fmt::Debug for Wait<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

/// One waiter's side.
struct Turn {
    /// The queue's epoch when the wait began.
    epoch: usize,
    /// How the wait ended, once it did.
    outcome: Result<(), Closed>,
}

impl Protocol<LANES> for Turn {
    type State = State;
    type Tag = Told;
    type Output = Result<(), Closed>;
    const LANE: usize = WAITING;

    fn poll(
        &mut self,
        section: &mut Section<'_, State, Told, LANES>,
        told: Option<Told>,
    ) -> Step<Result<(), Closed>, Told> {
        let state = &mut *section.state;
        // A stored permit is taken last: who was woken with all does not need it.
        if told != Some(Told::Yours) && state.epoch == self.epoch {
            if state.closed {
                self.outcome = Err(Closed(()));
            } else if state.permit == Permit::Stored {
                state.permit = Permit::Empty;
            } else {
                return Step::Wait(Told::Wait);
            }
        }
        Step::Ready(self.outcome)
    }

    fn cancel(&mut self, section: &mut Section<'_, State, Told, LANES>, told: Told) {
        if told == Told::Yours {
            give_one(section);
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
