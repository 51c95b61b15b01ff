//! Races around a task that is due alone, and is started without going through the queue.

use core::future::poll_fn;
use core::task::Poll;
use std::boxed::Box;
use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::hand::Hand;
use super::loom::{at, timers};
use crate::task::tests::util::{Direct, Wakers, arena};
use crate::task::{Arena, JoinHandle};
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

/// It is woken by somebody else meanwhile: what came before that wake is seen, or it is polled once more.
// Mutant: core/src/task/state/lock_free.rs :: Snapshot(self.0.fetch_sub(NOTIFIED, Ordering::Acquire)).is_common() => Snapshot(self.0.fetch_sub(NOTIFIED, Ordering::Relaxed)).is_common()
// Mutant: core/src/task/state/lock_free.rs :: Snapshot(self.0.fetch_sub(NOTIFIED, Ordering::Acquire)).is_common() => self.peek().is_common()
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
// Mutant: core/src/task/waker.rs :: state.wake_slot(push, || ()); => {}
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
