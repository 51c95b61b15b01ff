//! Executors run step by step: what is polled, in which order, and how often.
#![cfg(all(feature = "std", not(loom)))]

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use zokio_core::future::yield_now;
use zokio_core::park::{Park, Unpark};
use zokio_core::task::{Arena, try_spawn_at};
use zokio_core::time::{self, Clock, Instant, Timers};
use zokio_executor_local::context::Current;
use zokio_executor_local::{Config, Executor, SharedExecutor, StaticSeat, Stepper};

/// Stands until somebody waits for a deadline, and is at the deadline then.
#[derive(Debug, Default)]
struct Jump(AtomicU64);
impl Clock for Jump {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.load(Ordering::Relaxed))
    }
    fn rearm(&self, _: Instant) {}
}

#[derive(Clone, Debug)]
struct Alone;
impl Unpark for Alone {
    const NEEDED: bool = false;
    fn unpark(&self) {}
}

/// Moves the clock instead of waiting, and counts.
#[derive(Debug)]
struct JumpPark {
    clock: &'static Timers<Jump>,
    waits: usize,
    looks: usize,
}
impl Park for JumpPark {
    type Unpark = Alone;
    fn unpark(&self) -> Alone {
        Alone
    }
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if is_idle() {
            self.waits += 1;
            let deadline = deadline.expect("nobody would wake this executor");
            self.clock.clock().0.store(deadline.as_nanos(), Ordering::Relaxed);
        }
    }
    fn poll(&mut self) {
        self.looks += 1;
    }
}

/// A value for the rest of the program, where Miri sees that it is not lost.
fn forever<T: Sync + 'static>(value: T) -> &'static T {
    static KEPT: Mutex<Vec<&'static (dyn Any + Sync)>> = Mutex::new(Vec::new());
    let value: &'static T = Box::leak(Box::new(value));
    KEPT.lock().unwrap().push(value);
    value
}

type Local = Stepper<StaticSeat<JumpPark>>;

fn stepper() -> (Local, &'static Timers<Jump>) {
    let timers: &'static Timers<Jump> = forever(Timers::new(Jump::default()));
    let tasks: &'static Arena<8, 256> = forever(Arena::new());
    let executor: &'static Executor<Alone> =
        forever(Executor::new(Alone, Config::new().pool("tasks", tasks).timers(timers)));
    (executor.step(JumpPark { clock: timers, waits: 0, looks: 0 }), timers)
}

/// Made where it is polled: a sleep belongs to the timers of the context.
async fn sleep(nanos: u64) {
    time::sleep::<Current>(Duration::from_nanos(nanos)).await;
}

#[test]
fn nothing_is_polled_where_nothing_is_ready() {
    let (mut stepper, _) = stepper();
    assert_eq!((stepper.run_once(), stepper.run_until_idle(), stepper.run_at_most(0)), (0, 0, 0));
    stepper.spawner().spawn(pending::<()>()).detach();
    assert_eq!(stepper.run_at_most(0), 0, "zero polls are none");
    assert_eq!((stepper.run_once(), stepper.run_once(), stepper.polls()), (1, 0, 1));
}

#[test]
fn one_step_is_one_poll_in_the_order_of_wakes() {
    let (mut stepper, _) = stepper();
    let seen = Rc::new(RefCell::new(Vec::new()));
    for name in ["a", "b", "c"] {
        let seen = seen.clone();
        let task = async move {
            for turn in 0..2 {
                seen.borrow_mut().push((name, turn));
                yield_now().await;
            }
        };
        stepper.spawner().spawn(task).detach();
    }
    for (polls, expected) in [(1, ("a", 0)), (2, ("b", 0)), (3, ("c", 0)), (4, ("a", 1)), (5, ("b", 1))] {
        assert_eq!(stepper.run_once(), 1);
        assert_eq!(stepper.polls(), polls);
        assert_eq!(seen.borrow().last(), Some(&expected));
        assert_eq!(seen.borrow().len(), polls);
    }
    assert_eq!(stepper.run_until_idle(), 1 + 3, "c once more, and all three find that they are done");
}

// Mutant: executor-local/src/step.rs :: match self.polls(POLLS_PER_TURN.min(limit - polls)) => match self.polls(limit)
#[test]
fn a_task_that_always_yields_does_not_keep_a_bounded_step() {
    let (mut stepper, _) = stepper();
    let spinning = async {
        loop {
            yield_now().await;
        }
    };
    stepper.spawner().spawn(spinning).detach();
    assert_eq!(stepper.run_at_most(100), 100);
    assert!(stepper.seat_looks() >= 2, "devices were not looked at");
}

