//! A moment on the clock of the current context, under the names of the standard library and tokio.

use core::fmt;
use core::ops::{Add, AddAssign, Sub, SubAssign};
use core::time::Duration;

use zokio_core::ambient::Ambient;
use zokio_core::time::Instant as ClockInstant;
use zokio_executor_local::context::Current;

/// A moment on the clock of the current context.
///
/// # Units
///
/// Nanoseconds since the epoch of that clock, in 64 bits. Arithmetic saturates: a moment too far away is one that never
/// comes. The system's clock has its epoch 17 years before the process first asked for the time, so that earlier moments have
/// a place; a clock that a chip's board or a test has begins near zero.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "rt")] {
/// use zokio::time::{Duration, Instant};
///
/// let start = Instant::now();
/// assert!(start + Duration::MAX > start);
/// assert!(start.elapsed() < Duration::from_secs(60));
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(ClockInstant);

#[cfg(feature = "rt")]
mod outside {
    use super::ClockInstant;
    use crate::runtime::Handle;
    use zokio_core::time::Clock;
    use zokio_hal::os::SystemClock;

    /// Without timers a runtime has its time all the same, which may stand.
    pub(super) fn now() -> ClockInstant {
        match Handle::try_current().ok().as_ref().and_then(Handle::virtual_time) {
            Some(time) => time.now(),
            None => SystemClock::new().now(),
        }
    }

    impl super::Instant {
        /// The same moment on the clock of the standard library.
        ///
        /// # Panics
        ///
        /// Panics where that cannot represent it.
        #[track_caller]
        #[must_use]
        pub fn into_std(self) -> std::time::Instant {
            SystemClock::new().to_std(self.0).expect("the moment is out of range of the standard library's clock")
        }

        /// The same moment on the system's clock, which is that of every runtime whose time is not simulated. One from more
        /// than 17 years before the process first asked for the time becomes the clock's epoch.
        #[must_use]
        pub fn from_std(instant: std::time::Instant) -> Self {
            Self(SystemClock::new().from_std(instant))
        }
    }

    /// As [`from_std`](super::Instant::from_std).
    impl From<std::time::Instant> for super::Instant {
        fn from(instant: std::time::Instant) -> Self {
            Self::from_std(instant)
        }
    }

    /// Panics as [`into_std`](super::Instant::into_std).
    impl From<super::Instant> for std::time::Instant {
        #[track_caller]
        fn from(instant: super::Instant) -> Self {
            instant.into_std()
        }
    }
}

#[cfg(not(feature = "rt"))]
mod outside {
    use super::{ClockInstant, Current};

    #[track_caller]
    pub(super) fn now() -> ClockInstant {
        zokio_core::time::now::<Current>()
    }
}

impl Instant {
    /// The time now, on the clock of the current context. Outside of a runtime it is the system's clock.
    ///
    /// # Panics
    ///
    /// Panics outside of an executor with timers, where feature `rt` is off.
    #[track_caller]
    #[must_use]
    pub fn now() -> Self {
        let timers = Current::timers().flatten();
        Self(timers.map_or_else(outside::now, |timers| timers.now()))
    }

    /// The time since this moment, or zero if it is yet to come.
    ///
    /// # Panics
    ///
    /// As [`now`](Self::now).
    #[track_caller]
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The time from `earlier` to this moment, or zero if `earlier` is later.
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// As [`duration_since`](Self::duration_since), which saturates too.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }

    /// The time from `earlier` to this moment, or `None` if `earlier` is later.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// This moment and `duration`, or `None` where that does not fit.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// This moment less `duration`, or `None` where that is before the clock's epoch (17 years ago, on the system's clock).
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        let earlier = self.0.saturating_sub(duration);
        (self.0.saturating_duration_since(earlier) == duration).then_some(Self(earlier))
    }
}

impl From<ClockInstant> for Instant {
    fn from(instant: ClockInstant) -> Self {
        Self(instant)
    }
}

impl From<Instant> for ClockInstant {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Instant {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.0.format(f);
    }
}
