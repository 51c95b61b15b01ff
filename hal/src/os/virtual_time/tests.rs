//! Ways for a time that is moved by hand to miss somebody.

use core::future::Future;
use core::task::{Context, Waker};
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use zokio_core::ambient::{self, Ambient};
use zokio_core::time::sleep;

use super::super::Driver;
use super::super::testing::Here;
use super::*;

#[cfg(feature = "net")]
mod looks;

/// Counts its wakes, and panics at each if it is told to.
struct Count {
    wakes: AtomicUsize,
    panics: Option<&'static str>,
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        if let Some(text) = self.panics {
            std::panic::panic_any(text);
        }
    }
}

/// The time by hand is the only thing that wakes here, so what one expiry leaves out waits for the next.
// Mutant: hal/src/os/virtual_time/mod.rs :: keep_first(&mut panicked, catch_unwind(AssertUnwindSafe(|| woken += timers.expire()))); => woken += timers.expire();
#[test]
fn a_waker_that_panics_keeps_no_other_worker_from_its_deadlines() {
    let time = VirtualTime::new();
    time.pause().unwrap();
    let counts = [None, Some("the first"), None, Some("the second"), None]
        .map(|panics| Arc::new(Count { wakes: AtomicUsize::new(0), panics }));
    let parks = Driver::without_io().parkers(counts.len());
    let mut sleeps = Vec::new();
    let mut seats = Vec::new();
    for (park, count) in parks.into_iter().zip(&counts) {
        let timers: &'static Timers<RuntimeClock> = Box::leak(Box::new(Timers::new(RuntimeClock::new())));
        seats.push(VirtualPark::new(park, time.clone(), timers.clock(), timers));
        let context = ambient::Context::EMPTY.with_timers(timers);
        let mut sleep = Box::pin(Here::enter(&context, || sleep::<Here>(Duration::from_millis(1))));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&Waker::from(count.clone()))).is_pending());
        sleeps.push(sleep);
    }
    let moved = catch_unwind(AssertUnwindSafe(|| time.advance(Duration::from_millis(2))));
    assert_eq!(counts.map(|count| count.wakes.load(Ordering::Relaxed)), [1; 5]);
    let payload = moved.map(drop).expect_err("the panic goes on");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the first"));
}
