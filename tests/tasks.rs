//! What surrounds a task, through the facade: sets of tasks, ids, names, budgets.
#![cfg(feature = "std")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zokio::runtime::{Builder, Runtime};
use zokio::task::{self, JoinSet};

/// One runtime of each kind.
fn each(test: impl Fn(Runtime)) {
    test(Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    test(Builder::new_current_thread().enable_all().build().unwrap());
}

#[test]
fn a_set_takes_tasks_of_every_kind() {
    each(|runtime| {
        let handle = runtime.handle().clone();
        runtime.block_on(async {
            let mut set: JoinSet<u32> = (0..10).map(|n| async move { n }).collect();
            set.spawn_blocking(|| 100);
            set.spawn_blocking_on(|| 200, &handle);
            set.spawn_on(async { 300 }, &handle);
            let id = set.build_task().name("last").spawn(async { 400 }).unwrap().id();
            assert_eq!(set.len(), 14);
            let mut sum = 0;
            while let Some(ended) = set.join_next_with_id().await {
                let (from, output) = ended.unwrap();
                assert_eq!(from == id, output == 400);
                sum += output;
            }
            assert_eq!(sum, 45 + 1000);
        });
    });
}

/// Thousands at once, ending on all workers while they are joined.
#[test]
fn every_task_of_a_large_set_comes_out_once() {
    each(|runtime| {
        let sum: u64 = runtime.block_on(async {
            let mut set = JoinSet::new();
            for n in 0..5_000_u64 {
                set.spawn(async move {
                    if n % 3 == 0 {
                        task::yield_now().await;
                    }
                    n
                });
            }
            set.join_all().await.into_iter().sum()
        });
        assert_eq!(sum, 4_999 * 5_000 / 2);
    });
}

#[test]
fn a_task_knows_its_name_and_one_beside_it_does_not() {
    each(|runtime| {
        runtime.block_on(async {
            assert_eq!(task::name(), None);
            let named = task::Builder::new().name("worker").spawn(async {
                task::yield_now().await;
                let inner = task::spawn(async { task::name() }).await.unwrap();
                (task::name(), inner)
            });
            let (name, inner) = named.unwrap().await.unwrap();
            assert_eq!((name.as_deref(), inner), (Some("worker"), None));
        });
    });
    assert!(task::Builder::new().spawn(async {}).unwrap_err().to_string().contains("no executor"));
}

/// A task that always has something to take lets a task on the same thread go on.
#[test]
fn failure_106_a_task_that_joins_for_ever_lets_others_run() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let turns = Arc::new(AtomicUsize::new(0));
        let other = {
            let turns = turns.clone();
            zokio::spawn(async move {
                loop {
                    turns.fetch_add(1, Ordering::Relaxed);
                    task::yield_now().await;
                }
            })
        };
        let tasks: Vec<_> = (0..1_000).map(|_| zokio::spawn(async {})).collect();
        while tasks.iter().any(|task| !task.is_finished()) {
            task::yield_now().await;
        }
        let before = turns.load(Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        let between = turns.load(Ordering::Relaxed) - before;
        assert!(between >= 1_000 / 128, "{between} turns");
        other.abort();
    });
}

#[test]
fn ids_are_those_of_the_handles() {
    each(|runtime| {
        runtime.block_on(async {
            assert_eq!(task::try_id(), None, "the main future is no task");
            let handle = zokio::spawn(async { task::id() });
            let id = handle.id();
            assert_eq!(handle.await.unwrap(), id);
            let blocking = task::spawn_blocking(task::id);
            let id = blocking.id();
            assert_eq!(blocking.await.unwrap(), id);
            let failed = zokio::spawn(std::future::pending::<()>());
            let id = failed.id();
            failed.abort();
            assert_eq!(failed.await.unwrap_err().id(), id);
        });
    });
}

/// An iterator of the user's panics in the middle: what was spawned is aborted with the set, and the runtime goes on.
#[test]
fn failure_060_a_panic_while_many_are_spawned_leaves_the_runtime_as_it_was() {
    each(|runtime| {
        let drops = Arc::new(());
        runtime.block_on(async {
            let spawn_many = std::panic::AssertUnwindSafe(|| {
                (0..10).map(|n| {
                    assert!(n < 5, "planned");
                    let held = drops.clone();
                    async move {
                        std::future::pending::<()>().await;
                        drop(held);
                    }
                })
            });
            let panicked = std::panic::catch_unwind(move || drop(spawn_many().collect::<JoinSet<()>>()));
            assert!(panicked.is_err());
            assert_eq!(zokio::spawn(async { 7 }).await.unwrap(), 7);
            while Arc::strong_count(&drops) > 1 {
                task::yield_now().await;
            }
        });
    });
}

#[test]
fn a_set_takes_tasks_that_stay_on_their_thread() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let local = task::LocalSet::new();
    let held = std::rc::Rc::new(5);
    let mut set = JoinSet::new();
    let in_task = held.clone();
    set.spawn_local_on(async move { *in_task }, &local);
    let in_task = held.clone();
    set.build_task().name("local").spawn_local_on(async move { *in_task + 1 }, &local).unwrap();
    let sum: i32 = local.block_on(&runtime, async {
        let in_task = held.clone();
        set.spawn_local(async move { *in_task + 2 });
        set.join_all().await.into_iter().sum()
    });
    assert_eq!((sum, std::rc::Rc::strong_count(&held)), (18, 1));
}
