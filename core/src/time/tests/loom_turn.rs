//! Races around a task that is due alone, and is started without going through the queue.

use core::future::poll_fn;
use core::ptr::NonNull;
use core::task::Poll;
use std::boxed::Box;
use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::hand::Hand;
use super::loom::{at, timers};
use crate::run_queue::RunQueue;
use crate::task::tests::util::{Wakers, arena};
use crate::task::{Arena, JoinHandle, Need, Notified, Owner, Refusal, Schedule, Spawn, Static, TaskPtr, Vacancy};
use crate::time::{Place, Sleep, Timers};

/// A scheduler that does nothing but push.
#[repr(C)]
struct Direct {
    queue: RunQueue<Self>,
}

// SAFETY: `repr(C)`, the queue first, leaked. A scheduled task is in the queue, which the main thread of a model runs.
unsafe impl Schedule for Direct {
    type Reclaim = Static;
    const DIRECT: bool = true;
    const ONE_RUNNER: bool = true;

    fn schedule(&self, task: Notified<Self>) {
        self.queue.push(task, self);
    }
}

// SAFETY: leaked; claims are the arena's; the main thread of a model runs the tasks, and their futures are `Send`.
unsafe impl Spawn for Direct {
    fn owner(&self) -> NonNull<Owner> {
        Owner::of(self)
    }
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        Some(self.owner())
    }
    fn is_local(&self) -> bool {
        true
    }
    fn vacancy(&self, _: Need) -> Result<Vacancy, Refusal> {
        Err(Refusal::NoPool)
    }
    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: by this function's contract.
        unsafe { task.launch_at(Owner::of(self)) };
    }
}

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
        let line: &Direct = Box::leak(Box::new(Direct { queue: RunQueue::new() }));
        line.queue.bind(line);
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
        // SAFETY: as above.
        while let Some(task) = unsafe { self.line.queue.next(self.line) } {
            task.run();
        }
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
