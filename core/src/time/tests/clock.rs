//! Instants, and the deadlines that a clock makes of waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::vec::Vec;

use super::unit::at;
use super::util::{Here, Task, leak, timers, within};
use crate::ambient::{self, Ambient};
use crate::time::{Clock, Instant, Timers, sleep};

// Mutant: core/src/time/clock.rs :: self.0 <= now.0 && self.0 != Self::FAR.0 => self.0 <= now.0
#[test]
fn instants_saturate() {
    let one = Duration::from_nanos(1);
    assert_eq!(Instant::FAR + one, Instant::FAR);
    assert_eq!(Instant::EPOCH - one, Instant::EPOCH);
    assert_eq!(at(5) - at(3), Duration::from_nanos(2));
    assert_eq!(at(3) - at(5), Duration::ZERO);
    assert_eq!(at(3).checked_duration_since(at(5)), None);
    assert_eq!(at(5).checked_duration_since(at(5)), Some(Duration::ZERO));
    assert_eq!(Instant::FAR - Instant::EPOCH, Duration::from_nanos(u64::MAX));
    assert_eq!(at(u64::MAX - 2).checked_add(one), Some(at(u64::MAX - 1)));
    assert_eq!(at(u64::MAX - 1).checked_add(one), None);
    assert!(at(3).is_due(at(3)) && !at(4).is_due(at(3)) && !Instant::FAR.is_due(Instant::FAR));
    let mut instant = at(10);
    instant += one * 5;
    instant -= one * 2;
    assert_eq!(instant, at(13));
}

/// Around every boundary of both words, of the clock and of the wait.
// Mutant: core/src/time/clock.rs :: if high(sum) < high(now) { => if false {
// Mutant: core/src/time/clock.rs :: high(nanos) == u32::MAX => false
// Mutant: core/src/time/queue.rs :: if deadline < LONGEST { deadline } else { Instant::FAR.as_nanos() } => deadline
#[test]
fn a_deadline_is_the_sum_or_never() {
    let around = |middle: u64| (0..5).map(move |offset| middle.wrapping_add(offset).wrapping_sub(2));
    let boundaries: Vec<u64> =
        [0, 1 << 31, 1 << 32, 1 << 63, u64::MAX << 32, u64::MAX - 1].map(around).into_iter().flatten().collect();
    let timers = timers();
    for &now in boundaries.iter().filter(|&&now| now != u64::MAX) {
        timers.clock().set(now);
        for &nanos in boundaries.iter().filter(|&&nanos| nanos != 0) {
            let fits = now.checked_add(nanos).filter(|_| nanos < u64::MAX << 32);
            let expected = fits.map_or(Instant::FAR, Instant::from_nanos);
            assert_eq!(timers.clock().deadline(nanos), expected, "{now} + {nanos}");
            let sleep = within(timers, || sleep::<Here>(Duration::from_nanos(nanos)));
            assert_eq!(sleep.deadline(), expected, "{now} + {nanos}");
        }
    }
}

/// A counter of `step` nanoseconds over a finer time that tests can see.
struct Coarse {
    truth: AtomicUsize,
    step: u64,
}

impl Clock for Coarse {
    fn now(&self) -> Instant {
        let truth = self.truth.load(Ordering::SeqCst) as u64;
        at(truth - truth % self.step)
    }

    fn now_ceil(&self) -> Instant {
        at((self.truth.load(Ordering::SeqCst) as u64).next_multiple_of(self.step))
    }
}

// Mutant: core/src/time/clock.rs :: let now = self.now_ceil().0; => let now = self.now().0;
#[test]
fn failure_092_never_early_at_any_phase_of_a_coarse_clock() {
    let step = if cfg!(miri) { 5 } else { 13 };
    let timers = leak(Timers::new(Coarse { truth: AtomicUsize::new(0), step: step as u64 }));
    for phase in 0..step {
        for asked in 1..3 * step {
            let start = 10 * step + phase;
            timers.clock().truth.store(start, Ordering::SeqCst);
            let context = ambient::Context::EMPTY.with_timers(timers);
            let mut task = Task::new(Here::enter(&context, || sleep::<Here>(Duration::from_nanos(asked as u64))));
            assert!(task.poll().is_pending());
            let end = (start..).find(|&truth| {
                timers.clock().truth.store(truth, Ordering::SeqCst);
                timers.expire() == 1
            });
            let slept = end.unwrap() - start;
            assert!(slept >= asked, "asked for {asked} at phase {phase}, slept {slept}");
            assert!(slept < asked + 2 * step, "asked for {asked} at phase {phase}, slept {slept}");
            assert!(task.poll().is_ready());
        }
    }
}
