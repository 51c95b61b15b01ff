//! Numbers, names and hooks that are no good.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use zokio::runtime::{Builder, Runtime};

use crate::{caught, panic_of, within};

/// It runs tasks, timers, blocking calls.
fn works(runtime: &Runtime) {
    let sum = runtime.block_on(async {
        let tasks: Vec<_> = (0..50).map(|n| zokio::spawn(async move { n })).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        zokio::time::sleep(Duration::from_nanos(1)).await;
        sum + zokio::task::spawn_blocking(|| 1).await.unwrap()
    });
    assert_eq!(sum, 1226);
}

#[test]
fn zeros_are_refused_where_they_are_said() {
    let text = panic_of(|| Builder::new_multi_thread().worker_threads(0).build());
    assert!(text.contains("worker"), "{text}");
    let text = panic_of(|| Builder::new_multi_thread().max_blocking_threads(0).build());
    assert!(text.contains("blocking"), "{text}");
    let text = panic_of(|| Builder::new_multi_thread().event_interval(0).build());
    assert!(text.contains("event interval"), "{text}");
    let text = panic_of(|| Builder::new_multi_thread().global_queue_interval(0).build());
    assert!(text.contains("global queue interval"), "{text}");
}

#[test]
fn the_smallest_numbers_work() {
    within(|| {
        for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            builder.worker_threads(1).max_blocking_threads(1).event_interval(1).global_queue_interval(1);
            works(&builder.thread_keep_alive(Duration::ZERO).enable_all().build().unwrap());
            works(&builder.thread_keep_alive(Duration::MAX).build().unwrap());
        }
    });
}

#[test]
fn the_largest_numbers_work() {
    within(|| {
        for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            builder.worker_threads(2).max_blocking_threads(usize::MAX).event_interval(u32::MAX);
            works(&builder.global_queue_interval(u32::MAX).enable_all().build().unwrap());
        }
    });
}

#[test]
fn a_thousand_workers_start_work_and_stop() {
    within(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1000).enable_all().build().unwrap();
        works(&runtime);
        assert_eq!(runtime.handle().metrics().unwrap().workers.len(), 1000);
    });
}

#[test]
fn more_workers_than_there_can_be_are_an_error_and_leave_nothing() {
    within(|| {
        for threads in [1 << 20, usize::MAX / 2, usize::MAX] {
            let built = caught(|| Builder::new_multi_thread().worker_threads(threads).enable_all().build());
            let error = built.expect("an error, no panic").expect_err("no machine has so many");
            assert!(error.to_string().contains("worker"), "{error}");
        }
    });
}

#[test]
fn a_stack_that_is_too_small_is_enlarged() {
    within(|| {
        for bytes in [0, 1, 4096] {
            for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
                works(&builder.worker_threads(2).thread_stack_size(bytes).enable_all().build().unwrap());
            }
        }
    });
}

#[test]
fn a_stack_that_is_too_large_is_an_error_and_leaves_nothing() {
    within(|| {
        let built = caught(|| Builder::new_multi_thread().worker_threads(2).thread_stack_size(usize::MAX / 2).build());
        built.expect("an error, no panic").unwrap_err();
        // On a current-thread runtime it is the blocking call that cannot be.
        let runtime = Builder::new_current_thread().thread_stack_size(usize::MAX / 2).build().unwrap();
        let call = runtime.spawn_blocking(|| ());
        assert!(runtime.block_on(call).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_name_that_no_thread_can_have_is_an_error() {
    within(|| {
        let built = caught(|| Builder::new_multi_thread().worker_threads(2).thread_name("a\0b").build());
        let error = built.expect("an error, no panic").expect_err("no thread can have this name");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
        let built = caught(|| Builder::new_current_thread().thread_name("a\0b").build());
        let error = built.expect("an error, no panic").expect_err("no thread can have this name");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
        let nth = AtomicUsize::new(0);
        let name = move || if nth.fetch_add(1, Ordering::Relaxed) < 2 { "fine".into() } else { "a\0b".to_owned() };
        let built = caught(|| Builder::new_multi_thread().worker_threads(4).thread_name_fn(name).build());
        built.expect("an error, no panic").expect_err("the third worker cannot have its name");
        works(&Builder::new_multi_thread().thread_name("").enable_all().build().unwrap());
    });
}

#[test]
fn a_name_function_that_panics_does_so_in_build_and_leaves_nothing() {
    within(|| {
        let nth = AtomicUsize::new(0);
        let name = move || if nth.fetch_add(1, Ordering::Relaxed) < 2 { "fine".into() } else { panic!("no name") };
        let text = panic_of(|| Builder::new_multi_thread().worker_threads(4).thread_name_fn(name).build());
        assert_eq!(text, "no name");
    });
}

#[test]
fn hooks_that_panic_stop_no_worker() {
    within(|| {
        let (started, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (starts, stops) = (started.clone(), stopped.clone());
        // Only the first two calls panic at the start; all do at the end.
        let runtime = Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .on_thread_start(move || assert!(starts.fetch_add(1, Ordering::Relaxed) > 1, "no start"))
            .on_thread_stop(move || {
                stops.fetch_add(1, Ordering::Relaxed);
                panic!("no stop");
            })
            .build()
            .unwrap();
        works(&runtime);
        // All four run at a time, with sockets.
        let barrier = Arc::new(Barrier::new(4));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let barrier = barrier.clone();
                runtime.spawn(async move {
                    barrier.wait();
                    zokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        drop(runtime);
        assert_eq!((started.load(Ordering::Relaxed), stopped.load(Ordering::Relaxed)), (4, 4));
    });
}

#[test]
fn a_hook_that_uses_its_runtime_can() {
    within(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        let (one, two) = (ran.clone(), ran.clone());
        let spawns = move |ran: Arc<AtomicUsize>| zokio::spawn(async move { _ = ran.fetch_add(1, Ordering::Relaxed) });
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .on_thread_start(move || {
                spawns(one.clone()).detach();
                let text = panic_of(|| zokio::runtime::Handle::current().block_on(async {}));
                assert!(text.contains("already runs an executor"), "{text}");
            })
            .on_thread_stop(move || spawns(two.clone()).detach())
            .build()
            .unwrap();
        while ran.load(Ordering::Relaxed) < 2 {
            std::thread::yield_now();
        }
        drop(runtime);
    });
}
