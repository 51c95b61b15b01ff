//! Both sides of each channel by their handles: what one does, the other sees.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;
use std::vec::Vec;

use crate::sync::*;
use crate::test_util::{Polled, TestWaker};

#[test]
fn handles_of_no_size_are_the_channel() {
    let channel = Channel::<u8, 2>::new();
    let (sender, receiver) = (channel.sender(), channel.receiver());
    let (other_sender, other_receiver) = (sender, receiver);
    assert_eq!((sender.capacity(), receiver.len(), receiver.is_empty()), (2, 0, true));
    Polled::new(sender.send(1)).ready().unwrap();
    other_sender.try_send(2).unwrap();
    assert!(matches!(sender.try_send(3), Err(TrySendError::Full(3))));
    assert!(matches!(sender.try_reserve(), Err(TrySendError::Full(()))));
    assert_eq!((sender.capacity(), receiver.len(), receiver.is_empty()), (0, 2, false));
    assert_eq!((Polled::new(receiver.recv()).ready(), other_receiver.try_recv()), (Some(1), Ok(2)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let permit = sender.try_reserve().unwrap();
    assert_eq!(sender.capacity(), 1);
    drop(permit);
    assert_eq!(sender.capacity(), 2);
    let permit = channel.try_reserve().unwrap();
    let mut waits = Polled::waiting(receiver.recv());
    permit.send(3);
    assert_eq!((waits.wakes(), waits.ready()), (1, Some(3)));
    // Either side ends it, once.
    let mut waits = Polled::waiting(receiver.recv());
    assert!(sender.close() && !receiver.close());
    assert_eq!((waits.wakes(), waits.ready()), (1, None));
    assert!(sender.is_closed() && receiver.is_closed());
    assert!(matches!(sender.try_send(4), Err(TrySendError::Closed(4))));
    assert!(matches!(sender.try_reserve(), Err(TrySendError::Closed(()))));
    let other = Channel::<u8, 1>::new();
    assert!(other.receiver().close() && other.sender().is_closed());
}

#[test]
fn unbounded_handles_count_each_other() {
    let (sender, mut receiver) = mpsc::unbounded_channel::<u8>();
    let weak = sender.downgrade();
    let second = sender.clone();
    assert_eq!((sender.strong_count(), sender.weak_count()), (2, 1));
    assert_eq!((weak.strong_count(), weak.clone().weak_count()), (2, 2));
    assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (2, 1));
    assert!(sender.same_channel(&second) && receiver.is_empty() && !receiver.is_closed());
    let waker = TestWaker::new();
    let shown = waker.waker();
    let mut cx = Context::from_waker(&shown);
    assert_eq!(receiver.poll_recv(&mut cx), Poll::Pending);
    (0..3).for_each(|message| sender.send(message).unwrap());
    assert_eq!((waker.wakes(), receiver.len(), receiver.is_empty()), (1, 3, false));
    assert_eq!(receiver.poll_recv(&mut cx), Poll::Ready(Some(0)));
    let mut buffer = Vec::new();
    assert_eq!(receiver.poll_recv_many(&mut cx, &mut buffer, 5), Poll::Ready(2));
    assert_eq!(buffer, [1, 2]);
    let mut closed = Polled::waiting(sender.closed());
    receiver.close();
    assert_eq!(closed.wakes(), 1);
    closed.ready();
    drop(closed);
    assert!(receiver.is_closed() && sender.is_closed() && second.send(9).is_err());
    drop((sender, second));
    assert!(weak.upgrade().is_none());
}

#[test]
fn bounded_handles_give_back_what_does_not_fit() {
    let (sender, mut receiver) = mpsc::channel::<u8>(2);
    let waker = TestWaker::new();
    let shown = waker.waker();
    let mut cx = Context::from_waker(&shown);
    let mut buffer = vec![9];
    assert_eq!(receiver.poll_recv_many(&mut cx, &mut buffer, 4), Poll::Pending);
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!(waker.wakes(), 1);
    let sender = match sender.try_reserve_owned() {
        Err(TrySendError::Full(sender)) => sender,
        other => panic!("{other:?}"),
    };
    assert_eq!(receiver.poll_recv_many(&mut cx, &mut buffer, 4), Poll::Ready(2));
    assert_eq!(buffer, [9, 1, 2]);
    receiver.close();
    assert!(matches!(sender.try_reserve_owned(), Err(TrySendError::Closed(_))));
}

#[test]
#[cfg(feature = "futures-core")]
fn receivers_are_streams() {
    use futures_core::Stream;
    use std::pin::Pin;
    let waker = TestWaker::new();
    let shown = waker.waker();
    let mut cx = Context::from_waker(&shown);
    let (sender, mut receiver) = mpsc::channel::<u8>(2);
    assert_eq!(Pin::new(&mut receiver).poll_next(&mut cx), Poll::Pending);
    sender.try_send(1).unwrap();
    drop(sender);
    assert_eq!(waker.wakes(), 1);
    assert_eq!(Pin::new(&mut receiver).poll_next(&mut cx), Poll::Ready(Some(1)));
    assert_eq!(Pin::new(&mut receiver).poll_next(&mut cx), Poll::Ready(None));
    let (sender, mut receiver) = mpsc::unbounded_channel::<u8>();
    sender.send(2).unwrap();
    drop(sender);
    assert_eq!(Pin::new(&mut receiver).poll_next(&mut cx), Poll::Ready(Some(2)));
    assert_eq!(Pin::new(&mut receiver).poll_next(&mut cx), Poll::Ready(None));
}

#[test]
fn either_side_of_a_shared_channel_ends_it() {
    let (sender, receiver) = mpmc::channel::<u8>(2);
    assert!(sender.is_empty() && receiver.is_empty() && !sender.is_closed());
    sender.try_send(1).unwrap();
    assert_eq!((sender.len(), receiver.len()), (1, 1));
    assert!(receiver.close() && sender.is_closed() && receiver.is_closed());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    let (sender, receiver) = priority::channel::<u8>(2);
    sender.try_send(1, 1).unwrap();
    assert!(!receiver.is_empty() && sender.close() && !receiver.close());
    assert!(matches!(sender.try_send(1, 2), Err(TrySendError::Closed(2))));
    assert_eq!((receiver.try_recv(), receiver.is_empty()), (Ok(1), true));
    let channel = PriorityChannel::<u8, 1>::new();
    assert!(channel.is_empty() && !channel.is_closed());
    channel.close();
    assert!(channel.is_closed() && matches!(channel.try_send(0, 1), Err(TrySendError::Closed(1))));
    let pipe = Pipe::<2>::new();
    let (reader, writer) = (pipe.reader(), pipe.writer());
    assert_eq!((reader.capacity(), writer.capacity()), (2, 2));
    assert!(writer.clone().close() && !reader.clone().close() && pipe.is_closed());
}

/// What blocks gives the same as what waits, and is let go on from another thread.
#[test]
fn threads_wait_for_locks_and_permits() {
    let semaphore = Arc::new(Semaphore::new(4));
    let (one, two) = (semaphore.blocking_acquire().unwrap(), semaphore.blocking_acquire_many(2).unwrap());
    let owned = semaphore.clone().blocking_acquire_owned().unwrap();
    assert_eq!((one.num_permits(), two.num_permits(), semaphore.available_permits()), (1, 2, 0));
    let waits = {
        let semaphore = semaphore.clone();
        std::thread::spawn(move || semaphore.blocking_acquire_many_owned(3).unwrap().num_permits())
    };
    drop((one, two, owned));
    assert_eq!(waits.join().unwrap(), 3);
    semaphore.close();
    assert!(semaphore.blocking_acquire_many(1).is_err() && semaphore.clone().blocking_acquire_owned().is_err());

    let lock = Arc::new(RwLock::new(1));
    let read = lock.blocking_read();
    let writes = {
        let lock = lock.clone();
        std::thread::spawn(move || *lock.blocking_write() += 1)
    };
    assert_eq!(*read, 1);
    drop(read);
    writes.join().unwrap();
    assert_eq!(*lock.blocking_read(), 2);

    let mutex = Arc::new(Mutex::new(1));
    let held = mutex.clone().blocking_lock_owned();
    let locks = {
        let mutex = mutex.clone();
        std::thread::spawn(move || *mutex.blocking_lock_owned() += 1)
    };
    drop(held);
    locks.join().unwrap();
    assert_eq!(*mutex.try_lock().unwrap(), 2);
}
