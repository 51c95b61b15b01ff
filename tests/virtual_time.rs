//! Time that a program stops and moves: tokio's semantics on the current-thread flavour, and the same on several workers.
#![cfg(feature = "std")]
#![allow(clippy::async_yields_async)] // futures are made in one runtime and polled in another

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use zokio::runtime::{Builder, Runtime};
use zokio::sync::Notify;
use zokio::time::{self, Instant, MissedTickBehavior, advance, interval, pause, resume, sleep, sleep_until, timeout};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A test that takes so long hangs.
const WATCHDOG: Duration = Duration::from_secs(60);

fn ct() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

fn mt() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(3).enable_all().virtual_time(true).start_paused(true).build().unwrap()
}

/// One paused runtime of each kind, each on a thread that is watched.
fn each(test: fn(Runtime)) {
    for make in [ct, mt] {
        within(move || test(make()));
    }
}

#[track_caller]
fn within(body: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        body();
        drop(done);
    });
    let result = is_done.recv_timeout(WATCHDOG);
    assert_eq!(result, Err(mpsc::RecvTimeoutError::Disconnected), "it hangs");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[track_caller]
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).err().expect("it must panic");
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

/// Returns when the system's clock has gone on.
fn system_goes_on() {
    let before = std::time::Instant::now();
    while before.elapsed() < Duration::from_micros(1) {
        std::hint::spin_loop();
    }
}

/// Returns when the future was polled, and others had their turn on the machine: the runtime is about to rest, or rests. Both
/// must do; what a test is there to find happens in the second case.
fn at_rest(polled: &mpsc::Receiver<()>) {
    polled.recv().unwrap();
    (0..10_000).for_each(|_| std::thread::yield_now());
}

/// Says after each poll that the future was polled.
async fn telling<F: Future>(polled: mpsc::Sender<()>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let result = future.as_mut().poll(cx);
        // Nobody listens any more from the second poll on.
        let _ = polled.send(());
        result
    })
    .await
}

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

// Mutant: core/src/time/virtual_clock.rs :: state.from = state.from.saturating_add(duration)) => state.from = state.from.saturating_add(duration + Duration::from_secs(1)))
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

// Mutant: hal/src/os/virtual_time/mod.rs :: timers.expire(); => _ = timers;
#[test]
fn what_is_due_is_polled_before_advance_returns() {
    let runtime = ct();
    let body = async {
        let done = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (1..=20)
            .map(|n| {
                let done = done.clone();
                zokio::spawn(async move {
                    sleep(n * SECOND).await;
                    done.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        zokio::task::yield_now().await;
        for n in [1, 2, 3] {
            advance(SECOND).await;
            assert_eq!(done.load(Ordering::Relaxed), n);
        }
        advance(17 * SECOND).await;
        assert_eq!(done.load(Ordering::Relaxed), 20);
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

#[test]
fn time_stands_while_something_runs() {
    each(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let other = zokio::spawn(async { sleep(SECOND).await });
            for _ in 0..1000 {
                zokio::task::yield_now().await;
            }
            system_goes_on();
            assert_eq!(start.elapsed(), Duration::ZERO);
            assert!(!other.is_finished());
            other.await.unwrap();
            assert_eq!(start.elapsed(), SECOND);
        });
        // Nor between two calls, on any flavour.
        let before = runtime.block_on(async { Instant::now() });
        drop(runtime.spawn(async { sleep(DAY).await }));
        system_goes_on();
        assert_eq!(runtime.block_on(async { Instant::now() }), before);
    });
}

// Mutant: src/runtime/blocking.rs :: let inhibit = self.time.as_ref().map(VirtualTime::inhibit); => let inhibit: Option<zokio_hal::os::Inhibit> = None;
#[test]
fn time_stands_while_blocking_work_of_the_runtime_is_under_way() {
    each(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            let background = zokio::spawn(async { sleep(DAY).await });
            let (tx, rx) = mpsc::channel::<()>();
            let call = zokio::task::spawn_blocking(move || {
                rx.recv().unwrap();
                Instant::now()
            });
            let (polled, is_polled) = mpsc::channel();
            let release = std::thread::spawn(move || {
                at_rest(&is_polled);
                tx.send(()).unwrap();
            });
            assert_eq!(telling(polled, call).await.unwrap(), start, "it did not jump to the deadline of the other");
            assert_eq!(start.elapsed(), Duration::ZERO);
            release.join().unwrap();
            // And then it moves on.
            background.await.unwrap();
            assert_eq!(start.elapsed(), DAY);
        });
    });
}

#[test]
fn a_job_that_never_runs_holds_nothing() {
    let runtime = ct();
    runtime.block_on(async {
        let calls: Vec<_> = (0..10).map(|_| zokio::task::spawn_blocking(|| ())).collect();
        calls.iter().for_each(|call| call.abort());
        sleep(SECOND).await;
    });
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        zokio::task::spawn_blocking(|| panic!("a call that panics")).await.unwrap_err();
        sleep(DAY).await;
    });
}

