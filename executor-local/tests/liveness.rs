//! What must not be lost, starve or be run where it must not.
#![cfg(all(feature = "std", not(loom)))]

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zokio_core::ambient::{Ambient, Context as Ambience};
use zokio_core::future::yield_now;
use zokio_core::park::{Park, Unpark};
use zokio_core::task::{Arena, try_spawn_at};
use zokio_core::time::{Clock, Instant, Timers, sleep, sleep_until};
use zokio_executor_local::context::Current;
use zokio_executor_local::{Config, Executor, SharedExecutor};

/// Ends no wait: the parkers below never wait.
#[derive(Clone)]
struct Nobody;
impl Unpark for Nobody {
    fn unpark(&self) {}
}

/// Runs the closures it is given where it would look at devices and where it would wait.
struct Scripted<L, W>(L, W);
impl<L: FnMut(), W: FnMut(Option<Instant>, &mut dyn FnMut() -> bool)> Park for Scripted<L, W> {
    type Unpark = Nobody;
    fn unpark(&self) -> Nobody {
        Nobody
    }
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        let mut is_idle = Some(is_idle);
        (self.1)(deadline, &mut || is_idle.take().expect("asked once")());
    }
    fn poll(&mut self) {
        (self.0)();
    }
}

// Mutant: executor-local/src/executor.rs :: left = left.saturating_sub(1); => left = left.saturating_sub(0);
#[test]
fn a_main_future_that_always_yields_does_not_keep_devices_waiting() {
    let ready = Arc::new(AtomicBool::new(false));
    let device = ready.clone();
    // As the parkers of the operating system do: where there is something to run, events wait for `poll`.
    let park = Scripted(
        move || device.store(true, Ordering::Relaxed),
        |_, is_idle: &mut dyn FnMut() -> bool| {
            assert!(!is_idle(), "the main future is always ready");
        },
    );
    let executor = SharedExecutor::new(park, Config::new());
    let yields = executor.block_on(None, async {
        let mut yields = 0;
        while !ready.load(Ordering::Relaxed) && yields < 10_000 {
            yield_now().await;
            yields += 1;
        }
        yields
    });
    assert!(yields.unwrap() < 100, "nobody looked at the devices");
}

// Mutant: executor-local/src/executor.rs :: if spent { => if spent || { left = POLLS_PER_TURN; false } {
#[test]
fn short_turns_do_not_keep_devices_waiting() {
    let looks = Arc::new(AtomicUsize::new(0));
    let device = looks.clone();
    let park = Scripted(
        move || _ = device.fetch_add(1, Ordering::Relaxed),
        |_, is_idle: &mut dyn FnMut() -> bool| {
            is_idle();
        },
    );
    let executor = SharedExecutor::new(park, Config::new());
    let spawner = executor.spawner();
    let yields = executor.block_on(None, async {
        let mut yields = 0;
        // One short task in each turn.
        while looks.load(Ordering::Relaxed) == 0 && yields < 10_000 {
            try_spawn_at(&spawner, async {}).unwrap().await.unwrap();
            yields += 1;
        }
        yields
    });
    assert!(yields.unwrap() < 100, "nobody looked at the devices");
}

/// A clock moved by hand.
struct Hand(AtomicU64);
impl Clock for Hand {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

// Mutant: executor-local/src/executor.rs :: && !earlier() => && (earlier() || true)
#[test]
fn a_deadline_that_another_thread_makes_on_the_way_to_the_parker_is_seen() {
    let timers: &'static Timers<Hand> = Box::leak(Box::new(Timers::new(Hand(AtomicU64::new(0)))));
    let place: &'static Timers = timers;
    let mut earlier = Some(Box::pin(Current::enter(&Ambience::EMPTY.with_timers(place), || {
        sleep_until::<Current>(Instant::from_nanos(5))
    })));
    let park = Scripted(
        || {},
        move |deadline: Option<Instant>, is_idle: &mut dyn FnMut() -> bool| {
            // What happens here happens between the look at the queue of timers and the point from which an unpark counts.
            let late = earlier.take().is_some_and(|mut sleep| {
                assert_eq!(deadline, Some(Instant::from_nanos(10)));
                let pending = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
                earlier_kept(sleep);
                pending
            });
            let idle = is_idle();
            assert!(!(late && idle), "it would sleep until {deadline:?}");
            if let Some(next) = place.next_deadline() {
                timers.clock().0.store(next.as_nanos(), Ordering::Relaxed);
            }
        },
    );
    let executor = SharedExecutor::new(park, Config::new().timers(place));
    executor.block_on(None, async { sleep::<Current>(Duration::from_nanos(10)).await }).unwrap();

    /// Stays in the queue until it has expired.
    fn earlier_kept<T: Send + 'static>(sleep: T) {
        static KEPT: Mutex<Vec<Box<dyn Send>>> = Mutex::new(Vec::new());
        KEPT.lock().unwrap().push(Box::new(sleep));
    }
}

