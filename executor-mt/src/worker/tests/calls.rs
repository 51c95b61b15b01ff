//! Whom a worker calls, for events and for tasks that it wakes, and what is left to it: one worker of two, without a thread, and
//! another one that is parked, naps or searches.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use zokio_core::lock::{DefaultLock, Lock};
use zokio_core::task::spawn_at;
use zokio_core::time::{Clock, Instant};

use super::*;
use crate::idle::Parked;

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

impl Events {
    fn none() -> Self {
        Self { wakers: Rc::default(), due: Rc::default() }
    }
}

impl Park for Events {
    type Unpark = Calls;

    fn unpark(&self) -> Calls {
        Calls::default()
    }

    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert!(is_idle(), "nothing is ready before the events");
        self.poll();
    }

    fn poll(&mut self) {
        let due: Vec<_> = self.wakers.borrow_mut().drain(..self.due.take()).collect();
        due.into_iter().for_each(Waker::wake);
    }
}

/// What a test is given.
struct Stage<'a> {
    shared: &'a Arc<Shared<Calls>>,
    worker: Worker<'a, Events>,
    /// Of as many tasks as it asked for, which have all been polled once.
    wakers: Vec<Waker>,
    /// Calls for the other worker.
    calls: &'a AtomicUsize,
    /// Of the other worker.
    queue: Queue<Calls>,
}

const RHYTHM: Rhythm = Rhythm { global_queue_interval: 31, event_interval: 61, nap: None };

