//! Readers and writers at once.

use std::sync::Arc;
use std::task::Poll;

use loom::thread;

use crate::atomic::UnsafeCell;
use crate::lock::DefaultLock;
use crate::sync::RwLock;
use crate::test_util::Polled;

/// A number that the model watches: a change beside another access is found.
struct Watched(UnsafeCell<usize>);

// SAFETY: reached under the lock only; the model checks that it does its part.
unsafe impl Send for Watched {}
// SAFETY: as above.
unsafe impl Sync for Watched {}

type Value = RwLock<Watched, DefaultLock>;

fn value() -> Arc<Value> {
    Arc::new(RwLock::max_readers_with_lock(Watched(UnsafeCell::new(0)), 2))
}

fn look(value: &Watched) -> usize {
    // SAFETY: a guard is held, beside which nobody changes it.
    value.0.with(|value| unsafe { *value })
}

fn add(value: &mut Watched) {
    // SAFETY: `&mut` shows that nobody else uses it.
    value.0.with_mut(|value| unsafe { *value += 1 });
}

fn run<F: core::future::Future>(future: F) -> F::Output {
    let mut future = Polled::new(future);
    loop {
        let seen = future.wakes();
        if let Poll::Ready(output) = future.poll() {
            return output;
        }
        while future.wakes() == seen {
            thread::yield_now();
        }
    }
}

/// A reader and a writer that come at once: each has its turn, alone.
// Mutant: core/src/sync/permits.rs :: compare_exchange_weak(word, f(word), Ordering::AcqRel, Ordering::Relaxed) => compare_exchange_weak(word, f(word), Ordering::Release, Ordering::Relaxed)
#[test]
fn reader_against_writer() {
    loom::model(|| {
        let lock = value();
        let shared = lock.clone();
        let writer = thread::spawn(move || add(&mut run(shared.write())));
        let seen = look(&run(lock.read()));
        writer.join().unwrap();
        assert!(seen <= 1);
        assert_eq!(look(&lock.try_read().unwrap()), 1);
    });
}

/// A writer goes on as a reader: the reader in line comes in beside it, the writer behind that one when both are gone.
// Mutant: core/src/sync/rwlock/guard.rs :: lease.count = 1; => lease.count = 2;
#[test]
fn downgrade_against_reader_and_writer() {
    loom::model(|| {
        let lock = value();
        let mut guard = lock.try_write().unwrap();
        let mut reader = Polled::waiting(lock.read());
        let shared = lock.clone();
        let writer = thread::spawn(move || add(&mut run(shared.write())));
        add(&mut guard);
        let guard = guard.downgrade();
        assert_eq!(reader.wakes(), 1, "not let in");
        let Poll::Ready(beside) = reader.poll() else { panic!("woken, and not let in") };
        assert_eq!((look(&guard), look(&beside)), (1, 1));
        drop((guard, beside));
        writer.join().unwrap();
        let last = lock.try_read().unwrap();
        assert_eq!(look(&last), 2);
        assert!(lock.try_write().is_err(), "given back twice");
    });
}

/// A writer goes while a reader comes: those in line are let in together, by the one call, and that one beside them.
// Mutant: core/src/sync/permits.rs :: Err(Short::Taken) if self.whole && before & FAIR == 0 => Step::Wait(Told::Wait(self.need)), => Err(Short::Taken) if before & FAIR == 0 => Step::Wait(Told::Wait(self.need)),
#[test]
fn unlock_lets_in_all_readers_while_one_comes() {
    loom::model(|| {
        let lock = Arc::new(RwLock::max_readers_with_lock(Watched(UnsafeCell::new(0)), 3));
        let mut guard = lock.try_write().unwrap();
        let mut readers = [Polled::waiting(lock.read()), Polled::waiting(lock.read())];
        let shared: Arc<Value> = lock.clone();
        let coming = thread::spawn(move || shared.try_read().is_ok_and(|value| look(&value) == 1));
        add(&mut guard);
        drop(guard);
        assert!(readers.iter().all(|reader| reader.wakes() == 1), "left waiting");
        readers.iter_mut().for_each(|reader| assert_eq!(look(&reader.ready()), 1));
        coming.join().unwrap();
        assert!(lock.try_write().is_ok(), "not given back");
    });
}

/// A writer that is called goes away: the reader behind it is let in.
// Mutant: core/src/sync/permits.rs ::         }\n        self.permits.serve(section, 0);\n    } =>         }\n        let _ = section;\n    }
#[test]
fn failure_021_unlock_against_a_cancelled_writer() {
    loom::model(|| {
        let lock = value();
        let guard = lock.try_write().unwrap();
        let writer = Polled::waiting(lock.write());
        let mut reader = Polled::waiting(lock.read());
        let shared = lock.clone();
        let canceller = thread::spawn({
            // The future borrows the lock, which is alive until the thread is joined.
            let _keep = shared;
            move || drop(_keep.try_read())
        });
        drop(guard);
        drop(writer);
        canceller.join().unwrap();
        assert_eq!(reader.wakes(), 1, "left waiting");
        drop(reader.ready());
        assert!(lock.try_write().is_ok());
    });
}
