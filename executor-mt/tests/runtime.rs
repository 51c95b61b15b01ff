//! Ways in which a runtime of worker threads could go wrong.

mod common;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use common::*;
use zokio_core::time::{sleep, timeout};
use zokio_executor_mt as mt;

/// How much smaller a test is where each step takes a thousand times longer.
const SMALLER: usize = if cfg!(miri) { 20 } else { 1 };

#[test]
fn a_task_returns_its_value_to_whoever_joins() {
    let runtime = runtime(2);
    let outer = runtime.spawn(async { 20 });
    assert_eq!(runtime.block_on(async { outer.await.unwrap() + 1 }), 21);
    let handle = runtime.handle().clone();
    let nested = runtime.spawn(async move { handle.spawn(async { 7 }).await.unwrap() });
    assert_eq!(runtime.block_on(nested).unwrap(), 7);
}

#[test]
fn spawn_from_a_plain_thread_and_join_on_another() {
    let runtime = runtime(2);
    let handle = runtime.handle().clone();
    let spawned = std::thread::spawn(move || handle.spawn(async { 5 })).join().unwrap();
    let handle = runtime.handle().clone();
    assert_eq!(std::thread::spawn(move || handle.block_on(spawned)).join().unwrap().unwrap(), 5);
}

#[test]
fn a_panicking_task_fails_alone() {
    quiet();
    let runtime = runtime(2);
    let handles: Vec<_> = (0..1000 / SMALLER)
        .map(|index| {
            runtime.spawn(async move {
                assert!(index != 500 / SMALLER, "planned");
                index
            })
        })
        .collect();
    runtime.block_on(async {
        for (index, handle) in handles.into_iter().enumerate() {
            match handle.await {
                Ok(value) => assert_eq!(value, index),
                Err(error) => {
                    assert!(error.is_panic() && index == 500 / SMALLER);
                    assert_eq!(*error.into_panic().downcast_ref::<&str>().unwrap(), "planned");
                }
            }
        }
    });
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("planned");
    }
}

#[test]
fn a_panic_in_the_drop_of_a_future_or_an_output_is_contained() {
    quiet();
    let runtime = runtime(2);
    let bomb = PanicsInDrop;
    let ended = runtime.spawn(async move {
        let _bomb = bomb;
    });
    assert!(runtime.block_on(ended).unwrap_err().is_panic());
    let bomb = PanicsInDrop;
    let aborted = runtime.spawn(async move {
        let _bomb = bomb;
        std::future::pending::<()>().await;
    });
    aborted.abort();
    assert!(runtime.block_on(aborted).unwrap_err().is_panic());
    // An output that nobody asks for.
    runtime.spawn(async { PanicsInDrop }).detach();
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
}

