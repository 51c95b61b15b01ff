//! Blocking calls that fail, are aborted, or never end; what is left when a runtime is gone.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use zokio::runtime::Builder;

use crate::{EACH, WATCHDOG, alone, ct, memory, within};

#[test]
fn a_blocking_call_that_panics_is_told_and_its_thread_goes_on() {
    within(|| {
        for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let runtime = builder.worker_threads(1).max_blocking_threads(1).build().unwrap();
            for _ in 0..3 {
                let error = runtime.block_on(runtime.spawn_blocking(|| panic!("in a call"))).unwrap_err();
                assert!(error.is_panic() && error.to_string().contains("in a call"), "{error}");
                assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 5)).unwrap(), 5);
            }
        }
    });
}

#[test]
fn a_blocking_call_is_aborted_only_before_it_starts() {
    within(|| {
        for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let runtime = builder.worker_threads(1).max_blocking_threads(1).build().unwrap();
            let (started, begun) = mpsc::channel();
            let (go, wait) = mpsc::channel::<()>();
            let first = runtime.spawn_blocking(move || {
                started.send(()).unwrap();
                let _ = wait.recv();
                1
            });
            begun.recv_timeout(WATCHDOG).unwrap();
            let second = runtime.spawn_blocking(|| 2);
            first.abort();
            second.abort();
            drop(go);
            assert_eq!(runtime.block_on(first).unwrap(), 1, "it had begun");
            assert!(runtime.block_on(second).unwrap_err().is_cancelled(), "it had not");
            assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 3)).unwrap(), 3);
        }
    });
}

#[test]
fn a_call_that_never_ends_holds_a_bounded_shutdown_no_longer_than_its_bound() {
    for (name, make) in EACH {
        for bound in [Duration::ZERO, Duration::from_millis(50)] {
            within(move || {
                let runtime = make();
                let (started, begun) = mpsc::channel();
                let (stop, stuck) = mpsc::channel::<()>();
                let call = runtime.spawn_blocking(move || {
                    started.send(()).unwrap();
                    let _ = stuck.recv();
                    8
                });
                begun.recv_timeout(WATCHDOG).unwrap();
                let task = runtime.spawn(std::future::pending::<()>());
                let start = Instant::now();
                runtime.shutdown_timeout(bound);
                assert!(start.elapsed() >= bound, "{name}: it waits for what may yet end");
                // That it returned at all is the test; its tasks end, and the call is left to itself.
                let other = ct();
                assert!(other.block_on(task).unwrap_err().is_cancelled());
                drop(stop);
                assert_eq!(other.block_on(call).unwrap(), 8);
            });
        }
    }
}

#[test]
fn a_shutdown_with_the_largest_bound_waits_for_the_end_and_no_longer() {
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let (started, begun) = mpsc::channel();
            let (go, wait) = mpsc::channel::<()>();
            let call = runtime.spawn_blocking(move || {
                started.send(()).unwrap();
                let _ = wait.recv();
                9
            });
            begun.recv_timeout(WATCHDOG).unwrap();
            let ending = std::thread::spawn(move || runtime.shutdown_timeout(Duration::MAX));
            drop(go);
            ending.join().unwrap();
            assert!(call.is_finished());
            assert_eq!(ct().block_on(call).unwrap(), 9);
        });
    }
}

#[test]
fn a_task_that_blocks_its_worker_holds_a_bounded_shutdown_no_longer_than_its_bound() {
    within(|| {
        let runtime = crate::mt();
        let (started, begun) = mpsc::channel();
        let (stop, stuck) = mpsc::channel::<()>();
        let task = runtime.spawn(async move {
            started.send(()).unwrap();
            let _ = stuck.recv();
        });
        begun.recv_timeout(WATCHDOG).unwrap();
        runtime.shutdown_timeout(Duration::from_millis(10));
        drop(stop);
        // It had no further await point: it completes.
        ct().block_on(task).unwrap();
    });
}

#[test]
fn calls_that_wait_for_a_thread_are_cancelled_by_the_end() {
    within(|| {
        for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let runtime = builder.worker_threads(1).max_blocking_threads(1).build().unwrap();
            let (started, begun) = mpsc::channel();
            let (go, wait) = mpsc::channel::<()>();
            let first = runtime.spawn_blocking(move || {
                started.send(()).unwrap();
                let _ = wait.recv();
            });
            begun.recv_timeout(WATCHDOG).unwrap();
            let rest: Vec<_> = (0..20).map(|_| runtime.spawn_blocking(|| ())).collect();
            runtime.shutdown_background();
            let other = ct();
            for call in rest {
                assert!(other.block_on(call).unwrap_err().is_cancelled());
            }
            drop(go);
            other.block_on(first).unwrap();
        }
    });
}

#[test]
fn a_task_whose_drop_panics_does_not_stop_the_end() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("in a drop");
            }
        }
    }
    for (_, make) in EACH {
        within(move || {
            let runtime = make();
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let panics = Panics;
                    runtime.spawn(async move {
                        let _panics = panics;
                        std::future::pending::<()>().await;
                    })
                })
                .collect();
            runtime.block_on(zokio::task::yield_now());
            drop(runtime);
            for task in tasks {
                ct().block_on(task).unwrap_err();
            }
        });
    }
}

/// Descriptors and threads of this process.
#[cfg(target_os = "linux")]
fn usage() -> (usize, usize) {
    let count = |path| std::fs::read_dir(path).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

// Mutant: src/runtime/workers.rs :: self.workers.threads.on_thread_start(|| ()); =>
#[cfg(target_os = "linux")]
#[test]
fn a_builder_keeps_no_descriptor_of_what_it_has_built() {
    if !alone("shutdown::a_builder_keeps_no_descriptor_of_what_it_has_built") {
        return;
    }
    let before = usage().0;
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all();
    drop(builder.build().unwrap());
    assert_eq!(usage().0, before);
    drop(builder);
}

#[cfg(target_os = "linux")]
#[test]
fn runtimes_that_come_and_go_leave_no_descriptor_no_thread_and_no_memory() {
    if !alone("shutdown::runtimes_that_come_and_go_leave_no_descriptor_no_thread_and_no_memory") {
        return;
    }
    fn cycle(number: usize) {
        let (_, make) = EACH[number % 2];
        let runtime = make();
        runtime.block_on(async {
            let task = zokio::spawn(async { zokio::time::sleep(Duration::from_nanos(1)).await });
            let listener = zokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (near, far) = zokio::join!(zokio::net::TcpStream::connect(address), listener.accept());
            drop((near.unwrap(), far.unwrap()));
            task.await.unwrap();
            zokio::spawn(async { zokio::time::sleep(Duration::MAX).await }).detach();
            zokio::task::spawn_blocking(|| ()).await.unwrap();
        });
        drop(runtime);
    }
    within(|| {
        (0..50).for_each(cycle);
        let (before, bytes) = (usage(), memory::live());
        (0..300).for_each(cycle);
        // Joined threads may still be on their way out of the system's list; some may be counted in `before`.
        let mut after = usage();
        let start = Instant::now();
        while (after.0 > before.0 || after.1 > before.1) && start.elapsed() < WATCHDOG / 2 {
            std::thread::yield_now();
            after = usage();
        }
        assert!(after.0 <= before.0 && after.1 <= before.1, "descriptors and threads: {after:?} after {before:?}");
        let grown = memory::live().saturating_sub(bytes);
        assert!(grown < 16 << 10, "{grown} bytes more after 300 runtimes");
    });
}
