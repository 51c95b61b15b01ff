//! An executor's own way to expire: a task that is due alone is run at once, and none is lost, late or out of order.

use std::boxed::Box;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::vec::Vec;

use super::unit::{hostile, panic_text};
use super::util::{Hand, timers};
use crate::task::tests::util::{Direct, Home, Line, arena};
use crate::task::{Arena, Spawn};
use crate::time::{Instant, Place, Sleep, Timers};

/// One arena, one queue of timers, and who ran when.
struct World {
    slots: &'static Arena<4, 256>,
    timers: &'static Timers<Hand>,
    log: Arc<Mutex<Vec<char>>>,
}

impl World {
    fn new() -> Self {
        Self { slots: arena(), timers: timers(), log: Arc::default() }
    }

    /// A task that sleeps until each of these.
    fn sleeper(&self, line: &'static dyn Spawn, name: char, deadlines: &'static [u64]) {
        let (timers, log) = (self.timers, self.log.clone());
        let task = self.slots.try_spawn_local_at(line, async move {
            for deadline in deadlines {
                Sleep::until(Place::of(timers), Instant::from_nanos(*deadline)).await;
                log.lock().unwrap().push(name);
            }
        });
        drop(task.unwrap());
    }

    /// Moves the clock, and expires for `line`. How many tasks were run at once.
    fn expire(&self, line: &Direct, now: u64) -> usize {
        self.timers.clock().set(now);
        // SAFETY: *one consumer*: the thread of the test.
        match unsafe { self.timers.turn(line) } {
            Some(task) => {
                task.run();
                1
            }
            None => 0,
        }
    }

    fn log(&self) -> Vec<char> {
        core::mem::take(&mut self.log.lock().unwrap())
    }
}

#[test]
fn a_task_that_is_due_alone_runs_at_once() {
    let (world, line) = (World::new(), Direct::new());
    world.sleeper(line, 'a', &[10, 20, 30]);
    world.sleeper(line, 'b', &[15]);
    assert_eq!(line.turn(), 2);
    assert_eq!((world.expire(line, 9), line.turn()), (0, 0));
    for now in [10, 15, 20, 30] {
        assert_eq!((world.expire(line, now), line.turn()), (1, 0));
    }
    assert_eq!((world.log(), world.slots.in_use()), (std::vec!['a', 'b', 'a', 'a'], 0));
}

// Mutant: core/src/task/header.rs :: queue.has_none(QueueOwner { link: owner.cast_mut().cast(), direct: true }) => true
#[test]
fn what_was_queued_before_goes_first() {
    let (world, line) = (World::new(), Direct::new());
    world.sleeper(line, 'a', &[10]);
    assert_eq!(line.turn(), 1);
    world.sleeper(line, 'b', &[0]);
    assert_eq!((world.expire(line, 10), line.turn()), (0, 2));
    assert_eq!(world.log(), ['b', 'a']);
}

// Mutant: core/src/time/queue.rs :: if !more && panic.is_none() { => if panic.is_none() {
#[test]
fn of_several_that_are_due_none_is_left() {
    several();
}

fn several() {
    let (world, line) = (World::new(), Direct::new());
    world.sleeper(line, 'a', &[10]);
    world.sleeper(line, 'b', &[11]);
    world.sleeper(line, 'c', &[12]);
    assert_eq!(line.turn(), 3);
    assert_eq!((world.expire(line, 11), line.turn()), (0, 2));
    assert_eq!((world.expire(line, 12), line.turn()), (1, 0));
    assert_eq!(world.log(), ['a', 'b', 'c']);
}

// Mutant: core/src/task/header.rs :: if !core::ptr::eq(link.cast(), owner) { => if false {
#[test]
fn the_task_of_another_executor_goes_to_its_queue() {
    let (world, line, other) = (World::new(), Direct::new(), Direct::new());
    world.sleeper(other, 'a', &[10]);
    assert_eq!((line.turn(), other.turn()), (0, 1));
    assert_eq!((world.expire(line, 10), line.turn(), other.turn()), (0, 0, 1));
    assert_eq!(world.log(), ['a']);
}

/// One that is not *direct*: it must be asked, with no lock held.
#[test]
fn the_task_of_an_executor_that_must_be_asked_goes_to_its_queue() {
    asked();
}

