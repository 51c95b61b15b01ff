//! Where a paused clock goes, and when.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use zokio::sync::Notify;
use zokio::time::{self, Instant, MissedTickBehavior, advance, interval, sleep, sleep_until, timeout};

use super::{DAY, SECOND, at_rest, ct, each, mt, telling, within};

// Mutant: hal/src/os/virtual_time/mod.rs :: if self.clock.advance_to(next).is_err() { => if true {
#[test]
fn an_idle_runtime_goes_from_deadline_to_deadline_in_no_time() {
    each(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            sleep(DAY).await;
            assert_eq!(start.elapsed(), DAY, "exactly");
            // By a task, and a sum of parts.
            let task = zokio::spawn(async {
                for _ in 0..1000 {
                    sleep(Duration::from_micros(100)).await;
                }
            });
            task.await.unwrap();
            assert_eq!(start.elapsed(), DAY + Duration::from_millis(100));
            // The earlier one first, though it was made later; the time between them is not left out.
            let log = Arc::new(Mutex::new(Vec::new()));
            let tasks = [3, 1, 2].map(|n| {
                let log = log.clone();
                zokio::spawn(async move {
                    let start = Instant::now();
                    sleep(n * SECOND).await;
                    log.lock().unwrap().push((n, start.elapsed()));
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*log.lock().unwrap(), [(1, SECOND), (2, 2 * SECOND), (3, 3 * SECOND)]);
        });
    });
}

// Mutant: core/src/time/virtual_clock.rs :: state.from = state.from.saturating_add(duration).min(END)) => state.from = state.from.saturating_add(duration + Duration::from_secs(1)).min(END))
#[test]
fn failure_089_advance_goes_no_farther_than_told() {
    each(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let mut long = pin!(sleep(10 * SECOND));
            assert!(poll_fn(|cx| Poll::Ready(long.as_mut().poll(cx))).await.is_pending());
            // Not to the deadline of the sleep that was polled, and not beyond what was asked.
            for n in 1..=9 {
                advance(SECOND).await;
                assert_eq!(start.elapsed(), n * SECOND);
                assert!(poll_fn(|cx| Poll::Ready(long.as_mut().poll(cx))).await.is_pending());
            }
            advance(SECOND).await;
            assert_eq!(start.elapsed(), 10 * SECOND);
            assert!(poll_fn(|cx| Poll::Ready(long.as_mut().poll(cx))).await.is_ready());
            advance(Duration::ZERO).await;
            assert_eq!(start.elapsed(), 10 * SECOND);
            // Less than a tick of any wheel.
            advance(Duration::from_nanos(1)).await;
            assert_eq!(start.elapsed(), 10 * SECOND + Duration::from_nanos(1));
        });
    });
}