/// What the parker saw.
trait Looks {
    fn seat_looks(&mut self) -> usize;
    fn seat_waits(&mut self) -> usize;
}
impl Looks for Local {
    fn seat_looks(&mut self) -> usize {
        self.park().looks
    }
    fn seat_waits(&mut self) -> usize {
        self.park().waits
    }
}

#[test]
fn running_until_idle_does_not_wait_for_timers() {
    let (mut stepper, timers) = stepper();
    let task = stepper.spawner().spawn(sleep(10));
    assert_eq!(stepper.run_until_idle(), 1);
    assert_eq!((stepper.seat_waits(), timers.now().as_nanos()), (0, 0));
    timers.clock().0.store(9, Ordering::Relaxed);
    assert_eq!(stepper.run_until_idle(), 0);
    timers.clock().0.store(10, Ordering::Relaxed);
    assert_eq!(stepper.run_until_idle(), 1);
    assert!(task.is_finished());
}

// Mutant: executor-local/src/step.rs :: let over = end.is_due(timers.now()); => let over = end.as_nanos() <= timers.now().as_nanos() + 5;
#[test]
fn running_for_a_time_polls_what_is_due_at_its_end_and_nothing_later() {
    let (mut stepper, timers) = stepper();
    let tasks = [5, 10, 11].map(|nanos| stepper.spawner().spawn(sleep(nanos)));
    assert_eq!(stepper.run_for(Duration::from_nanos(10)), 3 + 2);
    assert_eq!(timers.now().as_nanos(), 10);
    assert_eq!(tasks.each_ref().map(|task| task.is_finished()), [true, true, false]);
    assert_eq!(stepper.run_for(Duration::ZERO), 0);
    assert_eq!(stepper.run_for(Duration::from_nanos(90)), 1);
    assert_eq!(timers.now().as_nanos(), 100, "it waits for the end where nothing else is to be waited for");
}

#[test]
fn a_future_is_run_to_its_end_and_its_polls_count() {
    let (mut stepper, timers) = stepper();
    let other = stepper.spawner().spawn(async {
        sleep(3).await;
        7
    });
    let ((), polls) = stepper.run_until(async {
        sleep(5).await;
    });
    // Each is polled twice.
    assert_eq!((polls, stepper.polls(), timers.now().as_nanos()), (4, 4, 5));
    let (output, polls) = stepper.run_until(other);
    assert_eq!((output.unwrap(), polls), (7, 1));
}

#[test]
fn a_task_spawns_and_joins_beside_the_steps() {
    let (mut stepper, _) = stepper();
    let spawner = stepper.spawner();
    let sum = Rc::new(Cell::new(0));
    let (left, here) = (sum.clone(), spawner);
    let parent = spawner.spawn(async move {
        let child = here.spawn(async { 4 });
        left.set(child.await.unwrap());
    });
    // The parent, its child, and the parent again.
    assert_eq!(stepper.run_until_idle(), 3);
    assert!(parent.is_finished());
    assert_eq!(sum.get(), 4);
}

#[test]
fn a_static_executor_can_be_spawned_on_before_it_is_taken() {
    static TASKS: Arena<1, 128> = Arena::new();
    static EXECUTOR: Executor<Alone> = Executor::new(Alone, Config::new().pool("tasks", &TASKS));
    let task = EXECUTOR.spawner().spawn(async { 3 });
    static TIMERS: Timers<Jump> = Timers::new(Jump(AtomicU64::new(0)));
    let mut stepper = EXECUTOR.step(JumpPark { clock: &TIMERS, waits: 0, looks: 0 });
    assert_eq!(stepper.run_until_idle(), 1);
    assert_eq!(stepper.run_until(task).0.unwrap(), 3);
    let taken = std::panic::catch_unwind(|| EXECUTOR.step(JumpPark { clock: &TIMERS, waits: 0, looks: 0 }));
    assert!(taken.is_err(), "taken twice");
    let _ = stepper;
    let taken = std::panic::catch_unwind(|| EXECUTOR.step(JumpPark { clock: &TIMERS, waits: 0, looks: 0 }));
    assert!(taken.is_err(), "it is taken for good: there may be local tasks");
}