// Mutant: hal/src/os/virtual_time/mod.rs :: state.awake > 0 || !state.auto_advance || => state.awake > 0 ||
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

// Mutant: core/src/time/virtual_clock.rs :: *self = Self { from: self.at(inside), since: inside, ..*self }; => *self = Self { since: inside, ..*self };
#[test]
fn it_is_paused_and_resumed_without_a_step() {
    for multi_thread in [false, true] {
        within(move || {
            let mut builder = if multi_thread { Builder::new_multi_thread() } else { Builder::new_current_thread() };
            let runtime = builder.worker_threads(2).enable_all().virtual_time(true).build().unwrap();
            runtime.block_on(async {
                let system = std::time::Instant::now();
                let start = Instant::now();
                sleep(Duration::from_millis(2)).await;
                assert!(start.elapsed() >= Duration::from_millis(2), "it runs");
                assert!(!time::is_paused());
                pause();
                assert!(time::is_paused());
                let stands = Instant::now();
                assert!(stands >= start + Duration::from_millis(2) && stands - start <= system.elapsed());
                system_goes_on();
                assert_eq!(Instant::now(), stands);
                sleep(DAY).await;
                assert_eq!(stands.elapsed(), DAY);
                resume();
                assert!(!time::is_paused());
                let later = Instant::now();
                assert!(later >= stands + DAY && later - stands - DAY < WATCHDOG, "goes on from where it stood");
                sleep(Duration::from_millis(2)).await;
                assert!(later.elapsed() >= Duration::from_millis(2));
                pause();
                advance(SECOND).await;
                resume();
            });
        });
    }
}

#[test]
fn a_resume_reaches_workers_that_wait_for_ever() {
    each(|runtime| {
        runtime.block_on(async {
            time::set_auto_advance(false);
            let handle = zokio::runtime::Handle::current();
            let (polled, is_polled) = mpsc::channel();
            let outside = std::thread::spawn(move || {
                at_rest(&is_polled);
                let _entered = handle.enter();
                resume();
            });
            telling(polled, sleep(Duration::from_millis(1))).await;
            outside.join().unwrap();
        });
    });
}

#[test]
fn scaled_time_is_never_early_and_faster() {
    for multi_thread in [false, true] {
        within(move || {
            let mut builder = if multi_thread { Builder::new_multi_thread() } else { Builder::new_current_thread() };
            builder.worker_threads(2).enable_all().virtual_time(true).time_scale(100_000);
            let runtime = builder.build().unwrap();
            runtime.block_on(async {
                let (start, system) = (Instant::now(), std::time::Instant::now());
                sleep(DAY).await;
                assert!(start.elapsed() >= DAY);
                assert!(system.elapsed() * 100_000 >= DAY, "early");
                time::set_scale(1);
                let (system, start) = (std::time::Instant::now(), Instant::now());
                sleep(Duration::from_millis(1)).await;
                assert!(start.elapsed() >= Duration::from_millis(1) && start.elapsed() <= system.elapsed() + SECOND);
                // What waits is told of a new scale.
                let handle = zokio::runtime::Handle::current();
                let (polled, is_polled) = mpsc::channel();
                let outside = std::thread::spawn(move || {
                    at_rest(&is_polled);
                    let _entered = handle.enter();
                    time::set_scale(u32::MAX);
                });
                telling(polled, sleep(DAY)).await;
                outside.join().unwrap();
            });
        });
    }
}

#[test]
fn misuse_panics_with_tokios_words() {
    let runtime = ct();
    runtime.block_on(async {
        assert_eq!(panic_of(pause), "time is already frozen");
        resume();
        assert_eq!(panic_of(resume), "time is not frozen");
        let handle = zokio::runtime::Handle::current();
        let text = std::thread::spawn(move || panic_of(|| handle.block_on(advance(SECOND)))).join().unwrap();
        assert_eq!(text, "time is not frozen");
        assert!(panic_of(|| time::set_scale(0)).contains("zero times"));
        pause();
    });
    for f in [pause as fn(), resume, || time::set_auto_advance(true), || time::set_scale(2), || _ = time::is_paused()] {
        assert!(panic_of(f).contains("there is no zokio runtime here"));
    }
    // The time of a plain multi-thread runtime is that of the system, and one may switch it off elsewhere.
    let plain = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let fixed = Builder::new_current_thread().enable_all().virtual_time(false).build().unwrap();
    for runtime in [plain, fixed] {
        runtime.block_on(async {
            for f in [pause as fn(), resume, || time::set_auto_advance(true), || time::set_scale(2)] {
                assert!(
                    panic_of(f).contains("current-thread runtime, or on a multi-thread runtime that was built with")
                );
            }
            assert!(!time::is_paused());
            sleep(Duration::from_nanos(1)).await;
        });
    }
    let refused = || Builder::new_multi_thread().enable_all().start_paused(true).build();
    assert!(panic_of(refused).contains("Builder::virtual_time(true)"));
    let refused = || Builder::new_multi_thread().enable_all().time_scale(2).build();
    assert!(panic_of(refused).contains("Builder::virtual_time(true)"));
    assert!(
        panic_of(|| {
            Builder::new_current_thread().time_scale(0);
        })
        .contains("zero times")
    );
    // Without timers there is still a time to be told something.
    let without = Builder::new_current_thread().start_paused(true).build().unwrap();
    without.block_on(async {
        assert!(time::is_paused());
        resume();
    });
}

