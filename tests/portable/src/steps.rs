//! The executor step by step.

use core::future::pending;
use core::time::Duration;

use zokio_core::future::yield_now;
use zokio_core::time;
use zokio_executor_local::context::Current;

use crate::events::Events;
use crate::world::world;

pub(crate) fn one_step_is_one_poll(events: &mut Events) {
    let mut world = world!(2, 64);
    for _ in 0..2 {
        world.spawn(yield_now()).detach();
    }
    for expected in [1, 1, 1, 1, 0] {
        events.equal(world.steps.run_once(), expected);
    }
    events.equal(world.steps.polls(), 4);
}

pub(crate) fn idle_is_idle(events: &mut Events) {
    let mut world = world!(1, 64);
    events.equal(world.steps.run_until_idle(), 0);
    world.spawn(pending::<()>()).detach();
    events.equal(world.steps.run_until_idle(), 1);
    events.equal(world.steps.run_until_idle(), 0);
}

pub(crate) fn a_bounded_step_comes_back(events: &mut Events) {
    let mut world = world!(1, 64);
    let for_ever = async {
        loop {
            yield_now().await;
        }
    };
    world.spawn(for_ever).detach();
    events.equal(world.steps.run_at_most(0), 0);
    events.equal(world.steps.run_at_most(1000), 1000);
}

pub(crate) fn time_is_run_to_its_end(events: &mut Events) {
    let mut world = world!(2, 192);
    let tasks = [40, 41].map(|nanos| {
        world.spawn(async move {
            time::sleep::<Current>(Duration::from_nanos(nanos)).await;
        })
    });
    events.equal(world.steps.run_for(Duration::from_nanos(40)), 3);
    assert!(tasks[0].is_finished() && !tasks[1].is_finished());
    events.equal(world.now() as usize, 40);
    events.equal(world.steps.run_for(Duration::from_nanos(10)), 1);
    events.equal(world.now() as usize, 50);
}

pub(crate) fn a_future_and_its_polls(events: &mut Events) {
    let mut world = world!(1, 192);
    let task = world.spawn(async {
        time::sleep::<Current>(Duration::from_secs(1)).await;
        5_usize
    });
    let (output, polls) = world.steps.run_until(task);
    events.equal(output.expect("not aborted"), 5);
    // The future, the task; the clock jumps; the task, the future.
    events.equal(polls, 4);
}
