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

/// A spawner that may go anywhere is local again on its executor's own thread, and nowhere else.
// Mutant: executor-local/src/local.rs :: self.0.get().is_some_and(|thread| *thread == this_thread()) => self.admits()
#[test]
fn a_spawner_is_local_where_its_executor_is_bound_to_the_thread() {
    let mut executor = SharedExecutor::new(Never, Config::new());
    let spawner = executor.spawner();
    assert!(spawner.to_local().is_none(), "it may run anywhere");
    let _ = executor.bind();
    let is_local = {
        let spawner = spawner.clone();
        std::thread::spawn(move || spawner.to_local().is_some()).join().unwrap()
    };
    assert!(!is_local, "it runs elsewhere");
    let spawner = spawner.to_local().unwrap();
    let kept = Rc::new(5);
    let task = kept.clone();
    let handle = try_spawn_local_at(&spawner, async move { *task }).unwrap();
    assert_eq!(executor.block_on(None, handle).unwrap().unwrap(), 5);
    // What comes too late is dropped at once.
    drop(executor);
    let late = kept.clone();
    let handle = try_spawn_local_at(&spawner, async move { drop(late) }).unwrap();
    assert!(handle.is_finished());
    assert_eq!(Rc::strong_count(&kept), 1);
}