fn stage<R>(tasks: usize, events: Events, test: impl FnOnce(Stage<'_>) -> R) -> R {
    let calls = Calls::default();
    let timers: &'static Timers = Box::leak(Box::new(Timers::new(Frozen)));
    let places = [Calls::default(), calls.clone()].into_iter().map(|unpark| (unpark, timers));
    let (shared, mut queues) = Shared::new(places, Arc::new(()), false);
    let local = Local::new(shared.clone(), queues.remove(0), core::ptr::null(), 0);
    // SAFETY: `local` is declared before the guard, so it outlives it; its first field is the head.
    let installed = unsafe { Installed::new((&raw const local).cast()) };
    let mut worker = Worker::new(&local, events, timers, RHYTHM);

    let resting: Arc<Lock<DefaultLock, Vec<Waker>>> = Arc::new(Lock::new(Vec::new()));
    for _ in 0..tasks {
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
    let wakers = resting.with(core::mem::take);
    calls.0.store(0, Ordering::Relaxed);
    let answer = test(Stage { shared: &shared, worker, wakers, calls: &calls.0, queue: queues.remove(0) });

    shared.close();
    shutdown::drain(&local);
    drop(installed);
    for index in 0..2 {
        shared.worker_stops(index, Box::new(|| ()));
    }
    answer
}

/// How often the other worker is called by a look for events that wake `due` tasks, where `queued` are in the queue.
fn calls(queued: usize, due: usize) -> usize {
    let (woken, number) = (Rc::<RefCell<Vec<Waker>>>::default(), Rc::<Cell<usize>>::default());
    let events = Events { wakers: woken.clone(), due: number.clone() };
    stage(queued + due, events, |Stage { shared, mut worker, mut wakers, calls, .. }| {
        wakers.drain(..queued).for_each(Waker::wake);
        *woken.borrow_mut() = wakers;
        number.set(due);
        assert!(shared.idle.transition_to_searching(1));
        let _ = shared.idle.transition_to_parked(1, true);
        calls.store(0, Ordering::Relaxed);
        worker.look_for_events();
        assert_eq!(worker.local.queue.len(), queued + due, "all are there to be run");
        calls.load(Ordering::Relaxed)
    })
}

// Mutant: executor-mt/src/worker.rs :: local.between.take().unwrap_or(0); => local.left();
#[test]
fn a_look_for_events_that_finds_none_calls_nobody_for_what_was_there() {
    assert_eq!([calls(0, 0), calls(1, 0), calls(2, 0), calls(9, 0)], [0; 4]);
}

// Mutant: executor-mt/src/worker.rs :: if left > 1 && => if left > 2 &&
#[test]
fn events_that_leave_more_than_the_next_task_call_one() {
    assert_eq!(calls(0, 1), 0, "it is what the worker runs next");
    assert_eq!([calls(0, 2), calls(1, 1), calls(2, 1), calls(0, 9)], [1; 4]);
}

/// How often a third worker, as it were, is called by a look for events that wake `due` tasks, after the other one took `taken` of
/// those that were `queued`, and has looked for more before there was any.
fn calls_after_others_took(taken: usize, queued: usize, due: usize) -> usize {
    stage(queued + due, Events::none(), |Stage { shared, worker, mut wakers, calls, queue }| {
        wakers.drain(..queued).for_each(Waker::wake);
        let took = Rc::<RefCell<Vec<_>>>::default();
        let (other, stock) = (shared.clone(), took.clone());
        let event = move || {
            while stock.borrow().len() < taken {
                let task = other.homes[0].thief.steal(&queue).expect("there are so many");
                stock.borrow_mut().push(task);
                stock.borrow_mut().extend(core::iter::from_fn(|| queue.pop()));
            }
            assert_eq!(stock.borrow().len(), taken, "a thief takes half");
            wakers.into_iter().for_each(Waker::wake);
        };
        let park = DeliversFirst { event: Some(Box::new(event)), is_idle: Rc::default() };
        let mut worker = Worker::new(worker.local, park, worker.timers, RHYTHM);
        assert!(shared.idle.transition_to_searching(1));
        let _ = shared.idle.transition_to_parked(1, true);
        calls.store(0, Ordering::Relaxed);
        worker.look_for_events();
        assert_eq!(worker.local.queue.len(), queued + due - taken, "the others are there to be run");
        let called = calls.load(Ordering::Relaxed);
        took.take().into_iter().for_each(|task| _ = task.run());
        called
    })
}

// Mutant: executor-mt/src/worker.rs :: (left > before || left <= come) => left > before
#[test]
fn events_call_one_where_others_have_taken_all_that_was_there() {
    assert_eq!(calls_after_others_took(2, 2, 1), 0, "it is what the worker runs next");
    assert_eq!([calls_after_others_took(2, 2, 2), calls_after_others_took(4, 4, 3)], [1; 2]);
}

// Mutant: executor-mt/src/worker.rs :: (left > before || left <= come) => true
#[test]
fn events_call_nobody_where_some_are_left_for_whom_one_was_called() {
    assert_eq!(calls_after_others_took(4, 8, 2), 0);
}

/// How often the other worker is called by a sleep that ends with events that wake `due` tasks.
fn calls_of_a_sleep(due: usize) -> usize {
    let (woken, number) = (Rc::<RefCell<Vec<Waker>>>::default(), Rc::<Cell<usize>>::default());
    let events = Events { wakers: woken.clone(), due: number.clone() };
    stage(due, events, |Stage { shared, mut worker, wakers, calls, .. }| {
        *woken.borrow_mut() = wakers;
        number.set(due);
        assert!(shared.idle.transition_to_searching(1));
        let _ = shared.idle.transition_to_parked(1, true);
        assert!(worker.search().is_none());
        calls.store(0, Ordering::Relaxed);
        worker.rest();
        assert_eq!(worker.local.queue.len(), due, "all are there to be run");
        calls.load(Ordering::Relaxed)
    })
}

// Mutant: executor-mt/src/worker.rs :: self.goes_on(0); => self.local.between.set(None);
#[test]
fn events_that_end_a_sleep_and_leave_more_than_the_next_task_call_one() {
    assert_eq!([calls_of_a_sleep(0), calls_of_a_sleep(1)], [0; 2], "it is what the worker runs next");
    assert_eq!([calls_of_a_sleep(2), calls_of_a_sleep(9)], [1; 2]);
}

/// At which tasks that a worker wakes it calls another one that naps, and has left it its own or nobody's.
fn called_at(is_left: bool) -> Vec<usize> {
    stage(FEW + 9, Events::none(), |Stage { shared, wakers, calls, .. }| {
        let left = if is_left { Left::NOBODY.and(0) } else { Left::NOBODY };
        let mut role = Role::new(1);
        assert!(role.may_search(&shared.idle));
        let mut at = Vec::new();
        let rest = role.nap(
            &shared.idle,
            left,
            || false,
            |_, _| {
                for (index, waker) in wakers.into_iter().enumerate() {
                    waker.wake();
                    at.extend(vec![index; calls.swap(0, Ordering::Relaxed)]);
                }
            },
        );
        assert_eq!((rest, role.is_eager()), (Rest::Napped, true), "it was called");
        assert_eq!(role.found(&shared.idle, || false), None);
        at
    })
}

// Mutant: executor-mt/src/worker.rs :: 1 => self.shared.notify_of_few(self.index()), => 1 => self.shared.notify(self.index()),
#[test]
fn a_second_task_calls_nobody_who_left_the_first_ones() {
    assert_eq!(called_at(false), [1]);
    assert_eq!(called_at(true), [FEW]);
}

// Mutant: executor-mt/src/worker.rs :: if matches!(before, 0 | 1 | FEW) { => if matches!(before, 0 | 1) {
#[test]
fn the_first_task_that_is_not_among_a_few_calls_help() {
    assert_eq!(called_at(true), [FEW]);
}

// Mutant: executor-mt/src/worker.rs :: if naps && steal::gets_through( => if false && steal::gets_through(
#[test]
fn tasks_are_left_to_a_worker_that_gets_through_them_and_to_no_other() {
    stage(2, Events::none(), |Stage { shared, worker, wakers, queue, .. }| {
        wakers.into_iter().for_each(Waker::wake);
        let local = Local::new(shared.clone(), queue, core::ptr::null(), 1);
        let rhythm = Rhythm { nap: Some(Duration::from_micros(1)), ..RHYTHM };
        let mut thief = Worker::new(&local, Events::none(), worker.timers, rhythm);
        let put_back = |task| worker.local.queue.push(task).map_err(drop).expect("there is room");

        let stop = AtomicBool::new(false);
        let counters = &shared.homes[0].counters;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    counters.count_polls(1);
                }
            });
            let end = std::time::Instant::now() + Duration::from_secs(20);
            // Until that thread runs while this one looks.
            while let Some(task) = thief.search() {
                put_back(task);
                assert!(std::time::Instant::now() < end, "they are never left");
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert!(thief.left.includes(0));
        assert!(shared.has_work() && !shared.has_plenty(thief.left) && shared.has_plenty(Left::NOBODY));
        put_back(thief.search().expect("it moves no more"));
        assert_eq!(thief.left, Left::NOBODY);
        thief.role.leave(&shared.idle);
    });
}

