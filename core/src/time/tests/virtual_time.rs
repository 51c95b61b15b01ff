//! Clocks that are told what time it is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::vec::Vec;

use super::util::{Hand, Here, Task, leak, ms};
use crate::ambient::{self, Ambient};
use crate::park::{Park, Unpark};
use crate::time::{Clock, ControlError, Instant, ManualClock, Timers, VirtualClock, VirtualPark, sleep};

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

fn nanos(n: u64) -> Duration {
    Duration::from_nanos(n)
}

#[test]
fn says_what_the_clock_inside_says_until_it_is_told() {
    let clock = VirtualClock::new(Hand::default());
    for now in [0, 5, u64::MAX - 1] {
        clock.inner().set(now);
        assert_eq!((clock.now(), clock.now_ceil(), clock.is_told()), (at(now), at(now), false));
        assert_eq!(clock.to_inner(at(7)), Some(at(7)));
    }
    assert_eq!(clock.to_inner(Instant::FAR), None);
    assert_eq!(clock.advance(ms(1)), Err(ControlError::NotPaused));
    assert_eq!(clock.advance_to(at(1)), Err(ControlError::NotPaused));
}

// Mutant: core/src/time/virtual_clock.rs :: since: inside, ..*self }; => ..*self };
#[test]
fn pauses_advances_and_resumes_without_a_step() {
    let clock = VirtualClock::new(Hand::default());
    clock.inner().set(1000);
    assert_eq!(clock.resume(), Err(ControlError::NotPaused));
    assert_eq!(clock.now(), at(1000));
    clock.pause().unwrap();
    assert_eq!(clock.pause(), Err(ControlError::Paused));
    clock.inner().set(5000);
    assert_eq!((clock.now(), clock.now_ceil(), clock.is_paused()), (at(1000), at(1000), true));
    clock.advance(nanos(10)).unwrap();
    clock.advance(Duration::ZERO).unwrap();
    clock.advance_to(at(20)).unwrap();
    assert_eq!(clock.now(), at(1010), "never back");
    clock.advance_to(at(1020)).unwrap();
    clock.resume().unwrap();
    assert_eq!(clock.now(), at(1020));
    clock.inner().set(5003);
    assert_eq!((clock.now(), clock.is_paused()), (at(1023), false));
    clock.pause().unwrap();
    clock.advance(Duration::MAX).unwrap();
    assert_eq!(clock.now(), at(u64::MAX - 1));
    clock.advance_to(Instant::FAR).unwrap();
    assert_eq!(clock.now(), at(u64::MAX - 1));
    clock.resume().unwrap();
    clock.inner().set(6000);
    assert_eq!(clock.now(), at(u64::MAX - 1), "the end of time");
    clock.reset();
    assert_eq!((clock.now(), clock.is_told()), (at(6000), false));
}

// Mutant: core/src/time/virtual_clock.rs :: left.div_ceil(u64::from(self.scale)) => left / u64::from(self.scale)
#[test]
fn scaled_deadlines_are_never_early_inside() {
    let clock = VirtualClock::new(Hand::default());
    clock.inner().set(100);
    let mut last = clock.now();
    for scale in [1, 2, 3, 7, 1000, u32::MAX, 1, 5] {
        clock.set_scale(scale);
        assert_eq!(clock.now(), last, "a new scale is no step");
        for offset in [0, 1, 2, 3, 6, 7, 8, 20, 21] {
            let deadline = at(last.as_nanos() + offset);
            let inside = clock.to_inner(deadline).unwrap();
            let before = clock.inner().now();
            assert!(offset > 0 || inside == Instant::EPOCH, "what is due is due at once");
            if offset > 0 {
                clock.inner().set(inside.as_nanos() - 1);
                assert!(clock.now() < deadline, "it could have been sooner");
                clock.inner().set(inside.as_nanos());
                assert!(clock.now() >= deadline, "{scale} times as fast, early by a step");
                clock.inner().set(before.as_nanos());
            }
        }
        clock.inner().set(clock.inner().now().as_nanos() + 11);
        last = clock.now();
    }
    // Where the inner clock cannot say it, and where it will not.
    assert_eq!(clock.to_inner(Instant::FAR), None);
    assert!(clock.to_inner(at(u64::MAX - 1)).is_some());
    clock.pause().unwrap();
    assert_eq!(clock.to_inner(at(u64::MAX - 1)), None);
    assert_eq!(clock.to_inner(clock.now()), Some(Instant::EPOCH));
    clock.inner().set(u64::MAX);
    clock.resume().unwrap();
    clock.set_scale(u32::MAX);
    assert_eq!(clock.to_inner(at(u64::MAX - 1)), Some(Instant::FAR));
}

