//! Pausing and resuming, scaling, and misuse.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use zokio::runtime::Builder;
use zokio::time::{self, Instant, advance, interval, pause, resume, sleep, sleep_until, timeout};

use super::{DAY, SECOND, WATCHDOG, at_rest, ct, each, mt, panic_of, system_goes_on, telling, within};

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
// Mutant: hal/src/os/virtual_time/clock.rs :: now.saturating_add(LONG).min( => Instant::FAR.min(
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
        });
    });
}

/// A time that was moved, or ran fast, comes to its end, and stands. What was waited for then had no end.
// Mutant: hal/src/os/virtual_time/clock.rs :: Instant::from_nanos(if nanos < LONGEST { END } else { LONGEST - 1 }) => Instant::FAR
#[test]
fn waits_that_no_time_is_left_for_end_with_it() {
    for make in [ct, mt] {
        within(move || {
            let end = make().block_on(async {
                advance(Duration::MAX).await;
                let end = Instant::now();
                sleep(Duration::from_nanos(1)).await;
                timeout(DAY, pending::<()>()).await.unwrap_err();
                sleep(Duration::MAX).await;
                resume();
                time::set_scale(u32::MAX);
                sleep(SECOND).await;
                assert_eq!(Instant::now(), end, "it stands");
                end
            });
            make().block_on(async {
                advance(end - Instant::now() - DAY).await;
                sleep(DAY - SECOND).await;
                assert_eq!(end - Instant::now(), SECOND, "that much was left");
                sleep(DAY).await;
                assert_eq!(Instant::now(), end);
            });
        });
    }
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

/// It ran on, though nobody was told so.
// Mutant: src/time/instant.rs :: Some(time) => time.now(), => Some(_) => SystemClock::new().now(),
#[test]
fn time_stands_and_is_moved_without_timers_too() {
    for start_paused in [false, true] {
        let runtime = Builder::new_current_thread().start_paused(start_paused).build().unwrap();
        runtime.block_on(async {
            if !start_paused {
                let before = Instant::now();
                time::pause();
                assert!(Instant::now() >= before, "it went back");
            }
            let start = Instant::now();
            system_goes_on();
            assert_eq!(start.elapsed(), Duration::ZERO);
            time::advance(SECOND).await;
            assert_eq!(start.elapsed(), SECOND);
            time::resume();
            assert!(start.elapsed() >= SECOND);
        });
    }
}
