//! A pipe of five bytes against a queue of bytes: readers and writers of any length wait, are woken, polled and dropped in any
//! order, and the pipe may be closed at any time.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use zokio_core::sync::{Pipe, TryWriteError};

use crate::wakes::Wakes;
use crate::{Input, planted};

const PLACES: usize = 5;

/// The longest read and write: around the ring more than once.
const LONGEST: usize = 8;

type Pinned<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

enum Waiter<'a> {
    Read {
        length: usize,
        call: Pinned<'a, Vec<u8>>,
    },
    /// One write; how much of it was written.
    Write {
        bytes: Vec<u8>,
        call: Pinned<'a, Option<usize>>,
    },
    /// All of it, as often as it takes.
    WriteAll {
        rest: VecDeque<u8>,
        call: Pinned<'a, bool>,
    },
}

/// The target.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let pipe: Pipe<PLACES> = Pipe::new();
    let mut world = World { pipe: &pipe, model: VecDeque::new(), closed: false, next: 0, swallowed: false };
    let mut waiters: Vec<(Waiter<'_>, Wakes)> = Vec::new();
    while let Some(operation) = input.operation() {
        let which = usize::from(operation >> 3);
        let length = which % (LONGEST + 1);
        match operation % 8 {
            0 => world.try_write(length),
            1 => world.try_read(length),
            2 if waiters.len() < 12 => {
                waiters.push((world.read(length), Wakes::default()));
                world.poll(&mut waiters, usize::MAX);
            }
            3 if waiters.len() < 12 => {
                let all = operation > 127;
                waiters.push((world.write(length, all), Wakes::default()));
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
                assert_eq!(pipe.close(), !world.closed);
                world.closed = true;
            }
            _ => {}
        }
        assert_eq!((pipe.len(), pipe.is_closed()), (world.model.len(), world.closed));
    }
    world.settle(&mut waiters);
    drop(waiters);
    while !world.model.is_empty() {
        world.try_read(3);
    }
    assert_eq!(pipe.try_read(&mut [0]).ok(), world.closed.then_some(0));
}

struct World<'a> {
    pipe: &'a Pipe<PLACES>,
    /// What is in the pipe.
    model: VecDeque<u8>,
    closed: bool,
    /// The next byte that is written: each differs from its neighbours.
    next: u8,
    /// Whether the planted bug has struck.
    swallowed: bool,
}

impl<'a> World<'a> {
    fn fresh(&mut self, length: usize) -> Vec<u8> {
        (0..length)
            .map(|_| {
                self.next = self.next.wrapping_add(1);
                self.next
            })
            .collect()
    }

    fn room(&self) -> usize {
        PLACES - self.model.len()
    }

    fn written(&mut self, bytes: &[u8], count: usize) {
        assert!(!self.closed, "written after the end");
        assert_eq!(count, bytes.len().min(self.room()), "less or more than what fits");
        self.model.extend(&bytes[..count]);
    }

    fn taken(&mut self, bytes: &[u8], length: usize) {
        assert_eq!(bytes.len(), length.min(self.model.len()), "less or more than what there is");
        for byte in bytes {
            assert_eq!(Some(*byte), self.model.pop_front(), "out of order, or of nowhere");
        }
    }

    fn try_write(&mut self, length: usize) {
        let bytes = self.fresh(length);
        match self.pipe.try_write(&bytes) {
            Ok(count) => {
                assert!(count > 0 || length == 0);
                self.written(&bytes, count);
            }
            Err(TryWriteError::Full) => assert!(!self.closed && self.room() == 0 && length > 0),
            Err(TryWriteError::Closed) => assert!(self.closed),
        }
    }

    fn try_read(&mut self, length: usize) {
        let mut buffer = [0; LONGEST];
        if planted() && self.model.len() == 3 && !self.swallowed {
            self.swallowed = true;
            let _ = self.pipe.try_read(&mut buffer[..1]);
        }
        match self.pipe.try_read(&mut buffer[..length]) {
            Ok(count) => self.taken(&buffer[..count], length),
            Err(_) => assert!(self.model.is_empty() && !self.closed && length > 0),
        }
    }

    fn read(&self, length: usize) -> Waiter<'a> {
        let pipe = self.pipe;
        let call = async move {
            let mut buffer = [0; LONGEST];
            let count = pipe.read(&mut buffer[..length]).await;
            buffer[..count].to_vec()
        };
        Waiter::Read { length, call: Box::pin(call) }
    }

    fn write(&mut self, length: usize, all: bool) -> Waiter<'a> {
        let (pipe, bytes) = (self.pipe, self.fresh(length));
        let own = bytes.clone();
        if all {
            let call = Box::pin(async move { pipe.write_all(&own).await.is_ok() });
            Waiter::WriteAll { rest: bytes.into(), call }
        } else {
            Waiter::Write { bytes, call: Box::pin(async move { pipe.write(&own).await.ok() }) }
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
            Waiter::Read { length, call } => match call.as_mut().poll(&mut cx) {
                Poll::Ready(bytes) => {
                    assert!(!bytes.is_empty() || self.closed || *length == 0, "the end of an open pipe");
                    self.taken(&bytes, *length);
                }
                Poll::Pending => return assert!(!self.closed && self.model.is_empty(), "it waits for nothing"),
            },
            Waiter::Write { bytes, call } => match call.as_mut().poll(&mut cx) {
                Poll::Ready(Some(count)) => self.written(bytes, count),
                Poll::Ready(None) => assert!(self.closed),
                Poll::Pending => return assert!(!self.closed && self.room() == 0, "it waits for nothing"),
            },
            Waiter::WriteAll { rest, call } => {
                let done = call.as_mut().poll(&mut cx);
                // It has written while there was room.
                let count = if self.closed { 0 } else { rest.len().min(self.room()) };
                self.model.extend(rest.drain(..count));
                match done {
                    Poll::Ready(true) => assert!(rest.is_empty()),
                    Poll::Ready(false) => assert!(self.closed),
                    Poll::Pending => return assert!(!self.closed && self.room() == 0, "it waits for nothing"),
                }
            }
        }
        waiters.remove(at);
    }

    /// Polls who was woken, until nobody is; then nobody waits for what is there.
    fn settle(&mut self, waiters: &mut Vec<(Waiter<'_>, Wakes)>) {
        while let Some(at) = waiters.iter().position(|(_, wakes)| wakes.take() > 0) {
            self.poll(waiters, at);
        }
        let readers = waiters.iter().filter(|(waiter, _)| matches!(waiter, Waiter::Read { .. })).count();
        assert!(readers == 0 || self.model.is_empty(), "a reader waits for what is there");
        assert!(readers == waiters.len() || self.room() == 0, "a writer waits for room that is there");
        assert!(waiters.is_empty() || !self.closed, "somebody waits at a closed pipe");
    }
}
