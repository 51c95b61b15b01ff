//! Who got something keeps it, whatever wakers do meanwhile: each primitive meets one whose drop panics in the poll that
//! succeeds, and those that wake others there one whose wake panics.
//!
//! Where a wait begins what is waited for is not there; it comes while the waker is cloned, which then is in excess.

use std::boxed::Box;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::vec::Vec;

use crate::sync::*;
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll_as_it_comes};

/// What is got by the first poll, while `come` brings it.
fn got<F: Future>(future: F, come: impl FnOnce() + Send + 'static) -> F::Output {
    got_at_last(pin!(future), come)
}

/// What is got by a poll, while `come` brings it.
fn got_at_last<F: Future>(future: Pin<&mut F>, come: impl FnOnce() + Send + 'static) -> F::Output {
    match poll_as_it_comes(future, come) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("pending"),
    }
}

/// Waits with a waker that panics when it is woken.
fn hostile<F: Future>(future: F) -> Polled<F> {
    let mut this = Polled::new(future);
    this.waker = TestWaker::panicking(Event::Wake);
    assert!(this.poll().is_pending());
    this
}

// Mutant: core/src/sync/waiters/waiter.rs :: guard::swallow(|| *place = Place::Done); => *place = Place::Done;
#[test]
fn failure_109_waker_that_panics_in_drop_keeps_no_lock() {
    let mutex = forever(Mutex::<u8, TestLock>::with_lock(0));
    let guard = mutex.try_lock().unwrap();
    drop(got(mutex.lock(), || drop(guard)));
    assert!(mutex.try_lock().is_ok());
    let lock = forever(RwLock::<u8, TestLock>::with_lock(0));
    let guard = lock.try_write().unwrap();
    drop(got(lock.read(), || drop(guard)));
    let guard = lock.try_read().unwrap();
    drop(got(lock.write(), || drop(guard)));
    assert!(lock.try_write().is_ok());
    let semaphore = forever(Semaphore::<TestLock>::with_lock(0));
    drop(got(semaphore.acquire(), || semaphore.add_permits(1)).unwrap());
    assert_eq!(semaphore.available_permits(), 1);
}

