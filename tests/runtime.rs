//! Runtimes of both kinds, through the facade: they run, refuse what they must, and end.
#![cfg(feature = "std")]

use std::collections::HashSet;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use zokio::io::{AsyncReadExt, AsyncWriteExt};
use zokio::net::{TcpListener, TcpStream};
use zokio::runtime::{Builder, Handle, LocalRuntime, Runtime, RuntimeFlavor};
use zokio::task::LocalSet;

/// One runtime of each kind.
fn each(test: impl Fn(Runtime)) {
    test(Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    test(Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
    test(Builder::new_current_thread().enable_all().build().unwrap());
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(message) => message,
        None => panic.downcast_ref::<&str>().copied().unwrap_or(""),
    }
}

fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).err().expect("it must panic");
    message(&*panic).to_owned()
}

#[test]
fn tasks_timers_sockets_and_blocking_calls_work_together() {
    each(|runtime| {
        let echoed = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let server = zokio::spawn(async move {
                let (mut stream, _) = listener.accept().await?;
                let (mut read, mut write) = stream.split();
                zokio::io::copy(&mut read, &mut write).await
            });
            let mut client = TcpStream::connect(address).await?;
            let text = zokio::task::spawn_blocking(|| "over a socket".to_owned()).await.unwrap();
            client.write_all(text.as_bytes()).await?;
            client.shutdown().await?;
            let mut echoed = String::new();
            zokio::time::timeout(Duration::from_secs(20), client.read_to_string(&mut echoed)).await.unwrap()?;
            assert_eq!(server.await.unwrap()?, echoed.len() as u64);
            std::io::Result::Ok(echoed)
        });
        assert_eq!(echoed.unwrap(), "over a socket");
    });
}

#[test]
fn a_sleep_is_never_early_and_a_timeout_comes() {
    each(|runtime| {
        runtime.block_on(async {
            let start = std::time::Instant::now();
            zokio::time::sleep(Duration::from_millis(5)).await;
            assert!(start.elapsed() >= Duration::from_millis(5));
            zokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err();
            let spawned = zokio::spawn(async { zokio::time::sleep(Duration::from_millis(2)).await });
            spawned.await.unwrap();
            drop(zokio::time::sleep(Duration::MAX));
        });
    });
}

#[test]
fn nested_block_on_panics_with_a_reason_and_the_runtime_lives() {
    each(|runtime| {
        let handle = runtime.handle().clone();
        let runtime = Arc::new(runtime);
        let (one, two) = (handle.clone(), Builder::new_current_thread().build().unwrap());
        let text = runtime.block_on(async move { panic_of(|| one.block_on(async {})) });
        assert!(text.contains("already runs"), "{text}");
        let (text, two) = runtime.block_on(async move { (panic_of(|| two.block_on(async {})), two) });
        assert!(text.contains("already runs"), "{text}");
        // From a task as well, and under a guard, which does not make it harmless.
        let spawned = runtime.spawn(async move {
            let text = {
                let _guard = handle.enter();
                panic_of(|| two.block_on(async {}))
            };
            zokio::task::spawn_blocking(move || drop(two)).await.unwrap();
            text
        });
        let text = runtime.block_on(spawned).unwrap();
        assert!(text.contains("already runs"), "{text}");
    });
}

#[test]
fn what_needs_a_driver_says_which() {
    for builder in [&mut Builder::new_multi_thread(), &mut Builder::new_current_thread()] {
        let runtime = builder.build().unwrap();
        let text = runtime.block_on(async { panic_of(|| zokio::time::sleep(Duration::ZERO)) });
        assert!(text.contains("time"), "{text}");
        let error = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap_err();
        assert!(error.to_string().contains("enable_io"), "{error}");
    }
    let text = panic_of(|| drop(zokio::spawn(async {})));
    assert!(text.contains("no executor here"), "{text}");
    assert!(Handle::try_current().is_err());
    assert!(panic_of(Handle::current).contains("no zokio runtime here"));
}

#[test]
fn a_runtime_dropped_inside_itself_panics_or_ends_in_the_background() {
    for background in [false, true] {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let other = Builder::new_current_thread().build().unwrap();
        let outcome = other.block_on(async move {
            if background {
                runtime.shutdown_background();
                String::new()
            } else {
                panic_of(move || drop(runtime))
            }
        });
        assert_eq!(outcome.contains("dropped where tasks run"), !background, "{outcome}");
    }
}

#[test]
fn dropping_the_runtime_drops_its_tasks_and_leaves_handles_harmless() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    each(|runtime| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let counted = Counted(dropped.clone());
                runtime.spawn(async move {
                    let _counted = counted;
                    zokio::time::sleep(Duration::from_secs(3600 + n)).await;
                })
            })
            .collect();
        runtime.block_on(zokio::task::yield_now());
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(dropped.load(Ordering::Relaxed), 100);
        let fresh = Builder::new_current_thread().build().unwrap();
        for task in tasks {
            assert!(fresh.block_on(task).unwrap_err().is_cancelled());
        }
        handle.try_spawn(async {}).unwrap_err();
    });
}

#[test]
fn panics_stay_in_their_task() {
    each(|runtime| {
        let error = runtime.block_on(async { zokio::spawn(async { panic!("planned") as () }).await }).unwrap_err();
        assert!(error.is_panic());
        assert_eq!(message(&*error.into_panic()), "planned");
        assert_eq!(runtime.block_on(async { zokio::spawn(async { 1 }).await.unwrap() }), 1);
    });
}

