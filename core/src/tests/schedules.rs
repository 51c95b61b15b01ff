//! What models cannot reach: more threads than two or three, in orders drawn at random.
//!
//! Each access to an atomic or a lock is a place where another thread may go on; `shuttle` draws which one. A thread that
//! nobody wakes is a deadlock, which it finds, as it finds whatever the tests assert. One half of the schedules of a test
//! are drawn evenly, the other half with few changes at random places (PCT), which finds a bug that needs `d` changes with a
//! known probability. All orderings are treated as `SeqCst` here: weaker ones are the models' (`cargo xtask loom`).
//!
//! `cargo xtask shuttle` runs them. `ZOKIO_SCHEDULES` is how many schedules a test runs (200 if it is not set), `ZOKIO_SEED`
//! the seed of the first; each test prints its seed, so that a failure can be repeated with the same two variables.

use std::boxed::Box;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::vec::Vec;

use shuttle::future::block_on;
use shuttle::thread;

pub(crate) use self::explore::explore;
use crate::future::poll_fn;
use crate::sync::broadcast::error::RecvError;
use crate::sync::{
    CancellationToken, Mutex, Notify, RwLock, Semaphore, TaskTracker, broadcast, mpmc, mpsc, oneshot, watch,
};

#[path = "explore.rs"]
mod explore;

/// Polls `future` so many times, then drops it: what is not ready by then is cancelled.
pub(crate) async fn cancelled_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(move |cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

pub(crate) fn join<T>(threads: Vec<thread::JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// Four senders, two receivers, room for one: each message comes out once, those of one sender in order, though both sides
/// give up waits.
// Mutant: core/src/sync/channel/flow.rs :: unsafe { section.state.store.push(message) };\n    call(section); => unsafe { section.state.store.push(message) };
#[test]
fn shuttle_four_senders_and_two_receivers_that_give_up() {
    explore("four_senders_and_two_receivers_that_give_up", || {
        let (sender, receiver) = mpmc::channel::<(usize, usize)>(1);
        let mut threads = Vec::new();
        for from in 0..4 {
            let sender = sender.clone();
            threads.push(thread::spawn(move || {
                block_on(async {
                    for number in 0..3 {
                        // Given up, it has not been sent.
                        if cancelled_after(from % 2, sender.send((from, number))).await.is_none() {
                            sender.send((from, number)).await.unwrap();
                        }
                    }
                });
            }));
        }
        drop(sender);
        let mut receivers = Vec::new();
        for polls in 0..2 {
            let receiver = receiver.clone();
            receivers.push(thread::spawn(move || {
                block_on(async {
                    let mut got = Vec::new();
                    loop {
                        match cancelled_after(polls, receiver.recv()).await {
                            Some(Some(message)) => got.push(message),
                            Some(None) => return got,
                            None => match receiver.recv().await {
                                Some(message) => got.push(message),
                                None => return got,
                            },
                        }
                    }
                })
            }));
        }
        drop(receiver);
        join(threads);
        let got = join(receivers);
        for one in &got {
            for from in 0..4 {
                let numbers: Vec<usize> =
                    one.iter().filter(|message| message.0 == from).map(|message| message.1).collect();
                assert!(numbers.is_sorted(), "out of order: {numbers:?}");
            }
        }
        let mut all: Vec<_> = got.into_iter().flatten().collect();
        all.sort_unstable();
        let sent: Vec<_> = (0..4).flat_map(|from| (0..3).map(move |number| (from, number))).collect();
        assert_eq!(all, sent);
    });
}

/// Four senders of an unbounded channel, one receiver, which goes in the middle: each message is received, refused or
/// dropped, once.
// Mutant: core/src/sync/channel/flow.rs :: section.state.taken += 1;\n        give(section);\n    }\n    Some(message) => }\n    Some(message)
#[test]
fn shuttle_four_senders_against_a_receiver_that_goes() {
    explore("four_senders_against_a_receiver_that_goes", || {
        let value = Arc::new(());
        let (sender, mut receiver) = mpsc::channel(2);
        let threads = (0..4)
            .map(|_| {
                let (sender, value) = (sender.clone(), value.clone());
                thread::spawn(move || block_on(async { (sender.send(value.clone()).await, sender.send(value).await) }))
            })
            .collect();
        drop(sender);
        let got: Vec<_> = (0..3).map(|_| block_on(receiver.recv()).expect("eight are sent")).collect();
        drop(receiver);
        let sent = join(threads);
        let refused = sent.iter().flat_map(|(one, two)| [one, two]).filter(|sent| sent.is_err()).count();
        assert!(refused <= 5);
        drop((got, sent));
        assert_eq!(Arc::strong_count(&value), 1, "a message was leaked");
    });
}

/// Two senders, three receivers of a ring for two: what one receives and what it is told to have missed is what was sent.
// Mutant: core/src/sync/broadcast/alloc.rs :: if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 { => if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 2 {
#[test]
fn shuttle_two_senders_and_three_receivers_of_a_ring() {
    explore("two_senders_and_three_receivers_of_a_ring", || {
        let (sender, first) = broadcast::channel(2);
        let receivers: Vec<_> = [first.resubscribe(), first.resubscribe(), first].into_iter().collect();
        let mut threads = Vec::new();
        for mut receiver in receivers {
            threads.push(thread::spawn(move || {
                let (mut got, mut missed) = (0, 0);
                loop {
                    match block_on(receiver.recv()) {
                        Ok(()) => got += 1,
                        Err(RecvError::Lagged(count)) => missed += count,
                        Err(RecvError::Closed) => return got + missed,
                    }
                }
            }));
        }
        let senders = (0..2)
            .map(|_| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for _ in 0..3 {
                        let _ = sender.send(());
                    }
                })
            })
            .collect();
        drop(sender);
        join::<()>(senders);
        assert_eq!(join(threads), [6, 6, 6]);
    });
}

