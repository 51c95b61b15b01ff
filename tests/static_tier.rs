//! What a careless program of the static tier meets: executors and pools in `static`s, here on the host, through the
//! facade as on a chip.
#![cfg(feature = "std")]
#![allow(clippy::async_yields_async)] // handles leave the executor that made them

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use zokio::executor::{Config, Executor};
use zokio::task::{Arena, JoinHandle, LocalSet, SpawnError, try_spawn, try_spawn_local, yield_now};
use zokio::time::sleep;
use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Clock, Instant, Timers};

/// Nobody else wakes the executors of these tests.
#[derive(Clone)]
struct Alone;

impl Unpark for Alone {
    const NEEDED: bool = false;
    fn unpark(&self) {}
}

/// These executors always have something to do, or are done.
struct NeverPark;

impl Park for NeverPark {
    type Unpark = Alone;
    fn unpark(&self) -> Alone {
        Alone
    }
    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert!(!is_idle(), "nobody would wake this executor");
    }
    fn poll(&mut self) {}
}

type Local = Executor<Alone>;

#[track_caller]
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).err().expect("it must panic");
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

/// A future of at least `SIZE` bytes.
async fn sized<const SIZE: usize>() -> usize {
    let room = [1_u8; SIZE];
    yield_now().await;
    room.iter().map(|byte| usize::from(*byte)).sum()
}

#[test]
fn a_full_pool_says_its_name_and_size_and_gives_the_future_back() {
    static TASKS: Arena<2, 64> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("sensors", &TASKS));
    EXECUTOR.block_on(&mut NeverPark, async {
        let tenants = [zokio::spawn(pending::<()>()), zokio::spawn(pending::<()>())];
        let error = try_spawn(async { 5 }).unwrap_err();
        assert!(matches!(error, SpawnError::Full { pool: "sensors", slots: 2, .. }));
        assert_eq!(error.to_string(), "all 2 slots of task pool `sensors` are taken");
        assert_eq!(error.into_future().await, 5);
        let text = panic_of(|| zokio::spawn(async {}));
        assert_eq!(text, "cannot spawn: all 2 slots of task pool `sensors` are taken");
        // A slot is free again when its task is over and its handle gone.
        for tenant in tenants {
            tenant.abort();
            assert!(tenant.await.unwrap_err().is_cancelled());
            assert_eq!(zokio::spawn(async { 6 }).await.unwrap(), 6);
        }
    });
    assert_eq!((TASKS.in_use(), TASKS.high_water()), (0, 2));
}

#[test]
fn a_join_handle_keeps_its_slot_until_it_is_dropped() {
    static TASKS: Arena<1, 64> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("one", &TASKS));
    EXECUTOR.block_on(&mut NeverPark, async {
        let first = zokio::spawn(async { 1 });
        while !first.is_finished() {
            yield_now().await;
        }
        assert!(matches!(try_spawn(async {}), Err(SpawnError::Full { .. })));
        drop(first);
        zokio::spawn(async {}).await.unwrap();
        // A detached one needs nobody.
        zokio::spawn(async {}).detach();
        yield_now().await;
        yield_now().await;
        zokio::spawn(async {}).await.unwrap();
    });
}

#[test]
fn a_slot_too_small_says_both_sizes_and_its_pool() {
    static TASKS: Arena<2, 64> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("small", &TASKS));
    EXECUTOR.block_on(&mut NeverPark, async {
        let error = try_spawn(sized::<1000>()).unwrap_err();
        let SpawnError::TooLarge { pool, needed, slot, .. } = error else { panic!("{error}") };
        assert_eq!(pool, "small");
        assert!(needed > 1000 && (64..1000).contains(&slot), "{needed} {slot}");
        let error = try_spawn(sized::<1000>()).unwrap_err();
        let text = format!("the task needs {needed} bytes and a slot of task pool `small` has {slot}");
        assert_eq!(error.to_string(), text);
        assert_eq!(error.into_future().await, 1000);
        assert_eq!(panic_of(|| zokio::spawn(sized::<1000>())), format!("cannot spawn: {text}"));
    });
    assert_eq!(TASKS.high_water(), 0, "nothing was claimed");
}

#[test]
fn a_slot_of_the_right_size_and_too_little_alignment_says_that() {
    static TASKS: Arena<1, 512> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("roomy", &TASKS));
    #[repr(align(64))]
    struct Aligned(u8);
    EXECUTOR.block_on(&mut NeverPark, async {
        let aligned = Aligned(7);
        let task = async move {
            let whole = aligned;
            whole.0
        };
        let error = try_spawn(task).unwrap_err();
        assert_eq!(error.to_string(), "the task needs a larger alignment than the slots of task pool `roomy` have");
        assert_eq!(error.into_future().await, 7);
    });
}

