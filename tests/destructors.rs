//! What a task or a main future owns is dropped in the context in which it was polled, also at the end of the runtime, as with
//! tokio: its destructors may spawn, and ask for the handle.
#![cfg(feature = "std")]

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use zokio::runtime::{Builder, Handle, LocalOptions, LocalRuntime, Runtime, RuntimeFlavor};
use zokio::task::{JoinHandle, spawn_local, yield_now};
use zokio::time::timeout;

/// Longer than anything here takes on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(100);

fn ct() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn mt() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn local() -> LocalRuntime {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap()
}

/// What a destructor saw and did.
#[derive(Default)]
struct Seen {
    flavors: Mutex<Vec<Option<RuntimeFlavor>>>,
    sockets: AtomicUsize,
    spawned: Mutex<Vec<JoinHandle<()>>>,
    /// Polls of what was spawned.
    polls: Arc<AtomicUsize>,
}

/// Cleans up behind itself when it is dropped.
struct CleansUp(Arc<Seen>);

impl Drop for CleansUp {
    fn drop(&mut self) {
        let handle = Handle::try_current().ok();
        self.0.flavors.lock().unwrap().push(handle.as_ref().map(Handle::runtime_flavor));
        let has_sockets = handle.is_some_and(|handle| handle.registered_sockets().is_some());
        self.0.sockets.fetch_add(usize::from(has_sockets), Ordering::SeqCst);
        let polls = self.0.polls.clone();
        let spawned = zokio::spawn(async move {
            polls.fetch_add(1, Ordering::SeqCst);
            pending().await
        });
        self.0.spawned.lock().unwrap().push(spawned);
    }
}

impl Seen {
    /// So many destructors have run, each in the context of such a runtime, and what they have spawned is cancelled.
    fn check(&self, number: usize, flavor: RuntimeFlavor, polls: usize) {
        assert_eq!(*self.flavors.lock().unwrap(), vec![Some(flavor); number]);
        assert_eq!(self.sockets.load(Ordering::SeqCst), number, "the reactor is that of the runtime too");
        let spawned = std::mem::take(&mut *self.spawned.lock().unwrap());
        assert_eq!(spawned.len(), number);
        for task in spawned {
            assert!(task.is_finished(), "it is neither run nor cancelled");
            assert!(ct().block_on(task).unwrap_err().is_cancelled());
        }
        assert_eq!(self.polls.load(Ordering::SeqCst), polls, "polls of what a destructor has spawned");
    }
}

async fn rests(owned: CleansUp) {
    let _owned = owned;
    pending().await
}

/// Ends a runtime with tasks that were polled and one that was not, and with a call that waits for a thread.
fn ends(runtime: Runtime, end: impl FnOnce(Runtime)) {
    let (seen, flavor) = (Arc::new(Seen::default()), runtime.handle().runtime_flavor());
    let _tasks: Vec<_> = (0..3).map(|_| runtime.spawn(rests(CleansUp(seen.clone())))).collect();
    runtime.block_on(async {
        yield_now().await;
        yield_now().await;
    });
    let _late = runtime.spawn(rests(CleansUp(seen.clone())));
    end(runtime);
    seen.check(4, flavor, 0);
}

// Mutant: src/runtime/runtime.rs :: else { return };\n        let _reactor = ReactorHandle::enter_or_hide(self.handle.reactor.as_ref()); => else { return };
#[test]
fn tasks_of_a_current_thread_runtime_are_dropped_in_its_context() {
    ends(ct(), drop);
    ends(ct(), Runtime::shutdown_background);
    ends(ct(), |runtime| runtime.shutdown_timeout(WATCHDOG));
    // In a context that is another one's.
    let outer = mt();
    let _entered = outer.enter();
    ends(ct(), drop);
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
}

/// Those that a worker has not come to are dropped by who ends the runtime.
// Mutant: src/runtime/runtime.rs :: else { return };\n        let _reactor = ReactorHandle::enter_or_hide(self.handle.reactor.as_ref()); => else { return };
#[test]
fn tasks_of_a_multi_thread_runtime_are_dropped_in_its_context() {
    for _ in 0..10 {
        ends(mt(), drop);
        ends(mt(), |runtime| runtime.shutdown_timeout(WATCHDOG));
    }
    // Its worker is held up, so all tasks wait in front of it.
    let runtime = mt();
    let (started, begun) = mpsc::channel();
    let (stop, stuck) = mpsc::channel::<()>();
    runtime
        .spawn(async move {
            started.send(()).unwrap();
            let _ = stuck.recv();
        })
        .detach();
    begun.recv_timeout(WATCHDOG).unwrap();
    let seen = Arc::new(Seen::default());
    let _tasks: Vec<_> = (0..3).map(|_| runtime.spawn(rests(CleansUp(seen.clone())))).collect();
    let handle = runtime.handle().clone();
    let outer = ct();
    outer.block_on(async { runtime.shutdown_background() });
    assert!(handle.try_spawn(async {}).is_err());
    drop(stop);
    seen.check(3, RuntimeFlavor::MultiThread, 0);
}

