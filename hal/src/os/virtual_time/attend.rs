//! A thread in `block_on`, as the runtime's time sees it.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::sync::Arc;
use std::task::Wake;

use super::super::sync::{Mutex, lock};
use super::{Inhibit, VirtualTime};

/// Counts the thread that polls a future as awake, from each wake until the future waits again.
///
/// # Cost
///
/// One allocation when made, for the future and another for its waker; two locks per poll.
pub struct Attending<F> {
    future: Pin<Box<F>>,
    presence: Arc<Presence>,
}

struct Presence {
    time: Arc<VirtualTime>,
    state: Mutex<State>,
}

/// Of one future.
struct State {
    /// There from a wake, or the beginning, until the end of the poll that found no wake since it began.
    inhibit: Option<Inhibit>,
    woken: bool,
    /// The future is gone: a waker of it that is left holds nothing, since nobody would let go of that.
    gone: bool,
    waker: Option<Waker>,
}

impl<F: Future> Attending<F> {
    /// Awake from now on.
    #[must_use]
    pub fn new(time: &Arc<VirtualTime>, future: F) -> Self {
        let state = State { inhibit: Some(time.inhibit()), woken: true, gone: false, waker: None };
        time.attend();
        let presence = Arc::new(Presence { time: time.clone(), state: Mutex::new(state) });
        Self { future: Box::pin(future), presence }
    }
}

impl Presence {
    /// Is awake, and tells who polls.
    fn come(&self) {
        let waker = {
            let mut state = lock(&self.state);
            if state.inhibit.is_none() && !state.gone {
                state.inhibit = Some(self.time.inhibit());
            }
            state.woken = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Wake for Presence {
    fn wake(self: Arc<Self>) {
        self.come();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.come();
    }
}

impl<F: Future> Future for Attending<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let waker = cx.waker().clone();
        let _old = {
            let mut state = lock(&self.presence.state);
            state.woken = false;
            if state.inhibit.is_none() {
                state.inhibit = Some(self.presence.time.inhibit());
            }
            state.waker.replace(waker)
        };
        let own = Waker::from(self.presence.clone());
        let result = self.future.as_mut().poll(&mut Context::from_waker(&own));
        // Ends outside of the lock: time may move on there, and wake this future. One that is done does not wait: the time stands
        // until its thread is counted no more.
        let _rests = {
            let mut state = lock(&self.presence.state);
            if state.woken || result.is_ready() { None } else { state.inhibit.take() }
        };
        result
    }
}

impl<F> Drop for Attending<F> {
    fn drop(&mut self) {
        // In this order: the time stands where it is.
        self.presence.time.part();
        let _gone = {
            let mut state = lock(&self.presence.state);
            state.gone = true;
            (state.inhibit.take(), state.waker.take())
        };
    }
}