fn asked() {
    let (world, line) = (World::new(), Direct::new());
    let other: &Line = Line::new(Home::Alone(world.slots));
    world.sleeper(other, 'a', &[10, 20]);
    world.sleeper(line, 'b', &[10]);
    assert_eq!((line.turn(), other.turn()), (1, 1));
    assert_eq!((world.expire(line, 10), line.turn(), other.turn()), (0, 1, 1));
    assert_eq!((world.expire(line, 20), line.turn(), other.turn()), (0, 0, 1));
    assert_eq!((world.log(), world.slots.in_use()), (std::vec!['b', 'a', 'a'], 0));
}

/// A task of each kind that is in its queue already when it is due is queued once.
#[test]
fn a_task_that_is_queued_when_it_is_due_is_queued_once() {
    let (world, line) = (World::new(), Direct::new());
    let other: &Line = Line::new(Home::Alone(world.slots));
    let places: [&'static dyn Spawn; 2] = [line, other];
    let mut wakers = Vec::new();
    for place in places {
        let (timers, log, kept) = (world.timers, world.log.clone(), Arc::new(Mutex::new(None)));
        wakers.push(kept.clone());
        let task = world.slots.try_spawn_local_at(place, async move {
            let mut sleep = pin!(Sleep::until(Place::of(timers), Instant::from_nanos(10)));
            core::future::poll_fn(|cx| {
                log.lock().unwrap().push('p');
                *kept.lock().unwrap() = Some(cx.waker().clone());
                sleep.as_mut().poll(cx)
            })
            .await;
        });
        drop(task.unwrap());
    }
    assert_eq!((line.turn(), other.turn()), (1, 1));
    for waker in wakers {
        waker.lock().unwrap().take().unwrap().wake();
    }
    assert_eq!((world.expire(line, 10), line.turn(), other.turn()), (0, 1, 1));
    assert_eq!((line.turn(), other.turn(), world.log().len(), world.slots.in_use()), (0, 0, 4, 0));
}

// Mutant: core/src/task/state/mod.rs :: self.0 & (NOTIFIED | RUNNING | COMPLETE | ASKED) == 0 => self.0 & (RUNNING | COMPLETE | ASKED) == 0
#[test]
fn the_waker_of_a_task_that_is_over_starts_nothing() {
    over();
}

fn over() {
    let (world, line) = (World::new(), Direct::new());
    let sleep = Arc::new(Mutex::new(Box::pin(Sleep::until(Place::of(world.timers), Instant::from_nanos(10)))));
    let (polled, log) = (sleep.clone(), world.log.clone());
    let task = world.slots.try_spawn_local_at(
        line,
        core::future::poll_fn(move |cx| {
            log.lock().unwrap().push('p');
            assert!(polled.lock().unwrap().as_mut().poll(cx).is_pending());
            Poll::Ready(())
        }),
    );
    drop(task.unwrap());
    assert_eq!((line.turn(), world.slots.in_use()), (1, 0));
    assert_eq!((world.expire(line, 10), line.turn()), (0, 0));
    assert_eq!(world.log(), ['p']);
    assert!(sleep.lock().unwrap().as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

/// A waker of somebody else's, which panics, among our own.
#[test]
fn a_foreign_waker_that_panics_costs_no_task_its_wake() {
    let (world, line) = (World::new(), Direct::new());
    world.sleeper(line, 'a', &[10]);
    assert_eq!(line.turn(), 1);
    let waker: Waker = hostile::waker(|name| assert_ne!(name, "wake", "hostile"));
    let mut foreign = pin!(Sleep::until(Place::of(world.timers), Instant::from_nanos(10)));
    assert!(foreign.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    world.sleeper(line, 'b', &[10]);
    assert_eq!(line.turn(), 1);
    assert!(panic_text(|| _ = world.expire(line, 10)).contains("hostile"));
    assert_eq!((line.turn(), world.log()), (2, std::vec!['a', 'b']));
    assert!(foreign.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

/// The same on one core, where tasks are started under the lock.
#[cfg(zokio_unicore)]
mod under_the_lock {
    // Mutant: core/src/task/waker.rs :: return Fired::Won(task); => return Fired::Woken;
    #[test]
    fn who_must_be_asked_is_asked_outside() {
        super::asked();
    }

    // Mutant: core/src/time/queue.rs :: panic.is_none() && !left.is_due(now) => panic.is_none()
    #[test]
    fn none_of_several_is_left_under_the_lock() {
        super::several();
    }

    // Mutant: core/src/task/state/mod.rs :: self.0 & (NOTIFIED | RUNNING | COMPLETE | ASKED | CANCELLED) == 0 => self.0 & (RUNNING | COMPLETE | ASKED | CANCELLED) == 0
    #[test]
    fn a_task_that_is_over_is_not_started_under_the_lock() {
        super::over();
    }
}
