//! What a log shows of each type: its name and what can be said without waiting; of a message nothing, which need not be
//! `Debug`. Errors say in a sentence what happened.

use std::format;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::sync::*;
use crate::test_util::{says, shows};

/// A message that cannot be shown.
struct Mute;

#[test]
fn locks_show_their_value_or_that_they_are_taken() {
    let mutex = Mutex::new(7);
    shows(&mutex, "Mutex { data: 7 }");
    let guard = mutex.try_lock().unwrap();
    shows(&mutex, "Mutex { data: <locked> }");
    says(mutex.try_lock().unwrap_err(), "TryLockError(())", "the lock is taken");
    shows(&guard, "7");
    shows(MutexGuard::map(guard, |value| value), "7");
    let lock = RwLock::new(7);
    let read = lock.try_read().unwrap();
    shows((&lock, &read), "(RwLock { data: 7 }, 7)");
    shows(RwLockReadGuard::map(read, |value| value), "7");
    let write = lock.try_write().unwrap();
    shows((&lock, &write), "(RwLock { data: <locked> }, 7)");
    let owned = Arc::new(Mutex::const_new(7));
    shows(owned.clone().try_lock_owned().unwrap(), "7");
    shows(Mutex::fair(7), "Mutex { data: 7 }");
    shows((<Mutex<u8>>::from(7), <Mutex<u8>>::default()), "(Mutex { data: 7 }, Mutex { data: 0 })");
    shows((<RwLock<u8>>::from(7), <RwLock<u8>>::default()), "(RwLock { data: 7 }, RwLock { data: 0 })");
    shows((RwLock::const_new(7), RwLock::fair(8)), "(RwLock { data: 7 }, RwLock { data: 8 })");
}

#[test]
fn permits_show_how_many_there_are() {
    let semaphore = Semaphore::const_new(3);
    let permit = semaphore.try_acquire_many(2).unwrap();
    shows(&semaphore, "Semaphore { permits: 1 }");
    shows(&permit, "SemaphorePermit { permits: 2, .. }");
    says(semaphore.try_acquire_many(2).unwrap_err(), "NoPermits", "no permits are available");
    let owned = Arc::new(Semaphore::new(3)).try_acquire_many_owned(2).unwrap();
    shows(owned, "OwnedSemaphorePermit { permits: 2, .. }");
    semaphore.close();
    says(semaphore.try_acquire().unwrap_err(), "Closed", "the semaphore is closed");
    says(semaphore.blocking_acquire().unwrap_err(), "AcquireError(())", "the semaphore is closed");
}

#[test]
fn those_who_meet_show_their_names() {
    shows(Barrier::const_new(3), "Barrier { size: 3, .. }");
    shows(Barrier::new(0), "Barrier { size: 1, .. }");
    shows((Condvar::new(), <Condvar>::default()), "(Condvar { .. }, Condvar { .. })");
    shows((Notify::const_new(), <Notify>::default()), "(Notify { .. }, Notify { .. })");
    let notify = Arc::new(Notify::new());
    shows((notify.notified(), notify.clone().notified_owned()), "(Notified { .. }, OwnedNotified { .. })");
    shows((<WaitCell>::new(), <WaitCell>::default()), "(WaitCell { .. }, WaitCell { .. })");
    let queue = <WaitQueue>::default();
    shows((&queue, queue.wait()), "(WaitQueue { .. }, Wait { .. })");
    queue.close();
    let mut wait = pin!(queue.wait());
    match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(Err(closed)) => says(closed, "Closed(())", "the queue is closed"),
        other => panic!("{other:?}"),
    }
    let signal = <Signal<Mute>>::default();
    shows((&signal, signal.wait()), "(Signal { .. }, SignalWait { .. })");
    let group = WaitGroup::new();
    let guard = group.add();
    shows((&group, &guard, group.wait()), "(WaitGroup { len: 1 }, WaitGroupGuard { .. }, WaitGroupWait { .. })");
    let tracker = <TaskTracker>::default();
    let token = tracker.token();
    tracker.close();
    shows((&tracker, &token), "(TaskTracker { len: 1, is_closed: true }, TaskTrackerToken { .. })");
    shows(tracker.wait(), "TaskTrackerWaitFuture { .. }");
}

