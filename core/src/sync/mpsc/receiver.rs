//! The receiving side, which both channels share: it waits in no line, since there is one.

use core::future::{Future, poll_fn};
use core::task::{Context, Poll};

use super::error::TryRecvError;
use crate::lock::DefaultLock;
use crate::sync::alloc::Vec;
use crate::sync::channel::alloc::{Heap, LANES, Receivers};
use crate::sync::channel::flow::Flow;

/// The one receiver of a channel.
pub(super) struct Single<T> {
    pub(super) receivers: Receivers<Heap<T>>,
}

impl<T> Single<T> {
    pub(super) fn flow(&self) -> &Flow<DefaultLock, Heap<T>, LANES> {
        &self.receivers.chan.flow
    }

    #[inline]
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.flow().poll_alone(cx, |heap| &mut heap.caller, Flow::<DefaultLock, Heap<T>, LANES>::take)
    }

    pub(super) fn recv(&mut self) -> impl Future<Output = Option<T>> {
        poll_fn(|cx| self.poll_recv(cx))
    }

    pub(super) fn poll_recv_many(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<T>, limit: usize) -> Poll<usize> {
        if limit == 0 {
            return Poll::Ready(0);
        }
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
            self.flow().settle();
        }
        answer
    }

    pub(super) fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
        poll_fn(move |cx| self.poll_recv_many(cx, buffer, limit))
    }

    pub(super) fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.flow().try_recv()
    }
}
