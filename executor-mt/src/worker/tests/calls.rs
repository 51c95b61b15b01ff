//! Whom a worker calls when it looks for events: one worker of two, without a thread, and another one that is parked.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zokio_core::lock::{DefaultLock, Lock};
use zokio_core::task::spawn_at;
use zokio_core::time::{Clock, Instant};

use super::*;
use crate::blocking::NoBlocking;

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
}

/// Counts the calls for its worker.
#[derive(Clone, Default)]
struct Calls(Arc<AtomicUsize>);

impl Unpark for Calls {
    fn unpark(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Its events are that so many tasks are woken.
struct Events {
    wakers: Rc<RefCell<Vec<Waker>>>,
    due: Rc<Cell<usize>>,
}

impl Park for Events {
    type Unpark = Calls;

    fn unpark(&self) -> Calls {
        Calls::default()
    }

    fn park(&mut self, _: Option<Instant>, _: impl FnOnce() -> bool) {
        unreachable!("it is never idle");
    }

    fn poll(&mut self) {
        let due: Vec<_> = self.wakers.borrow_mut().drain(..self.due.take()).collect();
        due.into_iter().for_each(Waker::wake);
    }
}

/// How often the other worker is called by a look for events that wake `due` tasks, where `queued` are in the queue.
fn calls(queued: usize, due: usize) -> usize {
    let calls = Calls::default();
    let timers: &'static Timers = Box::leak(Box::new(Timers::new(Frozen)));
    let places = [Calls::default(), calls.clone()].into_iter().map(|unpark| (unpark, timers));
    let (shared, mut queues) = Shared::new(places, Arc::new(NoBlocking), false);
    let local = Local::new(shared.clone(), queues.remove(0), core::ptr::null(), 0);
    // SAFETY: `local` is declared before the guard, so it outlives it; its first field is the head.
    let installed = unsafe { Installed::new((&raw const local).cast()) };
    let (woken, number) = (Rc::default(), Rc::default());
    let park = Events { wakers: Rc::clone(&woken), due: Rc::clone(&number) };
    let mut worker =
        Worker::new(&local, park, timers, Rhythm { global_queue_interval: 31, event_interval: 61, nap: None });

    let resting: Arc<Lock<DefaultLock, Vec<Waker>>> = Arc::new(Lock::new(Vec::new()));
    for _ in 0..queued + due {
        let resting = resting.clone();
        let rest = poll_fn(move |cx| {
            let waker = cx.waker().clone();
            resting.with(|resting| resting.push(waker));
            Poll::<()>::Pending
        });
        drop(spawn_at(worker.local.home(), rest));
    }
    while let Some(task) = worker.next() {
        task.run();
    }
    let mut all = resting.with(core::mem::take);
    all.drain(..queued).for_each(Waker::wake);
    *woken.borrow_mut() = all;
    number.set(due);
    assert!(shared.idle.transition_to_searching(1));
    let _ = shared.idle.transition_to_parked(1, true);

    let before = calls.0.load(Ordering::Relaxed);
    worker.look_for_events();
    let called = calls.0.load(Ordering::Relaxed) - before;
    assert_eq!(local.queue.len(), queued + due, "all are there to be run");

    shared.close();
    shutdown::drain(&local);
    drop(worker);
    drop(installed);
    for index in 0..2 {
        shared.worker_stops(index, Box::new(|| ()));
    }
    called
}

// Mutant: executor-mt/src/worker.rs :: if local.queue.len() > before.max(1) { => if local.queue.len() > 1 {
#[test]
fn a_look_for_events_that_finds_none_calls_nobody_for_what_was_there() {
    assert_eq!([calls(0, 0), calls(1, 0), calls(2, 0), calls(9, 0)], [0; 4]);
}

// Mutant: executor-mt/src/worker.rs :: if local.queue.len() > before.max(1) { => if local.queue.len() > 2 {
#[test]
fn events_that_leave_more_than_the_next_task_call_one() {
    assert_eq!(calls(0, 1), 0, "it is what the worker runs next");
    assert_eq!([calls(0, 2), calls(1, 1), calls(2, 1), calls(0, 9)], [1; 4]);
}
