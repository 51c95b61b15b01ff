//! Time without a driver, of a runtime that is gone, and of any length.
#![allow(clippy::async_yields_async)] // futures are made in one runtime and polled in another

use std::future::pending;
use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;

use zokio::net::{TcpListener, TcpStream};
use zokio::runtime::{Builder, Runtime};
use zokio::time::{
    ClockInstant, Instant, MissedTickBehavior, interval, interval_at, now, sleep, sleep_until, timeout, timeout_at,
};

use crate::{EACH, WATCHDOG, alone, ct, mt, panic_of, within};

const SHORT: Duration = Duration::from_millis(1);
const NANO: Duration = Duration::from_nanos(1);

/// A moment that never comes.
fn far() -> Instant {
    ClockInstant::FAR.into()
}

/// The first moment of the clock.
fn epoch() -> Instant {
    ClockInstant::EPOCH.into()
}

/// Whether a future is not ready at once, nor a little later.
async fn is_pending<F: Future>(future: F) -> bool {
    timeout(SHORT, future).await.is_err()
}

/// Every way to ask for time panics with `reason`.
fn all_refuse(reason: &str) {
    let texts = [
        panic_of(now),
        panic_of(|| drop(sleep(SHORT))),
        panic_of(|| drop(sleep(Duration::ZERO))),
        panic_of(|| drop(sleep_until(far()))),
        panic_of(|| drop(timeout(SHORT, async {}))),
        panic_of(|| drop(timeout_at(far(), async {}))),
        panic_of(|| interval(SHORT)),
        panic_of(|| interval_at(far(), SHORT)),
    ];
    for text in texts {
        assert!(text.contains("no timer driver") && text.contains(reason), "{text}");
    }
}

#[test]
fn time_without_its_driver_says_which_is_missing() {
    all_refuse("outside of a runtime");
    for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
        within(move || {
            let runtime = builder.enable_io().build().unwrap();
            runtime.block_on(async { all_refuse("enable_time") });
            runtime.block_on(runtime.spawn(async { all_refuse("enable_time") })).unwrap();
            runtime.block_on(runtime.spawn_blocking(|| all_refuse("enable_time"))).unwrap();
            runtime.handle().block_on(async { all_refuse("enable_time") });
            let _entered = runtime.enter();
            all_refuse("enable_time");
        });
    }
}

#[test]
fn sockets_without_their_driver_say_which_is_missing() {
    async fn all_refuse() {
        let std_listener = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let std_stream = || std::net::TcpStream::connect(std_listener().local_addr().unwrap());
        let listener = std_listener();
        let address = listener.local_addr().unwrap();
        let connected = std::net::TcpStream::connect(address).unwrap();
        drop(std_stream());
        let errors = [
            TcpListener::bind("127.0.0.1:0").await.unwrap_err(),
            TcpStream::connect(address).await.unwrap_err(),
            TcpListener::from_std(listener).unwrap_err(),
            TcpStream::from_std(connected).unwrap_err(),
            zokio::signal::ctrl_c().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains("enable_io"), "{error}");
        }
    }
    for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
        within(move || {
            let runtime = builder.enable_time().build().unwrap();
            runtime.block_on(all_refuse());
            runtime.block_on(runtime.spawn(all_refuse())).unwrap();
            // A runtime without sockets hides the one around it.
            let other = ct();
            let _entered = other.enter();
            runtime.block_on(all_refuse());
        });
    }
}

#[test]
fn durations_of_any_length_have_a_result() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                sleep(Duration::ZERO).await;
                sleep(NANO).await;
                assert!(is_pending(sleep(Duration::MAX)).await);
                assert!(is_pending(sleep(Duration::from_nanos(u64::MAX))).await);
                assert!(is_pending(sleep_until(far())).await);
                sleep_until(epoch()).await;

                assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
                assert_eq!(timeout(Duration::MAX, async { 1 }).await, Ok(1));
                timeout(Duration::ZERO, pending::<()>()).await.unwrap_err();
                timeout(NANO, pending::<()>()).await.unwrap_err();
                timeout_at(epoch(), pending::<()>()).await.unwrap_err();
                assert_eq!(timeout_at(epoch(), async { 1 }).await, Ok(1));
                assert!(is_pending(timeout(Duration::MAX, pending::<()>())).await);
                assert!(is_pending(timeout_at(far(), pending::<()>())).await);

                let mut sleep = pin!(sleep(Duration::MAX));
                assert!(sleep.deadline() - now() > Duration::from_secs(86_400 * 365 * 29));
                sleep.as_mut().reset(now());
                sleep.as_mut().await;
                assert!(sleep.is_elapsed());
                sleep.as_mut().reset(far());
                assert!(!sleep.is_elapsed());
                assert!(is_pending(sleep.as_mut()).await);
                assert!(is_pending(sleep.as_mut()).await, "polled by a second waker after the first has gone");
            });
        });
    }
}