#[test]
fn contexts_nest_and_the_flavor_is_told() {
    let (mt, ct) = (Runtime::new().unwrap(), Builder::new_current_thread().build().unwrap());
    assert_eq!(mt.handle().runtime_flavor(), RuntimeFlavor::MultiThread);
    let outer = mt.enter();
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
    let inner = ct.enter();
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
    drop(inner);
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
    let task = zokio::spawn(async { 7 });
    drop(outer);
    assert_eq!(mt.block_on(task).unwrap(), 7);
}

#[test]
fn instants_follow_the_clock_and_saturate() {
    use zokio::time::{Instant, interval_at, sleep_until, timeout_at};
    let outside = Instant::now();
    each(|runtime| {
        runtime.block_on(async {
            let start = Instant::now();
            assert!(start >= outside, "one clock inside and outside of runtimes");
            sleep_until(start + Duration::from_millis(3)).await;
            assert!(start.elapsed() >= Duration::from_millis(3));
            assert_eq!(Instant::from_std(start.into_std()), start);
            assert_eq!((start + Duration::MAX) - start, (start + Duration::MAX).duration_since(start));
            assert_eq!(start.checked_add(Duration::MAX), None);
            assert_eq!(start.checked_sub(Duration::MAX), None);
            assert_eq!(start - Instant::now(), Duration::ZERO);
            let mut ticks = interval_at(start, Duration::from_millis(1));
            assert_eq!(ticks.tick().await, start);
            assert_eq!(ticks.tick().await, start + Duration::from_millis(1));
            timeout_at(start, std::future::pending::<()>()).await.unwrap_err();
        });
    });
}

/// Also one from before the first question of this process for the time.
#[test]
fn a_moment_of_the_standard_library_is_the_same_moment() {
    use zokio::time::{Instant, sleep_until};
    let now = std::time::Instant::now();
    // Where the standard library knows such a moment at all.
    for past in [0, 1, 3_600, 86_400 * 365].map(Duration::from_secs) {
        let Some(start) = now.checked_sub(past) else { continue };
        let same = Instant::from(start);
        assert_eq!(same.into_std(), start);
        assert!(same.elapsed() >= past);
        assert!(Instant::now().checked_sub(past).is_some_and(|earlier| earlier >= same));
        each(move |runtime| runtime.block_on(async { sleep_until(same + past).await }));
    }
}

#[zokio::test]
async fn the_attribute_runs_a_test() {
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
}

#[zokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_attribute_takes_tokios_options() -> Result<(), zokio::task::JoinError> {
    assert_eq!(zokio::spawn(async { Handle::current().runtime_flavor() }).await?, RuntimeFlavor::MultiThread);
    Ok(())
}

/// A name and the helpers of `zokio::test`, beside the attribute of that name.
#[zokio::test(name = "named")]
async fn the_module_test_and_the_attribute_test_are_two_things() {
    use zokio::test::{assert_pending, assert_ready_ok, task};

    assert_eq!(Handle::current().name(), Some("named"));
    assert_eq!(zokio::spawn(async { Handle::current().name().map(String::from) }).await.unwrap(), Some("named".into()));
    let mut waiting = task::spawn(async {
        zokio::task::yield_now().await;
        Ok::<_, ()>(5)
    });
    assert_pending!(waiting.poll());
    assert!(waiting.is_woken());
    assert_eq!(assert_ready_ok!(waiting.poll()), 5);
}

// Mutant: src/runtime/builder.rs :: assert!(!name.trim().is_empty(), => assert!(!name.is_empty(),
#[test]
fn a_runtime_has_the_name_it_was_given() {
    for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
        assert_eq!(builder.worker_threads(1).build().unwrap().handle().name(), None);
    }
    for name in ["", " \t"] {
        assert!(catch_unwind(|| drop(Builder::new_current_thread().name(name).build())).is_err(), "{name:?}");
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).name("many").build().unwrap();
    assert_eq!(runtime.block_on(async { Handle::current().name().map(String::from) }), Some("many".into()));
}

/// One id for a runtime, whoever asks, and for nothing else that there is.
// Mutant: src/runtime/handle.rs :: Id::of(self.pool()) => Id::of(self)
#[test]
fn a_runtime_and_a_set_have_ids_of_their_own() {
    let runtimes = [
        Builder::new_multi_thread().worker_threads(1).build().unwrap(),
        Builder::new_current_thread().build().unwrap(),
        Builder::new_current_thread().build().unwrap(),
    ];
    let local = LocalRuntime::new().unwrap();
    let sets = [LocalSet::new(), LocalSet::new()];
    let mut ids = HashSet::from([local.handle().id()]);
    ids.extend(sets.iter().map(LocalSet::id));
    for runtime in &runtimes {
        let (id, handle) = (runtime.handle().id(), runtime.handle().clone());
        assert_eq!(runtime.block_on(runtime.spawn(async { Handle::current().id() })).unwrap(), id);
        assert_eq!(runtime.block_on(sets[0].run_until(async { Handle::current().id() })), id);
        assert_eq!(
            handle.block_on(runtime.spawn_blocking(|| Handle::current().id().to_string())).unwrap(),
            id.to_string()
        );
        assert!(ids.insert(id));
    }
    assert_eq!(local.block_on(async { Handle::current().id() }), local.handle().id());
    assert_eq!(ids.len(), 6);
    let moved = Box::new(sets);
    assert!(moved.iter().all(|set| ids.contains(&set.id())));
}
