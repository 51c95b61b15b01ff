//! Models of workers that rest while others are told, by a paused clock.

use core::future::Future;
use core::pin::pin;
use core::task::{Context as PollContext, Waker};
use std::boxed::Box;
use std::vec::Vec;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use zokio_core::ambient::{self, Ambient};
use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Instant, Timers, sleep_until};

use super::super::Driver;
use super::super::testing::Here;
use super::{Look, RuntimeClock, VirtualPark, VirtualTime};
use std::sync::Arc;

/// A paused runtime of two workers.
struct World {
    time: Arc<VirtualTime>,
    parks: Vec<VirtualPark>,
    timers: [&'static Timers<RuntimeClock>; 2],
    start: Instant,
}

fn world() -> World {
    let time = VirtualTime::new();
    time.pause().unwrap();
    let timers = [(); 2].map(|()| &*Box::leak(Box::new(Timers::new(RuntimeClock::new()))));
    let parks = Driver::without_io().parkers(2).into_iter().zip(timers);
    let parks = parks.map(|(park, timers)| VirtualPark::new(park, time.clone(), timers.clock(), timers)).collect();
    World { start: timers[0].now(), time, parks, timers }
}

/// Runs `f` while a sleep of `timers` waits for `deadline`.
fn waiting<R>(timers: &'static Timers<RuntimeClock>, deadline: Instant, f: impl FnOnce() -> R) -> R {
    let sleep = Here::enter(&ambient::Context::EMPTY.with_timers(timers), || sleep_until::<Here>(deadline));
    let mut sleep = pin!(sleep);
    assert!(sleep.as_mut().poll(&mut PollContext::from_waker(Waker::noop())).is_pending());
    f()
}

/// As a worker: until its deadline has come.
fn wait_for(park: &mut VirtualPark, timers: &'static Timers<RuntimeClock>, deadline: Instant) {
    while timers.now() < deadline {
        park.park(timers.next_deadline(), || true);
    }
    assert_eq!(timers.now(), deadline, "no farther");
}

/// Two workers come to rest, and whoever is the last one moves the time and tells the one whose deadline it is.
// Mutant: hal/src/os/virtual_time/mod.rs :: woken.into_iter().filter(|(other, _)| *other != index).for_each(|(_, unpark)| unpark.unpark()); => drop(woken);
#[test]
fn the_last_one_to_rest_moves_the_time() {
    loom::model(|| {
        let World { time, mut parks, timers, start } = world();
        let deadline = start.saturating_add(core::time::Duration::from_secs(1));
        let (mut first, _second) = (parks.remove(0), parks.remove(0));
        let worker = thread::spawn(move || waiting(timers[0], deadline, || wait_for(&mut first, timers[0], deadline)));
        let _ = time.rest(1, Look::None);
        worker.join().unwrap();
    });
}

/// Blocking work ends while the only worker comes to rest.
// Mutant: hal/src/os/virtual_time/mod.rs :: self.state().come_to_rest();\n        self.settle(); => self.state().come_to_rest();
#[test]
fn the_end_of_blocking_work_moves_the_time() {
    loom::model(|| {
        let World { time, mut parks, timers, start } = world();
        let deadline = start.saturating_add(core::time::Duration::from_secs(1));
        let (mut park, second) = (parks.remove(0), parks.remove(0));
        drop(second);
        let inhibit = time.inhibit();
        let work = thread::spawn(move || drop(inhibit));
        waiting(timers[0], deadline, || wait_for(&mut park, timers[0], deadline));
        work.join().unwrap();
    });
}

/// A worker hands work to another and rests: time stands until that has been done.
// Mutant: hal/src/os/virtual_time/park.rs :: time.rise(*index);\n        }\n        self.unpark.unpark(); => _ = (time, index);\n        }\n        self.unpark.unpark();
#[test]
fn time_stands_while_a_wake_is_on_its_way() {
    loom::model(|| {
        let World { mut parks, timers, start, .. } = world();
        let deadline = start.saturating_add(core::time::Duration::from_secs(1));
        let (mut first, mut second) = (parks.remove(0), parks.remove(0));
        let unpark = first.unpark();
        let work = Arc::new(AtomicBool::new(false));
        let given = work.clone();
        let worker = thread::spawn(move || {
            while !given.load(Ordering::Acquire) {
                first.park(None, || !given.load(Ordering::Acquire));
            }
            assert_eq!(timers[0].now(), start, "it moved before the work was done");
            // And rests in its turn, until it is told that all is over.
            while timers[0].now() < deadline {
                first.park(None, || true);
            }
        });
        waiting(timers[1], deadline, || {
            work.store(true, Ordering::Release);
            unpark.unpark();
            wait_for(&mut second, timers[1], deadline);
            unpark.unpark();
            worker.join().unwrap();
        });
    });
}

/// The time is let run while a worker goes to wait for ever by the paused one.
// Mutant: hal/src/os/virtual_time/mod.rs :: unparks.into_iter().for_each(|unpark| unpark.unpark()); => drop(unparks);
#[test]
fn a_resume_reaches_a_worker_that_goes_to_wait() {
    loom::model(|| {
        let World { time, mut parks, .. } = world();
        let (mut park, second) = (parks.remove(0), parks.remove(0));
        drop(second);
        let told = time.clone();
        let teller = thread::spawn(move || told.resume().unwrap());
        while time.is_paused() {
            park.park(None, || true);
        }
        teller.join().unwrap();
    });
}

/// Somebody who is no worker drops the earliest sleep while the time is moved to it: it goes on to the next one.
// Mutant: hal/src/os/virtual_time/mod.rs :: while woken.is_empty() { => for _ in 0..1 {
#[test]
fn a_sleep_that_is_dropped_while_the_time_moves_to_it_stops_it_for_nobody() {
    loom::model(|| {
        let World { mut parks, timers, start, .. } = world();
        let at = |seconds| start.saturating_add(core::time::Duration::from_secs(seconds));
        let (mut park, second) = (parks.remove(0), parks.remove(0));
        drop(second);
        let context = ambient::Context::EMPTY.with_timers(timers[0]);
        let mut near = Box::pin(Here::enter(&context, || sleep_until::<Here>(at(1))));
        assert!(near.as_mut().poll(&mut PollContext::from_waker(Waker::noop())).is_pending());
        let other = thread::spawn(move || drop(near));
        waiting(timers[0], at(2), || {
            while timers[0].now() < at(2) {
                park.park(timers[0].next_deadline(), || true);
                timers[0].expire();
            }
        });
        other.join().unwrap();
    });
}
