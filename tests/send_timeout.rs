//! Ways in which a send with a deadline could go wrong.
#![cfg(feature = "std")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zokio::sync::mpsc::error::SendTimeoutError;
use zokio::sync::mpsc::{self, channel};
use zokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

#[zokio::test(start_paused = true)]
async fn a_message_that_found_no_room_in_time_comes_back() {
    let (tx, mut rx) = channel(1);
    tx.send(1).await.unwrap();
    let start = Instant::now();
    assert_eq!(tx.send_timeout(2, 3 * SECOND).await, Err(SendTimeoutError::Timeout(2)));
    assert_eq!(start.elapsed(), 3 * SECOND);
    assert_eq!((rx.try_recv().ok(), rx.try_recv().ok()), (Some(1), None));
    // It stands in no line any more.
    assert_eq!(tx.capacity(), 1);
}

#[zokio::test(start_paused = true)]
async fn no_time_is_enough_where_there_is_room() {
    let (tx, mut rx) = channel(1);
    let start = Instant::now();
    assert_eq!(tx.send_timeout(1, Duration::ZERO).await, Ok(()));
    assert_eq!(tx.send_timeout(2, Duration::ZERO).await, Err(SendTimeoutError::Timeout(2)));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(rx.recv().await, Some(1));
}

#[zokio::test(start_paused = true)]
async fn room_that_comes_in_time_is_taken_also_at_the_longest_duration() {
    for limit in [2 * SECOND, Duration::MAX] {
        let (tx, mut rx) = channel(1);
        tx.send(1).await.unwrap();
        let start = Instant::now();
        let receiver = zokio::spawn(async move {
            sleep(SECOND).await;
            (rx.recv().await, rx.recv().await)
        });
        assert_eq!(tx.send_timeout(2, limit).await, Ok(()));
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(receiver.await.unwrap(), (Some(1), Some(2)));
    }
}

#[zokio::test(start_paused = true)]
async fn a_closed_channel_says_so_at_once_and_to_who_waits() {
    let (tx, rx) = channel(1);
    tx.send(1).await.unwrap();
    let start = Instant::now();
    let closer = zokio::spawn(async move {
        sleep(SECOND).await;
        drop(rx);
    });
    assert_eq!(tx.send_timeout(2, 9 * SECOND).await, Err(SendTimeoutError::Closed(2)));
    assert_eq!(tx.send_timeout(3, Duration::ZERO).await, Err(SendTimeoutError::Closed(3)));
    assert_eq!(start.elapsed(), SECOND);
    closer.await.unwrap();
}

#[zokio::test(start_paused = true)]
async fn room_that_was_promised_to_one_whose_time_is_up_goes_to_the_next() {
    let (tx, mut rx) = channel(1);
    tx.send(0).await.unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = pin!(tx.send_timeout(1, SECOND));
    let mut second = pin!(tx.send_timeout(2, 9 * SECOND));
    assert!(first.as_mut().poll(&mut cx).is_pending());
    assert!(second.as_mut().poll(&mut cx).is_pending());
    assert_eq!(rx.try_recv(), Ok(0));
    // It has been given the room by now, and is dropped without a look at it.
    first.set(tx.send_timeout(3, SECOND));
    assert_eq!(second.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn it_may_be_sent_to_another_thread_and_every_handle_knows_the_clock() {
    let runtime = zokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (tx, mut rx): (mpsc::Sender<u8>, mpsc::Receiver<u8>) = channel(3);
    let weak: mpsc::WeakSender<u8> = tx.downgrade();
    let task = runtime.spawn(async move {
        let permit: mpsc::OwnedPermit<u8> = tx.reserve_owned().await.unwrap();
        permit.send(1).clone().send_timeout(2, SECOND).await.unwrap();
        weak.upgrade().map(|tx| tx.max_capacity())
    });
    assert_eq!(runtime.block_on(task).unwrap(), None);
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
}

#[test]
#[should_panic(expected = "time was used outside of a runtime")]
fn without_a_runtime_there_is_no_clock() {
    let (tx, _rx) = channel(1);
    let _ = pin!(tx.send_timeout(1, SECOND)).poll(&mut Context::from_waker(Waker::noop()));
}
