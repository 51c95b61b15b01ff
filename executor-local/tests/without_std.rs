//! Panics without feature `std`, where nothing catches them, in a program in which they unwind.
// Another feature of core may be on where this crate's is not: on one core core's tests have it.
#![cfg(all(not(feature = "std"), not(zokio_unicore), not(loom), not(shuttle)))]

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use zokio_core::ambient::Ambient;
use zokio_core::task::{Arena, JoinHandle};
use zokio_core::time::{Clock, Instant, Timers, sleep};
use zokio_executor_local::context::Current;
use zokio_executor_local::{Config, Executor};

#[path = "parkers/never.rs"]
mod never;

use never::{Never, Nobody};

static WAKER: Mutex<Option<Waker>> = Mutex::new(None);

fn wake() {
    WAKER.lock().unwrap().as_ref().unwrap().wake_by_ref();
}

/// Panics in its drop.
struct Bad;
impl Drop for Bad {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

/// Leaves its waker. At its first poll it is ready (with something that panics in its drop or not), pending, or panics; it is
/// ready at the second.
struct Once {
    first: fn() -> Poll<Option<Bad>>,
    polls: usize,
    bad: Option<Bad>,
}
impl Future for Once {
    type Output = Option<Bad>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bad>> {
        *WAKER.lock().unwrap() = Some(cx.waker().clone());
        self.polls += 1;
        assert!(self.polls == 1 || self.bad.is_none(), "polled after its drop");
        if self.polls == 1 { (self.first)() } else { Poll::Ready(None) }
    }
}

static ARENA: Arena<2, 64> = Arena::new();
static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new().pool("tasks", &ARENA));

/// Runs until nobody would wake this executor, or something panics.
fn run() -> Result<(), String> {
    let ran = catch_unwind(AssertUnwindSafe(|| EXECUTOR.block_on(&mut Never, pending::<()>())));
    match *ran.unwrap_err().downcast::<&str>().unwrap() {
        "nobody would wake this executor" => Ok(()),
        other => Err(other.to_owned()),
    }
}

/// What becomes of a task whose destructor panics.
fn child(case: &str) {
    let ready = || Poll::Ready(None);
    match case {
        "future" => EXECUTOR.spawner().spawn(Once { first: ready, polls: 0, bad: Some(Bad) }).detach(),
        "abort" => {
            let handle = EXECUTOR.spawner().spawn(Once { first: || Poll::Pending, polls: 0, bad: Some(Bad) });
            assert_eq!(run(), Ok(()));
            handle.abort();
        }
        _ => EXECUTOR.spawner().spawn(Once { first: || Poll::Ready(Some(Bad)), polls: 0, bad: None }).detach(),
    }
    println!("it runs");
    println!("survived: {:?}", run());
    wake();
    println!("survived: {:?}", run());
}

/// A panic in a destructor of a task ends the program: else the slot would neither be running nor over, and a stale waker have
/// the future that is gone polled again.
#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_panic_in_the_drop_of_a_task_ends_the_program() {
    const CASE: &str = "ZOKIO_TEST_CASE";
    if let Ok(case) = std::env::var(CASE) {
        return child(&case);
    }
    for case in ["future", "abort", "output"] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_panic_in_the_drop_of_a_task_ends_the_program", "--nocapture"])
            .env(CASE, case)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(said.contains("it runs"), "{case}: {said}");
        assert!(!said.contains("survived"), "{case}: {said}");
        assert!(!child.status.success(), "{case}: {said}");
        #[cfg(unix)]
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.status), Some(6), "{case}: {said}");
        let error = String::from_utf8_lossy(&child.stderr);
        assert!(error.contains("without `std` ends the program"), "{case}: {error}");
    }
}

