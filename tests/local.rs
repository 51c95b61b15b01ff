//! Local tasks: sets of them on every runtime, runtimes of them; woken, aborted and dropped from everywhere.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use zokio::runtime::{Builder, Handle, LocalOptions, LocalRuntime, Runtime, RuntimeFlavor};
use zokio::sync::Notify;
use zokio::task::{LocalSet, spawn_local, try_spawn_local, yield_now};
use zokio::test::{assert_pending, assert_ready, task};

/// A current-thread and a multi-thread runtime.
fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
    ]
}

fn local_runtime() -> LocalRuntime {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap()
}

#[test]
fn tasks_that_are_not_send_run_on_every_runtime() {
    for runtime in runtimes() {
        let set = LocalSet::new();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let here = seen.clone();
        set.block_on(&runtime, async move {
            let outer = here.clone();
            let task = spawn_local(async move {
                let inner = outer.clone();
                // A task of the set spawns on the set, and `spawn` goes to the runtime.
                let child = spawn_local(async move { inner.borrow_mut().push("child") });
                let sent = zokio::spawn(async { Handle::current().runtime_flavor() });
                child.await.unwrap();
                outer.borrow_mut().push("parent");
                sent.await.unwrap()
            });
            let flavor = task.await.unwrap();
            assert_eq!(flavor, Handle::current().runtime_flavor());
        });
        assert_eq!(*seen.borrow(), ["child", "parent"]);
    }
}

#[test]
fn a_set_is_ready_when_its_tasks_are() {
    for runtime in runtimes() {
        let set = LocalSet::new();
        let count = Rc::new(Cell::new(0));
        for _ in 0..200 {
            let count = count.clone();
            set.spawn_local(async move {
                yield_now().await;
                let deeper = count.clone();
                spawn_local(async move { deeper.set(deeper.get() + 1) }).detach();
                count.set(count.get() + 1);
            })
            .detach();
        }
        runtime.block_on(set);
        assert_eq!(count.get(), 400);
        runtime.block_on(LocalSet::new());
    }
}

#[test]
fn timers_of_the_runtime_are_those_of_local_tasks() {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let set = LocalSet::new();
    set.block_on(&runtime, async {
        let task = spawn_local(zokio::time::sleep(Duration::from_secs(3600)));
        task.await.unwrap();
    });
}

/// A set that rests is woken by a task that is spawned on it from outside.
// Mutant: executor-local/src/local_set.rs :: || waker.wake() => || drop(waker)
#[test]
fn failure_028_a_resting_set_is_woken_by_a_spawn() {
    let set = LocalSet::new();
    let mut driver = task::spawn(set.run_until(pending::<()>()));
    assert_pending!(driver.poll());
    assert!(!driver.is_woken(), "it wakes itself and has nothing to do");
    let spawned = set.spawn_local(async { 5 });
    assert!(driver.is_woken());
    assert_pending!(driver.poll());
    assert!(spawned.is_finished());
    assert_pending!(driver.poll());
    assert!(!driver.is_woken());
}

#[test]
fn failure_028_a_set_does_not_hang_under_load() {
    for runtime in runtimes() {
        let set = LocalSet::new();
        let (tx, rx) = mpsc::channel::<Waker>();
        let waking = thread::spawn(move || rx.into_iter().for_each(Waker::wake));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let tx = tx.clone();
                set.spawn_local(async move {
                    for _ in 0..100 {
                        let mut polled = false;
                        poll_fn(|cx| {
                            if std::mem::replace(&mut polled, true) {
                                return Poll::Ready(());
                            }
                            tx.send(cx.waker().clone()).unwrap();
                            Poll::Pending
                        })
                        .await;
                    }
                })
            })
            .collect();
        drop(tx);
        set.block_on(&runtime, async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        waking.join().unwrap();
    }
}

