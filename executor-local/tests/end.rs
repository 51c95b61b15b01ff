//! Threads that wake, abort and spawn while the executor ends, and after.
#![cfg(all(feature = "std", not(loom)))]

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use zokio_core::future::yield_now;
use zokio_core::task::{JoinHandle, try_spawn_at};
use zokio_executor_local::{Config, SharedExecutor};

#[path = "parkers/condvar.rs"]
mod condvar;

use condvar::CondvarPark;

struct Dropped(Arc<AtomicUsize>);
impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

type Wakers = Arc<Mutex<Vec<Waker>>>;

/// Tasks that wait for ever, each polled once, their wakers left.
fn waiting(
    executor: &SharedExecutor<CondvarPark>,
    tasks: usize,
    drops: &Arc<AtomicUsize>,
) -> (Vec<JoinHandle<()>>, Wakers) {
    let wakers = Wakers::default();
    let handles = (0..tasks)
        .map(|_| {
            let (left, dropped) = (wakers.clone(), Dropped(drops.clone()));
            let task = async move {
                let _dropped = dropped;
                poll_fn::<(), _>(|cx| {
                    left.lock().unwrap().push(cx.waker().clone());
                    Poll::Pending
                })
                .await;
            };
            try_spawn_at(&executor.spawner(), task).unwrap()
        })
        .collect();
    executor
        .block_on(None, async {
            yield_now().await;
            yield_now().await;
        })
        .unwrap();
    assert_eq!(wakers.lock().unwrap().len(), tasks);
    (handles, wakers)
}

/// Real threads against a real end; what the models say of all orders is here said of whole programs, by Miri too.
#[test]
fn failure_034_wakes_aborts_and_spawns_while_the_executor_is_dropped() {
    let rounds = if cfg!(miri) { 3 } else { 300 };
    for _ in 0..rounds {
        let drops = Arc::new(AtomicUsize::new(0));
        let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
        let (handles, wakers) = waiting(&executor, 4, &drops);
        let wakers = std::mem::take(&mut *wakers.lock().unwrap());
        let spawner = executor.spawner();
        let made = AtomicUsize::new(4);
        std::thread::scope(|scope| {
            scope.spawn(|| wakers.into_iter().for_each(Waker::wake));
            scope.spawn(|| handles.iter().for_each(JoinHandle::abort));
            scope.spawn(|| {
                // Until the end is seen: then a task is cancelled before its handle is there.
                loop {
                    made.fetch_add(1, Ordering::Relaxed);
                    let dropped = Dropped(drops.clone());
                    let task = async move {
                        let _dropped = dropped;
                        pending::<()>().await;
                    };
                    if try_spawn_at(&spawner, task).unwrap().is_finished() {
                        break;
                    }
                }
            });
            drop(executor);
        });
        assert!(handles.iter().all(JoinHandle::is_finished));
        assert_eq!(drops.load(Ordering::Relaxed), made.load(Ordering::Relaxed), "each future is dropped once");
    }
}

/// Handles outlive the executor; what they ask for is done already.
#[test]
fn failure_032_abort_after_the_executor() {
    let drops = Arc::new(AtomicUsize::new(0));
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    let (handles, wakers) = waiting(&executor, 2, &drops);
    let aborts: Vec<_> = handles.iter().map(JoinHandle::abort_handle).collect();
    drop(executor);
    assert_eq!(drops.load(Ordering::Relaxed), 2);
    std::thread::scope(|scope| {
        scope.spawn(|| aborts.iter().for_each(zokio_core::task::AbortHandle::abort));
        scope.spawn(|| handles.iter().for_each(JoinHandle::abort));
        scope.spawn(|| wakers.lock().unwrap().drain(..).for_each(Waker::wake));
    });
    assert!(aborts.iter().all(zokio_core::task::AbortHandle::is_finished));
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    for handle in handles {
        assert!(executor.block_on(None, handle).unwrap().unwrap_err().is_cancelled());
    }
    assert_eq!(drops.load(Ordering::Relaxed), 2);
}

/// A task whose drop spawns, wakes and aborts while the executor cancels it.
#[test]
fn what_a_cancelled_task_does_in_its_drop_is_done() {
    struct Spawns<S: zokio_core::task::Spawn>(S, Arc<AtomicUsize>, Option<JoinHandle<()>>);
    impl<S: zokio_core::task::Spawn> Drop for Spawns<S> {
        fn drop(&mut self) {
            assert!(try_spawn_at(&self.0, async {}).unwrap().is_finished());
            if let Some(other) = self.2.take() {
                other.abort();
            }
            self.1.fetch_add(1, Ordering::Relaxed);
            panic!("as planned");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    let (mut others, wakers) = waiting(&executor, 2, &drops);
    let bombs: Vec<_> = (0..2)
        .map(|_| {
            let bomb = Spawns(executor.spawner(), drops.clone(), others.pop());
            try_spawn_at(&executor.spawner(), async move {
                let _bomb = bomb;
                pending::<()>().await;
            })
            .unwrap()
        })
        .collect();
    executor.block_on(None, yield_now()).unwrap();
    drop(executor);
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    drop(wakers);
    let executor = SharedExecutor::new(CondvarPark::default(), Config::new());
    for bomb in bombs {
        assert!(executor.block_on(None, bomb).unwrap().unwrap_err().is_panic());
    }
}
