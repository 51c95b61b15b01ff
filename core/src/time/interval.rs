//! [`Interval`]: ticks at a fixed period.

use core::borrow::BorrowMut;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::clock::nanos;
use super::polled::Polled;
use super::queue::Place;
use super::sleep::place;
use super::{Instant, Moment, Sleep};
use crate::ambient::Ambient;

/// Ticks now and then once every `period`.
///
/// A period that does not fit ticks once, and again when the clock says that [so long a wait](super::Clock::deadline) is over.
///
/// # Panics
///
/// If `period` is zero; outside of a runtime, or in one without a clock.
#[track_caller]
pub fn interval<A: Ambient>(period: Duration) -> Interval {
    let place = place::<A>();
    Interval::new(place, place.now(), period)
}

/// Ticks at `start` and then once every `period`.
///
/// # Panics
///
/// As [`interval`].
#[track_caller]
pub fn interval_at<A: Ambient>(start: Instant, period: Duration) -> Interval {
    Interval::new(place::<A>(), start, period)
}

/// What an [`Interval`] does when ticks were missed: when one was asked for late, by a whole period or by more than five
/// milliseconds, whichever is less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum MissedTickBehavior {
    /// Ticks without a pause until it has caught up: the number of ticks is right in the end.
    #[default]
    Burst,
    /// Goes on one period after the late tick: two ticks are never closer than a period less the five
    /// milliseconds that are not late yet.
    Delay,
    /// Leaves out what was missed and goes on at the next multiple of the period from the start.
    Skip,
}

impl MissedTickBehavior {
    /// When the tick after the one of `deadline` is due, if it is `now`.
    pub(super) fn next(self, deadline: Instant, now: Instant, period: Duration) -> Instant {
        let on_time = deadline.saturating_add(period);
        let tolerance = Duration::from_millis(5);
        let is_late = now > deadline.saturating_add(tolerance) || now >= on_time;
        match self {
            Self::Delay if is_late => now.saturating_add(period),
            // A period beyond 64 bits of nanoseconds has no second multiple.
            Self::Skip if now >= on_time => {
                let period = on_time.as_nanos() - deadline.as_nanos();
                let into = (now.as_nanos() - deadline.as_nanos()) % period;
                Instant::from_nanos((now.as_nanos() - into).saturating_add(period))
            }
            _ => on_time,
        }
    }
}

/// A period, and when the next tick is due. Made by [`interval`] and [`interval_at`].
///
/// It holds no place in the timer queue itself: [`tick`](Self::tick) does while it waits, and so does
/// [`Ticks`], the form to poll by hand or as a stream where there is no allocator. With feature `alloc` it may be polled
/// where it is, by `poll_tick`, and has a place in a box from then on.
#[derive(Debug)]
pub struct Interval<T = Instant> {
    pub(super) place: Place,
    pub(super) next: Instant,
    period: Duration,
    missed: MissedTickBehavior,
    pub(super) polled: Polled,
    _tells: PhantomData<fn() -> T>,
}

impl Interval {
    #[track_caller]
    fn new(place: Place, start: Instant, period: Duration) -> Self {
        assert!(!period.is_zero(), "`period` must not be zero: an interval of zero would tick for ever at once");
        let missed = MissedTickBehavior::Burst;
        Self { place, next: start, period, missed, polled: Polled::NEVER, _tells: PhantomData }
    }

    /// The same interval, which tells and takes moments as a `T`.
    pub fn tells<T: Moment>(self) -> Interval<T> {
        let Self { place, next, period, missed, polled, .. } = self;
        Interval { place, next, period, missed, polled, _tells: PhantomData }
    }
}