// Mutant: executor-mt/src/worker.rs :: (matches!(before, 0 | FEW) || => (before == 0 ||
#[test]
fn many_that_are_spawned_call_help_though_a_few_were_left() {
    stage(1, Events::none(), |Stage { shared, worker, mut wakers, calls, .. }| {
        let mut role = Role::new(1);
        assert!(role.may_search(&shared.idle));
        let mut at = Vec::new();
        let rest = role.nap(
            &shared.idle,
            Left::NOBODY.and(0),
            || false,
            |_, _| {
                wakers.drain(..).for_each(Waker::wake);
                for queued in 1..FEW + 9 {
                    drop(spawn_at(worker.local.home(), async {}));
                    at.extend(vec![queued; calls.swap(0, Ordering::Relaxed)]);
                }
            },
        );
        assert_eq!((rest, at), (Rest::Napped, vec![FEW]));
        role.leave(&shared.idle);
    });
}

// Mutant: executor-mt/src/shutdown.rs :: home.tasks.abort_handles().iter().for_each(AbortHandle::abort); => drop(home.tasks.abort_handles());
#[test]
fn tasks_of_a_home_without_a_worker_are_dropped_by_whoever_has_them() {
    let held = Arc::new(());
    stage(0, Events::none(), |Stage { shared, mut worker, .. }| {
        let home = &shared.homes[1];
        let spawn = || {
            let held = held.clone();
            drop(spawn_at(home, async move {
                let _held = held;
                core::future::pending::<()>().await;
            }));
        };
        spawn();
        worker.next().expect("it is in this worker's queue").run();
        spawn(); // it does not begin
        shutdown::abandon(home);
        spawn(); // it comes too late
    });
    assert_eq!(Arc::strong_count(&held), 1);
}

/// A parker that delivers an event before it asks, and keeps the answer.
struct DeliversFirst {
    event: Option<Box<dyn FnOnce()>>,
    is_idle: Rc<Cell<Option<bool>>>,
}

impl Park for DeliversFirst {
    type Unpark = Calls;

    fn unpark(&self) -> Calls {
        Calls::default()
    }

    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        self.poll();
        self.is_idle.set(Some(is_idle()));
    }

    fn poll(&mut self) {
        if let Some(event) = self.event.take() {
            event();
        }
    }
}

