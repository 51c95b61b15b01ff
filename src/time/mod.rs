//! Time: sleeps, timeouts, intervals, by the clock of the runtime that polls the current task.

#[cfg(feature = "rt")]
mod control;
mod ext;
mod instant;

use core::future::IntoFuture;

use zokio_core::time as core_time;
use zokio_executor_local::context::Current;

#[cfg(feature = "rt")]
pub(crate) use self::control::NO_CONTROL;
#[cfg(feature = "rt")]
pub use self::control::{advance, is_paused, pause, resume, set_auto_advance, set_scale};
pub use self::ext::FutureExt;
pub use self::instant::Instant;
pub use core::time::Duration;
pub use zokio_core::time::{
    Clock, ControlError, Elapsed, Instant as ClockInstant, ManualClock, MissedTickBehavior, Timeout, Timers,
    VirtualClock, VirtualPark,
};

/// Ready from its deadline on. Made by [`sleep`] and [`sleep_until`]; see [`zokio_core::time::Sleep`].
pub type Sleep = core_time::Sleep<Instant>;

/// A period, and when the next tick is due. Made by [`interval`] and [`interval_at`]; see [`zokio_core::time::Interval`].
pub type Interval = core_time::Interval<Instant>;

/// An [`Interval`] with its place in the timer queue, made by [`Interval::ticks`]; see [`zokio_core::time::Ticks`].
pub type Ticks = core_time::Ticks<Interval, Instant>;

/// Values that come out when their time has come; see [`zokio_core::time::DelayQueue`].
#[cfg(feature = "rt")]
pub type DelayQueue<T> = core_time::DelayQueue<T, Current, Instant>;

/// Values that come out when their time has come, `N` at most, without an allocator; see
/// [`zokio_core::time::FixedDelayQueue`].
pub type FixedDelayQueue<T, const N: usize> = core_time::FixedDelayQueue<T, N, Current, Instant>;

/// What goes in and comes out of a delay queue, under tokio's path.
pub mod delay_queue {
    pub use zokio_core::time::delay_queue::{Full, Key};

    /// A value whose time has come; see [`zokio_core::time::delay_queue::Expired`].
    pub type Expired<T> = zokio_core::time::delay_queue::Expired<T, super::Instant>;
}

/// The time now.
///
/// # Panics
///
/// Outside of a runtime, or in one without a clock.
#[track_caller]
#[must_use]
pub fn now() -> Instant {
    core_time::now::<Current>().into()
}

/// Waits until `duration` has passed from now; never shorter, but that a duration which goes beyond what the clock can tell is 30
/// years on an operating system, and on a chip has no end. On an operating system a clock can tell 567 years from when it was first
/// asked, on a chip 584. A time that is moved or runs fast may come to its end, where it stands: all that is waited for is over then.
///
/// # Panics
///
/// Outside of a runtime, or in one without a clock; when polled after its runtime was shut down. (One that did not wait
/// when its runtime ended may find that a later runtime has taken over the timers: then it counts by these, and panics
/// when that one ends.)
///
/// # Cancel safety
///
/// Nothing is lost.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    core_time::sleep::<Current>(duration).tells()
}

/// Waits until `deadline`.
///
/// # Panics
///
/// As [`sleep`].
///
/// # Cancel safety
///
/// As [`sleep`].
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    core_time::sleep_until::<Current>(deadline.into()).tells()
}

/// Waits for `future`, but no longer than `duration`.
///
/// # Errors
///
/// The future gives [`Elapsed`] if the time came first.
///
/// # Panics
///
/// As [`sleep`].
///
/// # Cancel safety
///
/// That of `future`, which is dropped with it.
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    core_time::timeout::<Current, F>(duration, future)
}

/// Waits for `future`, but not beyond `deadline`.
///
/// # Errors
///
/// As [`timeout`].
///
/// # Panics
///
/// As [`sleep`].
///
/// # Cancel safety
///
/// As [`timeout`].
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    core_time::timeout_at::<Current, F>(deadline.into(), future)
}

/// Ticks at once, and then every `period`.
///
/// # Panics
///
/// As [`sleep`]; and if `period` is zero.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    core_time::interval::<Current>(period).tells()
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
///
/// As [`interval`].
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    core_time::interval_at::<Current>(start.into(), period).tells()
}

/// Errors of this module, under tokio's path.
pub mod error {
    pub use zokio_core::time::Elapsed;
}