#[test]
fn an_aborted_task_is_dropped_and_says_so() {
    let runtime = runtime(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let dropped = Dropped(drops.clone());
    let task = runtime.spawn(async move {
        let _dropped = dropped;
        std::future::pending::<()>().await;
    });
    task.abort();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn nested_block_on_is_refused_and_harms_nothing() {
    let runtime = Arc::new(runtime(2));
    let inner = runtime.clone();
    let text = panic_text(|| runtime.block_on(async { inner.block_on(async {}) }));
    assert!(text.unwrap().contains("from within a runtime"));
    let handle = runtime.handle().clone();
    let in_task = runtime.block_on(runtime.spawn(async move { panic_text(|| handle.block_on(async {})) }));
    assert!(in_task.unwrap().unwrap().contains("from within a runtime"));
    // After the refusal the thread is as before.
    assert_eq!(runtime.block_on(async { 3 }), 3);
    // Another runtime is no excuse.
    let other = common::runtime(1);
    assert!(panic_text(|| runtime.block_on(async { other.block_on(async {}) })).is_some());
}

#[test]
fn block_on_is_allowed_on_any_thread_and_under_enter() {
    let runtime = runtime(1);
    let handle = runtime.handle().clone();
    let elsewhere = std::thread::spawn(move || handle.block_on(async { 9 }));
    assert_eq!(elsewhere.join().unwrap(), 9);
    let _guard = runtime.enter();
    assert_eq!(runtime.block_on(async { 4 }), 4);
}

#[test]
fn a_runtime_dropped_inside_itself_panics_and_never_hangs() {
    let runtime = Arc::new(Mutex::new(Some(runtime(2))));
    let inner = runtime.clone();
    let (tx, rx) = mpsc::channel();
    let drops = Arc::new(AtomicUsize::new(0));
    let dropped = Dropped(drops.clone());
    let guard = runtime.lock().unwrap();
    guard
        .as_ref()
        .unwrap()
        .spawn(async move {
            let _dropped = dropped;
            let runtime = inner.lock().unwrap().take();
            tx.send(panic_text(|| drop(runtime))).unwrap();
            std::future::pending::<()>().await;
        })
        .detach();
    drop(guard);
    let text = rx.recv_timeout(Duration::from_secs(20)).expect("the drop came back").unwrap();
    assert!(text.contains("shutdown_background"), "{text}");
    // The workers stop all the same, and the task is dropped.
    while drops.load(Ordering::Relaxed) == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_runtime_dropped_in_block_on_of_another_panics_and_shutdown_background_does_not() {
    let outer = runtime(1);
    let inner = runtime(1);
    assert!(panic_text(|| outer.block_on(async { drop(inner) })).unwrap().contains("shutdown_background"));
    let inner = runtime(1);
    outer.block_on(async { inner.shutdown_background() });
}

#[test]
fn any_number_of_workers() {
    for workers in if cfg!(miri) { vec![1, 3] } else { vec![1, 2, 49, 100] } {
        let runtime = runtime(workers);
        let tasks: Vec<_> = (0..200 / SMALLER).map(|index| runtime.spawn(async move { index })).collect();
        runtime.block_on(async {
            for (index, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), index);
            }
        });
        assert_eq!(runtime.metrics().num_workers(), workers);
    }
    let text = panic_text(|| mt::Builder::new().worker_threads(0).threads()).unwrap();
    assert!(text.contains("greater than 0"));
    let empty = mt::Builder::new().build::<TestPark, Here, System>(Vec::new(), Arc::new(()));
    assert_eq!(empty.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn threads_have_their_name_and_hooks_run_once_per_worker() {
    let (starts, stops) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (started, stopped) = (starts.clone(), stops.clone());
    let runtime = build(
        mt::Builder::new()
            .worker_threads(3)
            .thread_name("a-name")
            .thread_stack_size(256 * 1024)
            .on_thread_start(move || {
                started.fetch_add(1, Ordering::Relaxed);
            })
            .on_thread_stop(move || {
                stopped.fetch_add(1, Ordering::Relaxed);
            }),
    );
    let (name, index) = runtime
        .block_on(runtime.spawn(async { (std::thread::current().name().map(String::from), mt::worker_index()) }))
        .unwrap();
    assert_eq!(name.as_deref(), Some("a-name"));
    assert!(index.is_some_and(|index| index < 3));
    assert_eq!(mt::worker_index(), None);
    drop(runtime);
    assert_eq!((starts.load(Ordering::Relaxed), stops.load(Ordering::Relaxed)), (3, 3));
}

#[test]
fn a_join_handle_of_a_dropped_runtime_says_cancelled() {
    let runtime = runtime(2);
    let handle = runtime.handle().clone();
    let pending = runtime.spawn(std::future::pending::<()>());
    let done = runtime.spawn(async { 3 });
    while !done.is_finished() {
        std::thread::yield_now();
    }
    drop(runtime);
    let other = common::runtime(1);
    assert!(other.block_on(pending).unwrap_err().is_cancelled());
    assert_eq!(other.block_on(done).unwrap(), 3);
    assert!(other.block_on(handle.spawn(async { 4 })).unwrap_err().is_cancelled());
}

const PASSES: usize = 20_000 / SMALLER / SMALLER;

#[test]
fn ping_pong_between_two_tasks() {
    let runtime = runtime(2);
    let ball = Arc::new(Mutex::new((0_usize, [None::<Waker>, None])));
    let player = |side: usize| {
        let ball = ball.clone();
        runtime.spawn(poll_fn(move |cx| {
            let mut ball = ball.lock().unwrap();
            if ball.0 >= PASSES {
                ball.1.iter_mut().filter_map(Option::take).for_each(Waker::wake);
                return Poll::Ready(());
            }
            if ball.0 % 2 == side {
                ball.0 += 1;
                if let Some(waker) = ball.1[1 - side].take() {
                    waker.wake();
                }
            }
            ball.1[side] = Some(cx.waker().clone());
            Poll::Pending
        }))
    };
    let (a, b) = (player(0), player(1));
    runtime.block_on(async {
        a.await.unwrap();
        b.await.unwrap();
    });
    assert!(ball.lock().unwrap().0 >= PASSES);
}

const STORM: usize = if cfg!(miri) { 8 } else { 64 };

#[test]
fn a_storm_of_spawns_from_64_threads() {
    let runtime = runtime(2);
    let ran = Arc::new(AtomicUsize::new(0));
    let start = Arc::new(Barrier::new(STORM));
    let each = if cfg!(miri) {
        2
    } else if cfg!(debug_assertions) {
        200
    } else {
        5_000
    };
    std::thread::scope(|scope| {
        for _ in 0..STORM {
            let (handle, ran, start) = (runtime.handle().clone(), ran.clone(), start.clone());
            scope.spawn(move || {
                start.wait();
                for _ in 0..each {
                    let ran = ran.clone();
                    handle
                        .spawn(async move {
                            ran.fetch_add(1, Ordering::Relaxed);
                        })
                        .detach();
                }
            });
        }
    });
    while runtime.metrics().num_alive_tasks() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(ran.load(Ordering::Relaxed), STORM * each);
    let metrics = runtime.metrics();
    let all = (STORM * each) as u64;
    assert_eq!((metrics.spawned, metrics.completed), (all, all));
    assert_eq!(metrics.total().received, all);
}

#[test]
fn timers_made_here_and_polled_there_ring() {
    let runtime = runtime(2);
    runtime.block_on(async {
        sleep::<Here>(Duration::from_millis(2)).await;
        // Made in the context of this thread, first polled by a worker.
        let made_here = sleep::<Here>(Duration::from_millis(2));
        runtime.spawn(made_here).await.unwrap();
        // Made on a worker, polled here, after all workers have had time to sleep.
        let made_there = runtime.spawn(async { [sleep::<Here>(Duration::from_millis(20))] }).await.unwrap();
        Box::pin(made_there.into_iter().next().unwrap()).await;
        assert!(timeout::<Here, _>(Duration::from_millis(2), std::future::pending::<()>()).await.is_err());
    });
    // On a thread that is no part of the runtime at all.
    let foreign = {
        let _guard = runtime.enter();
        sleep::<Here>(Duration::from_millis(2))
    };
    common::runtime(1).block_on(foreign);
}

#[test]
fn an_earlier_deadline_ends_the_sleep_for_a_later_one() {
    let runtime = runtime(1);
    let late = runtime.spawn(async { sleep::<Here>(Duration::from_secs(3600)).await });
    while runtime.metrics().parked == 0 {
        std::thread::yield_now();
    }
    runtime.block_on(async { sleep::<Here>(Duration::from_millis(1)).await });
    late.abort();
}

#[test]
fn a_sleep_that_outlives_its_runtime_wakes_and_says_so() {
    let runtime = runtime(1);
    let mut sleep = Box::pin({
        let _guard = runtime.enter();
        sleep::<Here>(Duration::from_secs(3600))
    });
    let other = common::runtime(1);
    let (tx, rx) = mpsc::channel();
    let waiting = other.spawn(async move {
        poll_fn(|cx| {
            let pending = sleep.as_mut().poll(cx).is_pending();
            tx.send(()).unwrap();
            assert!(pending, "an hour has not passed");
            Poll::<()>::Pending
        })
        .await;
    });
    rx.recv().unwrap();
    drop(runtime);
    let error = other.block_on(waiting).unwrap_err();
    assert!(error.into_panic().downcast_ref::<String>().is_none_or(|text| text.contains("no timer driver")));
}

#[test]
fn a_foreign_waker_that_panics_harms_no_worker() {
    struct Hostile;
    impl std::task::Wake for Hostile {
        fn wake(self: Arc<Self>) {
            panic!("planned");
        }
    }
    quiet();
    let runtime = runtime(1);
    let _guard = runtime.enter();
    let waker = Arc::new(Hostile).into();
    let mut hostile = Box::pin(sleep::<Here>(Duration::from_millis(1)));
    assert!(hostile.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    runtime.block_on(async { sleep::<Here>(Duration::from_millis(2)).await });
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
}

#[cfg_attr(miri, ignore)] // forgets a guard, which is a leak
#[test]
fn enter_nests_and_refuses_to_be_left_out_of_order() {
    let (a, b) = (runtime(1), runtime(1));
    let first = a.enter();
    let second = b.enter();
    assert!(panic_text(|| drop(first)).unwrap().contains("out of order"));
    drop(second);
    let third = a.enter();
    std::mem::forget(third);
    drop(b);
}

#[test]
fn metrics_count_what_happens() {
    let runtime = runtime(2);
    runtime.block_on(async {
        for _ in 0..10 {
            runtime.spawn(yield_now()).await.unwrap();
        }
    });
    let metrics = runtime.metrics();
    assert_eq!((metrics.spawned, metrics.completed), (10, 10));
    assert_eq!(metrics.total().polls, 20);
    assert_eq!(metrics.num_alive_tasks(), 0);
    // Whoever has nothing to do sleeps in the end.
    while runtime.metrics().total().parks == 0 {
        std::thread::yield_now();
    }
}

#[cfg_attr(miri, ignore)] // any size of a stack will do there
#[test]
fn a_thread_that_cannot_be_started_is_an_error_and_leaves_nothing_behind() {
    let built = |builder: &mut mt::Builder| {
        let drops = Arc::new(AtomicUsize::new(0));
        let seats: Vec<_> = (0..3)
            .map(|_| {
                let mt::Seat { park, timers } = seat();
                mt::Seat { park: Leased(park, Some(Dropped(drops.clone()))), timers }
            })
            .collect();
        let timers: Vec<_> = seats.iter().map(|seat| seat.timers).collect();
        let result = builder.build::<_, Here, System>(seats, Arc::new(())).map(drop);
        assert_eq!(drops.load(Ordering::Relaxed), 3, "every parker was dropped");
        (result, timers.iter().all(|timers| timers.is_closed()))
    };
    let (result, closed) = built(mt::Builder::new().thread_stack_size(usize::MAX / 4));
    assert!(result.is_err() && closed);
    let (result, _) = built(mt::Builder::new().thread_name("a\0b"));
    assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
    let (result, closed) = built(&mut mt::Builder::new());
    assert!(result.is_ok() && closed);
    let seats = vec![seat(), seat()];
    quiet();
    let text = panic_text(|| {
        mt::Builder::new().thread_name_fn(|| panic!("planned")).build::<_, Here, System>(seats, Arc::new(())).map(drop)
    });
    assert_eq!(text.as_deref(), Some("planned"), "and not a hang");
}

/// A parker whose drop is counted.
struct Leased(TestPark, Option<Dropped>);

impl zokio_core::park::Park for Leased {
    type Unpark = TestUnpark;

    fn unpark(&self) -> TestUnpark {
        assert!(self.1.is_some());
        self.0.unpark()
    }

    fn park(&mut self, deadline: Option<zokio_core::time::Instant>, is_idle: impl FnOnce() -> bool) {
        self.0.park(deadline, is_idle);
    }

    fn poll(&mut self) {}
}
