//! The life of a task: spawned, polled, woken, aborted, joined.

use core::cell::Cell;
use core::future::{pending, poll_fn, ready};
use core::task::{Poll, Waker};

use zokio_core::atomic::{AtomicUsize, Ordering};
use zokio_core::future::yield_now;
use zokio_core::task::{FixedJoinSet, Id};

use crate::events::Events;
use crate::world::world;

/// How often something happened, in a `static` of a test.
#[derive(Debug)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
    pub(crate) fn push(&self, digit: usize) {
        self.0.store(self.0.load(Ordering::Relaxed) * 10 + digit, Ordering::Relaxed);
    }
}

/// Counts its drop.
#[derive(Debug)]
pub(crate) struct Dropped(pub(crate) &'static Count);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.up();
    }
}

/// Counts polls, leaves its waker in the thread's own place, and is ready after so many.
fn polls(count: &'static Count, until: usize) -> impl Future<Output = usize> {
    poll_fn(move |_| match count.up() {
        polls if polls >= until => Poll::Ready(polls),
        _ => Poll::Pending,
    })
}

pub(crate) fn outputs_are_joined(events: &mut Events) {
    let mut world = world!(3, 64);
    let handles = [3_u32, 5, 7].map(|value| world.spawn(ready(value)));
    events.equal(world.steps.run_until_idle(), 3);
    for handle in handles {
        assert!(handle.is_finished());
        events.add(world.steps.run_until(handle).0.expect("it was not aborted"));
    }
}

pub(crate) fn yields_take_turns(events: &mut Events) {
    static ORDER: Count = Count::new();
    let mut world = world!(3, 64);
    for digit in 1..=3 {
        let turns = async move {
            for _ in 0..3 {
                ORDER.push(digit);
                yield_now().await;
            }
        };
        world.spawn(turns).detach();
    }
    events.equal(world.steps.run_until_idle(), 3 * 4);
    events.equal(ORDER.get(), 123_123_123);
}

/// Keeps the waker of a task, for a test to use after the task is gone.
fn waker_of(world: &mut crate::world::World, polled: &'static Count, until: usize) -> Waker {
    static KEPT: zokio_core::sync::Channel<Waker, 1> = zokio_core::sync::Channel::new();
    let task = poll_fn(move |cx| {
        if KEPT.is_empty() {
            let _ = KEPT.try_send(cx.waker().clone());
        }
        if polled.up() >= until { Poll::Ready(()) } else { Poll::Pending }
    });
    world.spawn(task).detach();
    world.steps.run_until_idle();
    KEPT.try_recv().expect("it was polled")
}

pub(crate) fn a_wake_counts_once(events: &mut Events) {
    static POLLS: Count = Count::new();
    let mut world = world!(1, 64);
    let waker = waker_of(&mut world, &POLLS, 3);
    waker.wake_by_ref();
    let second = waker.clone();
    second.wake();
    events.equal(world.steps.run_until_idle(), 1);
    events.equal(POLLS.get(), 2);
    waker.wake_by_ref();
    events.equal(world.steps.run_until_idle(), 1);
    waker.wake();
    events.equal(world.steps.run_until_idle(), 0);
    events.equal(POLLS.get(), 3);
}

pub(crate) fn a_wake_while_running_polls_again(events: &mut Events) {
    static POLLS: Count = Count::new();
    let mut world = world!(1, 64);
    let task = poll_fn(|cx| {
        cx.waker().wake_by_ref();
        cx.waker().wake_by_ref();
        if POLLS.up() == 4 { Poll::Ready(()) } else { Poll::Pending }
    });
    let handle = world.spawn(task);
    events.equal(world.steps.run_until_idle(), 4);
    assert!(handle.is_finished());
}

pub(crate) fn aborted_before_its_first_poll(events: &mut Events) {
    static DROPS: Count = Count::new();
    static POLLS: Count = Count::new();
    let mut world = world!(1, 64);
    let dropped = Dropped(&DROPS);
    let handle = world.spawn(async move {
        let _dropped = dropped;
        polls(&POLLS, 1).await
    });
    handle.abort();
    events.equal(DROPS.get(), 0);
    world.steps.run_until_idle();
    events.equal(DROPS.get(), 1);
    events.equal(POLLS.get(), 0);
    assert!(world.steps.run_until(handle).0.expect_err("aborted").is_cancelled());
}

