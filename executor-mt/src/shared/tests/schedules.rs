//! Whole runtimes with more workers than a model can have, in orders drawn at random (`cargo xtask shuttle`): real tasks,
//! real homes, the real loop of the worker, with a stand-in for the inside of the deque, which holds four.
//!
//! Drawn evenly: a worker that naps looks again until another one has gone on.

use core::future::{Future, pending, poll_fn};
use core::task::Poll;
use std::sync::atomic::AtomicUsize as Quiet;

use shuttle::future::block_on;
use shuttle::sync::{Barrier, Condvar, Mutex};
use shuttle::thread;
use zokio_core::park::Park;
use zokio_core::task::{JoinHandle, spawn_at};
use zokio_core::time::{Clock, Instant};

use self::explore::explore_evenly;
use super::*;
use crate::worker::{self, Rhythm};

#[path = "../../../../core/src/tests/explore.rs"]
mod explore;

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
}

/// Sleeps with a sticky flag, for ever if nobody sets it: shuttle finds that. A nap is over at any time.
#[derive(Clone)]
struct Sleeper(Arc<(Mutex<bool>, Condvar)>);

impl Unpark for Sleeper {
    fn unpark(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}

impl Park for Sleeper {
    type Unpark = Self;

    fn unpark(&self) -> Self {
        self.clone()
    }

    fn park(&mut self, end: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if !is_idle() {
            return;
        }
        if end.is_some() {
            thread::yield_now();
        }
        let mut unparked = self.0.0.lock().unwrap();
        while !*unparked && end.is_none() {
            unparked = self.0.1.wait(unparked).unwrap();
        }
        *unparked = false;
    }