// Mutant: executor-mt/src/worker.rs :: || home.has_work() || shared.is_closed(), => || home.has_inbox() || shared.is_closed(),
#[test]
fn a_worker_does_not_sleep_on_what_an_event_woke_before_it_was_asked() {
    stage(1, Events::none(), |Stage { shared, worker, wakers, calls, .. }| {
        let other = shared.clone();
        let event = move || {
            // The other one finds nothing, and sleeps.
            assert_eq!(other.idle.transition_to_parked(1, true), Parked::LookAtAll);
            assert!(!other.has_work());
            wakers.into_iter().for_each(Waker::wake);
        };
        let is_idle = Rc::<Cell<Option<bool>>>::default();
        let park = DeliversFirst { event: Some(Box::new(event)), is_idle: is_idle.clone() };
        let mut worker = Worker::new(worker.local, park, worker.timers, RHYTHM);
        assert!(shared.idle.transition_to_searching(1));
        assert!(worker.next().is_none() && worker.search().is_none());
        worker.rest();
        assert_eq!(
            (worker.local.queue.len(), calls.load(Ordering::Relaxed)),
            (1, 0),
            "it is what this worker runs next"
        );
        assert_eq!(is_idle.get(), Some(false));
        let _ = shared.idle.transition_from_parked(1);
    });
}

/// How often the other worker, which sleeps, is called when `tasks` come from the backlog of this one, at the tick of the backlog or
/// when the queue is empty.
fn calls_for_a_backlog(tasks: usize, at_tick: bool) -> usize {
    stage(tasks, Events::none(), |Stage { shared, mut worker, wakers, calls, .. }| {
        wakers.into_iter().for_each(Waker::wake);
        let home = worker.local.home();
        home.backlog.extend(core::iter::from_fn(|| worker.local.queue.pop()));
        worker.to_go.global_queue_interval = if at_tick { 1 } else { 2 };
        // It has looked while they were on their way.
        assert!(shared.idle.transition_to_searching(1));
        let _ = shared.idle.transition_to_parked(1, true);
        calls.store(0, Ordering::Relaxed);
        let task = worker.next().expect("there is one");
        assert_eq!((worker.local.queue.len(), home.backlog.len()), (tasks - 1, 0));
        let called = calls.load(Ordering::Relaxed);
        task.run();
        called
    })
}

// Mutant: executor-mt/src/worker.rs :: self.moved(0, usize::from(task.is_some()) + others); => _ = others;
#[test]
fn what_leaves_the_backlog_for_an_empty_queue_calls_one_who_saw_it_nowhere() {
    assert_eq!([1, 2, 9].map(|tasks| calls_for_a_backlog(tasks, false)), [0, 1, 1], "one alone is run at once");
}

// Mutant: executor-mt/src/worker.rs :: self.moved(before, steal::keep(home.backlog.take(room.min(REFILL)), local)); => steal::keep(home.backlog.take(room.min(REFILL)), local);
#[test]
fn what_leaves_the_backlog_at_its_tick_calls_one_who_saw_it_nowhere() {
    assert_eq!([1, 2, 9].map(|tasks| calls_for_a_backlog(tasks, true)), [0, 1, 1], "one alone is run at once");
}

/// How often the other worker, which sleeps, is called when one task from elsewhere comes behind so many.
fn calls_for_one_behind(queued: usize) -> usize {
    stage(queued + 1, Events::none(), |Stage { shared, mut worker, wakers, calls, .. }| {
        wakers.into_iter().for_each(Waker::wake);
        let home = worker.local.home();
        let task = worker.local.queue.pop().expect("one more than are to be there");
        assert!(home.wakes.push(task).is_ok());
        assert!(shared.idle.transition_to_searching(1));
        let _ = shared.idle.transition_to_parked(1, true);
        calls.store(0, Ordering::Relaxed);
        let task = worker.next().expect("there is one");
        assert_eq!(worker.local.queue.len(), queued, "all others are there to be run");
        let called = calls.load(Ordering::Relaxed);
        task.run();
        called
    })
}

// Mutant: executor-mt/src/worker.rs :: (1, 1) => self.local.call(1), => (1, 1) => {}
// Mutant: executor-mt/src/worker.rs :: (_, 1) => {} => (_, 1) => self.local.call(1),
#[test]
fn one_from_elsewhere_behind_one_alone_calls_another() {
    assert_eq!([0, 1, 2].map(calls_for_one_behind), [0, 1, 0]);
}