/// Six tasks and three permits: never are there more in use, each gets its own though others give up, and all are back.
// Mutant: core/src/sync/permits.rs :: Err(Short::Taken) => word | ask, => Err(Short::Taken) => word,
#[test]
fn shuttle_six_tasks_share_three_permits() {
    explore("six_tasks_share_three_permits", || {
        let semaphore = Arc::new(Semaphore::new(3));
        let used = Arc::new(AtomicUsize::new(0));
        let threads = (0..6)
            .map(|task| {
                let (semaphore, used) = (semaphore.clone(), used.clone());
                let need = [1, 2, 3][task % 3];
                thread::spawn(move || {
                    block_on(async {
                        let early = cancelled_after(task / 2, semaphore.acquire_many(need)).await;
                        let permit = match early {
                            Some(permit) => permit,
                            None => semaphore.acquire_many(need).await,
                        };
                        assert!(used.fetch_add(need as usize, Ordering::Relaxed) + need as usize <= 3);
                        thread::yield_now();
                        used.fetch_sub(need as usize, Ordering::Relaxed);
                        drop(permit.unwrap());
                    });
                })
            })
            .collect();
        join::<()>(threads);
        assert_eq!(semaphore.available_permits(), 3);
    });
}

/// Four threads with a mutex and a read-write lock: each change counts.
// Mutant: core/src/sync/permits.rs :: if permits(word) >= need { word - need * ONE } else { word | ASK } => if permits(word) >= need { word - need * ONE } else { word }
#[test]
fn shuttle_four_threads_lock() {
    explore("four_threads_lock", || {
        let shared = Arc::new((Mutex::new(0), RwLock::new(0)));
        let threads = (0..4)
            .map(|task| {
                let shared = shared.clone();
                thread::spawn(move || {
                    block_on(async {
                        for _ in 0..2 {
                            let _ = cancelled_after(task % 2, shared.0.lock()).await;
                            *shared.0.lock().await += 1;
                            let before = *shared.1.read().await;
                            *shared.1.write().await += 1;
                            assert!(*shared.1.read().await > before);
                        }
                    });
                })
            })
            .collect();
        join::<()>(threads);
        assert_eq!((*shared.0.try_lock().unwrap(), *shared.1.try_read().unwrap()), (8, 8));
    });
}

/// A value that is watched by three while two change it; the last change reaches all.
// Mutant: core/src/sync/watch/alloc.rs :: if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 { => if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 2 {
#[test]
fn shuttle_three_watch_what_two_change() {
    explore("three_watch_what_two_change", || {
        let (sender, receiver) = watch::channel(0);
        let mut watchers = Vec::new();
        for _ in 0..3 {
            let mut receiver = receiver.clone();
            watchers.push(thread::spawn(move || {
                let mut last = 0;
                while block_on(receiver.changed()).is_ok() {
                    let now = *receiver.borrow_and_update();
                    assert!(now > last, "an older value, or the same");
                    last = now;
                }
                last
            }));
        }
        drop(receiver);
        let senders = (0..2)
            .map(|_| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for _ in 0..2 {
                        sender.send_modify(|value| *value += 1);
                    }
                })
            })
            .collect();
        drop(sender);
        join::<()>(senders);
        assert_eq!(join(watchers), [4, 4, 4]);
    });
}

/// A tree of tokens is cancelled from two sides, while children come and go and their tasks are tracked to their end.
// Mutant: core/src/sync/cancel/tree.rs :: if self.bell.ring() { => if false {
#[test]
fn shuttle_a_tree_is_cancelled_from_two_sides() {
    explore("a_tree_is_cancelled_from_two_sides", || {
        let (root, tracker) = (CancellationToken::new(), TaskTracker::new());
        let mut threads = Vec::new();
        for task in 0..4 {
            let (root, token) = (root.child_token(), tracker.token());
            threads.push(thread::spawn(move || {
                let child = root.child_token();
                let _ = block_on(cancelled_after(task % 2, child.cancelled()));
                let below = child.child_token();
                if task < 2 {
                    block_on(below.cancelled());
                }
                block_on(child.cancelled());
                assert!(below.is_cancelled(), "a token is cancelled after all below it");
                drop(token);
            }));
        }
        tracker.close();
        let other = root.clone();
        threads.push(thread::spawn(move || other.cancel()));
        root.cancel();
        block_on(tracker.wait());
        assert!(tracker.is_empty());
        join(threads);
    });
}

/// Answers on their way from three threads, some of which do not answer, to one that waits for all and gives up some.
// Mutant: core/src/sync/oneshot/sender.rs :: if let Some(waker) = receiver { => if let Some(waker) = receiver.filter(|_| own.is_some()) {
#[test]
fn shuttle_three_answers_and_a_bell() {
    explore("three_answers_and_a_bell", || {
        let bell = Arc::new(Notify::new());
        let mut threads = Vec::new();
        let mut receivers = Vec::new();
        for task in 0..3 {
            let (sender, receiver) = oneshot::channel();
            receivers.push(receiver);
            let bell = bell.clone();
            threads.push(thread::spawn(move || {
                if task < 2 {
                    let _ = sender.send(task);
                }
                bell.notify_one();
            }));
        }
        let answers: Vec<_> = receivers.into_iter().map(|receiver| block_on(receiver).ok()).collect();
        assert_eq!(answers, [Some(0), Some(1), None]);
        // One permit stays at least: the last call came after all waits.
        block_on(bell.notified());
        join(threads);
    });
}