    fn poll(&mut self) {}
}

/// Counts futures that are there.
struct Counted(Arc<Quiet>);

impl Counted {
    fn new(there: &Arc<Quiet>) -> Self {
        there.fetch_add(1, Ordering::Relaxed);
        Self(there.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Runtime {
    shared: Arc<Shared<Sleeper>>,
    timers: &'static Timers,
    threads: Vec<thread::JoinHandle<()>>,
    there: Arc<Quiet>,
}

impl Runtime {
    fn start(workers: usize, naps: bool) -> Self {
        let parks: Vec<_> = (0..workers).map(|_| Sleeper(Arc::new((Mutex::new(false), Condvar::new())))).collect();
        let timers: &'static Timers = Box::leak(Box::new(Timers::new(Frozen)));
        let (shared, queues) = Shared::new(parks.iter().map(|park| (park.clone(), timers)), Arc::new(()), true);
        let nap = naps.then_some(Duration::from_nanos(1));
        let threads = queues
            .into_iter()
            .zip(parks)
            .enumerate()
            .map(|(index, (queue, park))| {
                let shared = shared.clone();
                thread::spawn(move || {
                    let rhythm = Rhythm { global_queue_interval: 3, event_interval: 5, nap };
                    let park = worker::work(shared.clone(), queue, core::ptr::null(), index, park, timers, rhythm);
                    shared.worker_stops(index, Box::new(move || drop(park)));
                })
            })
            .collect();
        Self { shared, timers, threads, there: Arc::default() }
    }

    fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        let counted = Counted::new(&self.there);
        spawn_at(self.shared.home(), async move {
            let _counted = counted;
            future.await
        })
    }

    /// Waits for the workers: then every future has been dropped, and the runtime is freed.
    fn end(self) {
        let Self { shared, timers, threads, there } = self;
        shared.close();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(there.load(Ordering::Relaxed), 0, "futures that were not dropped");
        let weak = Arc::downgrade(&shared);
        drop(shared);
        assert!(weak.upgrade().is_none(), "the runtime is freed with its last task");
        // SAFETY: leaked above, and used by nobody any more: the runtime is gone.
        drop(unsafe { Box::from_raw(core::ptr::from_ref(timers).cast_mut()) });
    }
}

/// Waits, as a task that wakes itself, so many times.
async fn yields(mut times: usize) {
    poll_fn(move |cx| match times {
        0 => Poll::Ready(()),
        _ => {
            times -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// One task spawns three more, and each of the four holds its worker until all of them run: every worker has to come,
/// though what it finds may lie alone in the queue of one that is held.
fn four_at_once(naps: bool) {
    let runtime = Runtime::start(4, naps);
    let (all, shared, there) = (Arc::new(Barrier::new(4)), Arc::downgrade(&runtime.shared), runtime.there.clone());
    let first = runtime.spawn(async move {
        for _ in 0..3 {
            let (all, counted) = (all.clone(), Counted::new(&there));
            let shared = shared.upgrade().expect("the runtime is there while it polls");
            let task = spawn_at(shared.home(), async move {
                let _counted = counted;
                all.wait();
            });
            task.detach();
        }
        all.wait();
    });
    block_on(first).unwrap();
    runtime.end();
}

// Mutant: executor-mt/src/idle.rs :: if !idle.transition_from_searching(self.worker) || !any() { => if !idle.transition_from_searching(self.worker) || true {
#[test]
fn shuttle_four_workers_are_held_at_once() {
    explore_evenly("four_workers_are_held_at_once", || four_at_once(false));
}

// Mutant: executor-mt/src/worker.rs :: if greedy || !moves { 0 } else { 1 } => 1
#[test]
fn shuttle_four_workers_that_nap_are_held_at_once() {
    explore_evenly("four_workers_that_nap_are_held_at_once", || four_at_once(true));
}

/// Two threads spawn more than a queue holds, of tasks that spawn one each and yield; they wait for all of them.
// Mutant: executor-mt/src/worker.rs :: self.home().backlog.extend([task]); => drop(task);
#[test]
fn shuttle_two_threads_spawn_more_than_fits() {
    explore_evenly("two_threads_spawn_more_than_fits", || {
        let runtime = Arc::new(Runtime::start(3, true));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let runtime = runtime.clone();
                thread::spawn(move || {
                    let (shared, there) = (Arc::downgrade(&runtime.shared), runtime.there.clone());
                    let root = runtime.spawn(async move {
                        let mut tasks = Vec::new();
                        for number in 0..7 {
                            let (shared, counted) = (shared.upgrade().expect("it polls"), Counted::new(&there));
                            tasks.push(spawn_at(shared.home(), async move {
                                let _counted = counted;
                                yields(number % 3).await;
                                number
                            }));
                        }
                        let mut sum = 0;
                        for task in tasks {
                            sum += task.await.unwrap();
                        }
                        sum
                    });
                    assert_eq!(block_on(root).unwrap(), 21);
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        Arc::into_inner(runtime).expect("the threads are over").end();
    });
}

/// The runtime is closed while one thread spawns, one wakes and one aborts: nothing is left, nobody waits for ever.
// Mutant: executor-mt/src/home.rs :: _ if !open => shutdown::refuse(task), => _ if !open => drop(task.into_ptr()),
#[test]
fn shuttle_three_threads_against_the_end() {
    explore_evenly("three_threads_against_the_end", || {
        let runtime = Arc::new(Runtime::start(3, true));
        let gate = Arc::new(zokio_core::sync::Semaphore::new(0));
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let gate = gate.clone();
                runtime.spawn(async move { gate.acquire().await.map(|permit| permit.forget()).is_ok() })
            })
            .collect();
        let endless = runtime.spawn(pending::<()>());
        let spawner = {
            let runtime = runtime.clone();
            thread::spawn(move || {
                for _ in 0..3 {
                    runtime.spawn(yields(2)).detach();
                }
            })
        };
        let waker = thread::spawn(move || gate.add_permits(2));
        let aborter = thread::spawn(move || {
            endless.abort();
            assert!(block_on(endless).is_err());
        });
        runtime.shared.close();
        for task in waiting {
            // Ended, or cancelled by the end.
            let _ = block_on(task);
        }
        for thread in [spawner, waker, aborter] {
            thread.join().unwrap();
        }
        Arc::into_inner(runtime).expect("the threads are over").end();
    });
}
