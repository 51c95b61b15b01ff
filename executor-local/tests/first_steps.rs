//! Both kinds of executor do the ordinary things: spawn, join, abort, panic, refuse, end.
#![cfg(all(feature = "std", not(loom)))]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use zokio_core::future::yield_now;
use zokio_core::task::{Arena, SpawnError, try_spawn_at};
use zokio_executor_local::{Config, Executor, SharedExecutor};

#[path = "parkers/condvar.rs"]
mod condvar;
#[path = "parkers/never.rs"]
mod never;

use condvar::CondvarPark;
use never::{Never, Nobody};

#[test]
fn static_tasks_give_their_outputs() {
    static TASKS: Arena<2, 64> = Arena::new();
    static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new().pool("tasks", &TASKS));
    let sum = EXECUTOR.block_on(&mut Never, async {
        let one = spawn(async {
            yield_now().await;
            1
        });
        let two = spawn(async { 2 });
        let refused = try_spawn(async { 3 }).unwrap_err();
        assert!(matches!(refused, SpawnError::Full { pool: "tasks", slots: 2, .. }), "{refused}");
        assert_eq!(refused.into_future().await, 3);
        let large = try_spawn(async {
            let room = [0_u8; 100];
            yield_now().await;
            room.len()
        })
        .unwrap_err();
        assert!(matches!(large, SpawnError::TooLarge { .. }), "{large}");
        one.await.unwrap() + two.await.unwrap()
    });
    assert_eq!(sum, 3);
    assert_eq!((TASKS.in_use(), TASKS.high_water()), (0, 2));

    fn try_spawn<F>(future: F) -> Result<zokio_core::task::JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        use zokio_core::ambient::Ambient;
        zokio_executor_local::context::Current::with(|context| {
            try_spawn_at(context.and_then(|context| context.spawn()).expect("in an executor"), future)
        })
    }
    fn spawn<F>(future: F) -> zokio_core::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        try_spawn(future).unwrap()
    }
}

#[test]
fn boxed_tasks_give_outputs_panics_and_cancellations() {
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    let spawner = executor.spawner();
    let output = executor.block_on(None, async {
        let fine = try_spawn_at(&spawner, async { 5 }).unwrap();
        let panics = try_spawn_at(&spawner, async { panic!("as planned") as () }).unwrap();
        let stuck = try_spawn_at(&spawner, std::future::pending::<()>()).unwrap();
        let abort = stuck.abort_handle();
        yield_now().await;
        abort.abort();
        assert!(stuck.await.unwrap_err().is_cancelled());
        assert!(abort.is_finished());
        let error = panics.await.unwrap_err();
        assert!(error.to_string().contains("as planned"), "{error}");
        assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"as planned"));
        fine.await.unwrap()
    });
    assert_eq!(output.unwrap(), 5);
    assert_eq!(executor.tasks(), 0);
}

#[test]
fn a_wake_from_another_thread_ends_the_wait() {
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    let spawner = executor.spawner();
    for _ in 0..if cfg!(miri) { 10 } else { 1000 } {
        let (spawner, ran) = (spawner.clone(), Arc::new(AtomicUsize::new(0)));
        let counter = ran.clone();
        let foreign = std::thread::spawn(move || {
            try_spawn_at(&spawner, async move { counter.fetch_add(1, Ordering::Relaxed) }).unwrap()
        });
        executor.block_on(None, async { foreign.join().unwrap().await.unwrap() }).unwrap();
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn dropping_the_executor_cancels_its_tasks_and_leaves_wakers_harmless() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    let spawner = executor.spawner();
    let wakers = Arc::new(Mutex::new(Vec::new()));
    let handles: Vec<_> = (0..10)
        .map(|_| {
            let (guard, wakers) = (Dropped(dropped.clone()), wakers.clone());
            let task = async move {
                let _guard = guard;
                std::future::poll_fn::<(), _>(|cx| {
                    wakers.lock().unwrap().push(cx.waker().clone());
                    std::task::Poll::Pending
                })
                .await;
            };
            try_spawn_at(&spawner, task).unwrap()
        })
        .collect();
    executor.block_on(None, yield_now()).unwrap();
    executor.block_on(None, yield_now()).unwrap();
    drop(executor);
    assert_eq!(dropped.load(Ordering::Relaxed), 10);
    for waker in wakers.lock().unwrap().drain(..) {
        waker.wake_by_ref();
        waker.wake();
    }
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    for handle in handles {
        assert!(executor.block_on(None, handle).unwrap().unwrap_err().is_cancelled());
    }
    assert!(spawner.is_closed());
    let late = try_spawn_at(&spawner, async {}).unwrap();
    assert!(executor.block_on(None, late).unwrap().unwrap_err().is_cancelled());
}

#[test]
fn nested_block_on_is_an_error() {
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    let nested = executor.block_on(None, async { executor.block_on(None, async {}) }).unwrap();
    assert!(nested.unwrap_err().to_string().contains("already runs an executor"));
}

#[test]
fn two_threads_block_on_one_executor() {
    let executor = Arc::new(SharedExecutor::new(CondvarPark::default(), Config::new()));
    let spawner = executor.spawner();
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let (executor, spawner) = (executor.clone(), spawner.clone());
            std::thread::spawn(move || {
                for _ in 0..if cfg!(miri) { 3 } else { 100 } {
                    let task = try_spawn_at(&spawner, async move {
                        yield_now().await;
                        n
                    })
                    .unwrap();
                    assert_eq!(executor.block_on(None, task).unwrap().unwrap(), n);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
