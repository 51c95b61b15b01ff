//! Intervals.

use std::boxed::Box;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::vec::Vec;

use super::util::{Hand, Here, Random, ms, timers, within};
use crate::time::{Instant, Interval, MissedTickBehavior, Timers, interval, interval_at};

fn at_ms(millis: u64) -> Instant {
    Instant::EPOCH + ms(millis)
}

/// One tick, if it is there without waiting.
fn tick(interval: &mut Interval) -> Option<u64> {
    let mut tick = Box::pin(interval.tick());
    match tick.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(due) => Some(due.as_nanos() / 1_000_000),
        Poll::Pending => None,
    }
}

fn hundred(timers: &'static Timers<Hand>, missed: MissedTickBehavior) -> Interval {
    let mut interval = within(timers, || interval::<Here>(ms(100)));
    interval.set_missed_tick_behavior(missed);
    assert_eq!((interval.period(), interval.missed_tick_behavior()), (ms(100), missed));
    interval
}

/// The ticks that are due at each of these times.
fn ticks_at(timers: &'static Timers<Hand>, missed: MissedTickBehavior, times: &[u64]) -> Vec<Vec<u64>> {
    let mut interval = hundred(timers, missed);
    let due = |&time: &u64| {
        timers.clock().set(time * 1_000_000);
        core::iter::from_fn(|| tick(&mut interval)).collect()
    };
    times.iter().map(due).collect()
}

#[test]
fn the_first_tick_comes_at_once_and_the_others_in_time() {
    let timers = timers();
    let mut interval = hundred(timers, MissedTickBehavior::default());
    assert_eq!(tick(&mut interval), Some(0));
    assert_eq!(tick(&mut interval), None);
    let mut next = Box::pin(interval.tick());
    assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(timers.next_deadline(), Some(at_ms(100)));
    timers.clock().set(100_000_000);
    assert_eq!(timers.expire(), 1);
    assert_eq!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(at_ms(100)));
    assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "and then the one after it");
    assert_eq!(timers.next_deadline(), Some(at_ms(200)));
    drop(next);
    assert_eq!(timers.next_deadline(), None);
}

// Mutant: core/src/time/interval.rs :: Self::Delay if is_late => Self::Delay if true
#[test]
fn missed_ticks_are_caught_up_delayed_or_skipped() {
    let times = [0, 102, 350, 400, 450, 500, 560];
    let none = Vec::new;
    assert_eq!(
        ticks_at(timers(), MissedTickBehavior::Burst, &times),
        [[0].to_vec(), [100].to_vec(), [200, 300].to_vec(), [400].to_vec(), none(), [500].to_vec(), none()]
    );
    assert_eq!(
        ticks_at(timers(), MissedTickBehavior::Delay, &times),
        [[0].to_vec(), [100].to_vec(), [200].to_vec(), none(), [450].to_vec(), none(), [550].to_vec()]
    );
    assert_eq!(
        ticks_at(timers(), MissedTickBehavior::Skip, &times),
        [[0].to_vec(), [100].to_vec(), [200].to_vec(), [400].to_vec(), none(), [500].to_vec(), none()]
    );
}

#[test]
fn a_tick_that_was_not_waited_for_is_not_lost() {
    let timers = timers();
    let mut interval = hundred(timers, MissedTickBehavior::Burst);
    assert_eq!(tick(&mut interval), Some(0));
    for _ in 0..3 {
        assert_eq!(tick(&mut interval), None);
    }
    timers.clock().set(100_000_000);
    drop(interval.tick());
    assert_eq!(tick(&mut interval), Some(100));
}

#[test]
fn resets_move_the_next_tick() {
    let timers = timers();
    let mut interval = within(timers, || interval_at::<Here>(at_ms(30), ms(100)));
    assert_eq!(tick(&mut interval), None);
    timers.clock().set(40_000_000);
    assert_eq!(tick(&mut interval), Some(30));
    interval.reset();
    timers.clock().set(139_999_999);
    assert_eq!(tick(&mut interval), None);
    timers.clock().set(140_000_000);
    assert_eq!(tick(&mut interval), Some(140));
    interval.reset_immediately();
    assert_eq!(tick(&mut interval), Some(140));
    interval.reset_after(ms(10));
    timers.clock().set(150_000_000);
    assert_eq!(tick(&mut interval), Some(150));
    interval.reset_at(at_ms(151));
    assert_eq!(tick(&mut interval), None);
}

