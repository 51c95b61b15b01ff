//! The operating system's monotone clock.

use core::time::Duration;
use std::sync::OnceLock;
use std::time::Instant as StdInstant;

use zokio_core::time::{Clock, Instant};

/// The epoch of every [`SystemClock`]: long before the process first asked.
static EPOCH: OnceLock<StdInstant> = OnceLock::new();

/// How long before, in seconds and less one of them: 17 years, of 584 that can be counted from the epoch. No machine is up
/// for so long.
const PAST: u64 = 1 << 29;

fn epoch() -> StdInstant {
    *EPOCH.get_or_init(|| long_before(StdInstant::now(), StdInstant::checked_sub))
}

/// The moment [`PAST`] before `now`; where the system's clock begins with the machine, the first one that there is (to the
/// second). `before` says what is so long before a moment.
fn long_before<M: Copy>(now: M, before: impl Fn(&M, Duration) -> Option<M>) -> M {
    let mut moment = now;
    let mut step = PAST;
    while step > 1 {
        step /= 2;
        moment = before(&moment, Duration::from_secs(step)).unwrap_or(moment);
    }
    moment
}

/// The operating system's monotone clock.
///
/// All values of this type tell the same time: nanoseconds since an epoch that lies 17 years before the process first asked
/// any of them, or where the clock of the standard library begins, if that is later. So instants of several runtimes, and of
/// timer queues that are kept and reused, can be compared, and so can moments from before the first question.
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

    /// Converts from an instant of the standard library, to the same moment. One before the epoch, 17 years before the process
    /// first asked, becomes [`Instant::EPOCH`]; one too far in the future [`Instant::FAR`].
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

    /// A minute, and years, before: later than the epoch, whichever test asked first.
    // Mutant: hal/src/os/clock.rs :: const PAST: u64 = 1 << 29; => const PAST: u64 = 1 << 3;
    #[test]
    fn a_moment_before_the_first_question_is_the_same_moment() {
        let clock = SystemClock::new();
        let year = Duration::from_secs(86_400 * 365);
        let (before, now) = (StdInstant::now(), clock.now());
        // Where the standard library knows such a moment at all.
        for past in [Duration::ZERO, Duration::from_secs(60), 16 * year] {
            if let Some(moment) = before.checked_sub(past) {
                let same = clock.from_std(moment);
                assert_eq!(clock.to_std(same), Some(moment));
                assert!(now.saturating_duration_since(same) >= past);
            }
        }
        assert!(now.checked_add(500 * year).is_some(), "and there is a future");
    }

    /// By a clock that begins with the machine.
    // Mutant: hal/src/os/clock.rs :: .unwrap_or(moment) => .unwrap_or(now)
    #[test]
    fn the_epoch_is_as_early_as_the_system_knows_one() {
        let before = |moment: &Duration, step| moment.checked_sub(step);
        for uptime in [0, 1, 59, 60, 3_601, 86_400 * 100 + 7, PAST - 2, PAST - 1] {
            let uptime = Duration::from_secs(uptime);
            assert_eq!(long_before(uptime, before), Duration::ZERO, "{uptime:?}");
        }
        assert_eq!(long_before(Duration::from_secs(PAST + 4), before), Duration::from_secs(5));
        assert_eq!(long_before(Duration::from_millis(1500), before), Duration::from_millis(500), "to the second");
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
