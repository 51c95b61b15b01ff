//! An executor with local tasks on the wrong thread.
#![cfg(all(feature = "std", not(loom)))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use zokio_core::task::try_spawn_local_at;
use zokio_executor_local::{Config, SharedExecutor};

#[path = "parkers/never.rs"]
mod never;

use never::Never;

/// An executor is `Send`, its local tasks are not: on another thread it neither runs nor drops them.
#[test]
#[cfg_attr(miri, ignore = "it leaks on purpose")]
fn failure_031_an_executor_with_local_tasks_runs_on_its_own_thread_only() {
    let mut executor = SharedExecutor::new(Never, Config::new());
    let spawner = executor.bind();
    let kept = Rc::new(5);
    let task = kept.clone();
    let handle = try_spawn_local_at(&spawner, async move { *task }).unwrap();
    let mut executor = std::thread::spawn(move || {
        let mut executor = executor;
        assert!(catch_unwind(AssertUnwindSafe(|| executor.block_on(None, async {}))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| executor.step(None).run_until_idle())).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| executor.bind())).is_err());
        executor
    })
    .join()
    .unwrap();
    assert_eq!(executor.block_on(None, handle).unwrap().unwrap(), 5);
    assert_eq!(executor.step(None).run_until_idle(), 0);
    // A task that waits for ever is left where it is.
    let task = kept.clone();
    let left = try_spawn_local_at(&spawner, async move {
        let _task = task;
        std::future::pending::<()>().await;
    })
    .unwrap();
    assert!(std::thread::spawn(move || drop(executor)).join().is_err(), "dropped on another thread");
    assert!(!left.is_finished());
    assert_eq!(Rc::strong_count(&kept), 2, "its future was dropped on another thread");
}
