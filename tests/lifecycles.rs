//! Ways for the life of a runtime to go wrong, from its making to the last thing that still points to it.

use std::future::{Future as _, poll_fn};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use zokio::runtime::{Builder, Handle, Runtime};
use zokio::task::JoinHandle;
use zokio::time::{MissedTickBehavior, Sleep, interval, sleep};

/// The tests of this file count threads and descriptors of the process, so they run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Longer than anything here takes on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Counts how often it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What points to a runtime and to one of its tasks.
#[derive(Default)]
struct Parts {
    runtime: Option<Runtime>,
    handle: Option<Handle>,
    waker: Option<Waker>,
    task: Option<JoinHandle<()>>,
}

impl Parts {
    /// A runtime with one task that waits for ever and has given its waker away.
    fn new(build: fn() -> Runtime, dropped: &Arc<AtomicUsize>) -> Self {
        let runtime = build();
        let counted = Counted(dropped.clone());
        let (sender, receiver) = std::sync::mpsc::channel();
        let task = runtime.spawn(async move {
            let _counted = counted;
            let mut sender = Some(sender);
            poll_fn(|cx| {
                if let Some(sender) = sender.take() {
                    sender.send(cx.waker().clone()).unwrap();
                }
                Poll::<()>::Pending
            })
            .await;
        });
        // On one thread the task runs here, otherwise on a worker.
        runtime.block_on(zokio::task::yield_now());
        let waker = receiver.recv().unwrap();
        Self { handle: Some(runtime.handle().clone()), runtime: Some(runtime), waker: Some(waker), task: Some(task) }
    }

    fn drop_part(&mut self, part: usize) {
        match part {
            0 => drop(self.runtime.take()),
            1 => drop(self.handle.take()),
            // A wake is a drop of the waker as well, and may come after all else.
            2 => self.waker.take().into_iter().for_each(Waker::wake),
            _ => drop(self.task.take()),
        }
    }
}

/// Every order of four things.
fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for code in 0..256 {
        let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3];
        if (0..4).all(|part| order.contains(&part)) {
            orders.push(order);
        }
    }
    orders
}

/// Runtime, handle, waker and join handle go in each of their 24 orders: the future is dropped once, with the runtime.
// Mutant: executor-local/src/shared.rs :: Current::enter(&context, || shut_down(&self.shared.executor)); => let _ = (context, shut_down::<P::Unpark>);
#[test]
fn failure_037_runtime_handle_waker_and_task_go_in_any_order() {
    let _alone = alone();
    assert_eq!(orders().len(), 24);
    for build in [current_thread as fn() -> Runtime, multi_thread] {
        for order in orders() {
            let dropped = Arc::new(AtomicUsize::new(0));
            let mut parts = Parts::new(build, &dropped);
            for part in order {
                let before = dropped.load(Ordering::SeqCst);
                parts.drop_part(part);
                let now = dropped.load(Ordering::SeqCst);
                assert_eq!(now - before, usize::from(part == 0), "part {part} of {order:?}");
            }
            assert_eq!(Arc::strong_count(&dropped), 1, "something is kept after {order:?}");
        }
    }
}

#[cfg(target_os = "linux")]
fn count(place: &str) -> usize {
    std::fs::read_dir(place).unwrap().count()
}

/// Twenty runtimes come and go, and leave neither a descriptor nor a thread.
#[cfg(target_os = "linux")]
#[test]
fn failure_038_descriptors_and_threads_are_given_back() {
    let _alone = alone();
    let life = |build: fn() -> Runtime| {
        let runtime = build();
        runtime.block_on(async {
            let listener = zokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = zokio::spawn(async move { zokio::net::TcpStream::connect(address).await.unwrap() });
            let (_server, _) = listener.accept().await.unwrap();
            let _client = client.await.unwrap();
            // A task that keeps a socket and panics when it is dropped with its runtime.
            zokio::spawn(async move {
                struct Loud;
                impl Drop for Loud {
                    fn drop(&mut self) {
                        panic!("on purpose");
                    }
                }
                let _keep = (listener, Loud);
                std::future::pending::<()>().await;
            });
            zokio::task::spawn_blocking(|| ()).await.unwrap();
            zokio::task::yield_now().await;
        });
        drop(runtime);
    };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    for build in [current_thread as fn() -> Runtime, multi_thread] {
        life(build);
        // A thread that was joined is in the system's list for a moment yet, and the harness begins and ends threads too. One
        // descriptor or thread of each life would be twenty more, and stay.
        let few = 10;
        let most = [count("/proc/self/fd") + few, count("/proc/self/task") + few];
        for _ in 0..2 * few {
            life(build);
        }
        let begun = std::time::Instant::now();
        while count("/proc/self/fd") >= most[0] || count("/proc/self/task") >= most[1] {
            assert!(begun.elapsed() < WATCHDOG, "descriptors or threads are left: {most:?}");
            std::thread::yield_now();
        }
    }
    std::panic::set_hook(hook);
}

