//! The receiving side, which both channels share: it waits in no line, since there is one.

use core::future::{Future, poll_fn};
use core::task::{Context, Poll, ready};

use super::error::TryRecvError;
use crate::guard;
use crate::lock::DefaultLock;
use crate::sync::alloc::Vec;
use crate::sync::channel::alloc::{Heap, LANES, Receivers};
use crate::sync::channel::flow::Flow;
use crate::sync::channel::hand::Hand;
use crate::task::coop;

/// The one receiver of a channel.
pub(super) struct Single<T> {
    pub(super) receivers: Receivers<Heap<T>>,
    pub(super) hand: Hand<T>,
}

impl<T> Drop for Single<T> {
    fn drop(&mut self) {
        // So that all messages are dropped in their order.
        self.take_back();
    }
}

impl<T> Single<T> {
    /// Puts what is in hand back.
    fn take_back(&mut self) {
        if !self.hand.is_empty() {
            let Self { receivers, hand } = self;
            receivers.chan.flow.take_back(|heap| heap.take_back(hand));
        }
    }

    /// The next message in hand.
    #[inline]
    fn give_out(&mut self) -> Option<T> {
        let (message, asked) = self.hand.give_out()?;
        if asked {
            // Who has a message keeps it: a waker that panics now is let go.
            guard::swallow(|| self.flow().give_freed());
        }
        Some(message)
    }

    pub(super) fn flow(&self) -> &Flow<DefaultLock, Heap<T>, LANES> {
        &self.receivers.chan.flow
    }

    #[inline]
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if !self.hand.is_empty() {
            ready!(coop::poll_done(cx));
            return Poll::Ready(self.give_out());
        }
        let Self { receivers, hand } = self;
        receivers.chan.flow.poll_alone(
            cx,
            |heap| &mut heap.caller,
            |section| Flow::<DefaultLock, Heap<T>, LANES>::take_all(section, |heap| heap.grab(hand)),
        )
    }

    pub(super) fn recv(&mut self) -> impl Future<Output = Option<T>> {
        poll_fn(|cx| self.poll_recv(cx))
    }

    pub(super) fn poll_recv_many(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<T>, limit: usize) -> Poll<usize> {
        if limit == 0 {
            ready!(coop::poll_done(cx));
            return Poll::Ready(0);
        }
        self.take_back();
        // Nothing is allocated under the lock: what came meanwhile is for the next call.
        buffer.reserve(limit.min(self.flow().len().max(1)));
        let limit = limit.min(buffer.capacity() - buffer.len());
        let answer = self.flow().poll_alone(
            cx,
            |heap| &mut heap.caller,
            |section| match Flow::<DefaultLock, Heap<T>, LANES>::try_take_many(section, limit, |message| {
                buffer.push(message)
            }) {
                Some(0) => None,
                taken => Some(taken.unwrap_or(0)),
            },
        );
        if answer.is_ready() {
            // As in `give_out`.
            guard::swallow(|| self.flow().settle());
        }
        answer
    }

    pub(super) fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
        poll_fn(move |cx| self.poll_recv_many(cx, buffer, limit))
    }

    pub(super) fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.give_out() {
            Some(message) => Ok(message),
            None => self.flow().try_recv(),
        }
    }
}
