//! [`Sleep`]: a future that is ready at a deadline.

use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::clock::nanos;
use super::node::{Closed, Node, State};
use super::queue::Place;
use super::{Instant, Moment};
use crate::ambient::Ambient;
use crate::task::coop;

/// The time now, by the clock of the runtime that polls the current task.
///
/// # Panics
///
/// Outside of a runtime, or in one without a clock.
#[track_caller]
pub fn now<A: Ambient>() -> Instant {
    place::<A>().now()
}

/// Waits until `duration` has passed from now.
///
/// The deadline is fixed here, by the clock of the current runtime, and this runtime's queue is the one that will wake,
/// wherever the future is moved to and whoever polls it. A duration that does not fit ends when the clock says
/// ([`Clock::deadline`](super::Clock::deadline)): never, or on an operating system after 30 years. A duration of zero is
/// ready at once.
///
/// # Units
///
/// Any [`Duration`]; nanoseconds inside. Never shorter than asked; how much longer depends on the resolution of the
/// clock and on when the executor turns to it.
///
/// # Panics
///
/// Outside of a runtime, or in one without a clock; when polled after its runtime was shut down, as is said at [`Sleep`].
///
/// # Cancel safety
///
/// Dropping it takes it out of the queue; nothing is lost.
///
/// # Cost
///
/// Reads the clock once. No allocation; the first poll and the end take the lock of the queue once each.
#[track_caller]
#[inline(always)]
pub fn sleep<A: Ambient>(duration: Duration) -> Sleep {
    // In line up to here, for a duration that is known at compile time, and to make the sleep where it stays.
    Sleep::after(place::<A>(), duration)
}

/// Waits until `deadline`, by the clock of the current runtime. [`Instant::FAR`] never comes.
///
/// # Panics
///
/// As [`sleep`].
///
/// # Cancel safety
///
/// As [`sleep`].
#[track_caller]
pub fn sleep_until<A: Ambient>(deadline: Instant) -> Sleep {
    Sleep::until(place::<A>(), deadline)
}

/// Ready from its deadline on. Made by [`sleep`] and [`sleep_until`].
///
/// It is bound to the queue of the runtime it was made in and holds its own place there, which is why it must be pinned
/// to be polled. It may be moved to other threads and runtimes, polled with any waker, and dropped anywhere.
///
/// A poll does not read the clock: one whose deadline has come after it was made or reset, and before it is polled for the first time
/// since, is pending then, and ready when its executor looks at its timers next.
///
/// # Panics
///
/// When polled after its runtime was shut down, but for one that has elapsed, or was made with a deadline already past.
///
/// # Cancel safety
///
/// Dropping it takes it out of the queue; nothing is lost.
///
/// # Cost
///
/// 56 bytes on 64-bit targets, 32 on 32-bit ones.
#[must_use = "futures do nothing unless polled"]
pub struct Sleep<T = Instant> {
    node: Node,
    _tells: PhantomData<fn() -> T>,
}

impl Sleep {
    #[inline(always)]
    pub(super) fn after(place: Place, duration: Duration) -> Self {
        let nanos = nanos(duration);
        let deadline = if nanos == 0 { place.now() } else { place.deadline(nanos) };
        Self::of(Node::new(place, deadline, nanos == 0))
    }

    pub(super) fn until(place: Place, deadline: Instant) -> Self {
        Self::of(Node::new(place, deadline, deadline.is_due(place.now())))
    }

    #[inline(always)]
    fn of(node: Node) -> Self {
        Self { node, _tells: PhantomData }
    }

    /// The same sleep, which tells its deadline as a `T`.
    pub fn tells<T: Moment>(self) -> Sleep<T> {
        Sleep { node: self.node, _tells: PhantomData }
    }
}

impl<T: Moment> Sleep<T> {
    /// When it is over.
    pub fn deadline(&self) -> T {
        self.node.deadline().into()
    }
}

impl<T> Sleep<T> {
    /// Whether somebody waits for it.
    pub(super) fn is_linked(&self) -> bool {
        self.node.is_linked()
    }

    pub(super) fn place(&self) -> Place {
        self.node.place()
    }

    /// Whether it is over: it has been polled, and its task has been woken at the deadline or need not be any more.
    ///
    /// A deadline that has passed is not enough: before the first poll this is `false`. So `if !sleep.is_elapsed()` may guard a
    /// branch of [`select!`](crate::select) that polls it, and a deadline which was past from the start is not missed there.
    /// Only a [`reset`](Self::reset) to a moment that has passed ends it without a poll: from then on this is `true`, and the
    /// next poll is ready; whoever resets it so behind such a guard does himself what was to be done at the deadline.
    pub fn is_elapsed(&self) -> bool {
        self.node.state() == State::Elapsed
    }

    /// Moves the deadline, earlier or later, also after it has passed.
    ///
    /// A task that has polled it before, and has not been woken by it since, will be woken at the new deadline without
    /// polling it again.
    ///
    /// # Cancel safety
    ///
    /// Not a future; takes effect at once.
    ///
    /// # Cost
    ///
    /// Reads the clock, and takes the lock of the queue twice if somebody waits.
    pub fn reset(self: Pin<&mut Self>, deadline: T)
    where
        T: Into<Instant>,
    {
        let deadline = deadline.into();
        let now = self.place().now();
        self.node().reset(deadline, now);
    }

    pub(super) fn reset_at(self: Pin<&mut Self>, deadline: Instant, now: Instant) {
        self.node().reset(deadline, now);
    }

    fn node(self: Pin<&mut Self>) -> Pin<&mut Node> {
        // SAFETY: *pinned with its sleep*: the node is never moved out of a `Sleep`, which has no `Drop` of its own and is
        // `Unpin` only if the node is.
        unsafe { self.map_unchecked_mut(|sleep| &mut sleep.node) }
    }
}

impl<T> Future for Sleep<T> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let coop = ready!(coop::poll_proceed(cx));
        match ready!(self.node().poll_fast(cx.waker())) {
            Ok(()) => {
                coop.made_progress();
                Poll::Ready(())
            }
            Err(Closed) => closed(),
        }
    }
}

impl<T> core::fmt::Debug for Sleep<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.node.deadline()).field("state", &self.node.state()).finish()
    }
}

/// The timers of the current context.
#[track_caller]
#[inline]
pub(super) fn place<A: Ambient>() -> Place {
    match A::timers() {
        Some(Some(place)) => place,
        Some(None) => no_clock(),
        None => no_runtime(),
    }
}

#[cold]
#[track_caller]
fn no_runtime() -> ! {
    panic!("no timer driver: time was used outside of a runtime; call it in a task, in `block_on`, or under `enter`")
}

#[cold]
#[track_caller]
fn no_clock() -> ! {
    panic!(
        "no timer driver: this runtime has no clock; give its builder or executor one (`enable_time`, `with_timers`)"
    )
}

#[cold]
pub(super) fn closed() -> ! {
    panic!("no timer driver: the runtime in which this sleep was made has been shut down")
}
