//! Receiving on a thread.

use super::error::RecvError;
use super::{Home, ReceiverOf};
use crate::sync::blocking::block_on;

impl<H: Home> ReceiverOf<H> {
    /// Receives the value, and blocks the thread until it is there. For threads that poll no tasks: one that does would
    /// keep its tasks waiting, the sender perhaps among them.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the sender is dropped without sending.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, whose tasks it would stop.
    #[track_caller]
    pub fn blocking_recv(self) -> Result<H::Value, RecvError> {
        block_on(self)
    }
}
