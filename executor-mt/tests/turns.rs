//! Who has a turn where others always yield, never yield, or block their worker.

mod common;

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use common::*;
use zokio_core::sync::Notify;
use zokio_core::time::sleep;

/// How much smaller a test is where each step takes a thousand times longer.
const SMALLER: usize = if cfg!(miri) { 20 } else { 1 };

// Mutant: executor-mt/src/worker.rs :: if is_due(&mut self.to_go.global_queue_interval, self.rhythm.global_queue_interval) { => if false {
#[test]
fn failure_012_a_task_from_outside_runs_although_local_tasks_always_yield() {
    for yielders in [1, 200 / SMALLER] {
        let runtime = runtime(1);
        let stop = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..yielders)
            .map(|_| {
                let stop = stop.clone();
                runtime.spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        yield_now().await;
                    }
                })
            })
            .collect();
        for _ in 0..100 / SMALLER {
            let (tx, rx) = mpsc::channel();
            runtime.spawn(async move { tx.send(()).unwrap() }).detach();
            rx.recv_timeout(Duration::from_secs(20)).expect("a new task is not starved");
        }
        // And a timer is not.
        runtime.block_on(async { sleep::<Here>(Duration::from_millis(1)).await });
        stop.store(true, Ordering::Relaxed);
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

