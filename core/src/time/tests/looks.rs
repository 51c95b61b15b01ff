//! What a log shows of time and of what waits for it, and what their errors say.

use std::collections::hash_map::DefaultHasher;
use std::future::{pending, ready};
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::util::{Here, ms, timers, within};
use crate::ambient;
use crate::test_util::{panics, says, shows};
use crate::time::{Clock, DelayQueue, FixedDelayQueue, Instant, ManualClock, Sleep, VirtualClock, sleep, timeout};

#[test]
fn moments_show_how_far_they_are_from_the_epoch() {
    let moment = Instant::from_nanos(1_500_000);
    shows(moment, "1.5ms after the epoch");
    assert_eq!(moment.duration_since(Instant::from_nanos(500_000)), ms(1));
    assert_eq!(Instant::EPOCH.duration_since(moment), Duration::ZERO);
    let hash = |moment: Instant| {
        let mut hasher = DefaultHasher::new();
        moment.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(moment), hash(Instant::EPOCH + Duration::from_nanos(1_500_000)));
    assert_ne!(hash(moment), hash(Instant::EPOCH));
}

#[test]
fn waits_show_their_deadline() {
    let timers = timers();
    shows(timers, "Timers { .. }");
    let context = ambient::Context::EMPTY.with_timers(timers);
    shows(context, "Context { timers: true, spawn: false, handle: false }");
    let mut wait: std::pin::Pin<&mut Sleep> = pin!(within(timers, || sleep::<Here>(ms(1))));
    shows(&wait, "Sleep { deadline: 1ms after the epoch, state: Idle }");
    assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    timers.clock().set(1_000_000);
    timers.expire();
    shows(&wait, "Sleep { deadline: 1ms after the epoch, state: Elapsed }");
}

#[test]
fn a_timeout_gives_its_future_to_look_at_and_back() {
    let timers = timers();
    let mut limited = within(timers, || timeout::<Here, _>(ms(1), ready(7)));
    shows(limited.get_ref(), "Ready(Some(7))");
    *limited.get_mut() = ready(8);
    let mut inner = pin!(limited.into_inner());
    assert_eq!(inner.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(8));
    let mut late = pin!(within(timers, || timeout::<Here, _>(Duration::ZERO, pending::<()>())));
    let Poll::Ready(Err(elapsed)) = late.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for nothing")
    };
    says(elapsed, "Elapsed(())", "deadline has elapsed");
}

#[test]
fn delay_queues_show_how_much_is_in_them() {
    let timers = timers();
    let mut queue = DelayQueue::<u8, Here>::default();
    within(timers, || queue.insert(1, ms(1)));
    shows(&queue, "DelayQueue { len: 1, .. }");
    let mut fixed = pin!(FixedDelayQueue::<u8, 1, Here>::default());
    let key = within(timers, || fixed.as_mut().insert(1, ms(1)).unwrap());
    shows(&fixed, "FixedDelayQueue { len: 1, .. }");
    says(fixed.as_mut().insert(2, ms(1)).unwrap_err(), "Full { .. }", "the delay queue is full");
    // Earlier, and then no longer there.
    fixed.as_mut().reset_at(&key, Instant::EPOCH);
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Some(mut expired)) = fixed.as_mut().poll_expired(&mut cx) else { panic!("it is due") };
    *expired.get_mut() += 1;
    assert_eq!((*expired.get_ref(), expired.deadline(), expired.key()), (2, Instant::EPOCH, key));
    assert!(panics(|| fixed.as_mut().reset_at(&key, Instant::EPOCH)));
    assert!(panics(|| fixed.as_mut().reset(&key, ms(1))));
}

#[test]
#[cfg(feature = "futures-core")]
fn delay_queues_are_streams() {
    use futures_core::Stream;
    let timers = timers();
    let mut fixed = pin!(FixedDelayQueue::<u8, 2, Here>::new());
    within(timers, || fixed.as_mut().insert(1, Duration::ZERO).unwrap());
    assert_eq!(fixed.size_hint(), (1, None));
    let mut cx = Context::from_waker(Waker::noop());
    let first = fixed.as_mut().poll_next(&mut cx).map(|expired| expired.map(|expired| expired.into_inner()));
    assert_eq!(first, Poll::Ready(Some(1)));
    assert!(matches!(fixed.as_mut().poll_next(&mut cx), Poll::Ready(None)));
}

#[test]
fn a_clock_that_is_told_may_begin_where_it_stands() {
    let clock = VirtualClock::<_>::paused_at(ManualClock::<crate::lock::DefaultLock>::manual(), Instant::from_nanos(7));
    assert_eq!(clock.now(), Instant::from_nanos(7));
    assert!(clock.is_paused());
}
