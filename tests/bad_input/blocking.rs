//! Blocking in a poll of a runtime, whose other tasks would wait as well: refused by every method that blocks.

use std::sync::Arc;

use zokio::sync::{Mutex, RwLock, Semaphore, broadcast, mpsc, oneshot};
use zokio::task::unconstrained;

use crate::{EACH, panic_of, within};

/// A call, which may be made on any thread.
type Call = Box<dyn FnOnce() + Send>;

/// Every call that blocks, none of which would have to wait.
fn calls() -> Vec<(&'static str, Call)> {
    let (tx, mut rx) = mpsc::channel(4);
    let (unbounded_tx, mut unbounded_rx) = mpsc::unbounded_channel();
    let (oneshot_tx, oneshot_rx) = oneshot::channel();
    let (broadcast_tx, mut broadcast_rx) = broadcast::channel(4);
    (0..2).for_each(|n| tx.try_send(n).unwrap());
    (0..2).for_each(|n| unbounded_tx.send(n).unwrap());
    broadcast_tx.send(1).unwrap();
    oneshot_tx.send(1).unwrap();
    let mutex = Arc::new(Mutex::new(1));
    let lock = Arc::new(RwLock::new(1));
    let permits = Arc::new(Semaphore::new(4));
    let [mutex_owned, lock_write, permits_many, permits_owned, permits_all] =
        [(); 5].map(|()| (mutex.clone(), lock.clone(), permits.clone()));
    vec![
        // On another thread the receiver may be gone by then.
        ("mpsc::Sender::blocking_send", Box::new(move || _ = tx.blocking_send(3))),
        ("mpsc::Receiver::blocking_recv", Box::new(move || assert!(rx.blocking_recv().is_some()))),
        ("mpsc::UnboundedReceiver::blocking_recv", Box::new(move || assert!(unbounded_rx.blocking_recv().is_some()))),
        ("oneshot::Receiver::blocking_recv", Box::new(move || assert!(oneshot_rx.blocking_recv().is_ok()))),
        ("broadcast::Receiver::blocking_recv", Box::new(move || assert!(broadcast_rx.blocking_recv().is_ok()))),
        ("Mutex::blocking_lock", Box::new(move || drop(mutex.blocking_lock()))),
        ("Mutex::blocking_lock_owned", Box::new(move || drop(mutex_owned.0.blocking_lock_owned()))),
        ("RwLock::blocking_read", Box::new(move || drop(lock.blocking_read()))),
        ("RwLock::blocking_write", Box::new(move || drop(lock_write.1.blocking_write()))),
        ("Semaphore::blocking_acquire", Box::new(move || drop(permits.blocking_acquire()))),
        ("Semaphore::blocking_acquire_many", Box::new(move || drop(permits_many.2.blocking_acquire_many(1)))),
        ("Semaphore::blocking_acquire_owned", Box::new(move || drop(permits_owned.2.blocking_acquire_owned()))),
        (
            "Semaphore::blocking_acquire_many_owned",
            Box::new(move || drop(permits_all.2.blocking_acquire_many_owned(1))),
        ),
    ]
}

#[test]
fn every_call_that_blocks_is_refused_in_a_main_future_in_a_task_and_without_a_budget() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let refused = |call: Call| panic_of(call).starts_with("cannot block here");
            for (name, call) in calls() {
                assert!(runtime.block_on(async { refused(call) }), "{name}");
            }
            for (name, call) in calls() {
                assert!(runtime.block_on(unconstrained(async { refused(call) })), "{name}, without a budget");
            }
            for (name, call) in calls() {
                let task = runtime.block_on(async { zokio::spawn(async move { refused(call) }).await });
                assert!(task.unwrap(), "{name}, in a task");
            }
        });
    }
}

#[test]
fn every_call_that_blocks_is_allowed_outside_and_in_a_blocking_call() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let _context = runtime.enter();
            calls().into_iter().for_each(|(_, call)| call());
            let blocking = calls().into_iter().map(|(_, call)| zokio::task::spawn_blocking(call)).collect::<Vec<_>>();
            runtime.block_on(async {
                for call in blocking {
                    call.await.unwrap();
                }
            });
        });
    }
}