#[test]
fn an_executor_without_a_pool_and_no_executor_at_all_say_so() {
    static EXECUTOR: Local = Executor::new(Alone, Config::new());
    static NAMED: Arena<1, 64> = Arena::new();
    let error = try_spawn(async { 1 }).unwrap_err();
    assert!(matches!(error, SpawnError::NoExecutor(_)));
    assert!(panic_of(|| zokio::spawn(async {})).contains("there is no executor here"));
    assert!(matches!(NAMED.try_spawn(async {}), Err(SpawnError::NoExecutor(_))));
    EXECUTOR.block_on(&mut NeverPark, async {
        let error = try_spawn(async { 1 }).unwrap_err();
        assert!(matches!(error, SpawnError::NoPool(_)));
        assert!(error.to_string().contains("has no task pool"), "{error}");
        assert_eq!(error.into_future().await, 1);
        assert!(panic_of(|| zokio::spawn(async {})).contains("has no task pool"));
        // A named arena needs no pool.
        let tenant = NAMED.spawn(async { 2 });
        assert!(matches!(NAMED.try_spawn(async {}), Err(SpawnError::Full { slots: 1, .. })));
        assert_eq!(tenant.await.unwrap(), 2);
    });
}

#[test]
fn an_arena_on_a_runtime_with_boxed_tasks_gives_the_future_back() {
    static NAMED: Arena<1, 64> = Arena::new();
    for mut builder in [zokio::runtime::Builder::new_multi_thread(), zokio::runtime::Builder::new_current_thread()] {
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            let error = NAMED.try_spawn(async { 3 }).unwrap_err();
            assert!(matches!(error, SpawnError::NoExecutor(_)));
            assert_eq!(error.into_future().await, 3);
        });
    }
    assert_eq!(NAMED.high_water(), 0);
}

#[test]
fn a_future_that_is_not_send_is_refused_where_tasks_may_leave_the_thread() {
    static TASKS: Arena<1, 64> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("tasks", &TASKS));
    let shared = Rc::new(Cell::new(0));
    let task = |shared: &Rc<Cell<u32>>| {
        let shared = shared.clone();
        async move { shared.set(shared.get() + 1) }
    };
    EXECUTOR.block_on(&mut NeverPark, async {
        // The future of `block_on` may be on any thread the next time, with the tasks that are left.
        let error = try_spawn_local(task(&shared)).unwrap_err();
        assert!(matches!(error, SpawnError::NoExecutor(_)));
        error.into_future().await;
    });
    let runtime = zokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let error = runtime.block_on(async { try_spawn_local(task(&shared)).unwrap_err() });
    assert!(error.to_string().contains("of one thread"), "{error}");
    assert_eq!((shared.get(), Rc::strong_count(&shared)), (1, 2));
    drop(error);
    assert_eq!(Rc::strong_count(&shared), 1);
}

#[test]
fn time_and_nesting_on_a_static_executor_are_refused_with_a_reason() {
    static EXECUTOR: Local = Executor::new(Alone, Config::new());
    static OTHER: Local = Executor::new(Alone, Config::new());
    EXECUTOR.block_on(&mut NeverPark, async {
        let text = panic_of(|| zokio::time::sleep(zokio::time::Duration::ZERO));
        assert!(text.contains("no timer driver"), "{text}");
        for executor in [&EXECUTOR, &OTHER] {
            let text = panic_of(|| executor.block_on(&mut NeverPark, async {}));
            assert!(text.contains("already runs an executor"), "{text}");
            let text = panic_of(|| executor.run(NeverPark, |_| {}));
            assert!(text.contains("already runs an executor"), "{text}");
        }
        let runtime = zokio::runtime::Builder::new_current_thread().build().unwrap();
        let text = panic_of(|| runtime.block_on(async {}));
        assert!(text.contains("already runs an executor"), "{text}");
        runtime.shutdown_background();
        // On another thread it is this executor that is in use.
        let text = std::thread::spawn(|| panic_of(|| EXECUTOR.block_on(&mut NeverPark, async {}))).join().unwrap();
        assert!(text.contains("this executor runs already"), "{text}");
    });
    OTHER.block_on(&mut NeverPark, async {});
}

#[test]
fn a_task_that_panics_tells_its_handle_and_frees_its_slot() {
    static TASKS: Arena<1, 64> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("tasks", &TASKS));
    EXECUTOR.block_on(&mut NeverPark, async {
        for _ in 0..3 {
            let error = zokio::spawn(async { panic!("planned") as () }).await.unwrap_err();
            assert!(error.is_panic() && error.to_string().contains("planned"), "{error}");
        }
    });
    // So does a panic of the future beside the tasks.
    for _ in 0..3 {
        assert_eq!(panic_of(|| EXECUTOR.block_on(&mut NeverPark, async { panic!("beside") })), "beside");
    }
    assert_eq!(EXECUTOR.block_on(&mut NeverPark, async { zokio::spawn(async { 4 }).await.unwrap() }), 4);
}

