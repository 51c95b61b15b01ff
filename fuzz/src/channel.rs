//! A channel of three places against a queue: senders and receivers wait, are woken, polled and dropped in any order.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use zokio_core::sync::{Channel, SendError, TryRecvError, TrySendError};

use crate::wakes::Wakes;
use crate::{Input, planted};

const PLACES: usize = 3;

type Pinned<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

enum Waiter<'a> {
    Send(u32, Pinned<'a, Result<(), SendError<u32>>>),
    Recv(Pinned<'a, Option<u32>>),
}

/// The target.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let channel: Channel<u32, PLACES> = Channel::new();
    let mut world = World { model: VecDeque::new(), closed: false, swallowed: false };
    let mut waiters: Vec<(Waiter<'_>, Wakes)> = Vec::new();
    let mut message = 0;
    while let Some(operation) = input.operation() {
        let which = usize::from(operation >> 3);
        match operation % 8 {
            0 => {
                message += 1;
                world.try_send(&channel, message);
            }
            1 => world.try_recv(&channel),
            2 if waiters.len() < 12 => {
                message += 1;
                waiters.push((Waiter::Send(message, Box::pin(channel.send(message))), Wakes::default()));
                world.poll(&mut waiters, usize::MAX);
            }
            3 if waiters.len() < 12 => {
                waiters.push((Waiter::Recv(Box::pin(channel.recv())), Wakes::default()));
                world.poll(&mut waiters, usize::MAX);
            }
            4 if !waiters.is_empty() => {
                let at = which % waiters.len();
                world.poll(&mut waiters, at);
            }
            5 if !waiters.is_empty() => {
                let (waiter, wakes) = waiters.swap_remove(which % waiters.len());
                drop(waiter);
                assert_eq!(wakes.alive(), 0, "a waker was left behind");
            }
            6 => world.settle(&mut waiters),
            7 if operation == 255 => {
                channel.close();
                world.closed = true;
            }
            _ => {}
        }
    }
    world.settle(&mut waiters);
    drop(waiters);
    while !world.model.is_empty() {
        world.try_recv(&channel);
    }
    let end = if world.closed { TryRecvError::Disconnected } else { TryRecvError::Empty };
    assert_eq!(channel.try_recv(), Err(end));
}

struct World {
    /// What is in the channel.
    model: VecDeque<u32>,
    closed: bool,
    /// Whether the planted bug has struck.
    swallowed: bool,
}

impl World {
    fn sent(&mut self, message: u32) {
        assert!(!self.closed, "sent after the end");
        self.model.push_back(message);
        assert!(self.model.len() <= PLACES, "more than there is room for");
    }

    fn received(&mut self, message: u32) {
        assert_eq!(Some(message), self.model.pop_front(), "out of order, or of nowhere");
    }

    fn try_send(&mut self, channel: &Channel<u32, PLACES>, message: u32) {
        match channel.try_send(message) {
            Ok(()) => self.sent(message),
            Err(TrySendError::Full(back)) => assert!(back == message && !self.closed),
            Err(TrySendError::Closed(back)) => assert!(back == message && self.closed),
        }
    }

    fn try_recv(&mut self, channel: &Channel<u32, PLACES>) {
        if planted() && self.model.len() == 2 && !self.swallowed {
            self.swallowed = true;
            let _ = channel.try_recv();
            return;
        }
        match channel.try_recv() {
            Ok(message) => self.received(message),
            Err(TryRecvError::Empty) => assert!(self.model.is_empty() && !self.closed),
            Err(TryRecvError::Disconnected) => assert!(self.model.is_empty() && self.closed),
        }
    }

    /// Polls one; the last one where there is none of that number. One that is ready goes.
    fn poll(&mut self, waiters: &mut Vec<(Waiter<'_>, Wakes)>, at: usize) {
        let at = at.min(waiters.len() - 1);
        let (waiter, wakes) = &mut waiters[at];
        wakes.take();
        let waker = wakes.waker();
        let mut cx = Context::from_waker(&waker);
        match waiter {
            Waiter::Send(message, future) => match future.as_mut().poll(&mut cx) {
                Poll::Ready(Ok(())) => self.sent(*message),
                Poll::Ready(Err(back)) => assert!(back.0 == *message && self.closed),
                Poll::Pending => return assert!(!self.closed, "waits for the end of a closed channel"),
            },
            Waiter::Recv(future) => match future.as_mut().poll(&mut cx) {
                Poll::Ready(Some(message)) => self.received(message),
                Poll::Ready(None) => assert!(self.closed && self.model.is_empty()),
                Poll::Pending => return assert!(!self.closed, "waits for a closed channel"),
            },
        }
        waiters.remove(at);
    }

    /// Polls who was woken, until nobody is; then nobody waits for what is there.
    fn settle(&mut self, waiters: &mut Vec<(Waiter<'_>, Wakes)>) {
        while let Some(at) = waiters.iter().position(|(_, wakes)| wakes.take() > 0) {
            self.poll(waiters, at);
        }
        let sender = waiters.iter().any(|(waiter, _)| matches!(waiter, Waiter::Send(..)));
        let receiver =
            waiters.len() > usize::from(sender) && waiters.iter().any(|(waiter, _)| matches!(waiter, Waiter::Recv(_)));
        assert!(!(receiver && !self.model.is_empty()), "a receiver waits for what is there");
        assert!(!(sender && self.model.len() < PLACES), "a sender waits for room that is there");
        assert!(waiters.is_empty() || !self.closed, "somebody waits at a closed channel");
    }
}