#[test]
#[should_panic(expected = "no timers to tell the time by")]
fn a_time_needs_a_clock() {
    static EXECUTOR: Executor<Alone> = Executor::new(Alone, Config::new());
    static TIMERS: Timers<Jump> = Timers::new(Jump(AtomicU64::new(0)));
    EXECUTOR.step(JumpPark { clock: &TIMERS, waits: 0, looks: 0 }).run_for(Duration::from_secs(1));
}

#[test]
fn a_step_inside_of_a_poll_is_a_step_and_a_wait_is_refused() {
    let (mut outer, _) = stepper();
    let (mut inner, _) = stepper();
    inner.spawner().spawn(async {}).detach();
    let (refused, _) = outer.run_until(async move {
        assert_eq!(inner.run_until_idle(), 1);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| inner.run_until(async {}))).is_err()
    });
    assert!(refused);
}

/// The parker of an executor on the heap.
#[derive(Debug)]
struct Threads;
#[derive(Debug, Clone)]
struct Thread(std::thread::Thread);
impl Unpark for Thread {
    fn unpark(&self) {
        self.0.unpark();
    }
}
impl Park for Threads {
    type Unpark = Thread;
    fn unpark(&self) -> Thread {
        Thread(std::thread::current())
    }
    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if is_idle() {
            std::thread::park();
        }
    }
    fn poll(&mut self) {}
}

#[test]
fn a_boxed_executor_steps_and_goes_on_afterwards() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Dropped;
    impl Drop for Dropped {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    let mut executor = SharedExecutor::new(Threads, Config::new());
    let spawner = executor.spawner();
    let seat = std::sync::Arc::new(std::sync::Mutex::new(None::<Waker>));
    let left = seat.clone();
    let mut polled = false;
    let waiting = try_spawn_at(&spawner, async move {
        let _dropped = Dropped;
        poll_fn(move |cx| {
            *left.lock().unwrap() = Some(cx.waker().clone());
            if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        pending::<()>().await;
    })
    .unwrap();
    let mut stepper = executor.step(None);
    assert_eq!((stepper.run_until_idle(), stepper.run_once()), (1, 0));
    // From another thread, which ends the wait.
    let waking = std::thread::spawn(move || seat.lock().unwrap().take().unwrap().wake());
    let child = try_spawn_at(&spawner, async { 5 }).unwrap();
    assert_eq!(stepper.run_until(child).0.unwrap(), 5);
    waking.join().unwrap();
    stepper.run_until_idle();
    assert_eq!(stepper.polls(), 1 + 3 + 1, "waiting, future + child + future, waiting");
    if !cfg!(miri) {
        std::mem::forget(stepper); // it leaks
    }
    let child = try_spawn_at(&spawner, async { 6 }).unwrap();
    assert_eq!(executor.block_on(None, child).unwrap().unwrap(), 6, "a forgotten stepper keeps the executor");
    assert_eq!(DROPS.load(Ordering::Relaxed), 0);
    drop(executor);
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
    assert!(waiting.is_finished());
}

/// Somebody's waker, of a sleep that he polled with it, panics when the sleep is over: who runs the executor hears nothing of it, and
/// all goes on.
// Mutant: executor-local/src/executor.rs :: swallow(|| task = unsafe { timers.turn(self) }); => task = unsafe { timers.turn(self) };
// Mutant: executor-local/src/step.rs :: swallow(|| {\n                    timers.expire();\n                }); => timers.expire();
#[test]
fn a_waker_that_panics_at_an_expiry_does_not_end_the_loop() {
    struct Hostile;
    impl Wake for Hostile {
        fn wake(self: Arc<Self>) {
            panic!("hostile waker");
        }
    }
    static TIMERS: Timers<Jump> = Timers::new(Jump(AtomicU64::new(0)));
    let jump = || JumpPark { clock: &TIMERS, waits: 0, looks: 0 };
    let mut executor = SharedExecutor::new(jump(), Config::new().timers(&TIMERS));
    let main = |mut before: Pin<Box<time::Sleep>>| async move {
        let hostile = Waker::from(Arc::new(Hostile));
        assert!(before.as_mut().poll(&mut Context::from_waker(&hostile)).is_pending());
        time::sleep::<Current>(Duration::from_nanos(10)).await;
        before.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
    let sleep = || Box::pin(time::sleep::<Current>(Duration::from_nanos(5)));
    assert!(executor.block_on(None, async { main(sleep()).await }).unwrap());
    assert!(executor.step(None).run_until(async { main(sleep()).await }).0);
}
