//! The clock seam and its instants.

use core::time::Duration;

/// A moment on some [`Clock`]: nanoseconds since that clock's epoch.
///
/// # Units
///
/// Nanoseconds, 64 bits: 584 years. Arithmetic saturates, so [`Instant::FAR`] is "later than any clock will say".
///
/// Aligned to four bytes, so that futures with a deadline in them do not need eight on 32-bit targets.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
pub struct Instant(u64);

impl Instant {
    /// The epoch of the clock.
    pub const EPOCH: Self = Self(0);
    /// The last instant there is. Nothing is due at it: a wait until `FAR` is a wait for ever.
    pub const FAR: Self = Self(u64::MAX);

    /// The instant so many nanoseconds after the clock's epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// `self + duration`, or [`Instant::FAR`] where that does not fit.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        // Seconds beyond this product do not fit; the multiplication is one instruction pair where a 128-bit one is a call.
        let nanos = match duration.as_secs().checked_mul(1_000_000_000) {
            Some(nanos) => nanos,
            None => return Self::FAR,
        };
        Self(self.0.saturating_add(nanos).saturating_add(duration.subsec_nanos() as u64))
    }

    /// `self + duration`, or `None` where that does not fit.
    #[must_use]
    pub const fn checked_add(self, duration: Duration) -> Option<Self> {
        match self.saturating_add(duration) {
            Self(u64::MAX) => None,
            sum => Some(sum),
        }
    }

    /// The time from `earlier` to `self`, or zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl PartialEq for Instant {
    fn eq(&self, other: &Self) -> bool {
        self.as_nanos() == other.as_nanos()
    }
}
impl Eq for Instant {}
impl PartialOrd for Instant {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Instant {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.as_nanos().cmp(&other.as_nanos())
    }
}
impl core::hash::Hash for Instant {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_nanos().hash(state);
    }
}
impl core::fmt::Debug for Instant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?} after the epoch", Duration::from_nanos(self.0))
    }
}

/// Tells the time.
///
/// Monotone: no call answers less than an earlier one did. Never ahead: a clock that is coarse rounds down, and a
/// hardware counter is extended to 64 bits by its board.
///
/// # Cost
///
/// Called once per batch of polls and once per new timer; from tasks and executors only.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Instant;
}
