//! Where the current context is seen: by its own thread.
#![cfg(not(loom))]

use std::rc::Rc;
use std::sync::mpsc;

use zokio_core::ambient::Ambient;
use zokio_core::park::{Park, Unpark};
use zokio_core::task::{Arena, SpawnError};
use zokio_core::time::Instant;
use zokio_executor_local::context::Current;
use zokio_executor_local::{Config, Executor};

#[derive(Clone)]
struct Nobody;
impl Unpark for Nobody {
    const NEEDED: bool = false;
    fn unpark(&self) {}
}
struct Never;
impl Park for Never {
    type Unpark = Nobody;
    fn unpark(&self) -> Nobody {
        Nobody
    }
    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert!(!is_idle(), "nobody would wake this executor");
    }
    fn poll(&mut self) {}
}

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
