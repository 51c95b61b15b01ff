//! Ways in which a runtime that stops could lose a task, or be reached when it is gone.

mod common;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use zokio_core::ambient::Ambient;

use common::*;

const TASKS: usize = if cfg!(miri) { 90 } else { 300 };

#[test]
fn every_task_is_dropped_asleep_queued_or_running() {
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = runtime(2);
    for index in 0..TASKS {
        let dropped = Dropped(drops.clone());
        runtime
            .spawn(async move {
                let _dropped = dropped;
                match index % 3 {
                    0 => std::future::pending::<()>().await,
                    1 => loop {
                        yield_now().await;
                    },
                    _ => zokio_core::time::sleep::<Here>(Duration::from_secs(3600)).await,
                }
            })
            .detach();
    }
    drop(runtime);
    assert_eq!(drops.load(Ordering::Relaxed), TASKS);
}

/// Whoever drops a task does it in the runtime's context: a worker, or who ends the runtime.
// Mutant: executor-mt/src/runtime.rs :: self.handle.inside(shared.home(), || shared.close()); => shared.close();
#[test]
fn tasks_are_dropped_in_the_context_of_their_runtime() {
    struct Sees(Arc<Mutex<Vec<bool>>>);
    impl Drop for Sees {
        fn drop(&mut self) {
            let handle = Here::with(|context| {
                let handle = context.and_then(|context| context.handle());
                handle.and_then(|handle| handle.downcast_ref::<Handle>()).cloned()
            });
            self.0.lock().unwrap().push(handle.is_some_and(|handle| handle.try_spawn(async {}).is_err()));
        }
    }
    let seen = Arc::<Mutex<Vec<bool>>>::default();
    let runtime = runtime(1);
    // One rests; the others come where the worker is held up.
    let rests = |seen: &Arc<Mutex<Vec<bool>>>| {
        let sees = Sees(seen.clone());
        async move {
            let _sees = sees;
            std::future::pending::<()>().await;
        }
    };
    let first = rests(&seen);
    let barrier = Arc::new(Barrier::new(2));
    let held = barrier.clone();
    let holds = runtime.spawn(async move {
        let _first = first;
        held.wait();
        held.wait();
        std::future::pending::<()>().await;
    });
    barrier.wait();
    for _ in 0..2 {
        runtime.spawn(rests(&seen)).detach();
    }
    let ending = runtime.handle().clone();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(runtime));
        // When the end has begun, the worker may see it.
        while ending.try_spawn(async {}).map(|task| task.abort()).is_ok() {
            std::thread::yield_now();
        }
        barrier.wait();
    });
    assert!(holds.is_finished());
    assert_eq!(*seen.lock().unwrap(), [true; 3]);
}

const CHAIN: usize = if cfg!(miri) { 50 } else { 20_000 };

#[test]
fn tasks_that_spawn_and_wake_in_their_drop_are_all_dropped() {
    struct Spawns {
        handle: Handle,
        drops: Arc<AtomicUsize>,
        left: usize,
    }
    impl Drop for Spawns {
        fn drop(&mut self) {
            self.drops.fetch_add(1, Ordering::Relaxed);
            if self.left > 0 {
                let next = Spawns { handle: self.handle.clone(), drops: self.drops.clone(), left: self.left - 1 };
                self.handle
                    .spawn(async move {
                        let _next = next;
                        std::future::pending::<()>().await;
                    })
                    .detach();
            }
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let runtime = runtime(2);
    // A chain so long that a call for each would not fit on a stack.
    let first = Spawns { handle: runtime.handle().clone(), drops: drops.clone(), left: CHAIN };
    runtime
        .spawn(async move {
            let _first = first;
            std::future::pending::<()>().await;
        })
        .detach();
    drop(runtime);
    assert_eq!(drops.load(Ordering::Relaxed), CHAIN + 1);
}

/// Its destructor is called by who drops the runtime, since it lies in an inbox: each worker is kept in a poll until then.
// Mutant: executor-mt/src/shutdown.rs :: in_turn(DEEPEST, move || task.cancel()); => bury(task);
// Mutant: executor-mt/src/shared.rs :: let left: Vec<_> = self.homes.iter().flat_map(Home::close).collect(); => let left = self.homes.iter().flat_map(Home::close);
#[test]
fn what_a_destructor_spawns_at_the_end_is_over_when_it_has_been_spawned() {
    struct Spawns {
        handle: Handle,
        over: Arc<Mutex<Vec<bool>>>,
        left: usize,
        _keeps: Vec<mpsc::Sender<()>>,
    }
    impl Drop for Spawns {
        fn drop(&mut self) {
            // One for each home, whatever comes first.
            for _ in 0..if self.left > 0 { 2 } else { 0 } {
                let (handle, over) = (self.handle.clone(), self.over.clone());
                let next = Spawns { handle, over, left: self.left - 1, _keeps: Vec::new() };
                let task = self.handle.spawn(async move {
                    let _next = next;
                    std::future::pending::<()>().await;
                });
                self.over.lock().unwrap().push(task.is_finished());
            }
        }
    }
    let runtime = runtime(2);
    let over = Arc::new(Mutex::new(Vec::new()));
    let mut keeps = Vec::new();
    for _ in 0..2 {
        let (keep, kept) = mpsc::channel::<()>();
        let (begins, begun) = mpsc::channel();
        runtime
            .spawn(async move {
                begins.send(()).unwrap();
                let _ = kept.recv();
            })
            .detach();
        begun.recv().unwrap();
        keeps.push(keep);
    }
    let first = Spawns { handle: runtime.handle().clone(), over: over.clone(), left: 2, _keeps: keeps };
    runtime
        .spawn(async move {
            let _first = first;
            std::future::pending::<()>().await;
        })
        .detach();
    drop(runtime);
    assert_eq!(*over.lock().unwrap(), [true; 6]);
}

/// Keeps the waker of each of its polls.
fn leave_waker(place: Arc<Mutex<Vec<Waker>>>, dropped: Dropped) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        let _ = &dropped;
        place.lock().unwrap().push(cx.waker().clone());
        Poll::Pending
    })
}

