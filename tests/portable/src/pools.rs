//! Pools of slots: full, free again, of many sizes, and what is left of tenants that are gone.

use core::future::{pending, poll_fn, ready};
use core::task::{Poll, Waker};

use zokio_core::sync::Channel;
use zokio_core::task::{Arena, Slots, SpawnError};

use crate::events::Events;
use crate::tasks::Count;
use crate::world::{World, world};

/// Fills a pool, is refused, empties it, and fills it again.
fn fill(events: &Events, mut world: World, pool: &'static dyn Slots, slots: usize) {
    let spawner = world.steps.spawner();
    for _ in 0..2 {
        for _ in 0..slots {
            spawner.try_spawn(ready(())).expect("there is room").detach();
        }
        events.equal(pool.in_use(), slots);
        match spawner.try_spawn(ready(())) {
            Err(SpawnError::Full { slots: told, .. }) => events.equal(told, slots),
            _ => panic!("the pool is full and takes one more"),
        }
        events.equal(world.steps.run_until_idle(), slots);
        events.equal(pool.in_use(), 0);
    }
    events.equal(pool.high_water(), slots);
    // One slot is used again and again.
    for _ in 0..300 {
        spawner.try_spawn(ready(())).expect("there is room").detach();
        world.steps.run_until_idle();
    }
    events.equal(pool.high_water(), slots);
}

macro_rules! pools {
    ($($name:ident: $slots:literal)+) => {
        $(
            pub(crate) fn $name(events: &mut Events) {
                static POOL: Arena<$slots, { 4 * size_of::<usize>() }> = Arena::new();
                static TIMERS: zokio_core::time::Timers<zokio_core::time::ManualClock> =
                    zokio_core::time::Timers::new(zokio_core::time::ManualClock::manual());
                static EXECUTOR: zokio_executor_local::Executor<crate::world::Nobody> =
                    zokio_executor_local::Executor::new(
                        crate::world::Nobody,
                        zokio_executor_local::Config::new().pool("tasks", &POOL),
                    );
                fill(events, World::new(&EXECUTOR, &TIMERS), &POOL, $slots);
            }
        )+
    };
}

pools! {
    pool_of_one: 1
    pool_of_8: 8
    pool_of_255: 255
    pool_of_256: 256
    pool_of_257: 257
}

pub(crate) fn a_slot_is_free_when_its_task_is_over(events: &mut Events) {
    let mut world = world!(1, 64);
    let spawner = world.steps.spawner();
    let waits = spawner.spawn(pending::<()>());
    assert!(spawner.try_spawn(ready(())).is_err());
    world.steps.run_until_idle();
    waits.abort();
    world.steps.run_until_idle();
    // Its handle may still look at the slot.
    assert!(waits.is_finished() && spawner.try_spawn(ready(())).is_err());
    drop(waits);
    let next = spawner.try_spawn(ready(4_u32)).expect("free");
    events.add(world.steps.run_until(next).0.expect("not aborted"));
}

static KEPT: Channel<Waker, 4> = Channel::new();

pub(crate) fn stale_wakers_wake_the_next_tenant_and_no_more(events: &mut Events) {
    static POLLS: Count = Count::new();
    let mut world = world!(1, 64);
    for _ in 0..4 {
        let leaves = poll_fn(|cx| {
            let _ = KEPT.try_send(cx.waker().clone());
            Poll::Ready(())
        });
        world.spawn(leaves).detach();
        world.steps.run_until_idle();
    }
    // All of them are wakers of the one slot. While it is free they do nothing.
    let stale = [(); 4].map(|()| KEPT.try_recv().expect("left there"));
    stale.iter().for_each(Waker::wake_by_ref);
    events.equal(world.steps.run_until_idle(), 0);
    let tenant = poll_fn(|_| if POLLS.up() == 3 { Poll::Ready(()) } else { Poll::Pending });
    let handle = world.spawn(tenant);
    events.equal(world.steps.run_until_idle(), 1);
    stale.iter().for_each(Waker::wake_by_ref);
    events.equal(world.steps.run_until_idle(), 1);
    stale.into_iter().for_each(Waker::wake);
    events.equal(world.steps.run_until_idle(), 1);
    assert!(handle.is_finished());
    events.equal(POLLS.get(), 3);
}

pub(crate) fn stale_aborts_do_nothing(events: &mut Events) {
    let mut world = world!(1, 64);
    let gone = world.spawn(ready(()));
    let stale = gone.abort_handle();
    drop(gone);
    world.steps.run_until_idle();
    assert!(stale.is_finished());
    let tenant = world.spawn(async {
        zokio_core::future::yield_now().await;
        6_u32
    });
    assert_ne!(stale.id(), tenant.id());
    stale.abort();
    events.equal(world.steps.run_until_idle(), 2);
    events.add(world.steps.run_until(tenant).0.expect("the abort was for the tenant before"));
}

pub(crate) fn a_task_too_large_comes_back(events: &mut Events) {
    let mut world = world!(1, 64);
    let large = [7_u8; 200];
    let task = async move {
        zokio_core::future::yield_now().await;
        large.iter().map(|byte| u32::from(*byte)).sum::<u32>()
    };
    let refused = world.steps.spawner().try_spawn(task).expect_err("it does not fit");
    assert!(matches!(refused, SpawnError::TooLarge { pool: "tasks", .. }));
    events.equal(world.steps.run_until(refused.into_future()).0 as usize, 1400);
}