/// It was passed once, and comes anew.
// Mutant: core/src/sync/waiters/waiter.rs :: guard::swallow(|| drop(fresh)); => drop(fresh);
#[test]
fn failure_109_waker_that_panics_in_drop_keeps_no_mutex_from_who_was_woken() {
    let mutex = forever(Mutex::<u8, TestLock>::with_lock(0));
    let first = mutex.try_lock().unwrap();
    let mut lock = Polled::waiting(mutex.lock());
    drop(first);
    let second = mutex.try_lock().unwrap();
    drop(got_at_last(lock.as_mut(), || drop(second)));
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn failure_109_waker_that_panics_in_drop_loses_no_turn() {
    let cell = forever(OnceCell::<u8, TestLock>::with_lock());
    let maker = Polled::waiting(cell.get_or_init(pending::<u8>));
    assert_eq!(*got(cell.get_or_init(async || 1), || drop(maker)), 1);
    let once = forever(SetOnce::<u8, TestLock>::with_lock());
    assert_eq!(*got(once.wait(), || once.set(2).unwrap()), 2);
    let notify = forever(Notify::<TestLock>::with_lock());
    got(notify.notified(), || notify.notify_one());
    let queue = forever(WaitQueue::<TestLock>::with_lock());
    got(queue.wait(), || queue.wake_all()).unwrap();
    let (mutex, changed) = (forever(Mutex::<u8, TestLock>::with_lock(0)), forever(Condvar::<TestLock>::with_lock()));
    drop(got(changed.wait(mutex.try_lock().unwrap()), || changed.notify_one()));
    assert!(mutex.try_lock().is_ok());
    let barrier = forever(Barrier::<TestLock>::with_lock(2));
    assert!(!got(barrier.wait(), || assert!(Polled::new(barrier.wait()).ready().is_leader())).is_leader());
    let group = forever(WaitGroup::<TestLock>::with_lock());
    let guard = group.add();
    got(group.wait(), || drop(guard));
    let tracker = TaskTracker::new();
    let closed = tracker.clone();
    got(tracker.wait(), move || assert!(closed.close()));
    let token = CancellationToken::new();
    let cancelled = token.clone();
    got(token.cancelled(), move || cancelled.cancel());
}

// Mutant: core/src/sync/signal.rs :: spare if value.is_some() => guard::swallow(|| drop(spare)), => spare if false => guard::swallow(|| drop(spare)),
#[test]
fn failure_109_waker_that_panics_in_drop_loses_no_value() {
    let signal = forever(Signal::<u8, TestLock>::with_lock());
    assert_eq!(got(signal.wait(), || signal.signal(3)), 3);
    let (tx, mut rx) = watch::channel(0);
    got(rx.changed(), move || tx.send(4).unwrap()).unwrap();
    assert_eq!(*rx.borrow(), 4);
    // Nothing is lost: it is there at the next poll.
    let (tx, mut rx) = oneshot::channel();
    assert!(panics(|| _ = got(&mut rx, move || tx.send(5).unwrap())));
    assert_eq!(Polled::new(rx).ready(), Ok(5));
}

// Mutant: core/src/sync/waiters/alone.rs :: guard::swallow(|| drop(fresh)); => drop(fresh);
#[test]
fn failure_109_waker_that_panics_in_drop_loses_no_message() {
    let channel = forever(Channel::<u8, 1, TestLock>::with_lock());
    assert_eq!(got(channel.recv(), || channel.try_send(1).unwrap()), Some(1));
    channel.try_send(2).unwrap();
    assert_eq!(got(channel.send(3), || assert_eq!(channel.try_recv(), Ok(2))), Ok(()));
    assert_eq!(channel.try_recv(), Ok(3));
    let (tx, mut rx) = mpsc::channel(1);
    let sender = tx.clone();
    assert_eq!(got(rx.recv(), move || sender.try_send(4).unwrap()), Some(4));
    let (mut many, sender) = (Vec::new(), tx.clone());
    assert_eq!(got(rx.recv_many(&mut many, 2), move || sender.try_send(5).unwrap()), 1);
    assert_eq!(many, [5]);
    tx.try_send(6).unwrap();
    drop(got(tx.reserve(), move || assert_eq!(rx.try_recv(), Ok(6))));
    let (tx, rx) = mpmc::channel(1);
    assert_eq!(got(rx.recv(), move || tx.try_send(7).unwrap()), Some(7));
    let jobs = forever(PriorityChannel::<u8, 1, TestLock>::with_lock());
    assert_eq!(got(jobs.recv(), || jobs.try_send(1, 8).unwrap()), Some(8));
}

/// The message is lent while it is cloned: it comes back for the others.
#[test]
fn failure_109_waker_that_panics_in_drop_keeps_no_message_that_is_lent() {
    let ring = forever(Broadcast::<u8, 2, TestLock>::with_lock());
    let (mut one, mut two) = (ring.subscribe(), ring.subscribe());
    assert_eq!(got(one.recv(), || assert_eq!(ring.send(1), Ok(2))), Ok(1));
    assert_eq!(two.try_recv(), Ok(1));
    assert!(ring.is_empty());
}

#[test]
fn failure_109_waker_that_panics_in_drop_loses_no_byte() {
    let pipe = forever(Pipe::<2, TestLock>::with_lock());
    let mut buffer = [0; 2];
    assert_eq!(got(pipe.read(&mut buffer), || assert_eq!(pipe.try_write(b"ab"), Ok(2))), 2);
    assert_eq!(pipe.try_write(&buffer), Ok(2));
    let emptied = || assert_eq!(pipe.try_read(&mut [0; 2]), Ok(2));
    assert_eq!(got(pipe.write(b"c"), emptied), Ok(1));
}

/// A receiver frees a place, and wakes a sender that panics.
// Mutant: core/src/sync/waiters/waiter.rs :: if ready {\n            guard::discard(payload); => if false {\n            guard::discard(payload);
// Mutant: core/src/sync/waiters.rs :: waiter::call(woken, true); => waiter::call(woken, false);
#[test]
fn failure_109_waker_that_panics_in_wake_loses_no_message_of_who_wakes() {
    let channel = Channel::<u8, 1, TestLock>::with_lock();
    channel.try_send(1).unwrap();
    let send = hostile(channel.send(2));
    assert_eq!(channel.try_recv(), Ok(1));
    drop(send);
    channel.try_send(3).unwrap();
    let send = hostile(channel.send(4));
    assert_eq!(Polled::new(channel.recv()).ready(), Some(3));
    drop(send);
    assert_eq!((channel.len(), channel.capacity()), (0, 1));
}

// Mutant: core/src/sync/pipe/flow.rs :: self.waiters.with_kept( => self.waiters.with(
#[test]
fn failure_109_waker_that_panics_in_wake_loses_no_byte_of_who_wakes() {
    let pipe = Pipe::<2, TestLock>::with_lock();
    let mut buffer = [0; 2];
    for look in [true, false] {
        assert_eq!(pipe.try_write(b"ab"), Ok(2));
        let write = hostile(pipe.write(b"c"));
        if look {
            assert_eq!(pipe.try_read(&mut buffer), Ok(2));
        } else {
            assert_eq!(Polled::new(pipe.read(&mut buffer)).ready(), 2);
        }
        drop(write);
    }
}

/// The receiver of an mpsc channel has several messages in hand, and frees their places one by one.
// Mutant: core/src/sync/mpsc/receiver.rs :: guard::swallow(|| self.flow().give_freed()); => self.flow().give_freed();
// Mutant: core/src/sync/mpsc/receiver.rs :: guard::swallow(|| self.flow().settle()); => self.flow().settle();
#[test]
fn failure_109_waker_that_panics_in_wake_loses_no_message_in_hand() {
    let (tx, mut rx) = mpsc::channel(3);
    (1..4).for_each(|n| tx.try_send(n).unwrap());
    assert_eq!(Polled::new(rx.recv()).ready(), Some(1));
    tx.try_send(4).unwrap();
    let send = hostile(tx.send(5));
    assert_eq!(rx.try_recv(), Ok(2));
    drop(send);
    tx.try_send(6).unwrap();
    let send = hostile(tx.send(7));
    let mut many = Vec::new();
    assert_eq!(Polled::new(rx.recv_many(&mut many, 9)).ready(), 3);
    assert_eq!(many, [3, 4, 6]);
    drop(send);
    assert_eq!(tx.capacity(), 3);
}

/// Many permits are given back; while the first eight who wait are woken, one of them runs, has its own, and gives the rest on.
// Mutant: core/src/sync/waiters/wakes.rs :: self.repeat_on(woken, step).discard(); => self.repeat_on(woken, step).finish();
// Mutant: core/src/sync/waiters/wakes.rs :: guard::swallow(|| waker.wake()); => waker.wake();
#[test]
fn failure_109_waker_that_panics_in_wake_keeps_no_permit() {
    use std::sync::Mutex;
    for kept in [0, 1] {
        let (tx, mut rx) = mpsc::channel::<u8>(10);
        let mut permits = tx.try_reserve_many(10).unwrap();
        let held: Vec<_> = permits.by_ref().take(kept).collect();
        let second = Arc::new(Mutex::new(Polled::new(Box::pin(tx.clone().reserve_owned()))));
        let got = Arc::new(Mutex::new(None));
        let mut first = Polled::new(tx.reserve());
        first.waker = TestWaker::hooked({
            let (second, got) = (second.clone(), got.clone());
            move |now| {
                if now == Event::Wake {
                    *got.lock().unwrap() = Some(second.lock().unwrap().ready().unwrap());
                }
            }
        });
        assert!(first.poll().is_pending() && second.lock().unwrap().poll().is_pending());
        let others: Vec<_> = (0..6).map(|_| Polled::waiting(tx.reserve())).collect();
        let next = hostile(tx.reserve());
        drop(permits);
        assert_eq!(tx.capacity(), 1 - kept, "the hostile one has been given its own");
        drop(got.lock().unwrap().take().unwrap());
        drop((first, second, others, next, held));
        assert_eq!(tx.capacity(), 10);
        drop(tx);
        assert_eq!(rx.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }
}

// Mutant: core/src/sync/once_cell.rs :: guard::swallow(|| self.permits.close()); => self.permits.close();
#[test]
fn failure_109_waker_that_panics_in_wake_keeps_nobody_from_the_value_that_it_made() {
    let (cell, gate) = (OnceCell::<u8, TestLock>::with_lock(), Notify::new());
    let mut made = Polled::waiting(cell.get_or_init(async || {
        gate.notified().await;
        1
    }));
    let mut other = hostile(cell.get_or_init(async || 2));
    gate.notify_one();
    assert_eq!((*made.ready(), *other.ready()), (1, 1));
}

// Mutant: core/src/sync/rwlock/guard.rs :: swallow(|| permits.give(rest as usize)); => permits.give(rest as usize);
// Mutant: core/src/sync/rwlock/alloc.rs :: swallow(|| OwnedRwLockReadGuard::rwlock(&guard).permits.give(rest as usize)); => OwnedRwLockReadGuard::rwlock(&guard).permits.give(rest as usize);
#[test]
fn failure_109_waker_that_panics_in_wake_takes_no_lock_away_that_is_downgraded() {
    let lock = Arc::new(RwLock::<u8, TestLock>::with_lock(7));
    let guard = lock.try_write().unwrap();
    let mut other = hostile(lock.read());
    let guard = guard.downgrade();
    assert_eq!((*guard, *other.ready()), (7, 7));
    drop((guard, other));
    let guard = lock.clone().try_write_owned().unwrap();
    let mut other = hostile(lock.read());
    let guard = guard.downgrade();
    assert_eq!((*guard, *other.ready()), (7, 7));
}

// Mutant: core/src/sync/watch/alloc.rs :: self.replace(value, Watch::try_replace_kept) => self.replace(value, Watch::try_replace)
#[test]
fn failure_109_waker_that_panics_in_wake_loses_no_value_that_is_replaced() {
    let (sender, mut receiver) = crate::sync::watch::channel(1);
    let mut wait = Polled::new(receiver.changed());
    wait.waker = TestWaker::panicking(Event::Wake);
    assert!(wait.poll().is_pending());
    assert_eq!(sender.send_replace(2), 1);
    assert_eq!(wait.ready(), Ok(()));
}

/// One receiver waits for the message that another one has: that one receives it once, and the next one after it.
// Mutant: core/src/sync/broadcast/ring.rs :: guard::swallow(|| self.wake_who_want()); => self.wake_who_want();
#[test]
fn failure_109_waker_that_panics_in_wake_receives_no_message_twice() {
    use std::sync::Mutex;
    type Once = Box<dyn FnOnce() + Send>;
    struct Slow(Arc<Mutex<Option<Once>>>);
    impl Clone for Slow {
        fn clone(&self) -> Self {
            let meanwhile = self.0.lock().unwrap().take();
            if let Some(meanwhile) = meanwhile {
                meanwhile();
            }
            Self(self.0.clone())
        }
    }
    let ring = forever(Broadcast::<Slow, 2, TestLock>::with_lock());
    let (mut one, mut two, mut three) = (ring.subscribe(), ring.subscribe(), ring.subscribe());
    let mut wait = Polled::new(async move { two.recv().await.is_ok() });
    wait.waker = TestWaker::panicking(Event::Wake);
    let wait = Arc::new(Mutex::new(wait));
    let waits = wait.clone();
    let meanwhile = move || assert!(waits.lock().unwrap().poll().is_pending());
    assert!(ring.send(Slow(Arc::new(Mutex::new(Some(Box::new(meanwhile)))))).is_ok());
    assert!(one.try_recv().is_ok());
    assert!(one.is_empty() && wait.lock().unwrap().ready() && three.try_recv().is_ok());
    assert!(ring.is_empty());
}

/// The message of the last permit of a channel that is closed: the waker of its receiver panics, and the others hear of the end.
// Mutant: core/src/sync/channel/flow.rs :: self.waiters.repeat_after(first, tell_one); => if self.waiters.with(first) { self.tell_end(); }
#[test]
fn failure_109_last_permit_tells_all_where_the_waker_of_its_receiver_panics() {
    let channel = Channel::<u8, 1, TestLock>::with_lock();
    let permit = channel.try_reserve().unwrap();
    let mut first = hostile(channel.recv());
    let mut others = [Polled::waiting(channel.recv()), Polled::waiting(channel.recv())];
    assert!(channel.close());
    assert!(panics(|| permit.send(1)));
    first.waker.unhook();
    assert_eq!(first.ready(), Some(1));
    for other in &mut others {
        assert_eq!((other.wakes(), other.ready()), (1, None));
    }
}
