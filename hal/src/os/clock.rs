//! The operating system's monotone clock.

use core::time::Duration;
use std::sync::OnceLock;
use std::time::Instant as StdInstant;

use zokio_core::time::{Clock, Instant};

/// When the process first asked: the epoch of every [`SystemClock`].
static EPOCH: OnceLock<StdInstant> = OnceLock::new();

fn epoch() -> StdInstant {
    *EPOCH.get_or_init(StdInstant::now)
}

/// The operating system's monotone clock.
///
/// All values of this type tell the same time: nanoseconds since the process first asked any of them. So instants of
/// several runtimes, and of timer queues that are kept and reused, can be compared.
///
/// # Cost
///
/// One clock read of the OS (a few tens of nanoseconds).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock(());

impl SystemClock {
    /// Makes a clock.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Converts to an instant of the standard library; `None` where that cannot represent it.
    #[must_use]
    pub fn to_std(self, instant: Instant) -> Option<StdInstant> {
        epoch().checked_add(Duration::from_nanos(instant.as_nanos()))
    }

    /// Converts from an instant of the standard library. One before the epoch becomes [`Instant::EPOCH`], one too far
    /// in the future [`Instant::FAR`].
    #[must_use]
    pub fn from_std(self, instant: StdInstant) -> Instant {
        Instant::EPOCH.saturating_add(instant.saturating_duration_since(epoch()))
    }

    /// The time until `deadline`, rounded up by whoever waits; zero if it has passed.
    pub(super) fn until(self, deadline: Instant) -> Duration {
        deadline.saturating_duration_since(self.now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        self.from_std(StdInstant::now())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn two_clocks_tell_one_time() {
        let (first, second) = (SystemClock::new(), SystemClock::new());
        let before = first.now();
        let between = second.now();
        let after = first.now();
        assert!(before <= between && between <= after);
    }

    #[test]
    fn conversions_round_trip_and_saturate() {
        let clock = SystemClock::new();
        let now = clock.now();
        assert_eq!(clock.from_std(clock.to_std(now).expect("now is representable")), now);
        let long_ago = epoch().checked_sub(Duration::from_nanos(1));
        if let Some(long_ago) = long_ago {
            assert_eq!(clock.from_std(long_ago), Instant::EPOCH);
        }
        assert_eq!(clock.until(Instant::EPOCH), Duration::ZERO);
        assert!(clock.until(Instant::FAR) > Duration::from_secs(1 << 32));
    }
}
