//! Races around the end of an executor's wait, and around its own end.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::sync::Mutex;
use loom::thread;
use zokio_core::ambient::Ambient;
use zokio_core::atomic::AtomicBool;
use zokio_core::future::yield_now;
use zokio_core::park::Park;
use zokio_core::task::{Arena, JoinHandle, try_spawn_at};

use crate::context::Current;
use crate::model_park::{ModelPark, Token};
use crate::{Config, Executor, LocalSet, SharedExecutor, SharedSpawner};

/// Ready when a thread, started by the first poll, has stored and woken.
fn told_by_a_thread() -> impl Future<Output = ()> + Send + 'static {
    let flag = Arc::new(AtomicBool::new(false));
    let mut started = false;
    poll_fn(move |cx| {
        // Relaxed: the wake must publish it.
        if flag.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        if !core::mem::replace(&mut started, true) {
            let (flag, waker) = (flag.clone(), cx.waker().clone());
            thread::spawn(move || {
                flag.store(true, Ordering::Relaxed);
                waker.wake();
            });
        }
        Poll::Pending
    })
}

fn executor(park: &ModelPark) -> &'static Executor<Token> {
    let tasks: &'static Arena<2, 256> = Box::leak(Box::new(Arena::new()));
    Box::leak(Box::new(Executor::new(park.unpark(), Config::new().pool("tasks", tasks))))
}

/// The main future is woken while its executor finds nothing to do and goes to sleep.
// Mutant: executor-local/src/executor.rs :: empty && !main_woken.is_set() => empty && { let _ = main_woken; true }
#[test]
fn a_wake_of_the_main_future_races_the_wait() {
    loom::model(|| {
        let mut park = ModelPark::new();
        executor(&park).block_on(&mut park, told_by_a_thread());
    });
}

/// The same, of an executor that is run step by step.
// Mutant: executor-local/src/step.rs :: main_woken.swap(false, Ordering::Acquire) => main_woken.swap(false, Ordering::Relaxed)
#[test]
fn a_wake_of_the_future_of_a_stepper_races_the_wait() {
    loom::model(|| {
        let park = ModelPark::new();
        executor(&park).step(park).run_until(told_by_a_thread());
    });
}

/// A task is woken while its executor finds nothing to do and goes to sleep.
// Mutant: executor-local/src/executor.rs :: // Ordering: SeqCst fence: pairs with the one in `wake_up`.\n            fence(Ordering::SeqCst); => fence(Ordering::AcqRel);
#[test]
fn a_wake_of_a_task_races_the_wait() {
    loom::model(|| {
        let mut park = ModelPark::new();
        executor(&park).block_on(&mut park, async {
            let task: JoinHandle<()> = Current::with(|context| {
                let place = context.and_then(|context| context.spawn()).unwrap();
                try_spawn_at(place, told_by_a_thread()).unwrap()
            });
            task.await.unwrap();
        });
    });
}

/// Two wakes, the second while the executor handles the first: the sleeping flag is not left in a state that loses one.
// Mutant: executor-local/src/executor.rs :: self.sleeping.swap(true, Ordering::Relaxed); => self.sleeping.swap(false, Ordering::Relaxed);
#[test]
fn two_wakes_race_two_waits() {
    loom::model(|| {
        let mut park = ModelPark::new();
        executor(&park).block_on(&mut park, async {
            let task: JoinHandle<()> = Current::with(|context| {
                let place = context.and_then(|context| context.spawn()).unwrap();
                try_spawn_at(place, told_by_a_thread()).unwrap()
            });
            told_by_a_thread().await;
            task.await.unwrap();
        });
    });
}

/// As above, of an executor on the heap.
// Mutant: executor-local/src/shared.rs :: self.woken.swap(true, Ordering::Release); => self.woken.store(true, Ordering::Relaxed);
#[test]
fn a_wake_of_the_main_future_of_a_shared_executor_races_the_wait() {
    loom::model(|| {
        let executor = SharedExecutor::new(ModelPark::new(), Config::new());
        executor.block_on(None, told_by_a_thread()).unwrap();
    });
}

/// Two threads wait on one executor; the future of one wakes that of the other, which does not run the executor, or takes it
/// over meanwhile.
// Mutant: executor-local/src/shared.rs :: if !main.woken.swap(false, Ordering::Acquire) { => if !main.woken.swap(false, Ordering::Relaxed) {
#[test]
fn a_main_future_wakes_one_that_waits_for_the_executor() {
    loom::model(|| {
        let executor = Arc::new(SharedExecutor::new(ModelPark::new(), Config::new()));
        // The other's waker, and whether it came too late to be woken.
        let seat = Arc::new(Mutex::new((None::<Waker>, false)));
        let flag = Arc::new(AtomicBool::new(false));
        let other = {
            let (executor, seat, flag) = (executor.clone(), seat.clone(), flag.clone());
            thread::spawn(move || {
                let mut placed = false;
                let wait = poll_fn(|cx| {
                    if placed {
                        // Relaxed: the wake must publish it.
                        return if flag.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending };
                    }
                    placed = true;
                    {
                        let mut seat = seat.lock().unwrap();
                        if seat.1 {
                            return Poll::Ready(());
                        }
                        seat.0 = Some(cx.waker().clone());
                    }
                    thread::yield_now();
                    Poll::Pending
                });
                executor.block_on(None, wait).unwrap();
            })
        };
        let tell = async {
            // Here and above: these turns of the other thread are not counted against the bound of preemptions.
            thread::yield_now();
            let waker = {
                let mut seat = seat.lock().unwrap();
                seat.1 = true;
                seat.0.take()
            };
            if let Some(waker) = waker {
                flag.store(true, Ordering::Relaxed);
                waker.wake();
            }
        };
        executor.block_on(None, tell).unwrap();
        other.join().unwrap();
    });
}

