//! A thread that waits for one future: what every `block_on` without an executor of its own is made of.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
#[cfg(loom)]
use loom::thread::{self, Thread};
#[cfg(shuttle)]
use shuttle::thread::{self, Thread};
#[cfg(not(any(loom, shuttle)))]
use std::thread::{self, Thread};
#[cfg(not(any(loom, shuttle)))]
use std::time::Instant;

use crate::atomic::{AtomicBool, Ordering};
use crate::task::coop::in_main;

/// Wakes one thread.
///
/// *own flag*: the token of [`thread::unpark`](Thread::unpark) belongs to the thread, and what is polled may consume it. So a wake
/// is in a flag of its own, and the token only ends the wait for it.
struct Sleeper {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: Release pairs with the Acquire in `until_ready_by`: the poll sees what was done before the wake.
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

/// Runs `future` on this thread until it is ready: polled as the main future of a runtime is, with a budget and as no task. The thread
/// sleeps in between. Nothing else runs meanwhile.
///
/// For who blocks a thread on which no executor runs. Whether it may be blocked, and in which context, is the caller's affair.
///
/// # Panics
///
/// Only with a panic of the future.
///
/// # Cost
///
/// One allocation. A wake is a read-modify-write, and the first one since the last poll a call of the system where the thread
/// sleeps. The waker may be called from any thread, at any time, also after the end.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    until_ready(|cx| in_main(|| future.as_mut().poll(cx)))
}

/// Calls `poll` until it is ready, and sleeps in between.
pub(crate) fn until_ready<T>(poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    until_ready_by(poll, |is_woken| {
        while !is_woken() {
            thread::park();
        }
    })
}

/// Calls `poll` until it is ready, and sleeps in between; beside that calls `turn` after `first`, and whenever the time that it
/// answered is over. (Not in a model, which has no time.)
#[cfg_attr(any(loom, shuttle), allow(unused))]
pub(crate) fn until_ready_in_turns<T>(
    poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    first: Duration,
    mut turn: impl FnMut() -> Duration,
) -> T {
    #[cfg(any(loom, shuttle))]
    return until_ready(poll);
    #[cfg(not(any(loom, shuttle)))]
    {
        let (mut begun, mut lasts) = (Instant::now(), first);
        until_ready_by(poll, |is_woken| {
            loop {
                let left = lasts.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    lasts = turn();
                    begun = Instant::now();
                }
                if is_woken() {
                    return;
                }
                thread::park_timeout(left);
            }
        })
    }
}

/// Calls `poll` until it is ready, and `sleep` in between, which returns once what it is handed has said that the waker was called.
fn until_ready_by<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>, mut sleep: impl FnMut(&dyn Fn() -> bool)) -> T {
    let sleeper = Arc::new(Sleeper { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(sleeper.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = poll(&mut cx) {
            return output;
        }
        // Ordering: see `wake_by_ref`.
        sleep(&|| sleeper.woken.swap(false, Ordering::Acquire));
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use core::future::poll_fn;
    use core::time::Duration;

    use super::*;

    /// Polls whose waker was called before, during and after the thread's own token was consumed.
    // Mutant: core/src/park/blocking.rs :: while !is_woken() { => loop {
    #[test]
    fn a_wake_whose_token_was_consumed_ends_the_wait() {
        let (ended, end) = std::sync::mpsc::channel();
        // Waited for with a limit: what is tested is whether it ends.
        std::thread::spawn(move || {
            let mut step = 0;
            let output = block_on(poll_fn(|cx| {
                step += 1;
                match step {
                    1 => cx.waker().wake_by_ref(),
                    2 => {
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
            let _ = ended.send(output);
        });
        assert_eq!(end.recv_timeout(Duration::from_secs(10)), Ok(4));
    }

    /// Turns come one after the other while nobody wakes, and a wake ends the wait within one that is long.
    // Mutant: core/src/park/blocking.rs :: lasts = turn(); => _ = turn();
    // Mutant: core/src/park/blocking.rs :: thread::park_timeout(left); => thread::park();
    #[test]
    fn turns_come_while_it_sleeps() {
        let (ended, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (mut turns, mut polls) = (0, 0);
            let (waker, of_the_poll) = std::sync::mpsc::channel::<Waker>();
            let poll = |cx: &mut Context<'_>| {
                polls += 1;
                waker.send(cx.waker().clone()).expect("it is received by the turns");
                if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
            };
            until_ready_in_turns(poll, Duration::from_millis(1), || {
                turns += 1;
                if turns < 3 {
                    return Duration::from_millis(1);
                }
                let waker = of_the_poll.recv().expect("it was polled");
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(20));
                    waker.wake();
                });
                Duration::MAX
            });
            let _ = ended.send((turns, polls));
        });
        assert_eq!(end.recv_timeout(Duration::from_secs(10)), Ok((3, 2)));
    }
}

#[cfg(all(test, loom))]
mod models {
    use core::future::poll_fn;
    use std::sync::Arc;

    use super::*;

    /// A thread that has woken itself is woken by another one, which finds that done: the poll that follows sees what came before
    /// either wake.
    // Mutant: core/src/park/blocking.rs :: swap(true, Ordering::Release) { => swap(true, Ordering::Relaxed) {
    // Mutant: core/src/park/blocking.rs :: swap(false, Ordering::Acquire)); => swap(false, Ordering::Relaxed));
    #[test]
    fn the_second_wake_carries_what_came_before() {
        loom::model(|| {
            let done = Arc::new(AtomicBool::new(false));
            // Not waited for: to the model, a token that is left over ends that wait as well.
            let mut other = None;
            block_on(poll_fn(|cx| {
                if other.is_none() {
                    cx.waker().wake_by_ref();
                    let (done, waker) = (done.clone(), cx.waker().clone());
                    other = Some(thread::spawn(move || {
                        done.store(true, Ordering::Relaxed);
                        waker.wake();
                    }));
                }
                if done.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
            }));
        });
    }
}
