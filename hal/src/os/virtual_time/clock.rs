//! The clock of a worker's timers: the system's, or that of its runtime.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use zokio_core::atomic::{AtomicBool, Ordering, fence};
use zokio_core::time::{Clock, Instant};

use super::super::clock::SystemClock;
use super::super::sync::{Mutex, lock};
use super::VirtualTime;

/// What stands for all that is longer, in nanoseconds.
const LONGEST: u64 = (u64::MAX << 32) - 1;

/// 30 years.
const LONG: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The last moment that a clock says.
const END: u64 = u64::MAX - 1;

/// The system's clock, or a [`VirtualTime`] while it follows one.
///
/// # Cost
///
/// A load beside the system's clock; a lock, and a second reading, while it follows.
#[derive(Default)]
pub struct RuntimeClock {
    follows: AtomicBool,
    time: Mutex<Option<Arc<VirtualTime>>>,
}

impl RuntimeClock {
    /// The system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows `time` from now on, or the system's clock again.
    pub(super) fn follow(&self, time: Option<Arc<VirtualTime>>) {
        let follows = time.is_some();
        // The old one is dropped outside of the lock.
        let _old = core::mem::replace(&mut *lock(&self.time), time);
        // Ordering: Release pairs with the Acquire in `read`.
        self.follows.store(follows, Ordering::Release);
    }

    /// The system's clock comes first: who still finds then that nothing is followed has read it before whoever was to be
    /// followed anchored its time (`VirtualClock`), and so nobody finds a time later that is earlier than what he read here.
    fn read(&self, read: impl Fn(&dyn Clock) -> Instant) -> Instant {
        let system = read(&SystemClock::new());
        // Ordering: Acquire fence: keeps the reading before the load; pairs with the SeqCst fence of `VirtualClock`, between
        // what `follow` stores and the reading by which the time is anchored. A clock is no variable, so what counts is
        // what machines do: a load that does not see a store was before it on all that have one order of stores. (A SeqCst
        // fence, as the model of the language would have it for a variable, would cost every sleep of every runtime.)
        fence(Ordering::Acquire);
        // Ordering: Acquire: who follows finds whom; the lock would do for that, and makes what the runtime's owner did
        // before it told the time visible.
        if self.follows.load(Ordering::Acquire) {
            if let Some(time) = &*lock(&self.time) {
                return read(&time.clock);
            }
        }
        system
    }
}

impl Clock for RuntimeClock {
    #[inline]
    fn now(&self) -> Instant {
        self.read(|clock| clock.now())
    }

    #[inline]
    fn now_ceil(&self) -> Instant {
        self.read(|clock| clock.now_ceil())
    }

    /// What does not fit ends after 30 years, as it does with tokio: nobody waits so long but on a clock that is paused, and
    /// there a wait without an end would be a hang. Where there are no 30 years, as on a clock that was told to run fast or was moved,
    /// it ends with the time of the clock, which stands there.
    #[inline]
    fn deadline(&self, nanos: u64) -> Instant {
        let now = self.now_ceil();
        match now.as_nanos().checked_add(nanos) {
            Some(deadline) if nanos < LONGEST && deadline < u64::MAX => Instant::from_nanos(deadline),
            // An answer of `LONGEST` to who asks for that would be none.
            _ => now.saturating_add(LONG).min(Instant::from_nanos(if nanos < LONGEST { END } else { LONGEST - 1 })),
        }
    }
}

impl fmt::Debug for RuntimeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeClock").field("follows", &self.follows).finish_non_exhaustive()
    }
}
