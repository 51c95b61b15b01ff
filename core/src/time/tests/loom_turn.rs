//! Races around a task that is due alone, and is started without going through the queue.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::hand::Hand;
use super::loom::{at, timers};
use crate::task::tests::util::{Direct, Wakers, arena};
use crate::task::{Arena, JoinHandle, Owner, Ready, StaticPlace};
use crate::time::{Place, Sleep, Timers};

/// An executor by hand, with one task that sleeps until 10 and then asks for a flag.
struct World {
    line: &'static Direct,
    timers: &'static Timers<Hand>,
    slots: &'static Arena<2, 256>,
    flag: Arc<AtomicBool>,
    wakers: Wakers,
}

impl World {
    fn new() -> (Self, JoinHandle<()>) {
        let line = Direct::new();
        let (timers, slots) = (timers(), arena());
        let (flag, wakers) = (Arc::new(AtomicBool::new(false)), Wakers::default());
        let mut sleep = Box::pin(Sleep::until(Place::of(timers), at(10)));
        let (seen, left) = (flag.clone(), wakers.clone());
        let task = slots.try_spawn_at(
            line,
            poll_fn(move |cx| {
                drop(left.replace(cx.waker().clone()));
                let over = sleep.as_mut().poll(cx).is_ready();
                if over && seen.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
            }),
        );
        let world = Self { line, timers, slots, flag, wakers };
        world.turn();
        timers.clock().set(10);
        (world, task.unwrap())
    }

    /// One turn of an executor.
    fn turn(&self) {
        // SAFETY: *one consumer*: the main thread of the model.
        if let Some(task) = unsafe { self.timers.turn(self.line) } {
            task.run();
        }
        self.line.turn();
    }
}

/// A sleep until 10, whose waker is that of some task.
fn due_for(timers: &'static Timers<Hand>, waker: &Waker) -> Pin<Box<Sleep>> {
    let mut sleep = Box::pin(Sleep::until(Place::of(timers), at(10)));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    timers.clock().set(10);
    sleep
}

/// Its task is over, and its slot is another executor's meanwhile: that one's task rests there.
// Mutant: core/src/task/state/lock_free.rs :: let rests = self.load(); => let rests = self.peek();
#[test]
fn the_task_of_another_executor_is_not_started_at_once() {
    loom::model(|| {
        let (own, other, timers, slots) = (Direct::new(), Direct::new(), timers(), arena::<1, 256>());
        let wakers = Wakers::default();
        slots.try_spawn_at(own, wakers.once()).unwrap().detach();
        own.turn();
        let sleep = due_for(timers, &wakers.one());
        wakers.take().into_iter().for_each(Waker::wake);
        own.turn();
        let wait = wakers.once();
        let told = Arc::new(AtomicBool::new(false));
        let tell = told.clone();
        let elsewhere = thread::spawn(move || {
            slots.try_spawn_at(other, wait).unwrap().detach();
            other.turn();
            // Relaxed: it publishes nothing of all that.
            tell.store(true, Ordering::Relaxed);
            other
        });
        while !told.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        // SAFETY: *one consumer*: the main thread of the model.
        let task = unsafe { timers.turn(own) };
        assert!(task.map(Ready::run).is_none() && own.turn() == 0, "it is not ours");
        let other = elsewhere.join().unwrap();
        wakers.take().into_iter().for_each(Waker::wake);
        other.turn();
        assert_eq!(slots.in_use(), 0);
        drop(sleep);
    });
}

/// The task of another executor, which rested, ends meanwhile, and its slot gets one of ours: that is queued, and started when its
/// future is there.
// Mutant: core/src/task/state/lock_free.rs :: && self.0.compare_exchange(rests.0, rests.0, Ordering::Release, Ordering::Relaxed).is_ok() => && true
#[test]
fn the_next_tenant_is_not_started_at_once() {
    loom::model(|| {
        let (own, other, timers, slots) = (Direct::new(), Direct::new(), timers(), arena::<1, 256>());
        let wakers = Wakers::default();
        slots.try_spawn_at(other, wakers.once()).unwrap().detach();
        other.turn();
        let waker = wakers.take().pop().unwrap();
        let sleep = due_for(timers, &waker);
        let elsewhere = thread::spawn(move || {
            waker.wake();
            other.turn();
            // SAFETY: kept for ever, bound, and no promise is made about the thread.
            let place = unsafe { StaticPlace::new(Owner::of(own), None, false) };
            // Full, where the turn has pushed the task that is there, and it has not been run.
            slots.try_spawn_at(&place, async {}).map(JoinHandle::detach).is_ok()
        });
        // SAFETY: *one consumer*: the main thread of the model.
        if let Some(task) = unsafe { timers.turn(own) } {
            task.run();
        }
        own.turn();
        elsewhere.join().unwrap();
        own.turn();
        other.turn();
        assert_eq!(slots.in_use(), 0);
        drop(sleep);
    });
}

/// It is woken by somebody else meanwhile: what came before that wake is seen, or it is polled once more.
// Mutant: core/src/task/state/lock_free.rs :: compare_exchange(rests.0, rests.0, => compare_exchange_weak(rests.0, rests.0 | NOTIFIED,
#[test]
fn a_wake_races_a_start_at_once() {
    loom::model(|| {
        let (world, task) = World::new();
        task.detach();
        let (flag, waker) = (world.flag.clone(), world.wakers.one());
        let waking = thread::spawn(move || {
            // Relaxed: the wake must publish it.
            flag.store(true, Ordering::Relaxed);
            waker.wake();
        });
        world.turn();
        waking.join().unwrap();
        world.turn();
        assert_eq!(world.slots.in_use(), 0, "a wake was lost");
    });
}

/// It is aborted meanwhile: by its queue, and for certain.
// Mutant: core/src/task/state/lock_free.rs :: compare_exchange(rests.0, rests.0, => compare_exchange_weak(rests.0, rests.0 | NOTIFIED,
#[test]
fn an_abort_races_a_start_at_once() {
    loom::model(|| {
        let (world, task) = World::new();
        let aborting = thread::spawn(move || task.abort());
        world.turn();
        aborting.join().unwrap();
        world.turn();
        assert_eq!(world.slots.in_use(), 0, "an abort was lost");
        drop(world.wakers.take());
    });
}

/// Its handle goes away meanwhile, which is no wake: it is woken once more.
// Mutant: core/src/task/waker.rs :: state.wake_slot(|| unsafe { task.push_within() }, || unsafe { task.ask_slot() });\n    Fired::Woken => Fired::Woken
#[test]
fn a_detach_races_a_start_at_once() {
    loom::model(|| {
        let (world, task) = World::new();
        world.flag.store(true, Ordering::Relaxed);
        let leaving = thread::spawn(move || task.detach());
        world.turn();
        leaving.join().unwrap();
        assert_eq!(world.slots.in_use(), 0, "a deadline was lost");
        drop(world.wakers.take());
    });
}
