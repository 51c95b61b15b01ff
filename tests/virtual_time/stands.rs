//! What holds a paused clock where it is.

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use zokio::net::TcpListener;
use zokio::runtime::Builder;
use zokio::time::{Instant, sleep, timeout};

use super::{DAY, SECOND, at_rest, ct, each, system_goes_on, telling};

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

/// On workers it went to the next deadline: who had his output was counted as at rest before he was counted no more.
// Mutant: hal/src/os/virtual_time/attend.rs :: if state.woken || result.is_ready() { => if state.woken {
#[test]
fn time_stands_when_a_block_on_ends() {
    each(|runtime| {
        let start = runtime.block_on(async {
            let start = Instant::now();
            drop(zokio::spawn(async { sleep(DAY).await }));
            sleep(SECOND).await;
            start
        });
        // The workers are at rest some time.
        for _ in 0..1000 {
            assert_eq!(runtime.block_on(async { start.elapsed() }), SECOND);
        }
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

// Mutant: src/runtime/builder.rs :: time.iter().for_each( => time.iter().take(0).for_each(
#[test]
fn time_stands_while_a_host_name_is_looked_up() {
    each(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            // Whether there is such a name is no matter.
            let _ = timeout(SECOND, TcpListener::bind(("localhost", 0))).await.expect("the lookup comes first");
            assert_eq!(start.elapsed(), Duration::ZERO);
            sleep(DAY).await;
        });
    });
}

// Mutant: hal/src/os/virtual_time/attend.rs :: if state.inhibit.is_none() && !state.gone { => if state.inhibit.is_none() {
#[test]
fn a_waker_that_is_left_of_a_block_on_holds_nothing() {
    each(|runtime| {
        let handle = runtime.handle().clone();
        let waker = handle.block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        waker.wake_by_ref();
        runtime.block_on(async { sleep(DAY).await });
        waker.wake();
    });
}
