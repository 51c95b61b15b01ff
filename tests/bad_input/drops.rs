//! Runtimes that are dropped where they should not be.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zokio::sync::Notify;

use crate::{EACH, WATCHDOG, caught, ct, mt, panic_of, within};

/// Tells when it is dropped.
struct Told(mpsc::Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn dropped_by_its_own_task_it_panics_there_and_ends_all_the_same() {
    within(|| {
        let runtime = Arc::new(mt());
        let (tx, dropped) = mpsc::channel();
        let told = Told(tx);
        runtime
            .spawn(async move {
                let _told = told;
                std::future::pending::<()>().await;
            })
            .detach();
        let gate = Arc::new(Notify::new());
        let (opened, own) = (gate.clone(), runtime.clone());
        let (tx, text) = mpsc::channel();
        runtime
            .spawn(async move {
                opened.notified().await;
                tx.send(panic_of(|| drop(own))).unwrap();
            })
            .detach();
        drop(runtime);
        gate.notify_one();
        let text = text.recv_timeout(WATCHDOG).unwrap();
        assert!(text.contains("dropped where tasks run"), "{text}");
        dropped.recv_timeout(WATCHDOG).expect("its tasks are dropped");
    });
}

#[test]
fn dropped_inside_another_it_panics_and_ends_all_the_same() {
    for (_, outer) in EACH {
        for (name, victim) in EACH {
            within(move || {
                let (outer, victim) = (outer(), victim());
                let (tx, dropped) = mpsc::channel();
                let told = Told(tx);
                victim
                    .spawn(async move {
                        let _told = told;
                        std::future::pending::<()>().await;
                    })
                    .detach();
                // It has begun a call that would be waited for.
                let (started, begun) = mpsc::channel();
                let (stop, stuck) = mpsc::channel::<()>();
                victim
                    .spawn_blocking(move || {
                        started.send(()).unwrap();
                        let _ = stuck.recv();
                    })
                    .detach();
                begun.recv_timeout(WATCHDOG).unwrap();
                let text = outer.block_on(async move { panic_of(|| drop(victim)) });
                assert!(text.contains("dropped where tasks run"), "{name}: {text}");
                dropped.recv_timeout(WATCHDOG).expect("its tasks are dropped");
                drop(stop);
            });
        }
    }
}

#[test]
fn shut_down_inside_another_it_waits_for_nothing() {
    let ways: [fn(zokio::runtime::Runtime); 2] =
        [|runtime| runtime.shutdown_background(), |runtime| runtime.shutdown_timeout(Duration::MAX)];
    for way in ways {
        for (_, victim) in EACH {
            within(move || {
                let victim = victim();
                let (started, begun) = mpsc::channel();
                let (stop, stuck) = mpsc::channel::<()>();
                let call = victim.spawn_blocking(move || {
                    started.send(()).unwrap();
                    let _ = stuck.recv();
                });
                begun.recv_timeout(WATCHDOG).unwrap();
                ct().block_on(async move { way(victim) });
                // What has begun goes on to its end.
                drop(stop);
                ct().block_on(call).unwrap();
            });
        }
    }
}

#[test]
fn dropped_by_its_own_blocking_call_it_ends() {
    for (_, make) in EACH {
        within(move || {
            let runtime = Arc::new(make());
            let (go, wait) = mpsc::channel::<()>();
            let own = runtime.clone();
            let call = runtime.spawn_blocking(move || {
                let _ = wait.recv();
                // The last one: it does not wait for the thread that it is on.
                caught(|| drop(own))
            });
            let pending = runtime.spawn(std::future::pending::<()>());
            drop(runtime);
            drop(go);
            let other = ct();
            assert_eq!(other.block_on(call).unwrap(), Ok(()));
            assert!(other.block_on(pending).unwrap_err().is_cancelled());
        });
    }
}

#[test]
fn tasks_that_own_their_runtimes_handle_and_spawn_when_dropped_do_not_keep_it() {
    struct Spawns(zokio::runtime::Handle, Arc<Mutex<Vec<zokio::task::JoinHandle<()>>>>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let late = self.0.spawn(std::future::pending());
            self.1.lock().unwrap().push(late);
            let late = self.0.spawn_blocking(|| ());
            self.1.lock().unwrap().push(late);
        }
    }
    for (name, make) in EACH {
        within(move || {
            let late = Arc::new(Mutex::new(Vec::new()));
            let runtime = make();
            for _ in 0..10 {
                let spawns = Spawns(runtime.handle().clone(), late.clone());
                runtime
                    .spawn(async move {
                        let _spawns = spawns;
                        std::future::pending::<()>().await;
                    })
                    .detach();
            }
            runtime.block_on(zokio::task::yield_now());
            drop(runtime);
            let late: Vec<_> = late.lock().unwrap().drain(..).collect();
            assert_eq!(late.len(), 20, "{name}");
            let other = ct();
            for late in late {
                // A blocking call may still have run; a task cannot have.
                if let Err(error) = other.block_on(late) {
                    assert!(error.is_cancelled(), "{name}: {error}");
                }
            }
        });
    }
}
