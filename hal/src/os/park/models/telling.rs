//! Models of who is told what of a wait in the driver.

use super::*;

/// Another worker looks while an event ends the wait of the one in the driver: if that one has the event, it has said so.
// Mutant: hal/src/os/park.rs :: returned();\n        drop(driver); => drop(driver);\n        returned();
#[test]
fn who_finds_no_event_finds_that_another_one_was_told_of_it() {
    loom::model(|| {
        let mut parkers = parkers(2);
        let (unparker, mut other) = (parkers[0].unparker(), parkers.remove(1));
        let event = unparker.driver.clone().expect("it has a driver");
        let told = Arc::new(AtomicBool::new(false));
        let worker = thread::spawn({
            let told = told.clone();
            // Ordering: Release, read after the driver's lock.
            move || parkers[0].park(Until::Never, || Answer::Sleep, || told.store(true, Ordering::Release))
        });
        Model::wake(&event);
        if other.poll() {
            let is_mine = other.driving.as_ref().is_some_and(|driving| driving.events > 0);
            assert!(is_mine || told.load(Ordering::Acquire));
        }
        unparker.unpark(Model::wake);
        worker.join().unwrap();
    });
}

/// Who leaves the driver to others sleeps on its own though nobody is there.
// Mutant: hal/src/os/park.rs :: self.driving.as_mut().filter(|_| answer == Answer::Sleep) => self.driving.as_mut()
#[test]
fn who_sleeps_apart_is_reached_there() {
    loom::model(|| {
        let mut parkers = parkers(1);
        let unparker = parkers[0].unparker();
        let caller = thread::spawn(move || unparker.unpark(Model::wake));
        parkers[0].park(Until::Never, || Answer::SleepApart, || panic!("it was in the driver"));
        caller.join().unwrap();
    });
}
