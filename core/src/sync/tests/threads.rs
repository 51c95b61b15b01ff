//! Everything at once on real threads: for Miri, which watches every access, and for what models leave out.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::sync::{Mutex, Notify, WaitQueue};
use crate::test_util::TestLock;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

const THREADS: usize = 3;
const ROUNDS: usize = if cfg!(miri) { 10 } else { 1_000 };

#[test]
fn mutex_counts() {
    let total = Mutex::<usize, TestLock>::with_lock(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    block_on(async { *total.lock().await += 1 });
                }
            });
        }
    });
    assert_eq!(total.into_inner(), THREADS * ROUNDS);
}

#[test]
fn notified_threads_pass_a_token_around() {
    let bells: [Notify<TestLock>; THREADS] = core::array::from_fn(|_| Notify::with_lock());
    let rounds = AtomicUsize::new(0);
    thread::scope(|scope| {
        for n in 0..THREADS {
            let (bells, rounds) = (&bells, &rounds);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    block_on(bells[n].notified());
                    rounds.fetch_add(1, Ordering::Relaxed);
                    bells[(n + 1) % THREADS].notify_one();
                }
            });
        }
        bells[0].notify_one();
    });
    assert_eq!(rounds.into_inner(), THREADS * ROUNDS);
}

#[test]
fn wake_all_reaches_every_thread() {
    let (changed, level) = (WaitQueue::<TestLock>::with_lock(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for least in 1..=ROUNDS {
                    block_on(changed.wait_until(|| level.load(Ordering::Relaxed) >= least)).unwrap();
                }
            });
        }
        for _ in 0..ROUNDS {
            level.fetch_add(1, Ordering::Relaxed);
            changed.wake_all();
        }
    });
}

#[cfg(feature = "heapless")]
#[test]
fn channel_delivers_every_message_once() {
    let channel = crate::sync::Channel::<usize, 2, TestLock>::with_lock();
    let (sum, count, senders) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(THREADS));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(message) = block_on(channel.recv()) {
                    sum.fetch_add(message, Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..THREADS {
            scope.spawn(|| {
                for n in 0..ROUNDS {
                    block_on(channel.send(n)).unwrap();
                }
                if senders.fetch_sub(1, Ordering::Relaxed) == 1 {
                    channel.close();
                }
            });
        }
    });
    assert_eq!(count.into_inner(), THREADS * ROUNDS);
    assert_eq!(sum.into_inner(), THREADS * ROUNDS * (ROUNDS - 1) / 2);
}
