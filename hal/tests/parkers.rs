//! Parkers: every unpark arrives, no deadline is early, wherever the worker waits.
#![cfg(not(loom))]

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Clock, Instant};
use zokio_hal::os::{Driver, SystemClock, ThreadPark};

const LONG: Duration = Duration::from_secs(20);

/// One body for every parker.
fn contract(mut park: impl Park + Send) {
    let clock = SystemClock::new();
    let asked = Cell::new(0);
    let idle = |park: &mut _, deadline| {
        Park::park(park, deadline, || {
            asked.set(asked.get() + 1);
            true
        });
    };

    // Sticky, and many are one.
    let unpark = park.unpark();
    unpark.unpark();
    unpark.clone().unpark();
    idle(&mut park, None);

    // A deadline that has passed does not wait.
    let begin = clock.now();
    idle(&mut park, Some(Instant::EPOCH));
    idle(&mut park, Some(begin));
    assert!(clock.now().saturating_duration_since(begin) < LONG);

    // Not early, if it returns for its deadline: repeated until it has passed, it needs few turns.
    for nanos in [1, 100_000, 1_000_000, 1_500_000, 3_999_999] {
        let deadline = clock.now().saturating_add(Duration::from_nanos(nanos));
        let mut turns = 0;
        while clock.now() < deadline {
            idle(&mut park, Some(deadline));
            turns += 1;
        }
        assert!(turns <= 2, "{turns} turns for {nanos} ns: the wait is rounded down");
    }

    // Work that came before the question ends the wait.
    park.park(None, || false);

    // The furthest deadline is a wait like any other.
    for deadline in [None, Some(Instant::FAR), Some(clock.now().saturating_add(Duration::from_secs(1 << 40)))] {
        let seen = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                seen.store(true, Ordering::Release);
                unpark.unpark();
            });
            while !seen.load(Ordering::Acquire) {
                idle(&mut park, deadline);
            }
        });
        park.park(Some(Instant::EPOCH), || true); // takes a token left over
    }
    park.poll();

    let before = asked.get();
    unpark.unpark();
    idle(&mut park, None);
    assert_eq!(asked.get(), before + 1, "asked exactly once");
}

#[test]
fn a_thread_parks() {
    contract(ThreadPark::new());
}

#[test]
fn a_worker_parks_in_the_reactor() {
    contract(Driver::with_io().unwrap().parkers(1).remove(0));
}

#[test]
fn a_worker_parks_without_a_reactor() {
    let driver = Driver::without_io();
    assert!(driver.handle().is_none());
    contract(driver.parkers(1).remove(0));
}

#[test]
fn a_worker_parks_beside_one_in_the_reactor() {
    let mut parks = Driver::with_io().unwrap().parkers(2);
    let mut other = parks.remove(0);
    let stop = Arc::new(AtomicBool::new(false));
    let unpark = other.unpark();
    let (inside, is_inside) = mpsc::channel();
    let thread = thread::spawn({
        let stop = stop.clone();
        move || {
            inside.send(()).unwrap();
            while !stop.load(Ordering::Acquire) {
                other.park(None, || true);
            }
        }
    });
    is_inside.recv().unwrap();
    contract(parks.remove(0));
    stop.store(true, Ordering::Release);
    unpark.unpark();
    thread.join().unwrap();
}

/// Workers go in and out of one reactor while each is unparked as often as it asks to be.
#[test]
fn every_worker_of_four_is_reached_wherever_it_waits() {
    const ROUNDS: usize = 2_000;
    let parks = Driver::with_io().unwrap().parkers(4);
    let asked: Vec<_> = parks.iter().map(|_| AtomicUsize::new(0)).collect();
    let served: Vec<_> = parks.iter().map(|_| AtomicUsize::new(0)).collect();
    let unparks: Vec<_> = parks.iter().map(Park::unpark).collect();
    thread::scope(|scope| {
        for (worker, mut park) in parks.into_iter().enumerate() {
            let (asked, served, unparks) = (&asked, &served, &unparks);
            scope.spawn(move || {
                // Each serves the next one, and waits to be served by the one before.
                let next = (worker + 1) % unparks.len();
                for round in 1..=ROUNDS {
                    asked[worker].store(round, Ordering::Release);
                    served[next].fetch_add(1, Ordering::Release);
                    unparks[next].unpark();
                    while served[worker].load(Ordering::Acquire) < round {
                        park.park(None, || served[worker].load(Ordering::Acquire) < round);
                    }
                }
            });
        }
    });
    assert!(asked.iter().all(|count| count.load(Ordering::Relaxed) == ROUNDS));
}
