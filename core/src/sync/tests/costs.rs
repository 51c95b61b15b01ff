//! How often the lock is taken, as `# Cost` says it, where threads share it.

use std::cell::Cell;
use std::sync::{Mutex as StdMutex, PoisonError};
use std::vec::Vec;

use crate::lock::RawLock;
use crate::sync::broadcast::error::TryRecvError;
use crate::sync::{Barrier, Broadcast, Channel, Mutex, Pipe, PriorityChannel, Semaphore, Signal, Watch};
use crate::test_util::Polled;

std::thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// Counts how often its thread takes one.
struct CountLock(StdMutex<()>);

// SAFETY: one closure at a time is what a mutex does.
unsafe impl RawLock for CountLock {
    const INIT: Self = Self(StdMutex::new(()));

    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        TAKEN.set(TAKEN.get() + 1);
        let _held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f()
    }
}

/// How often `f` takes a lock, and what it answers.
fn locks<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = TAKEN.get();
    let answer = f();
    (TAKEN.get() - before, answer)
}

#[test]
fn locks_and_permits() {
    let mutex = Mutex::<u8, CountLock>::with_lock(0);
    let (taken, first) = locks(|| Polled::new(mutex.lock()).ready());
    assert_eq!(taken, 0, "nobody waits");
    let (began, mut wait) = locks(|| Polled::waiting(mutex.lock()));
    let (woke, ()) = locks(|| drop(first));
    let second = mutex.try_lock().unwrap();
    let (lost, poll) = locks(|| wait.poll());
    assert!(poll.is_pending());
    drop(poll);
    let (handed, ()) = locks(|| drop(second));
    let (got, guard) = locks(|| wait.ready());
    assert_eq!((began, woke, lost, handed, got), (1, 1, 1, 1, 0), "a wait that was passed");
    let mut wait = Polled::waiting(mutex.lock());
    drop(guard);
    assert_eq!(locks(|| drop(wait.ready())).0, 1, "a wait that was woken");
    let semaphore = Semaphore::<CountLock>::with_lock(0);
    for (count, handed) in [(1, 1), (2, 2), (9, 3), (18, 4)] {
        let wait = || Polled::waiting(semaphore.acquire());
        let (began, mut waits) = locks(|| (0..count).map(|_| wait()).collect::<Vec<_>>());
        let (gave, ()) = locks(|| semaphore.add_permits(count));
        let (got, ()) = locks(|| waits.iter_mut().for_each(|wait| wait.ready().unwrap().forget()));
        assert_eq!((began, gave, got), (count, handed, 0), "{count} wait");
    }
    for (size, last) in [(1, 2), (2, 3), (8, 3), (9, 4)] {
        let barrier = Barrier::<CountLock>::with_lock(size);
        let wait = || Polled::waiting(barrier.wait());
        let (began, mut waits) = locks(|| (1..size).map(|_| wait()).collect::<Vec<_>>());
        let (called, leader) = locks(|| Polled::new(barrier.wait()).ready());
        let (ended, ()) = locks(|| waits.iter_mut().for_each(|wait| assert!(!wait.ready().is_leader())));
        assert!(leader.is_leader());
        assert_eq!((began, called, ended), (3 * (size - 1), last, size - 1), "{size} meet");
    }
}

#[test]
fn channels_and_values() {
    let channel = Channel::<u8, 4, CountLock>::with_lock();
    assert_eq!(locks(|| Polled::new(channel.send(1)).ready().unwrap()).0, 1);
    assert_eq!(locks(|| Polled::new(channel.recv()).ready()).0, 1);
    let (began, mut wait) = locks(|| Polled::waiting(channel.recv()));
    channel.try_send(1).unwrap();
    assert_eq!((began, locks(|| wait.ready()).0), (2, 1));
    let (reserved, permit) = locks(|| Polled::new(channel.reserve()).ready().unwrap());
    assert_eq!((reserved, locks(|| permit.send(1)).0), (2, 1));
    let (reserved, permit) = locks(|| channel.try_reserve().unwrap());
    assert_eq!((reserved, locks(|| drop(permit)).0), (1, 2));
    let channel = PriorityChannel::<u8, 4, CountLock>::with_lock();
    assert_eq!(locks(|| Polled::new(channel.send(1, 1)).ready().unwrap()).0, 1);
    assert_eq!(locks(|| Polled::new(channel.recv()).ready()).0, 1);
    let pipe = Pipe::<8, CountLock>::with_lock();
    let mut buffer = [0; 3];
    assert_eq!(locks(|| Polled::new(pipe.write(b"abc")).ready().unwrap()).0, 3);
    assert_eq!(locks(|| Polled::new(pipe.read(&mut buffer)).ready()).0, 3);
    assert_eq!(locks(|| pipe.try_write(b"abc").unwrap()).0, 1);
    assert_eq!(locks(|| pipe.try_read(&mut buffer).unwrap()).0, 1);
    let (began, mut wait) = locks(|| Polled::waiting(pipe.read(&mut buffer)));
    pipe.try_write(b"abc").unwrap();
    assert_eq!((began, locks(|| wait.ready()).0), (2, 3));
    let signal = Signal::<u8, CountLock>::with_lock();
    assert_eq!(locks(|| signal.signal(1)).0, 1);
    assert_eq!(locks(|| Polled::new(signal.wait()).ready()).0, 1);
    let watch = Watch::<u8, CountLock>::with_lock(0);
    assert_eq!(locks(|| drop(watch.borrow())).0, 0);
    for (count, tried) in [(0, 1), (7, 1), (8, 2), (16, 3)] {
        let mut receivers: Vec<_> = (0..count).map(|_| watch.subscribe()).collect();
        for (waits, more) in [(false, 0), (true, if count > 0 { 2 } else { 1 })] {
            let mut changes: Vec<_> = receivers.iter_mut().map(|one| Polled::waiting(one.changed())).collect();
            let sent = match waits {
                false => locks(|| watch.try_send(1).unwrap()).0,
                true => locks(|| Polled::new(watch.send(1)).ready().unwrap()).0,
            };
            assert_eq!(sent, tried + more, "{count} wait");
            changes.iter_mut().for_each(|change| change.ready().unwrap());
        }
    }
}

#[test]
fn broadcasts() {
    let ring = Broadcast::<u8, 4, CountLock>::with_lock();
    let (mut one, mut two) = (ring.subscribe(), ring.subscribe());
    assert_eq!(locks(|| ring.send(1).unwrap()).0, 2);
    assert_eq!(locks(|| Polled::new(one.recv()).ready().unwrap()).0, 2);
    assert_eq!(locks(|| Polled::new(two.recv()).ready().unwrap()).0, 1, "the last one");
    assert_eq!(locks(|| one.try_recv()), (2, Err(TryRecvError::Empty)));
    let (began, wait) = locks(|| Polled::waiting(one.recv()));
    assert_eq!((began, locks(|| ring.send(1).unwrap()).0), (2, 4));
    drop(wait);
    (2..7).for_each(|message| assert!(ring.send(message).is_ok()));
    assert_eq!(locks(|| one.try_recv()), (2, Err(TryRecvError::Lagged(2))));
    // Its own, those of the messages that it did not receive, and its own.
    assert_eq!(locks(|| drop(two)).0, 1 + 4 + 1);
    ring.close();
    (3..7).for_each(|message| assert_eq!(one.try_recv(), Ok(message)));
    assert_eq!(locks(|| one.try_recv()), (2, Err(TryRecvError::Closed)));
}
