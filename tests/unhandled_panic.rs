//! Runtimes that shut down where a task panics.
#![cfg(feature = "std")]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use zokio::runtime::{Builder, LocalOptions, RngSeed, Runtime, UnhandledPanic};
use zokio::task::{self, LocalSet};

const ENDED: &str = "a task panicked, and this runtime was told to shut down where one does";

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().unhandled_panic(UnhandledPanic::ShutdownRuntime).build().unwrap()
}

/// Runs `f`, which must panic because a task did.
fn ends<R>(f: impl FnOnce() -> R) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(f)) else { panic!("it went on") };
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some(ENDED));
}

/// Rings when it is dropped.
struct Dropped(mpsc::Sender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
    }
}

#[zokio::test(unhandled_panic = "shutdown_runtime")]
#[should_panic = "was told to shut down"]
async fn a_test_fails_by_the_panic_of_a_task() {
    task::spawn(async { panic!("on purpose") });
    pending::<()>().await;
}

#[zokio::test(unhandled_panic = "ignore")]
async fn a_test_goes_on_where_it_is_told_to() {
    assert!(task::spawn(async { panic!("on purpose") }).await.unwrap_err().is_panic());
}

#[test]
fn all_tasks_are_dropped_at_once() {
    for seed in [None, Some(3), Some(4), Some(5), Some(6)] {
        let mut builder = Builder::new_current_thread();
        if let Some(seed) = seed {
            builder.rng_seed(RngSeed::from_u64(seed));
        }
        let runtime = builder.unhandled_panic(UnhandledPanic::ShutdownRuntime).build().unwrap();
        let (tx, rx) = mpsc::channel();
        for _ in 0..5 {
            let dropped = Dropped(tx.clone());
            runtime.spawn(async move {
                let _dropped = dropped;
                loop {
                    task::yield_now().await;
                }
            });
        }
        let held = runtime.spawn(async { panic!("on purpose") });
        ends(|| runtime.block_on(pending::<()>()));
        drop(tx);
        // The loop ends: each of them is gone, while the runtime is still there.
        assert_eq!(rx.iter().count(), 5, "seed {seed:?}");
        assert!(held.is_finished());
        drop(runtime);
    }
}

#[test]
fn the_join_handle_gives_the_panic_all_the_same() {
    let runtime = runtime();
    let held = runtime.spawn(async { panic!("on purpose") });
    ends(|| runtime.block_on(pending::<()>()));
    let other = Builder::new_current_thread().build().unwrap();
    assert!(other.block_on(held).unwrap_err().is_panic());
}

#[test]
fn what_is_spawned_afterwards_is_dropped_at_once() {
    let runtime = runtime();
    runtime.spawn(async { panic!("on purpose") });
    ends(|| runtime.block_on(pending::<()>()));
    let late = runtime.spawn(pending::<()>());
    assert!(late.is_finished());
    let other = Builder::new_current_thread().build().unwrap();
    assert!(other.block_on(late).unwrap_err().is_cancelled());
}

// Mutant: executor-local/src/shared.rs :: if self.ends_on_panic && self.executor => if false && self.executor
#[test]
fn it_cannot_be_run_again() {
    let mut runtime = runtime();
    runtime.spawn(async { panic!("on purpose") });
    ends(|| runtime.block_on(pending::<()>()));
    ends(|| runtime.block_on(async {}));
    ends(|| runtime.stepper().run_once());
}

#[test]
fn who_waits_on_another_thread_hears_of_it() {
    let runtime = Arc::new(runtime());
    let (tx, rx) = mpsc::channel();
    let waits = {
        let runtime = runtime.clone();
        thread::spawn(move || {
            ends(|| {
                runtime.block_on(async move {
                    tx.send(()).unwrap();
                    pending::<()>().await
                })
            });
        })
    };
    // Whichever of the two runs the task, both end.
    rx.recv().unwrap();
    runtime.spawn(async { panic!("on purpose") });
    ends(|| runtime.block_on(pending::<()>()));
    waits.join().unwrap();
}

#[test]
fn a_panic_of_the_main_future_is_its_own() {
    let runtime = runtime();
    let panic = catch_unwind(AssertUnwindSafe(|| runtime.block_on(async { panic!("main") }))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"main"));
    assert_eq!(runtime.block_on(async { task::spawn(async { 7 }).await.unwrap() }), 7);
}

#[test]
fn a_set_of_local_tasks_keeps_its_panics() {
    let runtime = runtime();
    let set = LocalSet::new();
    let panicked = set.spawn_local(async { panic!("on purpose") });
    let error = runtime.block_on(set.run_until(panicked)).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(runtime.block_on(async { 7 }), 7);
}

#[test]
fn blocking_work_keeps_its_panics() {
    let runtime = runtime();
    let panicked = runtime.spawn_blocking(|| panic!("on purpose"));
    assert!(runtime.block_on(panicked).unwrap_err().is_panic());
}

#[test]
fn a_local_runtime_is_ended_too() {
    let mut builder = Builder::new_current_thread();
    builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
    let runtime = builder.build_local(LocalOptions::default()).unwrap();
    let (tx, rx) = mpsc::channel();
    let dropped = Dropped(tx);
    runtime.spawn_local(async move {
        let _dropped = dropped;
        pending::<()>().await;
    });
    runtime.spawn_local(async { panic!("on purpose") });
    ends(|| runtime.block_on(pending::<()>()));
    assert_eq!(rx.iter().count(), 1);
}

#[test]
fn a_step_ends_it_too() {
    let mut runtime = runtime();
    let spawner = runtime.handle().clone();
    let mut stepper = runtime.stepper();
    spawner.spawn(async { panic!("on purpose") });
    ends(|| stepper.run_until_idle());
    ends(|| stepper.run_once());
}

#[test]
#[should_panic = "only a current-thread runtime can be shut down by a panic"]
fn workers_cannot_be_ended_so() {
    Builder::new_multi_thread().unhandled_panic(UnhandledPanic::ShutdownRuntime);
}

#[test]
fn workers_can_be_told_to_go_on() {
    let runtime =
        Builder::new_multi_thread().worker_threads(1).unhandled_panic(UnhandledPanic::Ignore).build().unwrap();
    let panicked = runtime.spawn(async { panic!("on purpose") });
    assert!(runtime.block_on(panicked).unwrap_err().is_panic());
}