#[test]
fn the_pinned_form_keeps_its_place_in_the_queue() {
    let timers = timers();
    let mut ticks = Box::pin(hundred(timers, MissedTickBehavior::Burst).ticks());
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = |ticks: &mut Pin<Box<crate::time::Ticks>>| ticks.as_mut().poll_tick(&mut cx);
    assert_eq!(poll(&mut ticks), Poll::Ready(at_ms(0)));
    assert!(poll(&mut ticks).is_pending());
    assert_eq!(timers.next_deadline(), Some(at_ms(100)));
    timers.clock().set(250_000_000);
    assert_eq!(timers.expire(), 1);
    assert_eq!(poll(&mut ticks), Poll::Ready(at_ms(100)));
    assert_eq!(poll(&mut ticks), Poll::Ready(at_ms(200)));
    assert!(poll(&mut ticks).is_pending());
    ticks.as_mut().reset();
    assert_eq!(timers.next_deadline(), Some(at_ms(350)));
    drop(ticks);
    assert_eq!(timers.next_deadline(), None);
    let unpinned = hundred(timers, MissedTickBehavior::Skip).ticks();
    assert_eq!(unpinned.into_inner().missed_tick_behavior(), MissedTickBehavior::Skip);
}

/// Asked for the first time since the last tick, or since a reset, a tick that was due by then came a turn of the executor later.
// Mutant: core/src/time/interval.rs :: if sleep.deadline() != interval.next { => if sleep.deadline() > interval.next {
#[test]
fn the_pinned_form_has_a_tick_at_once_that_is_due_when_it_is_asked_for() {
    let timers = timers();
    let mut ticks = Box::pin(hundred(timers, MissedTickBehavior::Burst).ticks());
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = |ticks: &mut Pin<Box<crate::time::Ticks>>| ticks.as_mut().poll_tick(&mut cx);
    assert_eq!(poll(&mut ticks), Poll::Ready(at_ms(0)));
    timers.clock().set(250_000_000);
    assert_eq!([poll(&mut ticks), poll(&mut ticks)], [100, 200].map(|due| Poll::Ready(at_ms(due))));
    ticks.as_mut().reset();
    timers.clock().set(350_000_000);
    assert_eq!([poll(&mut ticks), poll(&mut ticks)], [Poll::Ready(at_ms(350)), Poll::Pending]);
    // Where somebody waits, it moves, and who waits is woken then.
    timers.clock().set(400_000_000);
    ticks.as_mut().reset();
    assert_eq!(timers.next_deadline(), Some(at_ms(500)));
    timers.clock().set(500_000_000);
    assert_eq!(timers.expire(), 1);
    assert_eq!(poll(&mut ticks), Poll::Ready(at_ms(500)));
}

#[cfg(feature = "futures-core")]
#[test]
fn the_pinned_form_is_a_stream() {
    use futures_core::Stream;
    let timers = timers();
    let mut ticks = Box::pin(hundred(timers, MissedTickBehavior::Burst).ticks());
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(ticks.as_mut().poll_next(&mut cx), Poll::Ready(Some(at_ms(0))));
    assert_eq!(ticks.as_mut().poll_next(&mut cx), Poll::Pending);
    assert_eq!(ticks.size_hint(), (usize::MAX, None));
}

#[test]
#[should_panic(expected = "`period` must not be zero")]
fn a_period_of_zero_is_refused() {
    let timers = timers();
    within(timers, || _ = interval::<Here>(Duration::ZERO));
}

/// However late each is asked for, within a period.
// Mutant: core/src/time/interval.rs :: _ => on_time, => _ => now.saturating_add(period),
#[test]
fn a_hundred_thousand_ticks_do_not_drift() {
    let timers = timers();
    let mut random = Random::new(11);
    for missed in [MissedTickBehavior::Burst, MissedTickBehavior::Skip] {
        timers.clock().set(0);
        let mut interval = hundred(timers, missed);
        for number in 0..if cfg!(miri) { 100 } else { 100_000 } {
            timers.clock().set(number * 100_000_000 + random.below(100_000_000));
            assert_eq!((tick(&mut interval), tick(&mut interval)), (Some(number * 100), None));
        }
    }
}