#[test]
fn stale_wakers_and_aborts_do_nothing_to_the_next_tenant_of_their_slot() {
    static TASKS: Arena<1, 128> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("one", &TASKS));
    thread_local! {
        static WAKER: RefCell<Option<Waker>> = const { RefCell::new(None) };
    }
    let tenant = |number: u32| async move {
        std::future::poll_fn(|cx| {
            WAKER.set(Some(cx.waker().clone()));
            Poll::Ready(())
        })
        .await;
        yield_now().await;
        number
    };
    EXECUTOR.block_on(&mut NeverPark, async {
        let mut stale = Vec::new();
        for number in 0..2000 {
            let task: JoinHandle<u32> = zokio::spawn(tenant(number));
            let abort = task.abort_handle();
            for (waker, old) in &stale {
                Waker::wake_by_ref(waker);
                zokio::task::AbortHandle::abort(old);
                assert!(old.is_finished() && !abort.is_finished());
            }
            assert_eq!(task.await.unwrap(), number);
            stale.push((WAKER.take().unwrap(), abort));
            if stale.len() > 8 {
                stale.remove(0);
            }
        }
    });
    assert_eq!(TASKS.high_water(), 1);
}

#[test]
fn a_task_left_behind_goes_on_at_the_next_call() {
    static TASKS: Arena<1, 64> = Arena::new();
    static EXECUTOR: Local = Executor::new(Alone, Config::new().pool("tasks", &TASKS));
    let left = EXECUTOR.block_on(&mut NeverPark, async { zokio::spawn(sized::<8>()) });
    assert!(!left.is_finished());
    assert_eq!(EXECUTOR.block_on(&mut NeverPark, left).unwrap(), 8);
}

/// A guard of a set hid the timers of an executor that has no runtime, and where it spawns.
mod a_set_that_is_entered_hides_no_executor {
    use super::*;

    struct Zero;

    impl Clock for Zero {
        fn now(&self) -> Instant {
            Instant::EPOCH
        }
    }

    static TIMERS: Timers<Zero> = Timers::new(Zero);

    /// Whether `spawn`, timers and `spawn_local` are there.
    fn here() -> [bool; 3] {
        let spawns = try_spawn(async {}).is_ok();
        let sleeps = catch_unwind(|| drop(sleep(Duration::ZERO))).is_ok();
        [spawns, sleeps, try_spawn_local(async {}).is_ok()]
    }

    fn looks(set: &LocalSet) {
        assert_eq!(here()[..2], [true; 2]);
        let _guard = set.enter();
        assert_eq!(here(), [true; 3]);
        // Another one keeps it too.
        let _again = LocalSet::new().enter();
        assert_eq!(here(), [true; 3]);
    }

    // Mutant: src/task/local_set.rs :: offer.map_or(Self::Nothing, Self::Static) => offer.map_or(Self::Nothing, |_: StaticOffer| Self::Nothing)
    // Mutant: executor-local/src/spawner.rs :: self.timers.with_static_place(&self.place).with_handle(self) => self.timers.with_static_place(&self.place)
    #[test]
    fn that_blocks() {
        static TASKS: Arena<16, 64> = Arena::new();
        static EXECUTOR: Local = Executor::new(Alone, Config::new().timers(&TIMERS).pool("tasks", &TASKS));
        let set = LocalSet::new();
        let left = EXECUTOR.block_on(&mut NeverPark, async {
            looks(&set);
            set.run_until(async { looks(&set) }).await;
            set.enter()
        });
        // A guard that has outlived the executor's turn leaves nothing behind.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(left))).is_err());
        assert!(try_spawn(async {}).is_err());
    }

    // Mutant: executor-local/src/step.rs :: executor.context().with_static_place(&place).with_handle(&offer); => executor.context().with_static_place(&place); let _ = offer;
    #[test]
    fn that_is_stepped() {
        static TASKS: Arena<16, 64> = Arena::new();
        static EXECUTOR: Local = Executor::new(Alone, Config::new().timers(&TIMERS).pool("tasks", &TASKS));
        let set = LocalSet::new();
        EXECUTOR.step(NeverPark).run_until(async { looks(&set) });
    }

    // Mutant: executor-local/src/executor.rs :: .place();\n        let offer = StaticOffer::new(self, place);\n        let context = self.context().with_static_place(&place).with_handle(&offer); => .place();\n        let context = self.context().with_static_place(&place);
    #[test]
    fn that_runs() {
        static TASKS: Arena<16, 64> = Arena::new();
        static EXECUTOR: Local = Executor::new(Alone, Config::new().timers(&TIMERS).pool("tasks", &TASKS));
        let set = LocalSet::new();
        // It never returns but by a panic.
        let text = panic_of(|| {
            EXECUTOR.run(NeverPark, |_| {
                looks(&set);
                panic!("enough");
            })
        });
        assert_eq!(text, "enough");
    }
}