/// Two become the one who runs, one after the other: the second finds the queue as the first has left it.
// Mutant: executor-local/src/executor.rs :: self.running.store(false, Ordering::Release); => self.running.store(false, Ordering::Relaxed);
#[test]
fn the_next_runner_finds_what_the_last_one_left() {
    fn run(executor: &Executor<Token>) {
        if executor.try_start() {
            // SAFETY: *one runner*: started above; the model checks it.
            let task = unsafe { executor.pop() };
            task.expect("there are as many tasks as runners").cancel();
            executor.stop();
        }
    }
    loom::model(|| {
        let executor = executor(&ModelPark::new());
        let place = crate::Spawner::new(executor).to_send();
        for _ in 0..2 {
            try_spawn_at(&place, core::future::pending::<()>()).unwrap().detach();
        }
        let other = thread::spawn(move || run(executor));
        run(executor);
        other.join().unwrap();
        assert!(executor.try_start());
        // SAFETY: *one runner*: started above.
        unsafe { executor.cancel_queued() };
        executor.stop();
    });
}

/// A task that leaves its waker and waits for ever, polled once.
fn waiting(drops: &Arc<AtomicUsize>) -> (SharedExecutor<ModelPark>, SharedSpawner<Token>, JoinHandle<()>, Waker) {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let executor = SharedExecutor::new(ModelPark::new(), Config::new());
    let spawner = executor.spawner();
    let seat = Arc::new(StdMutex::new(None));
    let (left, dropped) = (seat.clone(), Dropped(drops.clone()));
    let handle = try_spawn_at(&spawner, async move {
        let _dropped = dropped;
        poll_fn::<(), _>(|cx| {
            let waker = cx.waker().clone();
            let before = left.lock().unwrap().replace(waker);
            drop(before);
            Poll::Pending
        })
        .await;
    })
    .unwrap();
    executor
        .block_on(None, async {
            yield_now().await;
            yield_now().await;
        })
        .unwrap();
    let waker = seat.lock().unwrap().take().expect("it was polled");
    (executor, spawner, handle, waker)
}

/// A waker fires while its executor is dropped: what is behind the waker is there until it is done with it, the task is
/// cancelled once and freed, and so is the executor.
// Mutant: executor-local/src/shared.rs :: if boxes.is_empty() {\n            return; => if true {\n            return;
#[test]
fn failure_034_wake_races_executor_drop() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (executor, spawner, handle, waker) = waiting(&drops);
        let waking = thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        });
        drop(executor);
        assert_eq!(drops.load(Ordering::Relaxed), 1, "the future is still there");
        waking.join().unwrap();
        assert!(handle.is_finished());
        drop(handle);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert_eq!(Arc::strong_count(&spawner.executor), 1, "a task was leaked, and keeps its executor");
    });
}

/// An abort and a spawn while the executor is dropped.
// Mutant: executor-local/src/shared.rs :: boxes.close(); => let _ = ();
#[test]
fn an_abort_and_a_spawn_race_executor_drop() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (executor, spawner, handle, waker) = waiting(&drops);
        drop(waker);
        let other = {
            let spawner = spawner.clone();
            thread::spawn(move || {
                handle.abort();
                try_spawn_at(&spawner, core::future::pending::<()>()).ok()
            })
        };
        drop(executor);
        let spawned = other.join().unwrap();
        assert!(spawned.as_ref().is_none_or(JoinHandle::is_finished), "spawned where nobody runs it");
        drop(spawned);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert_eq!(Arc::strong_count(&spawner.executor), 1, "a task was leaked, and keeps its executor");
    });
}

/// A local task is woken by another thread while its set goes to rest.
// Mutant: executor-local/src/local_set.rs :: if !idle {\n            executor.is_awake();\n            self.0.drivers.unpark(); => if false {\n            executor.is_awake();
#[test]
fn failure_028_a_wake_of_a_local_task_races_the_rest_of_its_set() {
    loom::model(|| {
        let mut park = ModelPark::new();
        let set = LocalSet::new();
        let task = set.spawn_local(told_by_a_thread());
        executor(&park).block_on(&mut park, set.run_until(task)).unwrap();
    });
}
