//! Ways to be wrong about readiness.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::boxed::Box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake};
use std::vec::Vec;

use super::*;

const PLAIN: News = News { closed: false, error: false };
const CLOSING: News = News { closed: true, error: false };
const FAILING: News = News { closed: false, error: true };

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (count.clone(), Waker::from(count))
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn open() -> Direction {
    let direction = Direction::new();
    direction.open(false);
    direction
}

/// One of many, who has begun to wait.
fn waiting<'a>(direction: &'a Direction, waker: &Waker) -> Pin<Box<dyn Future<Output = Snapshot> + 'a>> {
    let mut wait = Box::pin(direction.wait(Question::Operation));
    assert!(wait.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    wait
}

// Mutant: hal/src/os/direction.rs :: if self.generation() != generation { => if self.generation() > usize::MAX - generation {
#[test]
fn failure_121_an_event_for_an_earlier_tenant_is_dropped() {
    let direction = open();
    let before = direction.generation();
    assert!(direction.event(before, PLAIN));
    direction.forget_all();
    direction.close();
    direction.open(false);
    assert_ne!(direction.generation(), before);
    let (count, waker) = Count::new();
    assert!(direction.poll(&waker).is_pending());
    assert!(!direction.event(before, CLOSING), "stale");
    let seen = direction.snapshot();
    assert!(!seen.is_ready() && !seen.is_closed());
    assert_eq!(count.get(), 0);
    assert!(direction.event(direction.generation(), PLAIN));
    assert_eq!(count.get(), 1);
}

#[test]
fn generations_go_through_all_values_and_wrap() {
    let direction = open();
    let last = (1 << GENERATION_BITS) - 1;
    // The word as it stands after that many tenants.
    direction.word.store(last << GENERATION_SHIFT, core::sync::atomic::Ordering::Relaxed);
    assert_eq!(direction.generation(), last);
    direction.close();
    assert_eq!(direction.snapshot(), Snapshot(0));
}

// Mutant: hal/src/os/direction.rs :: let identity = !(TICK - 1); => let identity = 0xff << FLAGS;
#[test]
fn failure_122_events_between_the_read_and_the_clear_are_never_lost() {
    let direction = open();
    for events in [1_usize, 2, 255, 256, 257, 32_767, 32_768, 32_769, 65_535] {
        direction.event(0, PLAIN);
        let seen = direction.snapshot();
        for _ in 0..events {
            direction.event(0, PLAIN);
        }
        direction.clear(seen, Cause::WouldBlock);
        assert!(direction.snapshot().is_ready(), "{events} events were forgotten");
        let seen = direction.snapshot();
        direction.clear(seen, Cause::WouldBlock);
        assert!(!direction.snapshot().is_ready());
    }
}

#[test]
fn the_tick_wraps_into_nothing_else() {
    let direction = open();
    let all = Snapshot(TICK_MASK | 5 << GENERATION_SHIFT);
    direction.word.store(all.0, core::sync::atomic::Ordering::Relaxed);
    assert!(direction.event(5, PLAIN));
    assert_eq!(direction.snapshot(), Snapshot(READY | 5 << GENERATION_SHIFT));
}

// Mutant: hal/src/os/direction.rs :: Cause::FellShort if self.is_closed() || self.is_error() => None, => Cause::FellShort if self.is_shutdown() => None,
#[test]
fn failure_123_a_clear_takes_only_what_it_may() {
    let direction = open();
    // A short read leaves the end to be read: no event will announce it again.
    direction.event(0, CLOSING);
    direction.clear(direction.snapshot(), Cause::FellShort);
    assert!(direction.snapshot().is_ready());
    // "Would block" is stronger, and leaves that the side is closed.
    direction.clear(direction.snapshot(), Cause::WouldBlock);
    let seen = direction.snapshot();
    assert!(!seen.is_ready() && seen.is_closed());
    assert!(seen.answers(Question::State) && !seen.answers(Question::Operation));
    // An error is as good as an end.
    direction.event(0, FAILING);
    direction.clear(direction.snapshot(), Cause::FellShort);
    assert!(direction.snapshot().is_ready() && direction.snapshot().is_error());
    // The end of the reactor outlasts everything.
    direction.shutdown();
    direction.clear(direction.snapshot(), Cause::WouldBlock);
    assert!(direction.snapshot().is_shutdown());
}

#[test]
fn every_waiter_is_woken_once() {
    let direction = open();
    let (poller, poller_waker) = Count::new();
    assert!(direction.poll(&poller_waker).is_pending());
    let counts: Vec<_> = (0..25).map(|_| Count::new()).collect();
    let mut waits: Vec<_> = counts.iter().map(|(_, waker)| waiting(&direction, waker)).collect();
    for (wait, (_, waker)) in waits.iter_mut().zip(&counts) {
        assert!(wait.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    drop(waits.remove(2));
    direction.event(0, PLAIN);
    direction.event(0, PLAIN);
    assert_eq!((poller.get(), counts[2].0.get()), (1, 0));
    assert_eq!(counts.iter().map(|(count, _)| count.get()).sum::<usize>(), waits.len());
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}

/// A wake-up that another one's operation has used up: it waits on, and hears of the next.
#[test]
fn a_waiter_that_comes_too_late_waits_on() {
    let direction = open();
    let (count, waker) = Count::new();
    let mut wait = waiting(&direction, &waker);
    direction.event(0, PLAIN);
    direction.clear(direction.snapshot(), Cause::WouldBlock);
    let mut cx = Context::from_waker(&waker);
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    direction.event(0, PLAIN);
    assert_eq!(count.get(), 2);
    assert!(wait.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_waiter_that_moves_to_another_task_takes_its_place_along() {
    let direction = open();
    let ((first, first_waker), (second, second_waker)) = (Count::new(), Count::new());
    let mut wait = waiting(&direction, &first_waker);
    assert!(wait.as_mut().poll(&mut Context::from_waker(&second_waker)).is_pending());
    direction.event(0, PLAIN);
    assert_eq!((first.get(), second.get()), (0, 1));
}

#[test]
fn a_tenant_that_goes_leaves_no_waker_behind() {
    let direction = open();
    let (count, waker) = Count::new();
    assert!(direction.poll(&waker).is_pending());
    let _wait = waiting(&direction, &waker);
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 3);
    direction.forget_all();
    assert_eq!(Arc::strong_count(&count), 1);
}

// Mutant: hal/src/os/direction.rs :: catch_unwind(AssertUnwindSafe(wake)) => Ok::<(), ()>(wake())
#[test]
fn a_waker_that_panics_costs_nobody_else_his_event() {
    struct Hostile;
    impl Wake for Hostile {
        fn wake(self: Arc<Self>) {
            panic!("as planned");
        }
    }
    let direction = open();
    let hostile = Waker::from(Arc::new(Hostile));
    let (count, waker) = Count::new();
    assert!(direction.poll(&hostile).is_pending());
    let _waits: Vec<_> = (0..20).map(|n| waiting(&direction, if n % 2 == 0 { &hostile } else { &waker })).collect();
    assert!(direction.event(direction.generation(), PLAIN));
    assert_eq!(count.get(), 10);
}