/// There `spawn_local` is that of the runtime.
// Mutant: executor-local/src/shared.rs :: Some(local) => context.with_local(local), => Some(_) => context,
#[test]
fn tasks_of_a_local_runtime_are_dropped_in_its_context() {
    struct SpawnsHere(Rc<RefCell<Vec<JoinHandle<()>>>>);
    impl Drop for SpawnsHere {
        fn drop(&mut self) {
            let kept = self.0.clone();
            let spawned = spawn_local(async move {
                let _kept = kept;
                pending().await
            });
            self.0.borrow_mut().push(spawned);
        }
    }
    for end in [drop, LocalRuntime::shutdown_background, |runtime: LocalRuntime| runtime.shutdown_timeout(WATCHDOG)] {
        let runtime = local();
        let (seen, here) = (Arc::new(Seen::default()), Rc::default());
        let (owned, owned_here) = (CleansUp(seen.clone()), SpawnsHere(Rc::clone(&here)));
        let _task = runtime.spawn_local(async move {
            let _owned = (owned, owned_here);
            pending::<()>().await
        });
        runtime.block_on(yield_now());
        end(runtime);
        seen.check(1, RuntimeFlavor::CurrentThread, 0);
        let spawned: Vec<_> = here.borrow_mut().drain(..).collect();
        assert!(spawned.iter().all(JoinHandle::is_finished) && spawned.len() == 1);
        assert_eq!(Rc::strong_count(&here), 1, "what was spawned is dropped");
    }
}

/// A call that has begun on a thread of the pool, and is over when what this gives is dropped.
fn occupy(spawn_blocking: impl FnOnce(Box<dyn FnOnce() + Send>) -> JoinHandle<()>) -> mpsc::Sender<()> {
    let (started, begun) = mpsc::channel();
    let (stop, stuck) = mpsc::channel();
    let call = move || {
        started.send(()).unwrap();
        let _ = stuck.recv();
    };
    spawn_blocking(Box::new(call)).detach();
    begun.recv_timeout(WATCHDOG).unwrap();
    stop
}

/// What waits for a thread of the blocking pool is dropped by who ends the runtime.
// Mutant: src/runtime/runtime.rs :: self.handle.run_here(polling, || self.stop_inside(kind, timeout)); => self.stop_inside(kind, timeout);
#[test]
fn blocking_calls_that_have_not_begun_are_dropped_in_the_context() {
    for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
        let runtime = builder.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
        let flavor = runtime.handle().runtime_flavor();
        let stop = occupy(|call| runtime.spawn_blocking(call));
        let seen = Arc::new(Seen::default());
        let owned = CleansUp(seen.clone());
        let call = runtime.spawn_blocking(move || drop(owned));
        runtime.shutdown_background();
        drop(stop);
        assert!(ct().block_on(call).unwrap_err().is_cancelled());
        seen.check(1, flavor, 0);
    }
}

/// There `spawn_local` is that of the runtime, and what it spawns is cancelled at once.
// Mutant: src/runtime/handle.rs :: with_local(self.context(), local.as_ref()); => with_local(self.context(), local.as_ref().filter(|_| polling));
#[test]
fn blocking_calls_of_a_local_runtime_are_dropped_in_its_context() {
    struct SpawnsHere(mpsc::Sender<JoinHandle<()>>);
    impl Drop for SpawnsHere {
        fn drop(&mut self) {
            let _ = self.0.send(spawn_local(pending()));
        }
    }
    let mut builder = Builder::new_current_thread();
    let runtime = builder.max_blocking_threads(1).build_local(LocalOptions::default()).unwrap();
    let stop = occupy(|call| runtime.spawn_blocking(call));
    let (tx, spawned) = mpsc::channel();
    let owned = SpawnsHere(tx);
    runtime.spawn_blocking(move || drop(owned)).detach();
    runtime.shutdown_background();
    drop(stop);
    let spawned = spawned.recv_timeout(WATCHDOG).expect("`spawn_local` was refused");
    assert!(ct().block_on(spawned).unwrap_err().is_cancelled());
}

/// The future of `block_on` is the caller's, and what is left of it is dropped as tasks are.
#[test]
fn what_is_left_of_a_main_future_is_dropped_in_the_context() {
    for runtime in [ct(), mt()] {
        let (seen, flavor) = (Arc::new(Seen::default()), runtime.handle().runtime_flavor());
        let limited = {
            let _entered = runtime.enter();
            timeout(Duration::from_millis(1), rests(CleansUp(seen.clone())))
        };
        assert!(runtime.block_on(limited).is_err());
        // What it has spawned runs as ever.
        let spawned = std::mem::take(&mut *seen.spawned.lock().unwrap());
        runtime.block_on(async {
            while seen.polls.load(Ordering::SeqCst) == 0 {
                yield_now().await;
            }
        });
        drop(runtime);
        *seen.spawned.lock().unwrap() = spawned;
        seen.check(1, flavor, 1);
    }
}

/// A runtime that a thread keeps to its end is dropped among the thread's locals.
#[test]
fn a_runtime_that_ends_with_its_thread_ends_as_any_other() {
    std::thread_local! {
        static KEPT: RefCell<Option<Runtime>> = const { RefCell::new(None) };
    }
    for make in [ct, mt] {
        let seen = Arc::new(Seen::default());
        let inside = seen.clone();
        let flavor = make().handle().runtime_flavor();
        std::thread::spawn(move || {
            // Made first, so destroyed last or before what the runtime itself keeps here, as the platform has it.
            KEPT.with_borrow_mut(|kept| {
                let runtime = kept.insert(make());
                runtime.spawn(rests(CleansUp(inside))).detach();
                runtime.block_on(yield_now());
            });
        })
        .join()
        .unwrap();
        let flavors = std::mem::take(&mut *seen.flavors.lock().unwrap());
        assert_eq!(flavors, [Some(flavor)]);
        let spawned = std::mem::take(&mut *seen.spawned.lock().unwrap());
        assert!(spawned.iter().all(JoinHandle::is_finished) && spawned.len() == 1);
    }
}