#[test]
fn wakers_used_after_the_runtime_is_gone_do_nothing() {
    let drops = Arc::new(AtomicUsize::new(0));
    let wakers = Arc::new(Mutex::new(Vec::new()));
    let runtime = runtime(2);
    for _ in 0..100 {
        runtime.spawn(leave_waker(wakers.clone(), Dropped(drops.clone()))).detach();
    }
    while wakers.lock().unwrap().len() < 100 {
        std::thread::yield_now();
    }
    drop(runtime);
    assert_eq!(drops.load(Ordering::Relaxed), 100);
    for waker in wakers.lock().unwrap().drain(..) {
        waker.wake_by_ref();
        drop(waker.clone());
        waker.wake();
    }
}

// Mutant: executor-mt/src/home.rs :: Err(task) => refused(task), => Err(task) => drop((refused, task.into_ptr())),
#[test]
fn failure_034_wakes_race_the_drop_of_the_runtime() {
    let rounds = if cfg!(miri) {
        4
    } else if cfg!(debug_assertions) {
        200
    } else {
        2_000
    };
    for round in 0..rounds {
        let drops = Arc::new(AtomicUsize::new(0));
        let wakers = Arc::new(Mutex::new(Vec::new()));
        let runtime = runtime(1 + round % 2);
        let tasks = 8;
        let handles: Vec<_> =
            (0..tasks).map(|_| runtime.spawn(leave_waker(wakers.clone(), Dropped(drops.clone())))).collect();
        while wakers.lock().unwrap().len() < tasks {
            std::thread::yield_now();
        }
        let wakers: Vec<Waker> = wakers.lock().unwrap().drain(..).collect();
        let start = Barrier::new(3);
        std::thread::scope(|scope| {
            for half in wakers.chunks(tasks / 2) {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    half.iter().for_each(Waker::wake_by_ref);
                });
            }
            start.wait();
            drop(runtime);
        });
        // Those whose waker was in the middle of its call are dropped by that call.
        assert_eq!(drops.load(Ordering::Relaxed), tasks, "round {round}");
        assert!(handles.iter().all(|handle| handle.is_finished()), "round {round}");
    }
}

const EACH: usize = if cfg!(miri) { 10 } else { 100 };

#[test]
fn spawns_race_the_drop_of_the_runtime() {
    for _ in 0..if cfg!(miri) {
        2
    } else if cfg!(debug_assertions) {
        50
    } else {
        500
    } {
        let drops = Arc::new(AtomicUsize::new(0));
        let runtime = runtime(2);
        let start = Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (handle, drops, start) = (runtime.handle().clone(), drops.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..EACH {
                        let dropped = Dropped(drops.clone());
                        handle
                            .spawn(async move {
                                let _dropped = dropped;
                                yield_now().await;
                            })
                            .detach();
                    }
                });
            }
            start.wait();
            drop(runtime);
        });
        assert_eq!(drops.load(Ordering::Relaxed), 2 * EACH);
    }
}

#[cfg_attr(miri, ignore)] // by the clock of the wall
#[test]
fn shutdown_timeout_comes_back_while_a_poll_blocks() {
    let runtime = runtime(2);
    let (entered, wait) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (task_entered, task_wait) = (entered.clone(), wait.clone());
    let stuck = runtime.spawn(async move {
        task_entered.wait();
        task_wait.wait();
    });
    entered.wait();
    let start = Instant::now();
    runtime.shutdown_timeout(Duration::from_millis(50));
    assert!(start.elapsed() >= Duration::from_millis(50) && start.elapsed() < Duration::from_secs(10));
    assert!(!stuck.is_finished());
    wait.wait();
    while !stuck.is_finished() {
        std::thread::yield_now();
    }
}

#[cfg_attr(miri, ignore)] // reads /proc
#[test]
fn many_runtimes_one_after_the_other_leave_no_thread() {
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    for _ in 0..if cfg!(miri) { 2 } else { 100 } {
        let runtime = runtime(4);
        runtime.block_on(runtime.spawn(async {})).unwrap();
    }
    // Other tests of this process run at the same time: a leak of four per round would show.
    assert!(threads() < before + 200, "{before} threads before, {} after", threads());
}
