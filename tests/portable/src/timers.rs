//! Timers by a clock that is moved by hand.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use zokio_core::test::Wakes;
use zokio_core::time::{self, Instant, MissedTickBehavior, Sleep};
use zokio_core::{assert_pending, assert_ready};
use zokio_executor_local::context::Current;

use crate::events::{Events, Random};
use crate::tasks::Count;
use crate::world::{World, world};

/// A sleep of this world's clock, not polled yet.
fn until(world: &mut World, nanos: u64) -> Sleep {
    world.steps.run_until(poll_fn(|_| Poll::Ready(time::sleep_until::<Current>(Instant::from_nanos(nanos))))).0
}

/// Spawns a task that writes its digit when its time has come.
fn digits(world: &World, order: &'static Count, deadlines: &[(usize, u64)]) {
    for &(digit, nanos) in deadlines {
        let task = async move {
            time::sleep_until::<Current>(Instant::from_nanos(nanos)).await;
            order.push(digit);
        };
        world.spawn(task).detach();
    }
}

pub(crate) fn earliest_first_whatever_the_order(events: &mut Events) {
    static ORDER: Count = Count::new();
    let mut world = world!(6, 192);
    digits(&world, &ORDER, &[(4, 40), (1, 10), (6, 60), (3, 30), (5, 50), (2, 20)]);
    world.steps.run_for(Duration::from_nanos(45));
    events.equal(ORDER.get(), 1234);
    world.steps.run_for(Duration::from_nanos(100));
    events.equal(ORDER.get(), 123_456);
    events.equal(world.timers.next_deadline().map_or(0, |_| 1), 0);
}

pub(crate) fn first_in_first_out_among_equals(events: &mut Events) {
    static ORDER: Count = Count::new();
    let mut world = world!(8, 192);
    digits(&world, &ORDER, &[(1, 7), (2, 7), (8, 8), (3, 7), (4, 7), (7, 5), (5, 7), (6, 7)]);
    world.steps.run_until_idle();
    world.advance(100);
    world.steps.run_until_idle();
    events.equal(ORDER.get(), 71_234_568);
}

pub(crate) fn cancelled_ones_are_gone(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    let mut world = world!(1, 64);
    {
        let mut first = pin!(until(&mut world, 10));
        let mut kept = pin!(until(&mut world, 20));
        assert_pending!(WAKES.poll(first.as_mut()));
        assert_pending!(WAKES.poll(kept.as_mut()));
        {
            let mut gone = pin!(until(&mut world, 5));
            assert_pending!(WAKES.poll(gone.as_mut()));
            events.equal(world.timers.next_deadline().map_or(0, Instant::as_nanos) as usize, 5);
        }
        events.equal(world.timers.next_deadline().map_or(0, Instant::as_nanos) as usize, 10);
        world.advance(15);
        world.steps.run_until_idle();
        events.equal(WAKES.take(), 1);
        assert_ready!(WAKES.poll(first.as_mut()));
        assert_pending!(WAKES.poll(kept.as_mut()));
    }
    assert!(world.timers.next_deadline().is_none(), "a sleep that was dropped is in the queue");
}

pub(crate) fn a_reset_moves_a_deadline_both_ways(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    let mut world = world!(1, 64);
    let mut sleep = pin!(until(&mut world, 50));
    assert_pending!(WAKES.poll(sleep.as_mut()));
    sleep.as_mut().reset(Instant::from_nanos(10));
    assert_pending!(WAKES.poll(sleep.as_mut()));
    world.advance(9);
    world.steps.run_until_idle();
    assert_pending!(WAKES.poll(sleep.as_mut()));
    sleep.as_mut().reset(Instant::from_nanos(30));
    assert_pending!(WAKES.poll(sleep.as_mut()));
    world.advance(20);
    world.steps.run_until_idle();
    events.equal(WAKES.take(), 0);
    world.advance(1);
    world.steps.run_until_idle();
    events.equal(WAKES.take(), 1);
    assert_ready!(WAKES.poll(sleep.as_mut()));
}

pub(crate) fn never_early(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    let mut world = world!(1, 64);
    for nanos in [1_u64, 2, 999, 1_000_000, 3_000_000_000] {
        let start = world.now();
        let mut sleep = pin!(until(&mut world, start + nanos));
        assert_pending!(WAKES.poll(sleep.as_mut()));
        world.advance(nanos - 1);
        world.timers.expire();
        events.equal(WAKES.take(), 0);
        assert_pending!(WAKES.poll(sleep.as_mut()));
        world.advance(1);
        world.timers.expire();
        events.equal(WAKES.take(), 1);
        assert_ready!(WAKES.poll(sleep.as_mut()));
    }
}

