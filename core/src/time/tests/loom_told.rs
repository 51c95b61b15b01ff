//! Races between who reads a virtual clock and who tells it something.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::time::{Clock, Instant, VirtualClock};

/// A clock that a thread moves, with no order but that of the one variable it is.
struct Ticks(AtomicUsize);

impl Clock for Ticks {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.load(Ordering::Relaxed) as u64)
    }
}

/// The clock inside goes on, and is read, while another thread tells it something.
fn never_goes_back(before: fn(&VirtualClock<Ticks>), tell: fn(&VirtualClock<Ticks>)) {
    loom::model(move || {
        let clock = Arc::new(VirtualClock::new(Ticks(AtomicUsize::new(90))));
        before(&clock);
        let reader = clock.clone();
        let reader = thread::spawn(move || {
            reader.inner().0.store(100, Ordering::Relaxed);
            let first = reader.now();
            let second = reader.now();
            assert!(first <= second, "{first:?} and then {second:?}");
            second
        });
        tell(&clock);
        let told = clock.now();
        let read = reader.join().unwrap();
        let now = clock.now();
        assert!(read <= now && told <= now, "{read:?} there and {told:?} here, and then {now:?}");
    });
}

/// Who finds that it was told nothing has read a clock that is not ahead of the one by which it is told.
// Mutant: core/src/time/virtual_clock.rs :: // than what is read here.\n        fence(Ordering::SeqCst); => // than what is read here.
// Mutant: core/src/time/virtual_clock.rs :: been read before it.\n            fence(Ordering::SeqCst); => been read before it.
#[test]
fn the_first_thing_told_is_anchored_no_earlier_than_what_was_read() {
    never_goes_back(|_| (), |clock| clock.pause().unwrap());
}

// Mutant: core/src/time/virtual_clock.rs :: self.state.with(|state| state.read(inside)) => self.state.with(|state| *state).at(inside)
#[test]
fn what_is_told_later_is_anchored_no_earlier_than_what_was_read() {
    never_goes_back(|clock| clock.set_scale(2), |clock| clock.pause().unwrap());
}
