//! Handles, wakers and guards that outlive what they belong to.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use zokio::runtime::{Handle, RuntimeFlavor};
use zokio::task::SpawnError;

use crate::{EACH, WATCHDOG, ct, mt, panic_of, within};

/// Gives its waker away and waits for ever.
async fn caught_waker(place: Arc<Mutex<Option<Waker>>>) {
    std::future::poll_fn::<(), _>(|cx| {
        *place.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

/// All orders of 0, 1, 2 and 3.
fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for code in 0..256_usize {
        let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6];
        if (0..4).all(|part| order.contains(&part)) {
            orders.push(order);
        }
    }
    orders
}

#[test]
fn runtime_handle_waker_and_join_handle_may_be_dropped_in_any_order() {
    assert_eq!(orders().len(), 24);
    for (name, make) in EACH {
        within(move || {
            for order in orders() {
                let runtime = make();
                let place = Arc::new(Mutex::new(None));
                let join = runtime.spawn(caught_waker(place.clone()));
                let abort = join.abort_handle();
                let waker = runtime.block_on(async {
                    loop {
                        if let Some(waker) = place.lock().unwrap().take() {
                            return waker;
                        }
                        zokio::task::yield_now().await;
                    }
                });
                let handle = runtime.handle().clone();
                let (mut runtime, mut handle, mut waker, mut join) =
                    (Some(runtime), Some(handle), Some(waker), Some(join));
                for part in order {
                    match part {
                        0 => drop(runtime.take()),
                        1 => drop(handle.take()),
                        2 => drop(waker.take()),
                        _ => drop(join.take()),
                    }
                    // Whatever is left is used.
                    if let Some(handle) = &handle {
                        let tried = handle.try_spawn(async { 1 });
                        match (&runtime, tried) {
                            (Some(_), Ok(task)) => drop(task),
                            (None, Err(SpawnError::Closed(_))) => {}
                            (_, other) => panic!("{name} {order:?}: {other:?}"),
                        }
                        drop(handle.enter());
                    }
                    if let Some(waker) = &waker {
                        waker.wake_by_ref();
                        let again = waker.clone();
                        again.wake();
                    }
                    if let Some(join) = &mut join {
                        let mut cx = Context::from_waker(Waker::noop());
                        assert_eq!(join.is_finished(), runtime.is_none(), "{name} {order:?}");
                        if runtime.is_some() {
                            assert!(Pin::new(join).poll(&mut cx).is_pending());
                        } else {
                            join.abort();
                            assert!(!format!("{:?} {}", join, join.id()).is_empty());
                        }
                    }
                    assert_eq!(abort.is_finished(), runtime.is_none(), "{name} {order:?}");
                }
                abort.abort();
                abort.clone().abort();
                assert!(abort.is_finished(), "{name} {order:?}");
            }
        });
    }
}

#[test]
fn wakers_and_aborts_of_finished_tasks_do_nothing_to_later_ones() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            runtime.block_on(async {
                let place = Arc::new(Mutex::new(None));
                let mut stale = Vec::new();
                for _ in 0..100 {
                    let first = zokio::spawn(caught_waker(place.clone()));
                    let abort = first.abort_handle();
                    let waker = loop {
                        if let Some(waker) = place.lock().unwrap().take() {
                            break waker;
                        }
                        zokio::task::yield_now().await;
                    };
                    abort.abort();
                    assert!(first.await.unwrap_err().is_cancelled());
                    stale.push((waker, abort));
                    let next = zokio::spawn(async {
                        zokio::task::yield_now().await;
                        5
                    });
                    for (waker, abort) in &stale {
                        waker.wake_by_ref();
                        abort.abort();
                        assert!(abort.is_finished());
                    }
                    assert_eq!(next.await.unwrap(), 5);
                }
            });
        });
    }
}

#[test]
fn a_join_handle_polled_after_its_output_panics_and_says_why() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let mut join = runtime.spawn(async { 1 });
            assert_eq!(runtime.block_on(&mut join).unwrap(), 1);
            assert!(join.is_finished());
            join.abort();
            let text = panic_of(|| runtime.block_on(&mut join));
            assert!(text.contains("given its output already"), "{text}");
        });
    }
}

#[test]
fn a_join_handle_is_awaited_on_another_runtime_and_outlives_its_own() {
    for (_, make) in EACH {
        for (_, other) in EACH {
            within(move || {
                let (runtime, other) = (make(), other());
                let lost = runtime.spawn(std::future::pending::<()>());
                let waiting = other.spawn(lost);
                let waited = std::thread::spawn(move || other.block_on(waiting).unwrap());
                drop(runtime);
                assert!(waited.join().unwrap().unwrap_err().is_cancelled());
            });
        }
    }
}

#[test]
fn spawning_after_the_end_gives_a_cancelled_task_or_the_future_back() {
    for (name, make) in EACH {
        within(move || {
            let runtime = make();
            let handle = runtime.handle().clone();
            drop(runtime);
            let other = ct();
            let held = Arc::new(());
            let kept = held.clone();
            let task = handle.spawn(async move { drop(kept) });
            assert_eq!(Arc::strong_count(&held), 1, "{name}: the future is dropped at once");
            assert!(other.block_on(task).unwrap_err().is_cancelled(), "{name}");
            assert!(other.block_on(handle.spawn_blocking(|| ())).unwrap_err().is_cancelled(), "{name}");
            let error = handle.try_spawn(async { 3 }).unwrap_err();
            assert_eq!(error.to_string(), "the executor has shut down");
            assert_eq!(other.block_on(error.into_future()), 3);
            // Under its guard as well.
            let entered = handle.enter();
            assert!(other.block_on(zokio::spawn(async {})).unwrap_err().is_cancelled(), "{name}");
            assert!(other.block_on(zokio::task::spawn_blocking(|| ())).unwrap_err().is_cancelled(), "{name}");
            drop(entered);
            // Its threads are gone; one's own is there.
            assert_eq!(handle.block_on(async { 4 }), 4);
            let _ = (handle.metrics(), handle.registered_sockets(), format!("{handle:?}"));
        });
    }
}