#[test]
fn cancellation_shows_whether_it_happened() {
    let token = CancellationToken::new();
    shows(&token, "CancellationToken { is_cancelled: false }");
    shows(token.cancelled(), "WaitForCancellationFuture { .. }");
    shows(token.clone().cancelled_owned(), "WaitForCancellationFutureOwned { .. }");
    let source = <CancellationSource>::default();
    shows(&source, "CancellationSource { cancelled: false, .. }");
    source.cancel();
    let scope = pin!(source.child());
    assert!(scope.as_ref().is_cancelled());
    shows((&source, scope), "(CancellationSource { cancelled: true, .. }, CancellationScope { cancelled: true, .. })");
}

#[test]
fn values_that_are_set_once_show_them() {
    let cell = OnceCell::const_new();
    shows(&cell, "OnceCell { value: None }");
    cell.set(7).unwrap();
    shows(&cell, "OnceCell { value: Some(7) }");
    says(cell.set(8).unwrap_err(), "AlreadyInitializedError(8)", "the value is set already");
    let making = OnceCell::<u8>::new();
    let mut made = pin!(making.get_or_init(std::future::pending));
    assert!(made.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    says(making.set(8).unwrap_err(), "InitializingError(8)", "the value is being made");
    let once = SetOnce::const_new();
    shows(&once, "SetOnce { value: None }");
    once.set(7).unwrap();
    shows((&once, SetOnce::<u8>::new()), "(SetOnce { value: Some(7) }, SetOnce { value: None })");
    says(once.set(8).unwrap_err(), "SetOnceError(8)", "the value is set already");
}

#[test]
fn a_watch_shows_how_often_it_changed() {
    let watch = Watch::new(7);
    shows(watch.subscribe(), "Receiver { has_changed: Ok(false), .. }");
    watch.try_send(8).unwrap();
    shows(&watch, "Watch { version: 1, closed: false, .. }");
    let value = watch.borrow();
    shows(&value, "Ref { value: 8, has_changed: false }");
    let refused = watch.try_send(9).unwrap_err();
    says(refused, "Borrowed(..)", "the value is borrowed");
    assert_eq!(refused.into_inner(), 9);
    drop(value);
    watch.close();
    let refused = watch.try_send(9).unwrap_err();
    says(refused, "Closed(..)", "the watch is closed");
    assert_eq!(refused.into_inner(), 9);
    let mut receiver = watch.subscribe();
    receiver.mark_unchanged();
    says(receiver.has_changed().unwrap_err(), "RecvError(())", "nothing will be sent any more");
    let (sender, receiver) = watch::channel(7);
    shows(&sender, "Sender { receivers: 1, .. }");
    drop(receiver);
    says(sender.send(8).unwrap_err(), "SendError { .. }", "nobody is subscribed");
}

#[test]
fn a_broadcast_shows_who_listens() {
    let broadcast = Broadcast::<u8, 2>::new();
    let mut receiver = broadcast.subscribe();
    shows((&broadcast, &receiver), "(Broadcast { receivers: 1, .. }, Receiver { next: 0, .. })");
    says(receiver.try_recv().unwrap_err(), "Empty", "the channel is empty");
    for message in 0..5 {
        broadcast.send(message).unwrap();
    }
    says(receiver.blocking_recv().unwrap_err(), "Lagged(3)", "the receiver lagged behind by 3");
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(3), Ok(4)));
    broadcast.close();
    says(receiver.blocking_recv().unwrap_err(), "Closed", "the channel is closed");
    let (sender, receiver) = broadcast::channel::<u8>(2);
    shows((&sender, sender.downgrade()), "(Sender { .. }, WeakSender { .. })");
    drop(receiver);
    says(sender.send(1).unwrap_err(), "SendError { .. }", "there is no receiver");
}

#[test]
fn a_oneshot_shows_what_has_happened() {
    let oneshot = <Oneshot<Mute>>::default();
    shows(&oneshot, "Oneshot { complete: false, closed: false, .. }");
    let (sender, mut receiver) = oneshot.split().unwrap();
    says(receiver.try_recv().err().unwrap(), "Empty", "nothing was sent yet");
    assert!(sender.send(Mute).is_ok());
    shows(&oneshot, "Oneshot { complete: true, closed: false, .. }");
    let (sender, mut receiver) = oneshot::channel::<Mute>();
    drop(sender);
    says(receiver.try_recv().err().unwrap(), "Closed", "the sender is gone");
    let (sender, receiver) = oneshot::channel::<Mute>();
    drop(sender);
    says(receiver.blocking_recv().err().unwrap(), "RecvError(())", "the sender is gone");
}