/// A task that never yields keeps its own worker, with the timers made there; those of another worker ring.
// Mutant: executor-mt/src/worker.rs :: swallow(|| park.park(timers.next_deadline(), is_idle)); => swallow(|| park.park(None, is_idle));
#[test]
fn failure_010_a_timer_of_another_worker_rings_while_a_task_never_yields() {
    let runtime = runtime(2);
    let stop = Arc::new(AtomicBool::new(false));
    let (begun, has_begun) = mpsc::channel();
    let hog = runtime.spawn({
        let stop = stop.clone();
        async move {
            begun.send(()).unwrap();
            while !stop.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
    });
    has_begun.recv_timeout(Duration::from_secs(20)).expect("it runs");
    let (rung, has_rung) = mpsc::channel();
    // Wherever it is put: it runs on the other worker, and makes its timer there.
    let sleeper = async move {
        // So long that the worker has napped enough, and parks.
        sleep::<Here>(Duration::from_millis(50)).await;
        rung.send(()).unwrap();
    };
    runtime.spawn(sleeper).detach();
    let rang = has_rung.recv_timeout(Duration::from_secs(20));
    stop.store(true, Ordering::Relaxed);
    assert_eq!(rang, Ok(()), "it waits for no other worker");
    runtime.block_on(hog).unwrap();
}

#[test]
fn all_of_many_yielding_tasks_get_their_turn() {
    // More than a queue holds, each in need of all others: nobody may starve in the backlog.
    let runtime = runtime(1);
    let count = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let count = count.clone();
            runtime.spawn(async move {
                count.fetch_add(1, Ordering::Relaxed);
                while count.load(Ordering::Relaxed) < 500 {
                    yield_now().await;
                }
            })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert!(runtime.metrics().total().overflowed > 0, "the backlog was used");
}

/// What tasks that wake each other share.
#[derive(Default)]
struct Turns {
    waiting: Vec<Waker>,
    polls: Vec<usize>,
    total: usize,
}

/// So many tasks on one worker, of which every so many'th poll wakes those that wait, all at once; with none they yield. Says how
/// often each was polled when that was 60 times on average.
fn polls(interval: u32, tasks: usize, together: usize) -> Vec<usize> {
    let runtime = build(zokio_executor_mt::Builder::new().worker_threads(1).global_queue_interval(interval));
    let turns = Arc::new(Mutex::new(Turns { polls: vec![0; tasks], ..Turns::default() }));
    let (handle, shared) = (runtime.handle().clone(), turns.clone());
    // All of them on the worker, before it polls the first.
    let starter = runtime.spawn(async move {
        let spawn = |task| {
            let turns = shared.clone();
            handle.spawn(poll_fn(move |cx| {
                let mut turns = turns.lock().unwrap();
                let over = turns.total == 60 * tasks;
                if !over {
                    turns.total += 1;
                    turns.polls[task] += 1;
                }
                let all = over || turns.waiting.len() >= together;
                let woken = if all { std::mem::take(&mut turns.waiting) } else { Vec::new() };
                if together > 0 {
                    turns.waiting.push(cx.waker().clone());
                } else {
                    cx.waker().wake_by_ref();
                }
                drop(turns);
                woken.into_iter().for_each(Waker::wake);
                if over { Poll::Ready(()) } else { Poll::Pending }
            }))
        };
        (0..tasks).map(spawn).collect::<Vec<_>>()
    });
    runtime.block_on(async {
        for task in starter.await.unwrap() {
            task.await.unwrap();
        }
    });
    turns.lock().unwrap().polls.clone()
}

/// In none of these is a task passed over, or preferred, for ever.
// Mutant: executor-mt/src/worker.rs :: rhythm.global_queue_interval.max(2) => rhythm.global_queue_interval.max(1)
// Mutant: executor-mt/src/worker.rs :: if self.home().backlog.len() > 0 { => if false {
#[test]
fn tasks_that_are_more_than_a_queue_holds_are_polled_as_often_as_each_other() {
    for (interval, tasks, together) in [
        (16, 73, 3),
        (16, 83, 5),
        (16, 100, 3),
        (3, 65, 0),
        (16, 65, 0),
        (1, 65, 0),
        (1, 200, 0),
        (1, 66, 1),
        (2, 97, 3),
    ] {
        let polls = polls(interval, tasks, together);
        assert!(polls.iter().all(|polls| (8..=180).contains(polls)), "{interval}, {tasks}, {together}: {polls:?}");
    }
}

// Mutant: executor-mt/src/worker.rs :: if greedy || !moves { 0 } else { 1 } => 1
#[test]
fn failure_011_a_task_that_was_woken_by_a_poll_that_blocks_runs_on_another_worker() {
    let runtime = runtime(2);
    let bell = Arc::new(Notify::new());
    let (tx, rx) = mpsc::channel();
    let rung = bell.clone();
    runtime
        .spawn(async move {
            while tx.send(()).is_ok() {
                rung.notified().await;
            }
        })
        .detach();
    let task = runtime.spawn(async move {
        for _ in 0..100 / SMALLER {
            // Blocks this worker until another has run what it woke, whether that naps or is parked now.
            rx.recv_timeout(Duration::from_secs(20)).expect("somebody else runs it");
            bell.notify_one();
        }
    });
    runtime.block_on(task).unwrap();
}

// Mutant: executor-mt/src/worker.rs :: if self.has_come_between() { => if false {
#[test]
fn a_task_that_a_timer_wakes_calls_nobody() {
    const SLEEPS: u64 = 60;
    let runtime = runtime(2);
    while runtime.metrics().parked < 2 {
        std::thread::yield_now();
    }
    let before = runtime.metrics().total().parks;
    let task = runtime.spawn(async {
        for _ in 0..SLEEPS {
            sleep::<Here>(Duration::from_millis(1)).await;
        }
    });
    runtime.block_on(task).unwrap();
    // Its worker parks once for each, the other one hardly ever: called each time, it would park as often.
    assert!(runtime.metrics().total().parks - before < SLEEPS + SLEEPS / 2);
}

#[test]
fn a_task_spawned_before_a_blocking_poll_runs_on_another_worker() {
    let runtime = runtime(2);
    let handle = runtime.handle().clone();
    let task = runtime.spawn(async move {
        for _ in 0..100 / SMALLER {
            let (tx, rx) = mpsc::channel();
            handle.spawn(async move { tx.send(()).unwrap() }).detach();
            // Blocks this worker until another has run it.
            rx.recv_timeout(Duration::from_secs(20)).expect("somebody else runs it");
        }
    });
    runtime.block_on(task).unwrap();
}
