//! [`VirtualPark`]: an executor that is idle moves its clock on.

use super::{Clock, Instant, VirtualClock};
use crate::lock::{DefaultLock, RawLock};
use crate::park::Park;

/// Waits by a [`VirtualClock`]: where that runs, in the parker inside; where it is paused, not at all, but moves it to
/// the next deadline.
///
/// For one executor that has the clock for itself. An executor that waits for nothing but an event waits in the parker
/// inside.
///
/// # Cost
///
/// That of the parker inside, which is asked for events before each jump.
#[derive(Debug)]
pub struct VirtualPark<P, C: 'static, L: RawLock = DefaultLock> {
    park: P,
    clock: &'static VirtualClock<C, L>,
    auto_advance: bool,
}

impl<P, C, L: RawLock> VirtualPark<P, C, L> {
    /// Waits for `clock`, whose inner clock is that of `park`.
    pub const fn new(park: P, clock: &'static VirtualClock<C, L>) -> Self {
        Self { park, clock, auto_advance: true }
    }

    /// Whether it moves a paused clock on, as it does unless told otherwise. Where it does not, an idle executor waits
    /// until somebody else moves the clock and unparks it.
    #[must_use]
    pub const fn auto_advance(mut self, auto_advance: bool) -> Self {
        self.auto_advance = auto_advance;
        self
    }
}

impl<P: Park, C: Clock, L: RawLock> Park for VirtualPark<P, C, L> {
    type Unpark = P::Unpark;

    fn unpark(&self) -> P::Unpark {
        self.park.unpark()
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        let (clock, jumps) = (self.clock, self.auto_advance && self.clock.is_paused());
        if jumps {
            // What has happened by now happened before the jump.
            self.park.poll();
        }
        let wait = deadline.and_then(|deadline| clock.to_inner(deadline));
        self.park.park(wait, || {
            let idle = is_idle();
            match deadline {
                // Asked from the point on from which an unpark ends the wait; the answer "not idle" means no waiting. A clock that
                // was told something before that has unparked nobody: it is looked at again.
                Some(deadline) if idle && jumps && deadline != Instant::FAR => {
                    let _ = clock.advance_to(deadline);
                    false
                }
                Some(deadline) if idle => clock.to_inner(deadline) == wait,
                _ => idle,
            }
        });
    }

    fn poll(&mut self) {
        self.park.poll();
    }
}