impl<T: Moment> Interval<T> {
    /// Waits for the next tick and returns when it was due.
    ///
    /// # Panics
    ///
    /// When polled after the runtime in which the interval was made was shut down.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a tick that has not been returned is returned by the next call.
    ///
    /// # Cost
    ///
    /// That of a [`Sleep`], and a second reading of the clock.
    pub fn tick(&mut self) -> Tick<'_, T> {
        Ticks { sleep: Sleep::until(self.place, self.next), interval: self, _tells: PhantomData }
    }

    /// Turns it into a form that keeps its place in the timer queue between polls, and must be pinned for it.
    pub fn ticks(self) -> Ticks<Self, T> {
        Ticks { sleep: Sleep::until(self.place, self.next), interval: self, _tells: PhantomData }
    }

    /// The tick that was due has been returned; when the next one is.
    pub(super) fn step(&mut self, now: Instant) -> T {
        let due = self.next;
        self.next = self.or_late(self.missed.next(due, now, self.period), self.period);
        due.into()
    }

    /// The time between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens when ticks are missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Chooses what happens when ticks are missed; [`MissedTickBehavior::Burst`] unless told otherwise.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// Makes the next tick due one period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Makes the next tick due now.
    pub fn reset_immediately(&mut self) {
        self.set_next(self.place.now());
    }

    /// Makes the next tick due after so long a time.
    pub fn reset_after(&mut self, after: Duration) {
        self.set_next(self.or_late(self.place.now().saturating_add(after), after));
    }

    /// Makes the next tick due at `deadline`.
    pub fn reset_at(&mut self, deadline: T) {
        self.set_next(deadline.into());
    }

    /// `next`, or where that does not fit what the clock says of so long a wait.
    fn or_late(&self, next: Instant, wait: Duration) -> Instant {
        if next == Instant::FAR { self.place.deadline(nanos(wait)) } else { next }
    }

    fn set_next(&mut self, next: Instant) {
        self.next = next;
        self.polled.reset(next);
    }
}

/// Waits for one tick. Made by [`Interval::tick`].
///
/// # Cancel safety
///
/// Nothing is lost.
pub type Tick<'a, T = Instant> = Ticks<&'a mut Interval<T>, T>;

/// An [`Interval`] with its place in the timer queue. Made by [`Interval::ticks`].
///
/// With feature `futures-core` it is a `Stream`, which never ends.
#[must_use = "futures and streams do nothing unless polled"]
#[derive(Debug)]
pub struct Ticks<I = Interval, T = Instant> {
    sleep: Sleep,
    interval: I,
    _tells: PhantomData<fn() -> T>,
}

impl<I: BorrowMut<Interval<T>> + Unpin, T: Moment> Ticks<I, T> {
    /// Asks for the next tick, and returns when it was due.
    ///
    /// # Panics
    ///
    /// After the runtime in which the interval was made was shut down.
    pub fn poll_tick(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let (mut sleep, interval) = self.project();
        // Here and not when the last tick was returned: what has become due since then is there at once.
        if sleep.deadline() != interval.next {
            sleep.as_mut().reset(interval.next);
        }
        ready!(sleep.poll(cx));
        let now = interval.place.now();
        Poll::Ready(interval.step(now))
    }

    /// Makes the next tick due one period from now.
    pub fn reset(self: Pin<&mut Self>) {
        let (sleep, interval) = self.project();
        interval.reset();
        // Who waits is woken in time; where nobody does, the next poll moves it.
        if sleep.is_linked() {
            sleep.reset(interval.next);
        }
    }

    /// Takes the interval back out.
    pub fn into_inner(self) -> I {
        self.interval
    }

    fn project(self: Pin<&mut Self>) -> (Pin<&mut Sleep>, &mut Interval<T>) {
        // SAFETY: *pinned in place*: the sleep is not moved out of pinned `Ticks`, which have no `Drop` of their own and
        // are `Unpin` only if it is. The interval is `Unpin`.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: *pinned in place*.
        let sleep = unsafe { Pin::new_unchecked(&mut this.sleep) };
        (sleep, this.interval.borrow_mut())
    }
}

impl<T: Moment> Future for Tick<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.poll_tick(cx)
    }
}

#[cfg(feature = "futures-core")]
impl<T: Moment> futures_core::Stream for Ticks<Interval<T>, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
