//! Models of whole runtimes: real tasks, real homes, the real loop of the worker, with a stand-in for the inside of the
//! deque. A task that is lost is a deadlock; a task that is not dropped, or memory that is not freed, fails the end.

use crate::idle::loom_tests::explore;
use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use std::sync::Mutex as Quiet;

use loom::sync::{Condvar, Mutex};
use loom::thread;
use zokio_core::park::Park;
use zokio_core::task::{JoinHandle, spawn_at};
use zokio_core::time::{Clock, Instant};

use super::*;
use crate::home::Task;
use crate::worker::{self, Rhythm};

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
}

/// Counts, by its references, whether the runtime is there; sleeps with a sticky flag. Its event, if it has one, is that a task is woken
/// before it asks.
#[derive(Clone)]
struct LoomPark(Arc<(Mutex<bool>, Condvar)>, Arc<Quiet<Option<Waker>>>);

impl Unpark for LoomPark {
    fn unpark(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}

impl Park for LoomPark {
    type Unpark = Self;

    fn unpark(&self) -> Self {
        self.clone()
    }

    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        let event = self.1.lock().unwrap().take();
        if let Some(waker) = event {
            thread::yield_now(); // the look is a call of the system
            waker.wake();
        }
        if !is_idle() {
            return;
        }
        let mut unparked = self.0.0.lock().unwrap();
        while !*unparked {
            unparked = self.0.1.wait(unparked).unwrap();
        }
        *unparked = false;
    }

    fn poll(&mut self) {}
}

// SAFETY: loom moves the value between its own threads, one at a time.
unsafe impl Send for LoomPark {}
// SAFETY: as above; a mutex and a condition variable.
unsafe impl Sync for LoomPark {}

/// Counts futures that were dropped.
struct Counted(Arc<Quiet<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

struct Model {
    shared: Arc<Shared<LoomPark>>,
    queues: Cell<Vec<Queue<LoomPark>>>,
    parks: Vec<LoomPark>,
    dropped: Arc<Quiet<usize>>,
}

impl Model {
    fn new(workers: usize) -> Self {
        let park = || LoomPark(Arc::new((Mutex::new(false), Condvar::new())), Arc::default());
        let parks: Vec<_> = (0..workers).map(|_| park()).collect();
        let timers: &'static Timers = Box::leak(Box::new(Timers::new(Frozen)));
        let (shared, queues) = Shared::new(parks.iter().map(|park| (park.clone(), timers)), Arc::new(()), true);
        Self { shared, queues: Cell::new(queues), parks, dropped: Arc::default() }
    }

    /// A future that ends the runtime at its first or second poll, as a task of worker 0. Whoever is polled first may
    /// leave a waker.
    fn spawn(&self, waker: Option<Arc<Quiet<Option<Waker>>>>) -> JoinHandle<()> {
        let (counted, shared) = (Counted(self.dropped.clone()), Arc::downgrade(&self.shared));
        let mut waker = waker;
        let future = poll_fn(move |cx| {
            let _ = &counted;
            match waker.take() {
                Some(place) => {
                    *place.lock().unwrap() = Some(cx.waker().clone());
                    Poll::Pending
                }
                None => {
                    shared.upgrade().expect("the runtime is there while it polls").close();
                    Poll::Ready(())
                }
            }
        });
        spawn_at(&self.shared.homes[0], Sent(future))
    }

    /// A task that has been polled once, by nobody's worker, and its waker.
    fn sleeper(&self) -> (JoinHandle<()>, Waker) {
        let place = Arc::new(Quiet::new(None));
        let handle = self.spawn(Some(place.clone()));
        self.shared.homes[0].spawns.take_all().for_each(|task| {
            task.run();
        });
        let waker = place.lock().unwrap().take().expect("it was polled");
        (handle, waker)
    }

    fn start(&self) -> Vec<thread::JoinHandle<()>> {
        self.queues
            .take()
            .into_iter()
            .enumerate()
            .map(|(index, queue)| {
                let (shared, park) = (self.shared.clone(), self.parks[index].clone());
                let rhythm = Rhythm { global_queue_interval: 16, event_interval: 61, nap: None };
                thread::spawn(move || {
                    let timers = shared.homes[index].timers;
                    let park = worker::work(shared.clone(), queue, core::ptr::null(), index, park, timers, rhythm);
                    shared.worker_stops(index, Box::new(move || drop(park)));
                })
            })
            .collect()
    }

    /// Waits for the workers; then every future has been dropped and the runtime is freed.
    fn end(self, threads: Vec<thread::JoinHandle<()>>, handles: Vec<JoinHandle<()>>) {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*self.dropped.lock().unwrap(), handles.len(), "futures dropped");
        assert!(handles.iter().all(JoinHandle::is_finished));
        drop(handles);
        let Self { shared, parks, .. } = self;
        let weak = Arc::downgrade(&shared);
        drop(shared);
        assert!(weak.upgrade().is_none(), "the runtime is freed with its last task");
        drop(parks);
    }
}

