//! What a hostile or careless program may do, through the facade: each has a documented result, and none hangs.
//!
//! Times here are watchdogs only: no test is faster or slower for them unless something is broken.
#![cfg(feature = "std")]

mod blocking;
mod builder;
mod drops;
mod handles;
mod memory;
mod nested;
mod net;
mod shutdown;
mod time;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use zokio::runtime::{Builder, Runtime};

/// Longer than anything here takes on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(100);

/// A runtime of one kind, with everything enabled.
type Make = fn() -> Runtime;

fn mt() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn ct() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

const EACH: [(&str, Make); 2] = [("multi-thread", mt), ("current-thread", ct)];

/// Runs `test` on a thread of its own, so that a hang is a failure that says which test it was.
#[track_caller]
fn within<R: Send + 'static>(test: impl FnOnce() -> R + Send + 'static) -> R {
    let (tx, rx) = mpsc::channel();
    std::thread::spawn(move || tx.send(catch_unwind(AssertUnwindSafe(test))));
    match rx.recv_timeout(WATCHDOG) {
        Ok(Ok(output)) => output,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => panic!("it hangs"),
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    match panic.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => panic.downcast_ref::<&str>().copied().unwrap_or("").to_owned(),
    }
}

/// The text of the panic, if there is one.
fn caught<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| text_of(&*panic))
}

#[track_caller]
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    caught(f).err().expect("it must panic")
}

/// Whether this is a process of its own for the test called `name`. Where it is not, runs the test in one: for what counts
/// things of the whole process, and what other tests of this file would change.
#[track_caller]
fn alone(name: &str) -> bool {
    const MARK: &str = "ZOKIO_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).args(["--exact", name, "--test-threads=1"]).env(MARK, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    false
}
