//! A worker's parker, where its runtime's time may be virtual.

use std::sync::Arc;
use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Instant, Timers};

use super::super::park::{Answer, WorkerPark, WorkerUnpark};
use super::{Look, RuntimeClock, VirtualTime};

/// How a worker waits: until the system's clock says what its deadline means, or by moving a paused clock there.
///
/// Its worker's clock follows the runtime's [`VirtualTime`], if it has one, until this is dropped.
#[derive(Debug)]
pub struct VirtualPark {
    park: WorkerPark,
    seat: Option<Place>,
}

#[derive(Debug)]
struct Place {
    time: Arc<VirtualTime>,
    index: usize,
}

/// Ends the wait of one [`VirtualPark`].
#[derive(Clone, Debug)]
pub struct VirtualUnpark {
    unpark: WorkerUnpark,
    seat: Option<(Arc<VirtualTime>, usize)>,
}

impl VirtualPark {
    /// Waits by the system's clock and no other.
    #[must_use]
    pub fn real(park: WorkerPark) -> Self {
        Self { park, seat: None }
    }

    /// Waits by `time`. The clock of `timers` is `clock`.
    #[must_use]
    pub fn new(
        park: WorkerPark,
        time: Arc<VirtualTime>,
        clock: &'static RuntimeClock,
        timers: &'static Timers,
    ) -> Self {
        let index = time.sit(park.unpark(), clock, timers);
        Self { park, seat: Some(Place { time, index }) }
    }
}

impl Park for VirtualPark {
    type Unpark = VirtualUnpark;

    fn unpark(&self) -> VirtualUnpark {
        let seat = self.seat.as_ref().map(|seat| (seat.time.clone(), seat.index));
        VirtualUnpark { unpark: self.park.unpark(), seat }
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        let Some(Place { time, index }) = self.seat.as_ref().filter(|seat| seat.time.is_told()) else {
            return self.park.park(deadline, is_idle);
        };
        let look = if time.is_paused() { Look::by(time, || self.park.look()) } else { Look::None };
        // Whoever tells the time something after this unparks.
        let deadline = deadline.and_then(|deadline| time.to_system(deadline));
        let ask = || {
            time.ask(*index);
            if is_idle() { time.rest(*index, look) } else { Answer::Stay }
        };
        self.park.park_telling(deadline, ask, || time.rise(*index));
        time.rise(*index);
    }

    fn poll(&mut self) {
        self.park.poll();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.time.leave(self.index);
    }
}

impl Unpark for VirtualUnpark {
    fn unpark(&self) {
        if let Some((time, index)) = self.seat.as_ref().filter(|(time, _)| time.is_told()) {
            time.rise(*index);
        }
        self.unpark.unpark();
    }
}