#[test]
fn next_ticks_agree_with_counting() {
    let mut random = Random::new(7);
    for _ in 0..if cfg!(miri) { 50 } else { 5000 } {
        let deadline = random.below(1000);
        let period = 1 + random.below(20);
        let now = deadline + random.below(200);
        let millis = |n| Duration::from_millis(n);
        let next = |behavior: MissedTickBehavior| behavior.next(at_ms(deadline), at_ms(now), millis(period));
        assert_eq!(next(MissedTickBehavior::Burst), at_ms(deadline + period));
        let skipped = (1..).map(|n| deadline + n * period).find(|&tick| tick > now).unwrap();
        assert_eq!(next(MissedTickBehavior::Skip), at_ms(skipped));
        let late = now - deadline > 5 || now >= deadline + period;
        assert_eq!(next(MissedTickBehavior::Delay), at_ms(if late { now } else { deadline } + period));
    }
}

#[cfg(feature = "alloc")]
mod polled {
    use super::*;
    use crate::time::tests::util::Count;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    fn poll(interval: &mut Interval, count: &Arc<Count>) -> Option<u64> {
        match interval.poll_tick(&mut Context::from_waker(&Waker::from(count.clone()))) {
            Poll::Ready(due) => Some(due.as_nanos() / 1_000_000),
            Poll::Pending => None,
        }
    }

    // Mutant: core/src/time/alloc.rs :: .filter(|sleep| sleep.is_linked()) => .filter(|_| true)
    #[test]
    fn a_tick_that_is_due_after_a_reset_is_there_when_it_is_asked_for() {
        let timers = timers();
        let count = Arc::new(Count::default());
        let mut interval = hundred(timers, MissedTickBehavior::Burst);
        assert_eq!(poll(&mut interval, &count), Some(0));
        interval.reset_after(ms(50));
        timers.clock().set(60_000_000);
        assert_eq!(poll(&mut interval, &count), Some(50));
        interval.reset_at(at_ms(50));
        assert_eq!((poll(&mut interval, &count), poll(&mut interval, &count)), (Some(50), None));
    }

    // Mutant: core/src/time/alloc.rs :: if sleep.deadline() != self.next { => if false {
    #[test]
    fn an_interval_is_polled_where_it_is_and_may_move() {
        let timers = timers();
        let count = Arc::new(Count::default());
        let mut interval = hundred(timers, MissedTickBehavior::Burst);
        assert_eq!(poll(&mut interval, &count), Some(0));
        assert_eq!(timers.next_deadline(), None, "nobody has asked for the next");
        assert_eq!(poll(&mut interval, &count), None);
        let mut moved = Box::new(interval);
        timers.clock().set(100_000_000);
        assert_eq!((timers.expire(), count.woken.load(Ordering::SeqCst)), (1, 1));
        assert_eq!(poll(&mut moved, &count), Some(100));
        timers.clock().set(350_000_000);
        assert_eq!(poll(&mut moved, &count), Some(200));
        assert_eq!(poll(&mut moved, &count), Some(300));
        assert_eq!(poll(&mut moved, &count), None);
        // The other form, in between.
        assert_eq!(tick(&mut moved), None);
        timers.clock().set(400_000_000);
        assert_eq!(tick(&mut moved), Some(400));
        assert_eq!(poll(&mut moved, &count), None);
        assert_eq!(timers.next_deadline(), Some(at_ms(500)));
        drop(moved);
        assert_eq!(timers.next_deadline(), None);
    }

    // Mutant: core/src/time/interval.rs :: self.polled.reset(next); => _ = &self.polled;
    #[test]
    fn who_waits_in_poll_tick_is_woken_at_a_deadline_that_was_moved() {
        let timers = timers();
        let count = Arc::new(Count::default());
        let mut interval = hundred(timers, MissedTickBehavior::Burst);
        assert_eq!(poll(&mut interval, &count), Some(0));
        assert_eq!(poll(&mut interval, &count), None);
        for (n, reset) in [
            (30, (|interval| interval.reset_after(ms(30))) as fn(&mut Interval)),
            (40, |interval| interval.reset_at(at_ms(40))),
            (100, |interval| interval.reset()),
        ] {
            reset(&mut interval);
            assert_eq!(timers.next_deadline(), Some(at_ms(n)), "without a poll");
        }
        interval.reset_immediately();
        assert_eq!(count.woken.load(Ordering::SeqCst), 1, "woken at once");
        assert_eq!(poll(&mut interval, &count), Some(0));
    }
}