/// Eight threads spawn onto workers that are idle or nearly so: each task runs once.
#[test]
fn failure_002_eight_threads_spawn_onto_an_idle_pool_and_no_task_is_lost() {
    const EACH: usize = 2_000;
    let _alone = alone();
    let runtime = multi_thread();
    let ran: Arc<Vec<AtomicUsize>> = Arc::new((0..8 * EACH).map(|_| AtomicUsize::new(0)).collect());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (handle, ran) = (runtime.handle().clone(), ran.clone());
            scope.spawn(move || {
                for task in 0..EACH {
                    let ran = ran.clone();
                    let joined = handle.spawn(async move { ran[thread * EACH + task].fetch_add(1, Ordering::SeqCst) });
                    // Now and then the pool runs empty.
                    if task % 100 == 0 {
                        handle.block_on(joined).unwrap();
                    } else {
                        drop(joined);
                    }
                }
            });
        }
    });
    runtime.block_on(async {
        while ran.iter().any(|ran| ran.load(Ordering::SeqCst) == 0) {
            zokio::task::yield_now().await;
        }
    });
    assert!(ran.iter().all(|ran| ran.load(Ordering::SeqCst) == 1), "a task ran twice");
}

/// However many of a task's timers are due at once, it is polled once for all of them.
#[test]
fn failure_078_a_task_is_polled_once_for_timers_that_are_due_together() {
    let _alone = alone();
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    runtime.block_on(async {
        let task = zokio::spawn(async move {
            let due = Duration::from_secs(1);
            let mut sleeps: Vec<_> = (0..20).map(|_| Box::pin(sleep(due))).collect();
            poll_fn(move |cx| {
                counted.fetch_add(1, Ordering::SeqCst);
                sleeps.retain_mut(|sleep| sleep.as_mut().poll(cx).is_pending());
                if sleeps.is_empty() { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        });
        task.await.unwrap();
    });
    assert_eq!(polls.load(Ordering::SeqCst), 2, "once to begin with, once when all are due");
}

/// The process stood still for a minute: every timer fires once, and an interval catches up as it was told to.
#[test]
fn failure_094_timers_catch_up_once_after_the_process_stood_still() {
    let _alone = alone();
    let second = Duration::from_secs(1);
    for (behavior, at_once) in
        [(MissedTickBehavior::Burst, 60), (MissedTickBehavior::Delay, 1), (MissedTickBehavior::Skip, 1)]
    {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let ticks = runtime.block_on(async {
            let fired = Arc::new(AtomicUsize::new(0));
            for due in 1..=60 {
                let fired = fired.clone();
                zokio::spawn(async move {
                    sleep(due * second).await;
                    fired.fetch_add(1, Ordering::SeqCst);
                });
            }
            let mut interval = interval(second);
            interval.set_missed_tick_behavior(behavior);
            interval.tick().await;
            zokio::task::yield_now().await;
            zokio::time::advance(60 * second).await;
            let mut ticks = 0;
            while zokio::time::timeout(Duration::ZERO, interval.tick()).await.is_ok() {
                ticks += 1;
            }
            zokio::task::yield_now().await;
            assert_eq!(fired.load(Ordering::SeqCst), 60);
            ticks
        });
        assert_eq!(ticks, at_once, "{behavior:?}");
    }
}

/// What a panic says that panics when it is dropped, so often, with the same.
struct Payload(u8);

impl Drop for Payload {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Self(self.0 - 1));
        }
    }
}

impl Wake for Payload {
    fn wake(self: Arc<Self>) {
        panic_any(Self(2));
    }
}

/// A sleep of a runtime, polled elsewhere, whose waker panics.
fn sleeper(runtime: &Runtime, duration: Duration) -> Pin<Box<Sleep>> {
    let entered = runtime.enter();
    let mut sleep = Box::pin(sleep(duration));
    drop(entered);
    let waker = Waker::from(Arc::new(Payload(0)));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    sleep
}

#[track_caller]
fn is_over(body: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        body();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(WATCHDOG).expect("it hangs, or has panicked");
}