// Mutant: hal/src/os/virtual_time/mod.rs :: || woken += timers.expire() => || _ = timers
// Mutant: src/time/control.rs :: 1 + woken.div_ceil(POLLS_PER_TURN) => 1
#[test]
fn what_is_due_is_polled_before_advance_returns() {
    let runtime = ct();
    let body = async {
        let done = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (1..=200)
            .map(|n| {
                let done = done.clone();
                zokio::spawn(async move {
                    sleep(n * SECOND).await;
                    done.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        // A turn's worth of them begins at each.
        for _ in 0..4 {
            zokio::task::yield_now().await;
        }
        for n in [1, 2, 3] {
            advance(SECOND).await;
            assert_eq!(done.load(Ordering::Relaxed), n);
        }
        // More than there are polls in a turn.
        advance(197 * SECOND).await;
        assert_eq!(done.load(Ordering::Relaxed), 200);
        assert!(tasks.iter().all(|task| task.is_finished()));
    };
    // In a task, where the wakes of the others come after its own place in the queue; and in the main future.
    runtime.block_on(body);
    let runtime = ct();
    runtime.block_on(async { zokio::spawn(async {}).await }).unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let counted = done.clone();
    runtime
        .block_on(runtime.spawn(async move {
            drop(zokio::spawn(async move {
                sleep(SECOND).await;
                counted.fetch_add(1, Ordering::Relaxed);
            }));
            zokio::task::yield_now().await;
            advance(SECOND).await;
            done.load(Ordering::Relaxed)
        }))
        .map(|done| assert_eq!(done, 1))
        .unwrap();
}

/// The three ways in which a runtime of one thread is run beside the future of `block_on`: its loop, and the steps of a seed and of
/// one that ends by a panic.
fn each_loop(test: impl Fn(&zokio::runtime::Runtime, &str)) {
    use zokio::runtime::{Builder, RngSeed, UnhandledPanic};
    let builder = || {
        let mut builder = Builder::new_current_thread();
        builder.enable_all().start_paused(true);
        builder
    };
    test(&builder().build().unwrap(), "the loop");
    test(&builder().unhandled_panic(UnhandledPanic::ShutdownRuntime).build().unwrap(), "ends by a panic");
    for seed in 0..20 {
        test(&builder().rng_seed(RngSeed::from_u64(seed)).build().unwrap(), &format!("seed {seed}"));
    }
}

/// A task that counts seconds.
fn counter() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let task = async move {
        loop {
            sleep(SECOND).await;
            counted.fetch_add(1, Ordering::Relaxed);
        }
    };
    zokio::spawn(task).detach();
    count
}

/// What was left of a turn of the loop was carried over, and at its end the future of `block_on` came first for the second time.
// Mutant: executor-local/src/step.rs :: if main_woken.is_set() { => if false {
#[test]
fn what_is_due_is_polled_however_often_time_is_advanced() {
    each_loop(|runtime, kind| {
        runtime.block_on(async {
            // Two of them, since one is polled between two polls of the future of `block_on` in any case.
            let counts = [counter(), counter()];
            zokio::task::yield_now().await;
            for n in 1..=80 {
                advance(SECOND).await;
                assert_eq!(counts.each_ref().map(|count| count.load(Ordering::Relaxed)), [n, n], "{kind}");
            }
        });
    });
}

// Mutant: executor-local/src/executor.rs :: more = POLLS_PER_TURN - left; => more = 0;
#[test]
fn a_main_future_that_yields_goes_behind_what_is_ready() {
    each_loop(|runtime, kind| {
        runtime.block_on(async {
            for round in 0..100 {
                let done = Arc::new(AtomicUsize::new(0));
                for _ in 0..30 {
                    let done = done.clone();
                    zokio::spawn(async move { done.fetch_add(1, Ordering::Relaxed) }).detach();
                }
                zokio::task::yield_now().await;
                assert_eq!(done.load(Ordering::Relaxed), 30, "{kind}, round {round}");
            }
        });
    });
}

#[test]
fn a_stepper_lets_run_what_is_due_before_advance_returns() {
    let mut runtime = ct();
    let handle = runtime.handle().clone();
    let mut stepper = runtime.stepper();
    let counts = {
        let _entered = handle.enter();
        [counter(), counter()]
    };
    stepper.run_until_idle();
    for n in 1..=80 {
        stepper.run_until(advance(SECOND));
        assert_eq!(counts.each_ref().map(|count| count.load(Ordering::Relaxed)), [n, n]);
    }
}

// Mutant: hal/src/os/virtual_time/mod.rs :: state.auto_advance && self.is_paused() => (true || state.auto_advance) && self.is_paused()
#[test]
fn without_auto_advance_only_advance_moves() {
    each(|runtime| {
        runtime.block_on(async {
            time::set_auto_advance(false);
            let start = Instant::now();
            let told = Arc::new(Notify::new());
            let tell = told.clone();
            let (begun, has_begun) = mpsc::channel();
            let sleeper = zokio::spawn(async move {
                telling(begun, sleep(SECOND)).await;
                tell.notify_one();
            });
            // A thread of the world outside moves it while the runtime is idle.
            let handle = zokio::runtime::Handle::current();
            let (polled, is_polled) = mpsc::channel();
            let outside = std::thread::spawn(move || {
                // A sleep that began after the step would never end.
                has_begun.recv().unwrap();
                at_rest(&is_polled);
                handle.block_on(async {
                    assert_eq!(start.elapsed(), Duration::ZERO);
                    advance(2 * SECOND).await;
                });
            });
            telling(polled, told.notified()).await;
            assert_eq!(start.elapsed(), 2 * SECOND);
            outside.join().unwrap();
            sleeper.await.unwrap();
            time::set_auto_advance(true);
            sleep(SECOND).await;
            assert_eq!(start.elapsed(), 3 * SECOND);
        });
    });
}

#[test]
fn switching_auto_advance_on_moves_an_idle_runtime() {
    each(|runtime| {
        runtime.block_on(async {
            time::set_auto_advance(false);
            let handle = zokio::runtime::Handle::current();
            let (polled, is_polled) = mpsc::channel();
            let outside = std::thread::spawn(move || {
                at_rest(&is_polled);
                let _entered = handle.enter();
                time::set_auto_advance(true);
            });
            let start = Instant::now();
            telling(polled, sleep(DAY)).await;
            assert_eq!(start.elapsed(), DAY);
            outside.join().unwrap();
        });
    });
}

#[cfg(unix)]
#[test]
fn sockets_are_looked_at_before_each_jump() {
    use std::os::fd::AsFd;
    use zokio::io::{AsyncReadExt, AsyncWriteExt};
    each(|runtime| {
        runtime.block_on(async {
            let listener = zokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let start = Instant::now();
            let mut client = zokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (mut server, _) = listener.accept().await.unwrap();
            let system = std::net::TcpStream::from(server.as_fd().try_clone_to_owned().unwrap());
            for _ in 0..100 {
                let mut byte = [0];
                let mut read = pin!(timeout(DAY, server.read_exact(&mut byte)));
                assert!(poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await.is_pending());
                client.write_all(b"x").await.unwrap();
                // The system has it, and nobody has told the runtime.
                while system.peek(&mut [0]).is_err() {
                    std::thread::yield_now();
                }
                assert_eq!(read.await.unwrap().unwrap(), 1);
                assert_eq!(start.elapsed(), Duration::ZERO);
            }
        })
    });
}

#[test]
fn many_tasks_on_many_workers_wait_by_one_time() {
    within(|| {
        let runtime = mt();
        runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..200_u32)
                .map(|n| {
                    zokio::spawn(async move {
                        let mut last = Instant::now();
                        for step in 1..20 {
                            let due = Instant::now() + (n * step % 17) * SECOND;
                            sleep_until(due).await;
                            let now = Instant::now();
                            assert!(now >= due && now >= last, "early, or back");
                            last = now;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(start.elapsed() <= 19 * 16 * SECOND);
        });
    });
}

#[test]
fn intervals_and_timeouts_run_by_it() {
    each(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let mut ticks = interval(SECOND);
            for n in 0..100 {
                assert_eq!(ticks.tick().await, start + n * SECOND);
                assert_eq!(start.elapsed(), n * SECOND);
            }
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            advance(Duration::from_millis(10_500)).await;
            ticks.tick().await;
            assert_eq!(ticks.tick().await, start + 110 * SECOND);
            assert!(timeout(SECOND, pending::<()>()).await.is_err());
            assert_eq!(start.elapsed(), 111 * SECOND);
            assert_eq!(timeout(2 * SECOND, async { sleep(SECOND).await }).await, Ok(()));
            assert_eq!(start.elapsed(), 112 * SECOND);
            // A timeout that was dropped is no reason to move.
            assert_eq!(start.elapsed(), 112 * SECOND);
        });
    });
}

/// It went to the next deadline, however far behind the end that was, and without one for ever nowhere.
// Mutant: executor-local/src/step.rs :: let _ = alarm.as_mut().poll(&mut PollContext::from_waker(Waker::noop())); => ();
#[test]
fn a_stepper_moves_it_to_the_end_of_its_run_and_no_farther() {
    within(|| {
        let mut runtime = ct();
        let handle = runtime.handle().clone();
        let mut stepper = runtime.stepper();
        let (start, _) = stepper.run_until(async { Instant::now() });
        let mut passed = |duration| {
            let polls = stepper.run_for(duration);
            (polls, stepper.run_until(async move { start.elapsed() }).0)
        };
        let sleeper = handle.spawn(async { sleep(10 * SECOND).await });
        assert_eq!(passed(4 * SECOND), (1, 4 * SECOND), "where somebody waits for longer");
        assert_eq!(passed(Duration::ZERO), (0, 4 * SECOND));
        assert_eq!(passed(6 * SECOND), (1, 10 * SECOND), "what is due at its end is polled");
        assert!(sleeper.is_finished());
        assert_eq!(passed(5 * SECOND), (0, 15 * SECOND), "where nobody waits");
        let year = 365 * DAY;
        assert_eq!(
            passed(Duration::MAX),
            (0, 15 * SECOND + 30 * year),
            "a time that no clock can tell is as long as a sleep"
        );
    });
}

/// Only a turn's worth of it was polled.
// Mutant: executor-local/src/step.rs :: swallow(|| limit += timers.expire()); => swallow(|| _ = timers.expire());
#[test]
fn a_stepper_polls_all_that_is_due_at_the_end_of_its_run() {
    let mut runtime = ct();
    let handle = runtime.handle().clone();
    let tasks: Vec<_> = (0..200).map(|_| handle.spawn(async { sleep(SECOND).await })).collect();
    let mut stepper = runtime.stepper();
    stepper.run_for(SECOND);
    assert_eq!(tasks.iter().filter(|task| !task.is_finished()).count(), 0);
    // One that is always ready does not keep it.
    let greedy = async {
        loop {
            zokio::task::yield_now().await;
        }
    };
    handle.spawn(greedy).detach();
    stepper.run_for(Duration::ZERO);
}
