//! The clock seam and its instants.

use core::ops::{Add, AddAssign, Sub, SubAssign};
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
        if duration.as_secs() >> 32 == 0 {
            // This fits, and is one multiplication of words; the sum alone may not.
            let nanos = (duration.as_secs() as u32 as u64) * 1_000_000_000 + duration.subsec_nanos() as u64;
            return Self(self.0.saturating_add(nanos));
        }
        // Seconds beyond this product do not fit; the multiplication is one instruction pair where a 128-bit one is a call.
        let nanos = match duration.as_secs().checked_mul(1_000_000_000) {
            Some(nanos) => nanos,
            None => return Self::FAR,
        };
        Self(self.0.saturating_add(nanos).saturating_add(duration.subsec_nanos() as u64))
    }

    /// `self - duration`, or [`Instant::EPOCH`] where that would be before it.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(Self::EPOCH.saturating_add(duration).0))
    }

    /// Whether a wait for this instant is over at `now`. Never, for [`Instant::FAR`].
    #[must_use]
    pub const fn is_due(self, now: Self) -> bool {
        self.0 <= now.0 && self.0 != Self::FAR.0
    }

    /// [`Instant::FAR`], on a way of its own: as two conditional instructions it would cost those who take the other way.
    #[inline(always)]
    pub(super) fn far_apart() -> Self {
        // A call, which is not made conditional, and is left out where nobody asks for the answer.
        #[cold]
        #[inline(never)]
        fn far() -> u64 {
            u64::MAX
        }
        Self(far())
    }

    /// Whether it is [`Instant::FAR`].
    pub(super) const fn is_far(self) -> bool {
        // By words, for it is in every image.
        (self.0 as u32) & ((self.0 >> 32) as u32) == u32::MAX
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

    /// The time from `earlier` to `self`, or zero if `earlier` is later.
    #[must_use]
    pub const fn duration_since(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// The time from `earlier` to `self`, or `None` if `earlier` is later.
    #[must_use]
    pub const fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        if self.0 < earlier.0 { None } else { Some(self.saturating_duration_since(earlier)) }
    }
}

/// Saturates at [`Instant::FAR`].
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

/// Saturates at [`Instant::FAR`].
impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = self.saturating_add(duration);
    }
}

/// Saturates at [`Instant::EPOCH`].
impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.saturating_sub(duration)
    }
}

/// Saturates at [`Instant::EPOCH`].
impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = self.saturating_sub(duration);
    }
}

/// The time from the right instant to the left, or zero if that is later.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
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

#[cfg(feature = "defmt")]
impl defmt::Format for Instant {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=u64:us}", self.as_nanos() / 1_000);
    }
}

/// The longest wait that a clock is asked for: see [`Clock::deadline`].
pub(super) const LONGEST: u64 = (u64::MAX << 32) - 1;

/// A duration as clocks take it: see [`Clock::deadline`].
#[inline(always)]
pub(super) const fn nanos(duration: Duration) -> u64 {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos() as u64);
    // No multiplication, where it is not known at compile time.
    if seconds == 0 { nanos } else { with_seconds(seconds, nanos) }
}

#[cold]
#[inline]
const fn with_seconds(seconds: u64, nanos: u64) -> u64 {
    if seconds > u64::MAX / 1_000_000_000 { u64::MAX } else { (seconds * 1_000_000_000).saturating_add(nanos) }
}

/// The upper word.
const fn high(nanos: u64) -> u32 {
    (nanos >> 32) as u32
}

/// Whether a wait of so many nanoseconds is longer than any that is told from another: but for the last 4.3 seconds there is time
/// for it. Of all others the upper words alone tell whether the sum with the time fits, which is one comparison, in every image.
pub(super) const fn too_long(nanos: u64) -> bool {
    high(nanos) == u32::MAX
}

/// A moment as a program writes it: [`Instant`] itself, or the type of a crate on top that wraps one.
///
/// Futures of this module that tell or take moments have such a type as a parameter, so that the crate on top needs no
/// wrappers of its own around them.
pub trait Moment: From<Instant> + Into<Instant> + Copy {}

impl<T: From<Instant> + Into<Instant> + Copy> Moment for T {}

/// Tells the time, and hears when a parked executor must look again.
///
/// Monotone: no call answers less than an earlier one did. Never ahead: a clock that is coarse rounds down, and a
/// hardware counter is extended to 64 bits by its board.
///
/// # Cost
///
/// Called once per batch of polls and once per new timer; from tasks and executors only, with no lock held.
pub trait Clock {
    /// The time now, or a little before it. Never [`Instant::FAR`]: it is later than any clock says.
    fn now(&self) -> Instant;

    /// The time now, or a little after it: what a sleep counts from, so that it is never shorter than asked.
    ///
    /// A clock whose steps are so coarse that they matter (a 32 kHz counter) answers its next step. The default is
    /// [`now`](Self::now), good for steps of a nanosecond or so and for clocks moved by hand.
    fn now_ceil(&self) -> Instant {
        self.now()
    }

    /// When a wait of so many nanoseconds that begins now is over. A sleep asks for 2^64 - 2^32 - 1 of them at most, which is 584
    /// years, and stands for all that are longer: an answer of no less is then taken for [`Instant::FAR`].
    ///
    /// The default is so much after [`now_ceil`](Self::now_ceil), and [`Instant::FAR`], which never comes, where that does
    /// not fit. A clock whose waits are to end all the same answers a moment that does.
    ///
    /// A number, for what is written in a program as a [`Duration`] is one at compile time.
    #[inline]
    fn deadline(&self, nanos: u64) -> Instant {
        if too_long(nanos) {
            return Instant::FAR;
        }
        let now = self.now_ceil().0;
        let sum = now.wrapping_add(nanos);
        if high(sum) < high(now) { Instant::far_apart() } else { Instant(sum) }
    }

    /// Told that `deadline` has become the earliest of the queue, after it has, on the thread (or core, or in the
    /// interrupt) that polled or reset a sleep.
    ///
    /// The default does nothing, which suits an executor alone with its tasks: it asks for the next deadline before it
    /// parks. Where somebody else may poll a sleep of this queue meanwhile (another worker, a foreign thread's
    /// `block_on`, an executor of another priority), this unparks the executor that is to expire it.
    ///
    /// A moment that has passed, [`Instant::EPOCH`] for one, says that it must look at once: an alarm that is set to it goes
    /// off, once. Clocks around this one that stop and go say that ([`VirtualClock`](super::VirtualClock)).
    fn rearm(&self, deadline: Instant) {
        _ = deadline;
    }
}
