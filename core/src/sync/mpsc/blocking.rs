//! Both sides on a thread that may wait.

use super::error::SendError;
use super::{Receiver, Sender, UnboundedReceiver};
use crate::sync::alloc::Vec;
use crate::sync::blocking::block_on;

impl<T, A> Sender<T, A> {
    /// As [`send`](Self::send), on a thread that may wait.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, whose tasks it would stop.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        block_on(self.send(value))
    }
}

impl<T> Receiver<T> {
    /// As [`recv`](Self::recv), on a thread that may wait.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, whose tasks it would stop.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        block_on(self.recv())
    }

    /// As [`recv_many`](Self::recv_many), on a thread that may wait.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, whose tasks it would stop.
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        block_on(self.recv_many(buffer, limit))
    }
}

impl<T> UnboundedReceiver<T> {
    /// As [`recv`](Self::recv), on a thread that may wait.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, whose tasks it would stop.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        block_on(self.recv())
    }

    /// As [`recv_many`](Self::recv_many), on a thread that may wait.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, whose tasks it would stop.
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        block_on(self.recv_many(buffer, limit))
    }
}