/// A panic in a poll goes to whoever runs the executor, and leaves the task as one that is pending.
#[test]
fn a_panic_in_a_poll_passes_and_leaves_the_task() {
    static ARENA: Arena<2, 64> = Arena::new();
    static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new().pool("tasks", &ARENA));
    let run = || catch_unwind(AssertUnwindSafe(|| EXECUTOR.block_on(&mut Never, pending::<()>()))).unwrap_err();
    let mut waker = None;
    let (left, taken) = std::sync::mpsc::channel();
    let mut polls = 0;
    let handle = EXECUTOR.spawner().spawn(std::future::poll_fn(move |cx| {
        left.send(cx.waker().clone()).unwrap();
        polls += 1;
        assert!(polls > 1, "in a poll");
        Poll::Ready(polls)
    }));
    for panic in ["in a poll", "nobody would wake this executor"] {
        assert_eq!(run().downcast_ref::<&str>(), Some(&panic));
        waker = taken.try_recv().ok().or(waker);
    }
    assert!(!handle.is_finished());
    waker.unwrap().wake();
    assert_eq!(EXECUTOR.block_on(&mut Never, handle).unwrap(), 2);
}

/// Counts its wakes, and panics or does not.
struct Wakes(AtomicUsize, bool);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert!(!self.1, "in a waker");
    }
}

/// Stands.
struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
}

/// The panic of a waker goes on at once where nothing catches it: the others are woken, and their sleeps go, all the same.
// Mutant: core/src/time/queue.rs :: waker.wake(); => drop(waker);
#[test]
fn a_waker_that_panics_leaves_nobody_in_timers_that_are_closed() {
    static TIMERS: Timers<Still> = Timers::new(Still);
    let wakes = [false, true, false, false].map(|bad| Arc::new(Wakes(AtomicUsize::new(0), bad)));
    let context = zokio_core::ambient::Context::EMPTY.with_timers(&TIMERS);
    let mut sleeps: Vec<_> =
        Current::enter(&context, || wakes.iter().map(|_| Box::pin(sleep::<Current>(Duration::from_secs(1)))).collect());
    for (sleep, wakes) in sleeps.iter_mut().zip(&wakes) {
        let waker = wakes.clone().into();
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let panic = catch_unwind(|| TIMERS.close()).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"in a waker"));
    assert_eq!(wakes.map(|wakes| wakes.0.load(Ordering::Relaxed)), [1; 4]);
    assert!(TIMERS.is_closed());
    drop(sleeps);
}

/// Counts its drops.
struct Counted(&'static AtomicUsize);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A waker that panics in its drop.
struct Hostile;
impl Wake for Hostile {
    fn wake(self: Arc<Self>) {}
    fn wake_by_ref(self: &Arc<Self>) {}
}
impl Drop for Hostile {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "hostile waker");
    }
}

/// The drop of the waker that a handle left panics when the handle takes the output, or goes: the output is dropped once, and
/// the slot is free, so that the handle has nothing to do with its next task.
#[test]
fn an_output_is_dropped_once_where_a_waker_panics() {
    static ARENA: Arena<1, 64> = Arena::new();
    static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new().pool("tasks", &ARENA));
    static FIRST: AtomicUsize = AtomicUsize::new(0);
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let run = || catch_unwind(AssertUnwindSafe(|| EXECUTOR.block_on(&mut Never, pending::<()>()))).unwrap_err();
    for polls in [true, false] {
        let mut handle = Some(EXECUTOR.spawner().spawn(async { Counted(&FIRST) }));
        let hostile = Waker::from(Arc::new(Hostile));
        let poll = |handle: &mut Option<JoinHandle<Counted>>, waker: &Waker| {
            Pin::new(handle.as_mut().unwrap()).poll(&mut Context::from_waker(waker)).is_pending()
        };
        assert!(poll(&mut handle, &hostile));
        run();
        // The one that is lent is the last.
        drop(hostile);
        let before = FIRST.load(Ordering::Relaxed);
        let taken = catch_unwind(AssertUnwindSafe(|| {
            if polls {
                poll(&mut handle, Waker::noop());
            } else {
                handle = None;
            }
        }));
        assert_eq!(taken.unwrap_err().downcast_ref::<&str>(), Some(&"hostile waker"));
        let next = EXECUTOR.spawner().spawn(async { Counted(&NEXT) });
        run();
        drop(handle);
        assert_eq!(FIRST.load(Ordering::Relaxed), before + 1);
        assert!(next.is_finished() && NEXT.load(Ordering::Relaxed) == usize::from(!polls));
        drop(EXECUTOR.block_on(&mut Never, next));
    }
}
