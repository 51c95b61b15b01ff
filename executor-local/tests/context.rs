//! Where the current context is seen: by its own thread, and by all that an executor runs or drops.
#![cfg(not(loom))]

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll};

use zokio_core::ambient::Ambient;
use zokio_core::task::{Arena, SpawnError};
use zokio_executor_local::context::Current;
use zokio_executor_local::{Config, Executor};

#[path = "parkers/never.rs"]
mod never;

use never::{Never, Nobody};

/// An executor in a `static` runs on one thread: another one is outside of it, with and without feature `std`, and what it
/// has that is not `Send` is refused.
// Mutant: executor-local/src/context.rs :: std::thread_local! {\n        static CURRENT: Cell<Pointer> = const { Cell::new(None) };\n    } => struct All(Cell<Pointer>); unsafe impl Sync for All {} impl All { fn with<R>(&self, f: impl FnOnce(&Cell<Pointer>) -> R) -> R { f(&self.0) } } static CURRENT: All = All(Cell::new(None));
#[test]
fn the_context_of_an_executor_is_that_of_its_own_thread() {
    static TASKS: Arena<2, 64, Current> = Arena::new();
    static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new().pool("tasks", &TASKS));
    let (inside, is_inside) = mpsc::channel();
    let (looked, has_looked) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            EXECUTOR.block_on(&mut Never, async move {
                inside.send(()).unwrap();
                assert!(has_looked.recv().is_err(), "nothing is sent");
            });
        });
        is_inside.recv().unwrap();
        let local = Rc::new(5);
        let seen = Current::get().is_some();
        let refused = TASKS.try_spawn_local(async move { *local });
        drop(looked);
        assert!(!seen, "the context of another thread");
        assert!(matches!(refused, Err(SpawnError::NoExecutor(_))), "an `Rc` went to another thread");
    });
}

/// Counts the drops that see where to spawn.
struct Drops<'a>(&'a AtomicUsize);

impl Drop for Drops<'_> {
    fn drop(&mut self) {
        let sees = Current::with(|context| context.is_some_and(|context| context.spawn().is_some()));
        self.0.fetch_add(usize::from(sees), Ordering::Relaxed);
    }
}

/// A future of which something is left when it is done.
struct Leaves<'a> {
    panics: bool,
    _rest: Drops<'a>,
}

impl Future for Leaves<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        assert!(!self.panics, "in a main future");
        Poll::Ready(())
    }
}

/// Runs a main future that is ready, one that panics, and one that is never ready and so ends with the parker. Says how many
/// were dropped in the context.
fn dropped_inside(mut block_on: impl FnMut(Pin<Box<dyn Future<Output = ()> + '_>>)) -> usize {
    let drops = AtomicUsize::new(0);
    block_on(Box::pin(Leaves { panics: false, _rest: Drops(&drops) }));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(Box::pin(Leaves { panics: true, _rest: Drops(&drops) }));
    }));
    assert!(caught.is_err());
    let rest = Drops(&drops);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(Box::pin(async move {
            let _rest = rest;
            pending().await
        }));
    }));
    assert!(caught.is_err(), "the parker does not wait");
    drops.into_inner()
}

/// What is left of the future of `block_on` is dropped where it was polled, as with tokio.
// Mutant: executor-local/src/executor.rs :: let mut future = pin!(future); => let mut future = core::mem::ManuallyDrop::new(future); let mut future = unsafe { core::pin::Pin::new_unchecked(&mut *future) };
#[test]
fn a_main_future_is_dropped_in_the_context() {
    static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new());
    assert_eq!(dropped_inside(|future| EXECUTOR.block_on(&mut Never, future)), 3);
}

// Mutant: executor-local/src/step.rs :: let mut future = pin!(future); => let mut future = core::mem::ManuallyDrop::new(future); let mut future = unsafe { core::pin::Pin::new_unchecked(&mut *future) };
#[test]
fn the_future_of_a_stepper_is_dropped_in_the_context() {
    static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new());
    let mut stepper = EXECUTOR.step(Never);
    assert_eq!(dropped_inside(|future| stepper.run_until(future).0), 3);
}

// Mutant: executor-local/src/shared.rs :: let mut future = pin!(future); => let mut future = core::mem::ManuallyDrop::new(future); let mut future = unsafe { core::pin::Pin::new_unchecked(&mut *future) };
#[cfg(feature = "std")]
#[test]
fn the_main_future_of_an_executor_on_the_heap_is_dropped_in_the_context() {
    let mut executor = zokio_executor_local::SharedExecutor::new(Never, Config::new());
    assert_eq!(dropped_inside(|future| executor.block_on(None, future).unwrap()), 3);
    assert_eq!(dropped_inside(|future| executor.step(None).run_until(future).0), 3);
}

/// Tasks find the context too when the executor ends: not as one that polls, where blocking would stop something.
// Mutant: executor-local/src/shared.rs :: Current::enter(&context, || shut_down(&self.shared.executor)); => shut_down(&self.shared.executor); let _ = context;
#[cfg(feature = "std")]
#[test]
fn tasks_are_dropped_in_the_context_when_their_executor_ends() {
    use std::sync::Arc;
    use zokio_core::task::{JoinHandle, try_spawn_at};

    struct Spawns(Arc<std::sync::Mutex<Vec<JoinHandle<()>>>>, Option<u32>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            assert!(!Current::is_polling());
            let late = Current::with(|context| {
                let context = context.unwrap();
                assert_eq!(context.handle().and_then(|handle| handle.downcast_ref().copied()), self.1);
                try_spawn_at(context.spawn().unwrap(), pending()).unwrap()
            });
            self.0.lock().unwrap().push(late);
        }
    }
    for handle in [None, Some(7_u32)] {
        let late = Arc::default();
        let executor = zokio_executor_local::SharedExecutor::new(Never, Config::new());
        let spawns = Spawns(Arc::clone(&late), handle);
        try_spawn_at(&executor.spawner(), async move {
            let _spawns = spawns;
            pending::<()>().await;
        })
        .unwrap()
        .detach();
        match &handle {
            None => drop(executor),
            Some(handle) => executor.end(Some(handle)),
        }
        let late = late.lock().unwrap();
        assert!(late.len() == 1 && late[0].is_finished(), "it is neither lost nor run");
        assert!(Current::get().is_none());
    }
}
