//! Models of workers that share a driver: every unpark ends the wait of its worker, wherever that is.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::super::sync::{Condvar, lock};
use super::*;

mod telling;
mod timers;

/// What a reactor and its eventfd are to a parker: a sticky flag that one waits for.
#[derive(Debug)]
struct Model(Arc<(Mutex<bool>, Condvar)>);

impl Model {
    fn wake(handle: &Arc<(Mutex<bool>, Condvar)>) {
        *lock(&handle.0) = true;
        handle.1.notify_one();
    }
}

impl Wait for Model {
    /// How many waits an event has ended.
    type Events = usize;
    type Handle = Arc<(Mutex<bool>, Condvar)>;

    fn events() -> usize {
        0
    }

    fn wait(&mut self, events: &mut usize, until: Until) {
        let mut woken = lock(&self.0.0);
        while !*woken && matches!(until, Until::Never) {
            woken = self.0.1.wait(woken).unwrap();
        }
        *events += usize::from(core::mem::take(&mut *woken));
    }

    fn deliver(_: &Self::Handle, _: &mut usize) {}
}

fn parkers(count: usize) -> Vec<Parker<Model>> {
    let model = Model(Arc::new((Mutex::new(false), Condvar::new())));
    let handle = model.0.clone();
    let driver = Arc::new(Mutex::new(model));
    (0..count).map(|_| Parker::new(Some((&driver, &handle)))).collect()
}

/// Parks until there is work; as an executor does.
fn wait_for(parker: &mut Parker<Model>, work: &AtomicBool) {
    while !work.load(Ordering::Relaxed) {
        parker.park(Until::Never, || Answer::of(!work.load(Ordering::Relaxed)), || ());
    }
}

/// Two workers, one driver, and a third thread that unparks both: one waits in the driver, one on its own, and which
/// one changes.
fn two_workers(first: usize) {
    loom::model(move || {
        let work = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let mut parkers = parkers(2);
        let unparkers: Vec<_> = parkers.iter().map(Parker::unparker).collect();
        let mut other = parkers.remove(1);
        let worker = thread::spawn({
            let work = work.clone();
            move || wait_for(&mut other, &work[1])
        });
        let caller = thread::spawn({
            let work = work.clone();
            move || {
                for index in [first, 1 - first] {
                    work[index].store(true, Ordering::Relaxed);
                    unparkers[index].unpark(Model::wake);
                }
            }
        });
        wait_for(&mut parkers[0], &work[0]);
        worker.join().unwrap();
        caller.join().unwrap();
    });
}

// Mutant: hal/src/os/thread_park.rs :: drop(lock(&self.lock));\n                self.condvar.notify_one(); => self.condvar.notify_one();
#[test]
fn every_worker_is_reached_while_another_is_in_the_driver() {
    two_workers(0);
}

// Mutant: hal/src/os/park.rs :: if !self.token.begin_driving() { => let began = self.token.begin_driving(); if false && !began {
#[test]
fn the_worker_in_the_driver_is_reached_last() {
    two_workers(1);
}

/// A busy worker polls the driver: it must not swallow the wake of the one that waits there.
// Mutant: hal/src/os/park.rs :: let Some(mut driver) = try_lock(&driving.driver) else { return self.token.sleep(until.left()) };\n        if !self.token.begin_driving() {\n            return;\n        } => if !self.token.begin_driving() {\n            return;\n        }\n        let Some(mut driver) = try_lock(&driving.driver) else { return };
#[test]
fn a_poll_takes_no_wake_from_who_waits() {
    loom::model(|| {
        let work = Arc::new(AtomicBool::new(false));
        let mut parkers = parkers(2);
        let unparker = parkers[0].unparker();
        let mut busy = parkers.remove(1);
        let poller = thread::spawn(move || busy.poll());
        let caller = thread::spawn({
            let work = work.clone();
            move || {
                work.store(true, Ordering::Relaxed);
                unparker.unpark(Model::wake);
            }
        });
        wait_for(&mut parkers[0], &work);
        poller.join().unwrap();
        caller.join().unwrap();
    });
}

/// Work that is made visible before an unpark is seen after the wait that it ends.
// Mutant: hal/src/os/thread_park.rs :: match self.state.swap(NOTIFIED, Ordering::Release) { => match self.state.swap(NOTIFIED, Ordering::Relaxed) {
#[test]
fn what_was_made_ready_is_seen_after_the_wait() {
    loom::model(|| {
        let work = Arc::new(loom::cell::UnsafeCell::new(0));
        let mut parkers = parkers(1);
        let unparker = parkers[0].unparker();
        let caller = thread::spawn({
            let work = work.clone();
            move || {
                work.with_mut(|_| ());
                unparker.unpark(Model::wake);
            }
        });
        // Exactly one unpark: the first wait ends with it and no sooner.
        parkers[0].park(Until::Never, || Answer::Sleep, || ());
        work.with(|_| ());
        caller.join().unwrap();
    });
}