#[test]
fn intervals_of_any_period_have_a_result() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                for text in [panic_of(|| interval(Duration::ZERO)), panic_of(|| interval_at(now(), Duration::ZERO))] {
                    assert!(text.contains("`period` must not be zero"), "{text}");
                }
                for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
                    let mut rare = interval(Duration::MAX);
                    rare.set_missed_tick_behavior(behavior);
                    rare.tick().await;
                    assert!(is_pending(rare.tick()).await);
                    rare.reset_immediately();
                    rare.tick().await;
                    assert!(is_pending(rare.tick()).await);

                    let mut often = interval(NANO);
                    often.set_missed_tick_behavior(behavior);
                    let mut last = epoch();
                    for _ in 0..1000 {
                        let due = timeout(WATCHDOG, often.tick()).await.unwrap();
                        assert!(due > last, "{behavior:?}: ticks come in order");
                        last = due;
                    }

                    let mut never = interval_at(far(), NANO);
                    never.set_missed_tick_behavior(behavior);
                    assert!(is_pending(never.tick()).await);

                    let mut late = interval_at(epoch(), Duration::MAX);
                    late.set_missed_tick_behavior(behavior);
                    assert_eq!(late.tick().await, epoch());
                    assert!(is_pending(late.tick()).await);
                    late.reset_after(Duration::ZERO);
                    late.tick().await;
                    late.reset_after(Duration::MAX);
                    assert!(is_pending(late.tick()).await);
                }
            });
        });
    }
}

#[test]
fn a_sleep_made_in_one_runtime_ends_in_another() {
    for (_, polls) in EACH {
        within(move || {
            let (makes, polls) = (mt(), polls());
            // Not polled before, and polled before by the runtime it was made in.
            let fresh = makes.block_on(async { Box::pin(sleep(SHORT)) });
            let used = makes.block_on(async {
                let mut used = Box::pin(sleep(SHORT));
                // Over already where the machine is busy.
                let _ = timeout(Duration::ZERO, used.as_mut()).await;
                used
            });
            polls.block_on(fresh);
            polls.block_on(polls.spawn(used)).unwrap();
        });
    }
}

#[test]
fn a_sleep_of_a_current_thread_runtime_ends_in_another_while_its_own_runs() {
    for (_, polls) in EACH {
        within(move || {
            let (makes, polls) = (ct(), polls());
            let moved = makes.block_on(async { Box::pin(sleep(SHORT)) });
            let done = std::sync::Arc::new(zokio::sync::Notify::new());
            let (told, ended) = (done.clone(), done);
            let running = std::thread::spawn(move || makes.block_on(ended.notified()));
            polls.block_on(moved);
            told.notify_one();
            running.join().unwrap();
        });
    }
}

#[test]
fn the_end_of_a_runtime_is_told_to_sleeps_that_wait_elsewhere() {
    if !alone("time::the_end_of_a_runtime_is_told_to_sleeps_that_wait_elsewhere") {
        return;
    }
    for (_, makes) in EACH {
        for (_, polls) in EACH {
            within(move || {
                let (makes, polls) = (makes(), polls());
                let lasting = makes.block_on(async { Box::pin(sleep(Duration::from_secs(3600))) });
                let waiting = polls.spawn(lasting);
                let (tx, begun) = std::sync::mpsc::channel();
                let waited = std::thread::spawn(move || {
                    polls.block_on(async {
                        // Polled at least once.
                        zokio::task::yield_now().await;
                        tx.send(()).unwrap();
                        waiting.await
                    })
                });
                begun.recv_timeout(WATCHDOG).unwrap();
                drop(makes);
                let error = waited.join().unwrap().unwrap_err();
                assert!(error.to_string().contains("no timer driver: the runtime"), "{error}");
            });
        }
    }
}

#[test]
fn what_was_made_in_a_runtime_that_is_gone_says_so() {
    // A queue of timers goes to the next runtime: alone, so that there is none but the one that polls, whose own is older.
    if !alone("time::what_was_made_in_a_runtime_that_is_gone_says_so") {
        return;
    }
    for (_, makes) in EACH {
        for (_, polls) in EACH {
            within(move || {
                let (makes, polls) = (makes(), polls());
                let (lasting, mut ticks, limited) = makes.block_on(async {
                    let lasting = Box::pin(sleep(Duration::from_secs(3600)));
                    (lasting, interval_at(far(), SHORT), Box::pin(timeout(WATCHDOG, pending::<()>())))
                });
                drop(makes);
                assert!(!lasting.is_elapsed());
                assert!(lasting.deadline() < far());
                let texts = [
                    panic_of(|| polls.block_on(lasting)),
                    panic_of(|| polls.block_on(ticks.tick())),
                    panic_of(|| polls.block_on(limited)),
                ];
                for text in texts {
                    assert!(text.contains("no timer driver: the runtime"), "{text}");
                }
                // What needs no waiting needs no runtime.
                ticks.reset_immediately();
                polls.block_on(ticks.tick());
                polls.block_on(async { sleep(SHORT).await });
            });
        }
    }
}

#[test]
fn a_sleep_that_outlives_its_runtime_counts_by_the_one_that_took_its_timers_over() {
    if !alone("time::a_sleep_that_outlives_its_runtime_counts_by_the_one_that_took_its_timers_over") {
        return;
    }
    // One queue of timers each, so that the second runtime has that of the first.
    let makes: [fn() -> Runtime; 2] =
        [ct, || Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()];
    for make in makes {
        within(move || {
            let first = make();
            let short = first.block_on(async { Box::pin(sleep(SHORT)) });
            let long = first.block_on(async { Box::pin(sleep(Duration::from_secs(3600))) });
            drop(first);
            let second = make();
            second.block_on(short);
            // It waits there until that one ends, too.
            let waiting = second.spawn(long);
            second.block_on(async {
                zokio::task::yield_now().await;
                sleep(SHORT).await;
            });
            assert!(!waiting.is_finished());
            drop(second);
            assert!(ct().block_on(waiting).unwrap_err().is_cancelled());
        });
    }
}
