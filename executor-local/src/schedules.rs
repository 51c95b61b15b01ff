//! A whole executor with more threads than a model can have, in orders drawn at random (`cargo xtask shuttle`).
//!
//! Drawn evenly: an executor looks again at a queue to which a push is half done, and so does the end of one.

use alloc::sync::Arc;
use core::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

use shuttle::future::block_on;
use shuttle::thread;
use zokio_core::future::yield_now;
use zokio_core::sync::{Semaphore, TaskTracker, mpsc};
use zokio_core::task::{JoinHandle, try_spawn_at};

use self::explore::explore_evenly;
use crate::model_park::ModelPark;
use crate::{Config, SharedExecutor};

#[path = "../../core/src/tests/explore.rs"]
mod explore;

fn executor() -> Arc<SharedExecutor<ModelPark>> {
    Arc::new(SharedExecutor::new(ModelPark::new(), Config::new()))
}

/// Counts its drop.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Three threads spawn while a fourth runs the executor: one joins its tasks, one aborts them, one lets go of those that
/// never end. The executor is dropped while the third still spawns, and it spawns afterwards. Each future is dropped once, nothing is leaked.
// Mutant: executor-local/src/shared.rs :: boxes.close(); => let _ = ();
#[test]
fn shuttle_three_threads_spawn_join_and_abort() {
    explore_evenly("three_threads_spawn_join_and_abort", || {
        let (executor, tracker, ends) = (executor(), TaskTracker::new(), Arc::new(Semaphore::new(1)));
        let drops = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..3)
            .map(|kind| {
                let (spawner, drops, ends) = (executor.spawner(), drops.clone(), ends.clone());
                let token = (kind < 2).then(|| tracker.token());
                thread::spawn(move || {
                    for round in 0..if kind == 2 { 6 } else { 2 } {
                        if kind == 2 && round % 2 == 0 {
                            block_on(ends.acquire()).unwrap().forget();
                        }
                        let counted = Dropped(drops.clone());
                        let task = try_spawn_at(&spawner, async move {
                            let _counted = counted;
                            yield_now().await;
                            if kind == 2 {
                                pending::<()>().await;
                            }
                            round
                        });
                        match (task, kind) {
                            (Ok(task), 0) => assert_eq!(block_on(task).unwrap(), round),
                            (Ok(task), 1) => {
                                task.abort();
                                let _ended_or_cancelled = block_on(task);
                            }
                            (task, 2) => drop(task),
                            (_, _) => panic!("refused, though the executor runs"),
                        }
                    }
                    drop(token);
                })
            })
            .collect();
        tracker.close();
        executor.block_on(None, tracker.wait()).unwrap();
        let spawner = executor.spawner();
        ends.add_permits(1);
        drop(executor);
        ends.add_permits(1);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(drops.load(Ordering::Relaxed), 2 + 2 + 6);
        assert_eq!(Arc::strong_count(&spawner.executor), 1, "a task was leaked, and keeps its executor");
    });
}

/// Three threads wait on one executor, each for messages of the next one's task; whoever is done first hands it on.
// Mutant: executor-local/src/shared.rs :: *self.shared.lock() = self.park.take();\n        self.shared.ring.notify_all(); => *self.shared.lock() = self.park.take();
#[test]
fn shuttle_three_threads_wait_on_one_executor() {
    explore_evenly("three_threads_wait_on_one_executor", || {
        let executor = executor();
        let threads: Vec<_> = (0..3)
            .map(|count| {
                let executor = executor.clone();
                thread::spawn(move || {
                    let (sender, mut receiver) = mpsc::channel(1);
                    let task: JoinHandle<()> = try_spawn_at(&executor.spawner(), async move {
                        for number in 0..count {
                            sender.send(number).await.unwrap();
                        }
                    })
                    .unwrap_or_else(|_| panic!("the executor is there"));
                    let got = executor
                        .block_on(None, async {
                            let mut got = 0;
                            while receiver.recv().await.is_some() {
                                got += 1;
                            }
                            task.await.unwrap();
                            got
                        })
                        .unwrap();
                    assert_eq!(got, count);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(executor.tasks(), 0);
    });
}
