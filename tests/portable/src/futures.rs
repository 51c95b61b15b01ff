//! Several futures as one.

use core::future::{pending, ready};
use core::pin::pin;
use core::time::Duration;

use zokio_core::future::{poll_once, race, yield_now};
use zokio_core::test::Wakes;
use zokio_core::{assert_pending, assert_ready, join, select, time, try_join};
use zokio_executor_local::context::Current;

use crate::events::Events;
use crate::world::world;

async fn after(nanos: u64) -> u64 {
    time::sleep::<Current>(Duration::from_nanos(nanos)).await;
    nanos
}

pub(crate) fn a_biased_select_takes_the_first(events: &mut Events) {
    let mut world = world!(1, 64);
    for _ in 0..10 {
        let (taken, _) = world.steps.run_until(async {
            select! { biased;
                _ = pending::<()>() => 1_usize,
                _ = ready(()) => 2,
                _ = ready(()) => 3,
            }
        });
        events.equal(taken, 2);
    }
}

pub(crate) fn a_fair_select_reaches_all_branches(events: &mut Events) {
    let mut world = world!(1, 64);
    let (taken, _) = world.steps.run_until(async {
        let mut taken = [0_u32; 3];
        for _ in 0..120 {
            let branch = select! {
                _ = ready(()) => 0,
                _ = ready(()) => 1,
                _ = ready(()) => 2,
            };
            taken[branch] += 1;
        }
        taken
    });
    assert!(taken.iter().all(|times| (10..=80).contains(times)), "{taken:?}");
    events.equal(taken.iter().sum::<u32>() as usize, 120);
}

pub(crate) fn conditions_disable_branches(events: &mut Events) {
    let mut world = world!(1, 64);
    let (taken, _) = world.steps.run_until(async {
        select! {
            _ = ready(()), if false => 1_usize,
            Some(value) = ready(None::<usize>) => value,
            else => 3,
        }
    });
    events.equal(taken, 3);
}

pub(crate) fn a_join_waits_for_all(events: &mut Events) {
    let mut world = world!(1, 64);
    let ((a, b, c), polls) = world.steps.run_until(async { join!(after(30), after(10), ready(5_u64)) });
    events.equal((a + b + c) as usize, 45);
    events.equal(world.now() as usize, 30);
    events.add(polls as u32);
}

pub(crate) fn a_failed_try_join_ends_early(events: &mut Events) {
    let mut world = world!(1, 64);
    let (output, _) = world.steps.run_until(async {
        let fails = async {
            after(10).await;
            Err::<(), u64>(7)
        };
        let succeeds = async { Ok::<u64, u64>(after(30).await) };
        try_join!(succeeds, fails)
    });
    events.equal(output.expect_err("one of them fails") as usize, 7);
    events.equal(world.now() as usize, 10);
    assert!(world.timers.next_deadline().is_none(), "the other one is still there");
}

pub(crate) fn a_race_has_one_winner(events: &mut Events) {
    let mut world = world!(1, 64);
    let (winner, _) = world.steps.run_until(async { race(after(30), after(20)).await });
    events.equal(winner as usize, 20);
    assert!(world.timers.next_deadline().is_none(), "the loser is still there");
}

pub(crate) fn looking_once_does_not_wait(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    let mut yields = pin!(yield_now());
    let mut looks = pin!(poll_once(yields.as_mut()));
    assert!(assert_ready!(WAKES.poll(looks.as_mut())).is_none());
    events.equal(WAKES.take(), 1);
    let mut never = pin!(pending::<()>());
    assert_pending!(WAKES.poll(never.as_mut()));
}