#[test]
fn durations_of_any_length_move_it_to_the_end_and_not_beyond() {
    each(|runtime| {
        runtime.block_on(async {
            let mut far = pin!(sleep_until(Instant::now() + Duration::MAX));
            assert!(timeout(DAY, far.as_mut()).await.is_err());
            advance(Duration::from_secs(u32::MAX.into())).await;
            advance(Duration::MAX).await;
            let end = Instant::now();
            advance(Duration::MAX).await;
            assert_eq!(Instant::now(), end);
            assert!(poll_fn(|cx| Poll::Ready(far.as_mut().poll(cx))).await.is_pending(), "never is never");
            sleep_until(end - SECOND).await;
            sleep(Duration::ZERO).await;
        });
    });
}

/// A wait so long that no instant tells its end was one without an end, and a paused clock had nowhere to go: a hang.
// Mutant: hal/src/os/virtual_time/clock.rs :: now.checked_add(duration).unwrap_or_else(|| now.saturating_add(LONG)) => now.saturating_add(duration)
#[test]
fn the_longest_waits_end_after_thirty_years() {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    each(|runtime| {
        runtime.block_on(async {
            let mut start = Instant::now();
            sleep(Duration::MAX).await;
            assert_eq!(start.elapsed(), 30 * YEAR);
            start = Instant::now();
            timeout(Duration::MAX, pending::<()>()).await.unwrap_err();
            assert_eq!(start.elapsed(), 30 * YEAR);
            start = Instant::now();
            let mut rare = interval(Duration::MAX);
            assert_eq!((rare.tick().await, rare.period()), (start, Duration::MAX));
            assert_eq!(rare.tick().await, start + 30 * YEAR);
            rare.reset();
            assert_eq!(rare.tick().await, start + 60 * YEAR);
            // What fits is what was asked for.
            start = Instant::now();
            sleep(200 * YEAR).await;
            assert_eq!(start.elapsed(), 200 * YEAR);
            // Nothing comes after the end of time.
            advance(Duration::MAX).await;
            let mut never = pin!(sleep(Duration::MAX));
            assert!(poll_fn(|cx| Poll::Ready(never.as_mut().poll(cx))).await.is_pending());
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

/// Where one runtime ends paused and years ahead, the next one that has its timers says what the system says.
// Mutant: hal/src/os/virtual_time/mod.rs :: seat.clock.follow(None); => _ = &seat.clock;
#[test]
fn a_paused_clock_stays_with_its_runtime() {
    for make in [ct, mt] {
        within(move || {
            for _ in 0..20 {
                let before = Instant::now();
                let paused = make();
                let ahead = paused.block_on(async {
                    advance(3650 * DAY).await;
                    Instant::now()
                });
                assert!(ahead >= before + 3650 * DAY);
                let handle = paused.handle().clone();
                drop(paused);
                let next = Builder::new_current_thread().enable_all().build().unwrap();
                let workers = Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
                for next in [&next, &workers] {
                    let now = next.block_on(async { Instant::now() });
                    assert!(now >= before && now < before + DAY);
                }
                // Nor does a handle of the one that is gone reach it.
                let _entered = handle.enter();
                resume();
                pause();
                let now = next.block_on(async { Instant::now() });
                assert!(now < before + DAY);
                next.block_on(async { sleep(Duration::from_millis(1)).await });
            }
        });
    }
}

#[test]
fn two_runtimes_have_two_times() {
    let (first, second) = (ct(), ct());
    let (a, b) = (first.block_on(async { Instant::now() }), second.block_on(async { Instant::now() }));
    first.block_on(advance(DAY));
    second.block_on(advance(SECOND));
    assert_eq!(first.block_on(async { Instant::now() }) - a, DAY);
    assert_eq!(second.block_on(async { Instant::now() }) - b, SECOND);
    // A sleep counts by the time of the one that made it: a paused one moves when its own runtime has nothing to do.
    let moved = first.block_on(async { Box::pin(sleep(SECOND)) });
    let waiting = second.spawn(moved);
    second.block_on(async {
        zokio::task::yield_now().await;
        assert!(!waiting.is_finished());
    });
    first.block_on(async { sleep(2 * SECOND).await });
    second.block_on(waiting).unwrap();
}

#[cfg(unix)]
#[test]
fn sockets_are_looked_at_before_each_jump() {
    use std::os::fd::AsFd;
    use zokio::io::{AsyncReadExt, AsyncWriteExt};
    let runtime = ct();
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
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
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