/// All that the futures here hold may be sent between modelled threads.
struct Sent<F>(F);

// SAFETY: loom runs its threads one at a time on one thread of the system.
unsafe impl<F> Send for Sent<F> {}

impl<F: Future + Unpin> Future for Sent<F> {
    type Output = F::Output;

    fn poll(mut self: core::pin::Pin<&mut Self>, cx: &mut core::task::Context<'_>) -> Poll<F::Output> {
        core::pin::Pin::new(&mut self.0).poll(cx)
    }
}

fn check(f: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.max_branches = 10_000;
    explore(model, f);
}

// Mutant: executor-mt/src/home.rs :: Ok(true) => self.shared().notify(self.index), => Ok(true) => {}
#[test]
fn failure_001_a_spawn_from_outside_races_the_worker_parking() {
    check(|| {
        let model = Model::new(1);
        let threads = model.start();
        let handle = model.spawn(None);
        model.end(threads, vec![handle]);
    });
}

// Mutant: executor-mt/src/home.rs :: !self.wakes.is_empty() || !self.spawns.is_empty() => !self.spawns.is_empty()
#[test]
fn failure_001_a_wake_from_outside_races_the_worker_parking() {
    check(|| {
        let model = Model::new(1);
        let (handle, waker) = model.sleeper();
        let threads = model.start();
        waker.wake();
        model.end(threads, vec![handle]);
    });
}

// Mutant: executor-mt/src/worker.rs :: || home.has_work() || shared.is_closed(), => || home.has_inbox() || shared.is_closed(),
#[test]
fn an_event_before_the_question_races_another_worker_parking() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(1); // beside the one that its park makes; two take a minute
    model.max_branches = 10_000;
    explore(model, || {
        let model = Model::new(2);
        let (handle, waker) = model.sleeper();
        *model.parks[0].1.lock().unwrap() = Some(waker);
        let threads = model.start();
        model.end(threads, vec![handle]);
    });
}

// Mutant: executor-mt/src/home.rs :: Err(task) => refused(task), => Err(task) => drop((refused, task.into_ptr())),
#[test]
fn failure_034_a_wake_races_shutdown() {
    check(|| {
        let model = Model::new(1);
        let (handle, waker) = model.sleeper();
        let threads = model.start();
        let other = thread::spawn(move || waker.wake());
        model.shared.close();
        other.join().unwrap();
        model.end(threads, vec![handle]);
    });
}

// Mutant: executor-mt/src/home.rs :: count: AtomicUsize::new(1), => count: AtomicUsize::new(2),
#[test]
fn a_spawn_races_shutdown() {
    check(|| {
        let model = Model::new(1);
        let threads = model.start();
        let shared = model.shared.clone();
        let closer = thread::spawn(move || shared.close());
        let handle = model.spawn(None);
        closer.join().unwrap();
        model.end(threads, vec![handle]);
    });
}

// Mutant: executor-mt/src/home.rs :: if self.count.fetch_add(1, Ordering::Relaxed) == 0 { => if false {
#[test]
fn a_handle_that_outlives_the_runtime_frees_it() {
    check(|| {
        let model = Model::new(1);
        let threads = model.start();
        model.shared.close();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let handle = model.spawn(None);
        let Model { shared, parks, .. } = model;
        let weak = Arc::downgrade(&shared);
        drop(shared);
        let freer = thread::spawn(move || drop(handle));
        freer.join().unwrap();
        assert!(weak.upgrade().is_none());
        drop(parks);
    });
}