/// Wakes, when it goes, who waits for its events, as a reactor does.
#[derive(Default, Clone)]
struct Waiters(Arc<Mutex<Vec<Waker>>>);
struct Device(Waiters);
impl Drop for Device {
    fn drop(&mut self) {
        let waiters = core::mem::take(&mut *self.0.0.lock().unwrap());
        waiters.into_iter().for_each(Waker::wake);
    }
}

// Mutant: executor-local/src/shared.rs :: let park = self.shared.lock().take(); => let mut lock = self.shared.lock(); let park = lock.take();
#[test]
fn a_parker_that_wakes_a_main_future_as_it_goes_finds_no_lock_held() {
    let waiters = Waiters::default();
    let device = Device(waiters.clone());
    let park = Scripted(move || _ = &device, |_, is_idle: &mut dyn FnMut() -> bool| assert!(!is_idle()));
    let executor = SharedExecutor::new(park, Config::new());
    let asks = poll_fn(|cx| {
        waiters.0.lock().unwrap().push(cx.waker().clone());
        Poll::Ready(())
    });
    executor.block_on(None, asks).unwrap();
    let (over, wait) = channel();
    std::thread::spawn(move || {
        drop(executor);
        over.send(()).unwrap();
    });
    wait.recv_timeout(Duration::from_secs(20)).expect("the drop of the executor waits for itself");
    assert!(waiters.0.lock().unwrap().is_empty());
}

/// Ends each wait by a tick, and so asks for no deadline.
struct Ticking(&'static Timers<Hand>);
impl Park for Ticking {
    type Unpark = Nobody;
    const TIMED: bool = false;
    fn unpark(&self) -> Nobody {
        Nobody
    }
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert_eq!(deadline, None);
        if is_idle() {
            let before = self.0.clock().0.fetch_add(1, Ordering::Relaxed);
            assert!(before < 100, "nobody looks at what is due");
        }
    }
    fn poll(&mut self) {}
}

// Mutant: executor-local/src/executor.rs :: || !P::TIMED || deadline.is_some() => || deadline.is_some()
#[test]
fn a_parker_that_ticks_needs_no_deadline() {
    static TIMERS: Timers<Hand> = Timers::new(Hand(AtomicU64::new(0)));
    let timers = &TIMERS;
    let executor = SharedExecutor::new(Ticking(timers), Config::new().timers(timers));
    let spawner = executor.spawner();
    let ended = executor.block_on(None, async {
        let beside = try_spawn_at(&spawner, async {
            sleep::<Current>(Duration::from_nanos(7)).await;
            timers.now()
        });
        sleep::<Current>(Duration::from_nanos(3)).await;
        (timers.now(), beside.unwrap().await.unwrap())
    });
    assert_eq!(ended.unwrap(), (Instant::from_nanos(3), Instant::from_nanos(7)));
}

// Mutant: executor-local/src/executor.rs :: let place = spawner.place(); => let _running = Running(self); let place = spawner.place();
#[test]
fn local_tasks_do_not_get_to_another_thread_by_a_panic() {
    static TASKS: Arena<1, 64> = Arena::new();
    static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new().pool("tasks", &TASKS));
    static POLLED: AtomicBool = AtomicBool::new(false);
    let first = std::thread::spawn(|| {
        let park = Scripted(|| {}, |_: Option<Instant>, _: &mut dyn FnMut() -> bool| {});
        EXECUTOR.run(park, |spawner| {
            let here = std::rc::Rc::new(std::thread::current().id());
            let task = async move {
                POLLED.store(true, Ordering::Relaxed);
                assert_eq!(*here, std::thread::current().id());
            };
            spawner.spawn(task).detach();
            panic!("as planned");
        })
    });
    assert!(first.join().is_err());
    let mut park = Scripted(|| {}, |_: Option<Instant>, _: &mut dyn FnMut() -> bool| {});
    let second = catch_unwind(AssertUnwindSafe(|| EXECUTOR.block_on(&mut park, yield_now())));
    assert!(second.is_err(), "the executor of another thread runs here");
    assert!(!POLLED.load(Ordering::Relaxed));
}