// Mutant: core/src/guard.rs :: core::mem::forget(second); => drop(second);
#[test]
fn no_worker_ends_by_what_a_panic_of_hooks_and_wakers_says() {
    let _alone = alone();
    for start in [true, false] {
        is_over(move || {
            let mut builder = Builder::new_multi_thread();
            let hook = || panic_any(Payload(2));
            if start {
                builder.on_thread_start(hook)
            } else {
                builder.on_thread_stop(hook)
            };
            let runtime = builder.worker_threads(1).build().unwrap();
            runtime.block_on(runtime.spawn(async {})).unwrap();
        });
    }
    for duration in [Duration::from_millis(1), WATCHDOG * 2] {
        is_over(move || {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let sleep = sleeper(&runtime, duration);
            runtime.block_on(async { zokio::time::sleep(Duration::from_millis(20)).await });
            runtime.block_on(runtime.spawn(async {})).unwrap();
            drop((runtime, sleep));
        });
    }
}

/// Panics where it is dropped.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("a destructor of a hook");
    }
}

/// The builder is gone, so that the worker drops its hook.
// Mutant: executor-mt/src/runtime.rs :: swallow(|| drop(hook)); => drop(hook);
#[test]
fn no_worker_ends_by_what_its_hooks_own() {
    let _alone = alone();
    is_over(|| {
        let bad = Bad;
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).on_thread_stop(move || {
            let _ = &bad;
        });
        let runtime = builder.build().unwrap();
        drop(builder);
        runtime.block_on(runtime.spawn(async {})).unwrap();
    });
}

/// Spawns at its end one that does, and so on.
struct Chain {
    handle: Handle,
    spawn: fn(&Handle, Chain),
    left: usize,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
        if let Some(left) = self.left.checked_sub(1) {
            let Self { handle, spawn, dropped, .. } = self;
            spawn(handle, Chain { handle: handle.clone(), spawn: *spawn, left, dropped: dropped.clone() });
        }
    }
}

/// A call for each would not fit on a stack. (What executor-mt does is tested there.)
// Mutant: executor-local/src/shared.rs :: in_turn(DEEPEST, move || task.cancel()); => task.cancel();
// Mutant: hal/src/os/blocking/task.rs :: in_turn(DEEPEST, move || task.cancel()); => task.cancel();
#[test]
fn a_chain_of_destructors_that_spawn_is_no_chain_of_calls() {
    let _alone = alone();
    let ways: [fn(&Handle, Chain); 2] = [
        |handle, chain| {
            drop(handle.spawn(async move {
                let _chain = chain;
                std::future::pending::<()>().await;
            }))
        },
        |handle, chain| drop(handle.spawn_blocking(move || drop(chain))),
    ];
    for spawn in ways {
        is_over(move || {
            let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
            let (ends, has_end) = mpsc::channel::<()>();
            // The one thread of the pool is busy until that drops what it has not begun.
            drop(runtime.spawn_blocking(move || has_end.recv()));
            let dropped = Arc::new(AtomicUsize::new(0));
            spawn(
                runtime.handle(),
                Chain { handle: runtime.handle().clone(), spawn, left: 20_000, dropped: dropped.clone() },
            );
            drop(runtime.spawn_blocking(move || drop(ends)));
            drop(runtime);
            assert_eq!(dropped.load(Ordering::SeqCst), 20_001);
        });
    }
}

// Mutant: src/runtime/runtime.rs :: swallow(|| lease.timers.close()); => lease.timers.close();
#[test]
fn a_runtime_ends_as_a_whole_where_a_waker_panics() {
    let _alone = alone();
    is_over(|| {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
        let (handle, over) = (runtime.handle().clone(), Arc::new(AtomicBool::new(false)));
        let (began, has_begun) = mpsc::channel();
        let (ends, has_end) = mpsc::channel::<()>();
        let told = over.clone();
        drop(runtime.spawn_blocking(move || {
            began.send(()).unwrap();
            // Until the pool drops what it has not begun, which it does right before it waits for this.
            assert!(has_end.recv().is_err());
            told.store(true, Ordering::SeqCst);
        }));
        has_begun.recv().unwrap();
        drop(runtime.spawn_blocking(move || drop(ends)));
        let _sleep = sleeper(&runtime, WATCHDOG);
        drop(runtime);
        assert!(over.load(Ordering::SeqCst), "it waits for blocking work");
        assert!(handle.block_on(handle.spawn_blocking(|| ())).unwrap_err().is_cancelled(), "and takes no more");
    });
}
