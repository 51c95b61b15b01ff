//! Models of the whole wait: timers, workers and the driver they share. A timer and an event come while workers go to
//! wait, in the driver or beside it; whichever ends a wait, the other is not lost.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context as PollContext, Waker};
use std::boxed::Box;
use std::sync::{RwLock, atomic};
use std::task::Wake;

use zokio_core::ambient::{self, Ambient};
use zokio_core::time::{Clock, Sleep, Timers, sleep_until};

use super::*;
use crate::os::testing::Here;

/// Whom somebody has to unpark. Only read while threads run: a lock of loom's would be one more thing to order.
type Bell = RwLock<Option<Unparker<Handle>>>;

fn ring(bell: &Bell) {
    if let Some(unparker) = &*bell.read().unwrap() {
        unparker.unpark(Source::wake);
    }
}

/// A reactor with one source of events, whose task is at home on a worker of its own.
struct Source {
    /// Somebody has woken the reactor; the event is there.
    state: Mutex<(bool, bool)>,
    changed: Condvar,
    /// The event was delivered.
    delivered: AtomicBool,
    /// The worker of its task.
    home: Bell,
}

type Handle = Arc<Source>;

impl Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Source {
    fn wake(handle: &Handle) {
        lock(&handle.state).0 = true;
        handle.changed.notify_one();
    }

    fn happens(&self) {
        lock(&self.state).1 = true;
        self.changed.notify_one();
    }
}

#[derive(Debug)]
struct Reactor(Handle);

impl Wait for Reactor {
    type Events = bool;
    type Handle = Handle;

    fn events() -> bool {
        false
    }

    fn wait(&mut self, event: &mut bool, until: Until) {
        let mut state = lock(&self.0.state);
        // A deadline is always past: the model has no need to wait for it.
        while !state.0 && !state.1 && matches!(until, Until::Never) {
            state = self.0.changed.wait(state).unwrap();
        }
        *event = state.1;
        *state = (false, false);
    }

    fn deliver(handle: &Handle, event: &mut bool) {
        if core::mem::take(event) {
            handle.delivered.store(true, Ordering::Relaxed);
            ring(&handle.home);
        }
    }
}

/// A clock that is set before the threads start, and that rings a worker.
struct Set {
    now: atomic::AtomicU64,
    worker: Bell,
}

impl Clock for Set {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.now.load(atomic::Ordering::Relaxed))
    }

    fn rearm(&self, _: Instant) {
        ring(&self.worker);
    }
}

struct Fired(AtomicBool);

impl Wake for Fired {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Workers that share a reactor; the first expires the timers, the last is home to the source's task.
struct World {
    parkers: Vec<Parker<Reactor>>,
    source: Handle,
    timers: &'static Timers<Set>,
    fired: std::sync::Arc<Fired>,
}

/// With a sleep of the first worker that has not begun.
fn world(workers: usize) -> (World, Pin<Box<Sleep>>) {
    let state = Mutex::new((false, false));
    let delivered = AtomicBool::new(false);
    let source = Arc::new(Source { state, changed: Condvar::new(), delivered, home: Bell::default() });
    let driver = Arc::new(Mutex::new(Reactor(source.clone())));
    let parkers: Vec<_> = (0..workers).map(|_| Parker::new(Some((&driver, &source)))).collect();
    *source.home.write().unwrap() = parkers.last().map(Parker::unparker);
    let clock = Set { now: atomic::AtomicU64::new(0), worker: RwLock::new(Some(parkers[0].unparker())) };
    let timers: &Timers<Set> = Box::leak(Box::new(Timers::new(clock)));
    let deadline = Instant::from_nanos(5);
    let context = ambient::Context::EMPTY.with_timers(timers);
    let sleep = Box::pin(Here::enter(&context, || sleep_until::<Here>(deadline)));
    timers.clock().now.store(10, atomic::Ordering::Relaxed);
    (World { parkers, source, timers, fired: std::sync::Arc::new(Fired(AtomicBool::new(false))) }, sleep)
}

impl World {
    /// The first worker: until its timer has fired and the event was delivered, by whomever.
    fn work(&self, parker: &mut Parker<Reactor>) {
        let done = || self.fired.0.load(Ordering::Relaxed) && self.source.delivered.load(Ordering::Relaxed);
        while !done() {
            let until = self.timers.next_deadline().map_or(Until::Never, Until::At);
            parker.park(until, || Answer::of(!done()), || ());
            self.timers.expire();
        }
    }

    /// What keeps each other goes.
    fn end(self) {
        self.source.home.write().unwrap().take();
        self.timers.clock().worker.write().unwrap().take();
    }
}

/// The sleep is polled elsewhere for the first time: its queue rings.
fn begin(mut sleep: Pin<Box<Sleep>>, fired: std::sync::Arc<Fired>) -> Pin<Box<Sleep>> {
    let waker = Waker::from(fired);
    assert!(sleep.as_mut().poll(&mut PollContext::from_waker(&waker)).is_pending());
    sleep
}

/// One worker; a first timer and an event come from two threads while it goes to wait for ever.
// Mutant: core/src/time/queue.rs :: unsafe { (self.queue().ops.other)(self.0, &raw const *node) }; => _ = node;
#[test]
fn failure_027_a_first_timer_and_an_event_end_the_wait() {
    loom::model(|| {
        let (mut world, sleep) = world(1);
        let mut parker = world.parkers.remove(0);
        let (fired, source) = (world.fired.clone(), world.source.clone());
        let timer = thread::spawn(move || begin(sleep, fired));
        let event = thread::spawn(move || source.happens());
        world.work(&mut parker);
        drop(timer.join().unwrap());
        event.join().unwrap();
        world.end();
    });
}

/// Two workers, one of them in the driver and the other beside it; the timer is for one, the event for the task of the other.
// Mutant: hal/src/os/park.rs :: D::deliver(&driving.handle, &mut driving.events);\n    }\n\n    /// Whether => }\n\n    /// Whether
// Mutant: hal/src/os/thread_park.rs :: DRIVING => Unparked::WakeDriver, => DRIVING => Unparked::Done,
#[test]
fn failure_027_a_timer_and_an_event_reach_two_workers_that_share_the_driver() {
    loom::model(|| {
        let (mut world, sleep) = world(2);
        let mut home = world.parkers.remove(1);
        let mut parker = world.parkers.remove(0);
        let (source, clock) = (world.source.clone(), world.timers.clock());
        let other = thread::spawn(move || {
            let waits = || !source.delivered.load(Ordering::Relaxed);
            while waits() {
                home.park(Until::Never, || Answer::of(waits()), || ());
            }
            // The task of the source tells the first worker that it has run.
            ring(&clock.worker);
        });
        let (fired, source) = (world.fired.clone(), world.source.clone());
        let both = thread::spawn(move || {
            let sleep = begin(sleep, fired);
            source.happens();
            sleep
        });
        world.work(&mut parker);
        other.join().unwrap();
        drop(both.join().unwrap());
        world.end();
    });
}