/// Says on which thread it is dropped.
struct Dropped(ThreadId, &'static AtomicUsize);
impl Dropped {
    fn here(count: &'static AtomicUsize) -> Self {
        Self(thread::current().id(), count)
    }
}
impl Drop for Dropped {
    fn drop(&mut self) {
        if self.0 == thread::current().id() {
            self.1.fetch_add(1, Ordering::Relaxed);
        } else {
            // A panic could be caught by the executor.
            self.1.fetch_add(1 << 20, Ordering::Relaxed);
        }
    }
}

/// Aborts, detaches and wakes from three threads, while the set runs and while it is dropped.
#[test]
fn failure_031_a_local_future_is_dropped_on_its_own_thread() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    const TASKS: usize = 60;
    let runtime = Builder::new_current_thread().build().unwrap();
    let set = LocalSet::new();
    let (tx, rx) = mpsc::channel::<Waker>();
    let handles: Vec<_> = (0..TASKS)
        .map(|_| {
            let (dropped, tx) = (Dropped::here(&DROPS), tx.clone());
            set.spawn_local(async move {
                let _dropped = dropped;
                poll_fn::<(), _>(|cx| {
                    let _ = tx.send(cx.waker().clone());
                    Poll::Pending
                })
                .await;
            })
        })
        .collect();
    drop(tx);
    set.block_on(&runtime, yield_now());
    let mut handles = handles.into_iter();
    let aborting: Vec<_> = handles.by_ref().take(TASKS / 3).collect();
    let aborting_later: Vec<_> = handles.by_ref().take(TASKS / 3).map(|handle| handle.abort_handle()).collect();
    let detaching: Vec<_> = handles.collect();
    let threads = [
        thread::spawn(move || aborting.iter().for_each(zokio::task::JoinHandle::abort)),
        thread::spawn(move || {
            aborting_later.iter().for_each(zokio::task::AbortHandle::abort);
            drop(detaching);
        }),
        thread::spawn(move || rx.into_iter().take(TASKS * 3 / 2).for_each(Waker::wake)),
    ];
    set.block_on(&runtime, async {
        for _ in 0..10 {
            yield_now().await;
        }
    });
    drop(set);
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(DROPS.load(Ordering::Relaxed), TASKS, "the high part counts drops on other threads");
}

/// A set and a local runtime in thread-local memory, with tasks, dropped when the thread ends, in both orders.
#[test]
fn failure_114_local_tasks_in_thread_local_memory() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static FIRST: RefCell<Option<LocalSet>> = const { RefCell::new(None) };
        static RUNTIME: RefCell<Option<LocalRuntime>> = const { RefCell::new(None) };
        static LAST: RefCell<Option<LocalSet>> = const { RefCell::new(None) };
    }
    /// Spawns where it is dropped, if that is possible.
    struct Spawns(#[allow(dead_code)] Dropped);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let _ = try_spawn_local(async {});
        }
    }
    let waiting = || {
        let spawns = Spawns(Dropped::here(&DROPS));
        async move {
            let _spawns = spawns;
            pending::<()>().await;
        }
    };
    for order in [false, true] {
        DROPS.store(0, Ordering::Relaxed);
        let ended = thread::spawn(move || {
            let sets = || {
                for place in [&FIRST, &LAST] {
                    let set = LocalSet::new();
                    set.spawn_local(waiting()).detach();
                    place.set(Some(set));
                }
            };
            let runtime = || {
                let runtime = local_runtime();
                runtime.spawn_local(waiting()).detach();
                RUNTIME.set(Some(runtime));
            };
            if order {
                sets();
                runtime();
            } else {
                runtime();
                sets();
            }
            // Polled once, so that each rests somewhere.
            RUNTIME.with_borrow(|runtime| {
                FIRST.with_borrow(|set| {
                    runtime.as_ref().unwrap().block_on(set.as_ref().unwrap().run_until(yield_now()));
                });
            });
        })
        .join();
        assert!(ended.is_ok());
        assert_eq!(DROPS.load(Ordering::Relaxed), 3);
    }
}

