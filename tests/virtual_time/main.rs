//! Time that a program stops and moves: tokio's semantics on the current-thread flavour, and the same on several workers.
#![cfg(feature = "std")]
#![allow(clippy::async_yields_async)] // futures are made in one runtime and polled in another

mod changes;
mod moves;
mod stands;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;

use zokio::runtime::{Builder, Runtime};

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
/// must do; what a test is there to find happens in the second case. Where the machine has much else to do, a yield is a
/// turn of each of the others, so they are counted by time too.
fn at_rest(polled: &mpsc::Receiver<()>) {
    polled.recv().unwrap();
    let since = std::time::Instant::now();
    (0..10_000).take_while(|_| since.elapsed() < Duration::from_millis(100)).for_each(|_| std::thread::yield_now());
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