// Mutant: src/runtime/handle.rs :: EnterGuard { _entered: Held::new(Within { offered, _reactor: reactor }), _of: PhantomData } => { drop(reactor); EnterGuard { _entered: Held::new(Within { offered, _reactor: ReactorHandle::enter_or_hide(None) }), _of: PhantomData } }
#[test]
fn guards_dropped_out_of_order_panic_and_leave_a_thread_that_works() {
    within(|| {
        let (one, two) = (mt(), ct());
        let first = one.enter();
        let second = two.enter();
        let text = panic_of(|| drop(first));
        assert!(text.contains("out of order"), "{text}");
        assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
        let (handle, system) = (Handle::current(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let listener = zokio::net::TcpListener::from_std(system).expect("the sockets of the second are there");
        assert_eq!([&one, &two].map(|runtime| runtime.handle().registered_sockets()), [Some(0), Some(1)]);
        drop((listener, second));
        handle.block_on(async { zokio::net::TcpListener::bind("127.0.0.1:0").await }).expect("and after it");
        assert_eq!(one.block_on(async { zokio::spawn(async { 1 }).await.unwrap() }), 1);
        assert_eq!(two.block_on(async { zokio::spawn(async { 2 }).await.unwrap() }), 2);
        drop((one, two));
        // Whatever context is left, it is one that says no.
        if let Ok(task) = zokio::task::try_spawn(async {}) {
            assert!(ct().block_on(task).unwrap_err().is_cancelled());
        }
    });
}

/// Whether there are sockets here.
fn has_sockets() -> bool {
    let system = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    system.set_nonblocking(true).unwrap();
    zokio::net::TcpListener::from_std(system).is_ok()
}

// Mutant: src/runtime/handle.rs :: Held::new(Within { offered, _reactor: reactor }) => Held::new(Within { offered, _reactor: { drop(reactor); ReactorHandle::enter_or_hide(None) } })
#[test]
fn a_guard_dropped_before_that_of_a_set_leaves_the_sockets_with_the_runtime() {
    within(|| {
        let (runtime, set) = (ct(), zokio::task::LocalSet::new());
        let first = runtime.enter();
        let second = set.enter();
        assert!(has_sockets());
        panic_of(|| drop(first));
        assert!(has_sockets());
        drop(second);
        assert!(Handle::current().id() == runtime.handle().id() && has_sockets());
    });
}

// Mutant: hal/src/os/current.rs :: replace(self.before.take()); => if !std::thread::panicking() { replace(self.before.take()); }
#[test]
fn a_guard_forgotten_in_a_future_that_panics_leaves_nothing() {
    within(|| {
        let (runtime, other) = (ct(), ct());
        panic_of(|| {
            runtime.block_on(async {
                std::mem::forget(other.enter());
                panic!("forgotten")
            })
        });
        assert!(Handle::try_current().is_err() && !has_sockets());
    });
}

#[test]
fn a_guard_that_outlives_its_runtime_is_harmless() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let handle = runtime.handle().clone();
            let entered = handle.enter();
            drop(runtime);
            assert!(ct().block_on(Handle::current().spawn(async {})).unwrap_err().is_cancelled());
            drop(entered);
            assert!(Handle::try_current().is_err());
        });
    }
}

thread_local! {
    static LAST: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// Uses a runtime when its thread ends.
struct AtEnd {
    handle: Handle,
    done: mpsc::Sender<u32>,
}

impl Drop for AtEnd {
    fn drop(&mut self) {
        let outside = zokio::task::try_spawn(async {}).is_err();
        let task = self.handle.spawn(async { 20 });
        let entered = self.handle.enter();
        assert!(Handle::try_current().is_ok());
        drop(entered);
        let waited = match self.handle.runtime_flavor() {
            RuntimeFlavor::MultiThread => self.handle.block_on(task).unwrap(),
            _ => self.handle.block_on(async { 20 }),
        };
        let _ = self.done.send(waited + u32::from(outside));
    }
}

#[test]
fn a_handle_may_be_used_when_a_thread_ends() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let (done, result) = mpsc::channel();
            let last = AtEnd { handle: runtime.handle().clone(), done };
            // Used once before, so that the thread's own places of the runtime exist, too.
            std::thread::spawn(move || {
                LAST.set(Some(last));
                LAST.with_borrow(|last| drop(last.as_ref().map(|last| last.handle.enter())));
            })
            .join()
            .unwrap();
            assert_eq!(result.recv_timeout(WATCHDOG).unwrap(), 21);
        });
    }
}

#[test]
fn a_handle_may_be_used_when_a_worker_ends() {
    struct Late(Handle, mpsc::Sender<bool>);
    impl Drop for Late {
        fn drop(&mut self) {
            let task = self.0.spawn(async {});
            let _ = self.1.send(pin!(task).poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    }
    thread_local! {
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    within(|| {
        let runtime = mt();
        let (tx, cancelled) = mpsc::channel();
        let handle = runtime.handle().clone();
        runtime.block_on(runtime.spawn(async move { LATE.set(Some(Late(handle, tx))) })).unwrap();
        drop(runtime);
        assert!(cancelled.recv_timeout(WATCHDOG).unwrap(), "a task spawned by a thread that ends is cancelled");
    });
}