#[test]
#[should_panic(expected = "zero times")]
fn a_scale_of_zero_is_refused() {
    VirtualClock::new(Hand::default()).set_scale(0);
}

#[test]
fn who_hears_of_an_earlier_deadline_hears_of_it_by_his_own_clock() {
    let clock = VirtualClock::new(Hand::default());
    clock.rearm(at(5));
    clock.pause().unwrap();
    clock.rearm(at(5));
    assert_eq!(clock.inner().rearmed.load(Ordering::SeqCst), 1, "a paused clock comes to nothing by itself");
}

/// A clock that is read while another thread tells it something is monotone.
#[test]
fn it_is_monotone_over_all_that_it_is_told() {
    let clock = VirtualClock::new(Hand::default());
    let mut last = clock.now();
    let mut random = super::util::Random::new(7);
    let mut inside = 0;
    for _ in 0..if cfg!(miri) { 100 } else { 10_000 } {
        match random.below(6) {
            0 => _ = clock.pause(),
            1 => _ = clock.resume(),
            2 => _ = clock.advance(nanos(random.below(1000))),
            3 => _ = clock.advance_to(at(random.below(1_000_000))),
            4 => clock.set_scale(1 + random.below(9) as u32),
            _ => {
                inside += random.below(50);
                clock.inner().set(inside);
            }
        }
        let now = clock.now();
        assert!(now >= last, "{last:?} and then {now:?}");
        last = now;
    }
}

#[derive(Clone)]
struct Nobody;

impl Unpark for Nobody {
    fn unpark(&self) {}
}

/// Counts what it is asked for, and keeps the last deadline.
#[derive(Default)]
struct Parks {
    waits: Vec<Option<Instant>>,
    polls: AtomicUsize,
}

impl Park for &mut Parks {
    type Unpark = Nobody;

    fn unpark(&self) -> Nobody {
        Nobody
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if is_idle() {
            self.waits.push(deadline);
        }
    }

    fn poll(&mut self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }
}

/// A loop as an executor has it: 24 hours in as many steps as there are deadlines.
// Mutant: core/src/time/virtual_park.rs :: clock.advance_to(deadline).is_err() => idle
#[test]
fn an_idle_executor_moves_a_manual_clock_to_its_deadlines() {
    let timers: &'static Timers<ManualClock> = leak(Timers::new(ManualClock::manual()));
    let mut parks = Parks::default();
    let mut park = VirtualPark::new(&mut parks, timers.clock());
    let hours: u64 = if cfg!(miri) { 3 } else { 24 };
    let mut task = Task::new(Here::enter(&ambient::Context::EMPTY.with_timers(timers), || async move {
        for _ in 0..hours * 60 {
            sleep::<Here>(Duration::from_secs(60)).await;
        }
    }));
    let mut turns = 0;
    while Here::enter(&ambient::Context::EMPTY.with_timers(timers), || task.poll()).is_pending() {
        turns += 1;
        assert_eq!(task.woken(), turns - 1, "it is woken once per deadline");
        let deadline = timers.next_deadline();
        park.park(deadline, || true);
        timers.expire();
    }
    assert_eq!(timers.now(), Instant::EPOCH + Duration::from_secs(hours * 3600));
    assert_eq!(turns as u64, hours * 60);
    // Nothing to wait for, or something to do: the clock stands.
    park.park(None, || true);
    park.park(Some(Instant::FAR), || true);
    park.park(Some(timers.now() + ms(1)), || false);
    assert_eq!(timers.now(), Instant::EPOCH + Duration::from_secs(hours * 3600));
    park.poll();
    assert_eq!(parks.waits, [None, None]);
    assert_eq!(*parks.polls.get_mut(), turns + 4);
}

#[test]
fn it_waits_as_it_is_told_where_it_must_not_jump() {
    let clock: &'static VirtualClock<Hand> = leak(VirtualClock::new(Hand::default()));
    let mut parks = Parks::default();
    VirtualPark::new(&mut parks, clock).park(Some(at(100)), || true);
    clock.set_scale(10);
    VirtualPark::new(&mut parks, clock).park(Some(at(95)), || true);
    clock.pause().unwrap();
    VirtualPark::new(&mut parks, clock).auto_advance(false).park(Some(at(100)), || true);
    VirtualPark::new(&mut parks, clock).auto_advance(false).park(Some(at(0)), || true);
    assert_eq!(parks.waits, [Some(at(100)), Some(at(10)), None, Some(Instant::EPOCH)]);
    assert_eq!(clock.now(), at(0));
}