pub(crate) fn aborted_while_it_waits(events: &mut Events) {
    static DROPS: Count = Count::new();
    let mut world = world!(2, 192);
    let dropped = Dropped(&DROPS);
    let handle = world.spawn(async move {
        let _dropped = dropped;
        pending::<()>().await;
    });
    events.equal(world.steps.run_until_idle(), 1);
    let abort = handle.abort_handle();
    let joiner = world.spawn(async move { handle.await.is_err() });
    events.equal(world.steps.run_until_idle(), 1);
    abort.abort();
    abort.abort();
    // The future is dropped without a poll, the joiner is polled.
    events.equal(world.steps.run_until_idle(), 1);
    events.equal(DROPS.get(), 1);
    assert!(abort.is_finished() && world.steps.run_until(joiner).0.expect("joined"));
}

pub(crate) fn aborted_when_it_is_complete(events: &mut Events) {
    let mut world = world!(1, 64);
    let handle = world.spawn(ready(9_u32));
    world.steps.run_until_idle();
    handle.abort();
    events.equal(world.steps.run_until_idle(), 0);
    events.add(world.steps.run_until(handle).0.expect("it was complete before the abort"));
}

pub(crate) fn a_dropped_handle_detaches(events: &mut Events) {
    static ORDER: Count = Count::new();
    let mut world = world!(1, 64);
    drop(world.spawn(async {
        ORDER.push(1);
        yield_now().await;
        ORDER.push(2);
    }));
    world.steps.run_until_idle();
    events.equal(ORDER.get(), 12);
}

pub(crate) fn an_unwanted_output_is_dropped(events: &mut Events) {
    static DROPS: Count = Count::new();
    let mut world = world!(2, 96);
    // Nobody waits any more, or nobody has taken it.
    world.spawn(async { Dropped(&DROPS) }).detach();
    let late = world.spawn(async { Dropped(&DROPS) });
    world.steps.run_until_idle();
    events.equal(DROPS.get(), 1);
    drop(late);
    events.equal(DROPS.get(), 2);
}

pub(crate) fn a_task_spawns_tasks_and_joins_them(events: &mut Events) {
    let mut world = world!(4, 128);
    let spawner = world.steps.spawner();
    let parent = world.spawn(async move {
        let mut sum = 0;
        for value in 1..=10_u32 {
            let child = spawner.spawn(async move {
                yield_now().await;
                value * value
            });
            sum += child.await.unwrap_or_default();
        }
        sum
    });
    let (sum, polls) = world.steps.run_until(parent);
    events.equal(sum.expect("not aborted") as usize, 385);
    events.add(polls as u32);
}

pub(crate) fn join_handles_are_awaited_late(events: &mut Events) {
    let mut world = world!(2, 96);
    let first = world.spawn(async { 1_u32 });
    world.steps.run_until_idle();
    // The same handle polled by one task after another.
    let mut handle = world.spawn(async {
        yield_now().await;
        2_u32
    });
    let (looked, _) = world.steps.run_until(zokio_core::future::poll_once(&mut handle));
    assert!(looked.is_none());
    let seen = Cell::new(0);
    let ((), _) = world.steps.run_until(async {
        seen.set(handle.await.unwrap_or_default() + first.await.unwrap_or_default());
    });
    events.equal(seen.get() as usize, 3);
}

pub(crate) fn a_set_of_fixed_size_is_joined(events: &mut Events) {
    let mut world = world!(4, 96);
    let mut set = FixedJoinSet::<u32, 3>::new();
    for round in 0..3_u32 {
        let handle = world.spawn(async move {
            // The last one ends first.
            for _ in round..3 {
                yield_now().await;
            }
            round
        });
        assert!(set.insert(handle).is_ok());
    }
    let full = set.insert(world.spawn(ready(9))).expect_err("there are three places");
    events.add(world.steps.run_until(full).0.expect("it was not aborted"));
    let sum = world.steps.run_until(async {
        let mut sum = 0;
        while let Some(output) = set.join_next().await {
            events.add(output.expect("it was not aborted"));
            sum += 1;
        }
        sum
    });
    events.equal(sum.0, 3);
}

pub(crate) fn a_task_is_known_by_its_waker(events: &mut Events) {
    let mut world = world!(2, 64);
    let own = || poll_fn(|cx| Poll::Ready(Id::from_waker(cx.waker())));
    let handle = world.spawn(own());
    let id = handle.id();
    assert_eq!(world.steps.run_until(handle).0.expect("it was not aborted"), Some(id));
    // The next one in its place is another one.
    let handle = world.spawn(own());
    assert!(handle.id() != id);
    let id = handle.id();
    assert_eq!(world.steps.run_until(handle).0.expect("it was not aborted"), Some(id));
    assert_eq!(Id::from_waker(Waker::noop()), None);
    events.add(1);
}