#[test]
fn a_channel_shows_how_much_is_in_it() {
    let channel = <Channel<Mute, 2>>::default();
    channel.try_send(Mute).unwrap();
    shows(&channel, "Channel { len: 1, closed: false, .. }");
    shows(channel.sender(), "DynSender { channel: Channel { len: 1, closed: false, .. } }");
    shows(channel.try_reserve().unwrap(), "Permit { .. }");
    channel.try_send(Mute).unwrap();
    says(channel.try_send(Mute).unwrap_err(), "Full(..)", "the channel is full");
    channel.close();
    shows(channel.receiver(), "DynReceiver { channel: Channel { len: 2, closed: true, .. } }");
    says(channel.try_send(Mute).unwrap_err(), "Closed(..)", "the channel is closed");
    let empty = Channel::<u8, 1>::new();
    says(empty.try_recv().unwrap_err(), "Empty", "the channel is empty");
    empty.close();
    says(empty.try_recv().unwrap_err(), "Disconnected", "the channel is closed and empty");
    let priority = <PriorityChannel<Mute, 2>>::default();
    shows(&priority, "Channel { len: 0, closed: false, .. }");
}

#[test]
fn senders_and_receivers_show_their_channel() {
    const CHAN: &str = "{ chan: Channel { len: 0, closed: false, .. } }";
    let (sender, receiver) = mpsc::channel::<Mute>(2);
    shows((&sender, sender.downgrade()), &format!("(Sender {CHAN}, WeakSender {{ .. }})"));
    shows(&receiver, &format!("Receiver {CHAN}"));
    shows(sender.try_reserve().unwrap(), "Permit { .. }");
    shows(sender.try_reserve_many(2).unwrap(), "PermitIterator { capacity: 2, .. }");
    shows(sender.clone().try_reserve_owned().unwrap(), "OwnedPermit { .. }");
    drop(receiver);
    says(sender.blocking_send(Mute).unwrap_err(), "SendError { .. }", "the channel is closed");
    let (sender, receiver) = mpsc::unbounded_channel::<Mute>();
    shows((&sender, sender.downgrade()), &format!("(UnboundedSender {CHAN}, WeakUnboundedSender {{ .. }})"));
    shows(receiver, &format!("UnboundedReceiver {CHAN}"));
    let (sender, receiver) = mpmc::channel::<Mute>(2);
    shows((sender, receiver), &format!("(Sender {CHAN}, Receiver {CHAN})"));
    let (sender, receiver) = priority::channel::<Mute>(2);
    shows((sender, receiver), &format!("(Sender {CHAN}, Receiver {CHAN})"));
    let (late, closed) = (mpsc::error::SendTimeoutError::Timeout(7), mpsc::error::SendTimeoutError::Closed(8));
    says(late, "Timeout(..)", "timed out waiting for room in the channel");
    says(closed, "Closed(..)", "the channel is closed");
    assert_eq!((late.into_inner(), closed.into_inner()), (7, 8));
}

#[test]
fn a_pipe_shows_how_much_is_in_it() {
    let pipe = <Pipe<2>>::default();
    assert_eq!(pipe.try_write(b"abc"), Ok(2));
    shows(&pipe, "Pipe { len: 2, closed: false, .. }");
    says(pipe.try_write(b"c").unwrap_err(), "Full", "the pipe is full");
    let (reader, writer) = (pipe.reader(), pipe.writer());
    shows((reader, writer), "(PipeReader { .. }, PipeWriter { .. })");
    shows(crate::sync::pipe::pipe(1), "(Reader { len: 0, closed: false, .. }, Writer { len: 0, closed: false, .. })");
    assert_eq!(reader.try_read(&mut [0; 2]), Ok(2));
    says(reader.try_read(&mut [0]).unwrap_err(), "PipeEmpty(())", "the pipe is empty");
    pipe.close();
    says(writer.try_write(b"c").unwrap_err(), "Closed", "the pipe is closed");
    let mut write = pin!(writer.write(b"c"));
    match write.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(Err(closed)) => says(closed, "PipeClosed(())", "the pipe is closed"),
        other => panic!("{other:?}"),
    }
}
