//! Parking a thread that is no worker: the one that calls `block_on`.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

use zokio_core::atomic::{AtomicBool, Ordering};
use zokio_core::task::raw::in_main;

/// Wakes one thread. The flag of its own keeps a token of `thread::unpark` that somebody else consumed from being missed.
struct Sleeper {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: Release pairs with the Acquire in `run`: the poll sees what was done before the wake.
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

/// Polls `future` on this thread until it is ready, and sleeps in between.
pub fn run<F: Future>(future: F) -> F::Output {
    let sleeper = Arc::new(Sleeper { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = sleeper.clone().into();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = in_main(|| future.as_mut().poll(&mut cx)) {
            return output;
        }
        // Ordering: see `wake_by_ref`.
        while !sleeper.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use core::future::poll_fn;

    #[test]
    fn a_wake_before_during_and_after_a_stolen_token_ends_the_wait() {
        let mut step = 0;
        let output = run(poll_fn(|cx| {
            step += 1;
            match step {
                1 => cx.waker().wake_by_ref(),
                2 => {
                    // The token of the wake is consumed by the future itself.
                    cx.waker().wake_by_ref();
                    thread::park();
                }
                3 => {
                    let waker = cx.waker().clone();
                    thread::spawn(move || waker.wake());
                }
                _ => return Poll::Ready(step),
            }
            Poll::Pending
        }));
        assert_eq!(output, 4);
    }
}