/// Two drivers, in two tasks: when the one that rested last leaves, the other one runs the set.
// Mutant: executor-local/src/local_set.rs :: // Whatever this one was woken for, the others see to now.\n        self.set.drivers.unpark(); =>
#[test]
fn a_driver_that_leaves_hands_the_set_over() {
    let set = LocalSet::new();
    let notify = Rc::new(Notify::new());
    let (told, done) = (notify.clone(), set.spawn_local(pending::<()>()));
    let local = set.spawn_local(async move { told.notified().await });
    let mut first = task::spawn(set.run_until(local));
    let mut second = task::spawn(set.run_until(pending::<()>()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    notify.notify_one();
    // Both are woken; the one that gets there first may be the one that goes away.
    assert!(first.is_woken() && second.is_woken());
    drop(second);
    assert_pending!(first.poll());
    assert_ready!(first.poll()).unwrap();
    // One that is dropped after it was woken, before it could do anything: nobody else is told of the wake twice.
    let mut third = task::spawn(set.run_until(pending::<()>()));
    let mut fourth = task::spawn(set.run_until(pending::<()>()));
    assert_pending!(third.poll());
    assert_pending!(fourth.poll());
    drop(third);
    assert!(fourth.is_woken(), "it is not told that it is alone now");
    done.abort();
    assert_pending!(fourth.poll());
    assert!(done.is_finished());
}

#[test]
fn a_set_may_be_run_inside_of_one_of_its_own_tasks() {
    for runtime in runtimes() {
        let set = Rc::new(LocalSet::new());
        let inner = set.clone();
        let task = set.spawn_local(async move {
            let child = inner.spawn_local(async { 3 });
            inner.run_until(async { child.await.unwrap() }).await
        });
        assert_eq!(set.block_on(&runtime, task).unwrap(), 3);
    }
}

#[test]
fn a_set_is_dropped_with_its_tasks_and_takes_no_more() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct SpawnsLate(#[allow(dead_code)] Dropped);
    impl Drop for SpawnsLate {
        fn drop(&mut self) {
            let late = Dropped::here(&DROPS);
            spawn_local(async move { drop(late) }).detach();
        }
    }
    let set = LocalSet::new();
    let late = SpawnsLate(Dropped::here(&DROPS));
    let handle = set.spawn_local(async move {
        let _late = late;
        pending::<()>().await;
    });
    drop(set);
    assert_eq!(DROPS.load(Ordering::Relaxed), 2);
    let mut handle = task::spawn(handle);
    assert!(assert_ready!(handle.poll()).unwrap_err().is_cancelled());
}

#[test]
fn panics_leave_a_set_as_it_is() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let set = LocalSet::new();
    let panics = set.spawn_local(async { panic!("on purpose") });
    let other = set.spawn_local(async { 4 });
    assert!(catch_unwind(AssertUnwindSafe(|| set.block_on(&runtime, async { panic!("on purpose") }))).is_err());
    assert!(set.block_on(&runtime, panics).unwrap_err().is_panic());
    assert_eq!(set.block_on(&runtime, other).unwrap(), 4);
}

#[test]
fn a_forgotten_driver_loses_nothing() {
    let set = LocalSet::new();
    let mut forgotten = task::spawn(set.run_until(pending::<()>()));
    assert_pending!(forgotten.poll());
    std::mem::forget(forgotten);
    let done = set.spawn_local(async { 1 });
    let mut driver = task::spawn(set.run_until(done));
    assert_pending!(driver.poll());
    assert!(driver.is_woken());
    assert_eq!(assert_ready!(driver.poll()).unwrap(), 1);
}

#[test]
fn entering_a_set_names_it() {
    assert!(try_spawn_local(async {}).is_err());
    for runtime in runtimes() {
        let set = LocalSet::new();
        let task = {
            let _runtime = runtime.enter();
            let _set = set.enter();
            assert!(Handle::try_current().is_ok(), "the runtime is hidden");
            spawn_local(async { 8 })
        };
        assert!(try_spawn_local(async {}).is_err(), "the set was not left");
        assert_eq!(set.block_on(&runtime, task).unwrap(), 8);
    }
}

/// A handle that was entered in a task of a set hid the set until the guard was dropped.
#[test]
fn entering_a_runtime_in_a_task_of_a_set_hides_it_not() {
    for other in runtimes() {
        for runtime in runtimes() {
            let set = LocalSet::new();
            let shared = Rc::new(Cell::new(0));
            let (count, handle) = (shared.clone(), other.handle().clone());
            set.block_on(&runtime, async move {
                let guard = handle.enter();
                assert_eq!(Handle::current().runtime_flavor(), handle.runtime_flavor());
                let inside = count.clone();
                let local = spawn_local(async move { inside.set(inside.get() + 1) });
                // A guard inside of a guard keeps it too.
                let again = handle.enter();
                let inside = count.clone();
                let other = spawn_local(async move { inside.set(inside.get() + 1) });
                drop(again);
                drop(guard);
                local.await.unwrap();
                other.await.unwrap();
            });
            assert_eq!(shared.get(), 2);
            // Outside of the set there is none.
            let _guard = other.enter();
            assert!(std::panic::catch_unwind(|| spawn_local(async {})).is_err());
        }
    }
}

/// A handle that was entered in its own local runtime took `spawn_local` away until the guard was dropped.
// Mutant: src/runtime/handle.rs :: spawner: self.to_local() }) => spawner: None })
// Mutant: src/runtime/handle.rs :: self.run_here(true, || block_on(future)) => Current::enter(&self.context().with_polling(), || block_on(future))
#[test]
fn entering_a_local_runtime_by_its_handle_keeps_its_local_tasks() {
    let runtime = local_runtime();
    let count = Rc::new(Cell::new(0));
    let counted = || {
        let count = count.clone();
        spawn_local(async move { count.set(count.get() + 1) })
    };
    // In its main future, in a guard inside of a guard, in tasks of both kinds.
    runtime.block_on(async {
        let handle = Handle::current();
        let guard = handle.enter();
        let again = handle.enter();
        let inner = counted();
        drop(again);
        let outer = counted();
        let task = spawn_local(async {
            let handle = Handle::current();
            let _guard = handle.enter();
            try_spawn_local(async {}).is_ok()
        });
        let sent = zokio::spawn(async {
            let handle = Handle::current();
            let _guard = handle.enter();
            try_spawn_local(async {}).is_ok()
        });
        drop(guard);
        inner.await.unwrap();
        outer.await.unwrap();
        assert!(task.await.unwrap());
        assert!(sent.await.unwrap());
    });
    assert_eq!(count.get(), 2);
    // Where it does not run, and where another one has hidden it.
    for other in runtimes() {
        let _others = other.enter();
        assert!(try_spawn_local(async {}).is_err());
        let entered = {
            let _guard = runtime.handle().enter();
            counted()
        };
        let mut blocked = None;
        runtime.handle().block_on(async { blocked = Some(counted()) });
        assert!(try_spawn_local(async {}).is_err(), "it was not left");
        runtime.block_on(async {
            entered.await.unwrap();
            blocked.unwrap().await.unwrap();
        });
    }
    assert_eq!(count.get(), 6);
}

/// In a task of a set the handle leaves the set where it is; the runtime itself goes before it.
#[test]
fn entering_a_local_runtime_in_a_task_of_a_set_asks_who_is_entered() {
    let runtime = local_runtime();
    let set = LocalSet::new();
    let ran = runtime.block_on(set.run_until(async {
        let of_set = {
            let _guard = runtime.handle().enter();
            spawn_local(async { 1 })
        };
        let of_runtime = {
            let _guard = runtime.enter();
            spawn_local(async { 2 })
        };
        (of_set.await.unwrap(), of_runtime)
    }));
    assert_eq!(ran.0, 1);
    drop(set);
    assert_eq!(runtime.block_on(ran.1).unwrap(), 2);
}

/// Elsewhere the same handle spawns what is `Send`.
// Mutant: executor-local/src/local.rs :: self.0.get().is_some_and(|thread| *thread == this_thread()) => self.0.get().is_some()
#[test]
fn a_handle_of_a_local_runtime_takes_local_tasks_on_its_own_thread_only() {
    fn refuses(handle: &Handle) -> bool {
        let _guard = handle.enter();
        let current = Handle::current();
        let _again = current.enter();
        try_spawn_local(async {}).is_err()
    }
    let runtime = local_runtime();
    let handle = runtime.handle();
    assert!(!refuses(handle));
    thread::scope(|scope| {
        let elsewhere = scope.spawn(|| {
            assert!(refuses(handle));
            assert!(handle.block_on(async { try_spawn_local(async {}).is_err() }));
            // In a runtime of that thread it hides what is there.
            let own = local_runtime();
            own.block_on(async {
                assert!(refuses(handle));
                assert!(try_spawn_local(async {}).is_ok());
            });
            assert!(!refuses(own.handle()));
        });
        elsewhere.join().unwrap();
    });
    let call = runtime.spawn_blocking(|| refuses(&Handle::current()));
    assert!(runtime.block_on(call).unwrap());
}

/// What is spawned then is cancelled at once.
// Mutant: executor-local/src/shared.rs :: boxes.close(); => let _ = ();
#[test]
fn a_local_runtime_may_go_before_those_who_have_entered_it() {
    let cancelled = || {
        let mut handle = task::spawn(spawn_local(async {}));
        assert!(assert_ready!(handle.poll()).unwrap_err().is_cancelled());
    };
    let runtime = local_runtime();
    let handle = runtime.handle().clone();
    let guard = handle.enter();
    drop(runtime);
    cancelled();
    drop(guard);
    let guard = handle.enter();
    cancelled();
    drop(guard);
    handle.block_on(async { cancelled() });
    assert!(try_spawn_local(async {}).is_err());
}

#[test]
fn plain_runtimes_refuse_local_tasks() {
    for runtime in runtimes() {
        runtime.block_on(async {
            assert!(try_spawn_local(async {}).is_err());
            let elsewhere = zokio::spawn(async { try_spawn_local(async {}).is_err() });
            assert!(elsewhere.await.unwrap());
        });
        // In a set, but on a thread that may block, or in a task of the runtime.
        let set = LocalSet::new();
        set.block_on(&runtime, async {
            assert!(zokio::task::spawn_blocking(|| try_spawn_local(async {}).is_err()).await.unwrap());
            assert!(zokio::spawn(async { try_spawn_local(async {}).is_err() }).await.unwrap());
        });
    }
}

#[test]
fn a_local_runtime_runs_what_is_not_send() {
    let runtime = local_runtime();
    let shared = Rc::new(Cell::new(0));
    let here = shared.clone();
    let task = runtime.spawn_local(async move { here.set(here.get() + 1) });
    let here = shared.clone();
    runtime.block_on(async move {
        task.await.unwrap();
        spawn_local(async move { here.set(here.get() + 1) }).await.unwrap();
        assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
        assert_eq!(zokio::spawn(async { 2 }).await.unwrap(), 2);
        assert!(zokio::task::spawn_blocking(|| try_spawn_local(async {}).is_err()).await.unwrap());
    });
    assert_eq!(shared.get(), 2);
    let entered = runtime.enter();
    let here = shared.clone();
    let task = spawn_local(async move { here.get() });
    drop(entered);
    assert!(try_spawn_local(async {}).is_err());
    assert_eq!(runtime.block_on(task).unwrap(), 2);
    // From another thread, what is `Send`.
    let handle = runtime.handle().clone();
    let sent = thread::spawn(move || handle.spawn(async { 9 })).join().unwrap();
    assert_eq!(runtime.block_on(sent).unwrap(), 9);
    let mut runtime = runtime;
    let stepped = runtime.spawn_local(async { Rc::new(1) });
    assert_eq!(runtime.stepper().run_until_idle(), 1);
    assert!(stepped.is_finished());
    runtime.shutdown_timeout(Duration::ZERO);
    LocalRuntime::new().unwrap().shutdown_background();
}

#[test]
#[should_panic(expected = "only a current-thread runtime can be local")]
fn workers_cannot_be_local() {
    let _ = Builder::new_multi_thread().worker_threads(1).build_local(LocalOptions::default());
}

#[zokio::test(flavor = "local", start_paused = true)]
async fn the_attribute_makes_a_local_runtime() {
    let shared = Rc::new(Cell::new(0));
    let here = shared.clone();
    let task = spawn_local(async move {
        zokio::time::sleep(Duration::from_secs(86_400)).await;
        here.set(1);
    });
    task.await.unwrap();
    assert_eq!(shared.get(), 1);
}

#[zokio::test(flavor = "current_thread", start_paused = true)]
async fn the_attribute_stops_the_clock() {
    let start = zokio::time::Instant::now();
    zokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(86_400));
}