// Mutant: executor-mt/src/steal.rs :: others.chain([thief.index()]) => others.take(0).chain([thief.index()])
#[test]
fn a_task_spawned_before_a_blocking_poll_is_stolen() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(1); // three threads with all that a runtime has
    model.max_branches = 10_000;
    explore(model, || {
        let model = Model::new(2);
        let stolen = Arc::new((Mutex::new(false), Condvar::new()));
        let (shared, dropped) = (Arc::downgrade(&model.shared), model.dropped.clone());
        let counted = Counted(dropped.clone());
        let first = Sent(poll_fn(move |_| {
            let _ = &counted;
            let shared = shared.upgrade().expect("the runtime is there while it polls");
            let (set, counted) = (Sent(stolen.clone()), Counted(dropped.clone()));
            let second = spawn_at(
                shared.home(),
                Sent(poll_fn(move |_| {
                    let _ = &counted;
                    *set.0.0.lock().unwrap() = true;
                    set.0.1.notify_one();
                    Poll::Ready(())
                })),
            );
            second.detach();
            // Blocks its worker until the other one has run the second task.
            let mut done = stolen.0.lock().unwrap();
            while !*done {
                done = stolen.1.wait(done).unwrap();
            }
            shared.close();
            Poll::Ready(())
        }));
        let first = spawn_at(&model.shared.homes[0], first);
        let threads = model.start();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(first.is_finished());
        assert_eq!(*model.dropped.lock().unwrap(), 2, "futures dropped");
    });
}

/// A searcher takes all of the `queued` tasks of a worker and looks for more, while that puts one more into its queue: a worker that
/// sleeps is told of what is left.
fn emptied_meanwhile(queued: usize, put: fn(&Local<LoomPark>, Task<LoomPark>)) {
    check(move || {
        let model = Model::new(3);
        let handles: Vec<_> = (0..=queued).map(|_| model.spawn(None)).collect();
        let shared = model.shared.clone();
        let mut tasks = shared.homes[0].spawns.take_all();
        let local = Local::new(shared.clone(), model.queues.take().remove(0), core::ptr::null(), 0);
        tasks.by_ref().take(queued).for_each(|task| assert!(local.queue.push(task).is_ok()));
        assert!(shared.idle.transition_to_searching(1));
        let _ = shared.idle.transition_to_parked(2, false);
        let other = shared.clone();
        let thief = thread::spawn(move || {
            // Of no home, so that what it has taken is no work for others.
            let (own, _) = deque();
            let taken: Vec<_> = core::iter::from_fn(|| other.homes[0].thief.steal(&own)).collect();
            if other.idle.transition_from_searching(1) && other.has_work() {
                other.notify(1);
            }
            (taken, own)
        });
        put(&local, tasks.next().expect("one more"));
        let (taken, own) = thief.join().unwrap();
        assert_eq!(local.queue.len().min(shared.idle.parked()), 0, "nobody is told of what is left");
        let rest = core::iter::from_fn(|| own.pop()).chain(core::iter::from_fn(|| local.queue.pop()));
        taken.into_iter().chain(rest).for_each(|task| _ = task.run());
        (0..3).for_each(|index| shared.worker_stops(index, Box::new(|| {})));
        drop((local, shared));
        model.end(Vec::new(), handles);
    });
}

// Mutant: executor-mt/src/worker.rs :: (matches!(before, 0 | FEW) || self.left() <= 1) => matches!(before, 0 | FEW)
#[test]
fn a_task_is_spawned_while_the_queue_is_emptied() {
    emptied_meanwhile(1, Local::push);
}

// Mutant: executor-mt/src/worker.rs :: } else if self.left() <= 1 { => } else if false {
#[test]
fn a_task_is_woken_while_the_queue_is_emptied() {
    emptied_meanwhile(2, Local::push_woken);
}