pub(crate) fn far_is_never(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    let mut world = world!(1, 64);
    let mut never = pin!(world.steps.run_until(poll_fn(|_| Poll::Ready(time::sleep::<Current>(Duration::MAX)))).0);
    assert_pending!(WAKES.poll(never.as_mut()));
    assert!(world.timers.next_deadline().is_none());
    world.timers.clock().advance_to(Instant::from_nanos(u64::MAX - 1)).expect("a manual clock can be moved");
    world.timers.expire();
    assert_pending!(WAKES.poll(never.as_mut()));
    events.equal(WAKES.take(), 0);
}

pub(crate) fn beyond_32_bits(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    let mut world = world!(1, 64);
    for power in [31, 32, 33, 48, 62] {
        let deadline = 1_u64 << power;
        let mut sleep = pin!(until(&mut world, deadline));
        assert_pending!(WAKES.poll(sleep.as_mut()));
        let before = Instant::from_nanos(deadline - 1);
        world.timers.clock().advance_to(before).expect("a manual clock can be moved");
        events.equal(world.timers.expire(), 0);
        world.advance(1);
        events.equal(world.timers.expire(), 1);
        assert_ready!(WAKES.poll(sleep.as_mut()));
    }
}

pub(crate) fn timeouts_choose(events: &mut Events) {
    let mut world = world!(2, 256);
    let late = world.spawn(async {
        let long = time::sleep::<Current>(Duration::from_nanos(20));
        time::timeout::<Current, _>(Duration::from_nanos(10), long).await.is_err()
    });
    let soon = world.spawn(async {
        let short = time::sleep::<Current>(Duration::from_nanos(10));
        time::timeout::<Current, _>(Duration::from_nanos(20), short).await.is_ok()
    });
    assert!(world.steps.run_until(late).0.expect("not aborted"));
    assert!(world.steps.run_until(soon).0.expect("not aborted"));
    events.equal(world.now() as usize, 10);
}

pub(crate) fn intervals_count(events: &mut Events) {
    let mut world = world!(1, 64);
    let timers = world.timers;
    for (behavior, expected) in
        [(MissedTickBehavior::Burst, 20), (MissedTickBehavior::Delay, 55), (MissedTickBehavior::Skip, 50)]
    {
        let start = world.now();
        let (at, _) = world.steps.run_until(async {
            let mut interval = time::interval::<Current>(Duration::from_nanos(10));
            interval.set_missed_tick_behavior(behavior);
            interval.tick().await;
            interval.tick().await;
            timers.clock().advance(Duration::from_nanos(35)).expect("a manual clock can be moved");
            interval.tick().await;
            interval.tick().await
        });
        events.equal((at.as_nanos() - start) as usize, expected + if expected == 20 { 10 } else { 0 });
    }
}

pub(crate) fn against_a_sorted_list(events: &mut Events) {
    static ENDED: Count = Count::new();
    const SLEEPS: usize = 24;
    let mut world = world!(SLEEPS, 192);
    let mut random = Random(0x5eed);
    for _ in 0..20 {
        let start = world.now();
        let mut expected = [u64::MAX; SLEEPS];
        let tasks: [_; SLEEPS] = core::array::from_fn(|_| {
            let deadline = start + 1 + u64::from(random.below(100));
            let task = world.spawn(async move {
                time::sleep_until::<Current>(Instant::from_nanos(deadline)).await;
                ENDED.up();
            });
            (deadline, task)
        });
        world.steps.run_until_idle();
        for (place, (deadline, task)) in expected.iter_mut().zip(&tasks) {
            if random.below(2) == 0 {
                task.abort();
            } else {
                *place = *deadline;
            }
        }
        world.steps.run_until_idle();
        expected.sort_unstable();
        let mut due = expected.iter().copied().take_while(|deadline| *deadline != u64::MAX).peekable();
        while let Some(&next) = due.peek() {
            assert_eq!(world.timers.next_deadline(), Some(Instant::from_nanos(next)));
            let before = ENDED.get();
            world.timers.clock().advance_to(Instant::from_nanos(next)).expect("a manual clock can be moved");
            world.steps.run_until_idle();
            let mut expected = 0;
            while due.next_if_eq(&next).is_some() {
                expected += 1;
            }
            events.equal(ENDED.get() - before, expected);
        }
        assert!(world.timers.next_deadline().is_none(), "an aborted sleep is in the queue");
        assert!(tasks.iter().all(|(_, task)| task.is_finished()));
    }
}
