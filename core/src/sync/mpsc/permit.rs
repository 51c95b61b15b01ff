//! Room that is kept for messages to come.

use core::mem::ManuallyDrop;

use super::Sender;
use crate::lock::DefaultLock;
use crate::sync::channel::alloc::{Heap, LANES};
use crate::sync::channel::flow::Flow;

/// What a permit is of. Not the sender: permits are the same whatever its clock is.
type Of<'a, T> = &'a Flow<DefaultLock, Heap<T>, LANES>;

/// Room for one message, which nobody else can take; see [`Sender::reserve`].
///
/// Dropping it gives the room back. A closed channel still takes what is sent through it.
#[must_use = "the room is given back as soon as the permit is dropped"]
pub struct Permit<'a, T> {
    flow: Of<'a, T>,
}

impl<'a, T> Permit<'a, T> {
    pub(super) fn new(flow: Of<'a, T>) -> Self {
        Self { flow }
    }

    /// Sends a message, at once. Where the receiver is gone it is dropped here.
    ///
    /// # Cost
    ///
    /// The lock once.
    pub fn send(self, value: T) {
        ManuallyDrop::new(self).flow.fill(value);
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.flow.release(1);
    }
}

impl<T> core::fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Room for several messages, one permit at a time; see [`Sender::reserve_many`].
///
/// Dropping it gives the room that was not taken out of it back.
#[must_use = "the room is given back as soon as the iterator is dropped"]
pub struct PermitIterator<'a, T> {
    flow: Of<'a, T>,
    left: usize,
}

impl<'a, T> PermitIterator<'a, T> {
    pub(super) fn new(flow: Of<'a, T>, left: usize) -> Self {
        Self { flow, left }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit::new(self.flow))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> core::iter::FusedIterator for PermitIterator<'_, T> {}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        self.flow.release(self.left);
    }
}

impl<T> core::fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PermitIterator").field("capacity", &self.left).finish_non_exhaustive()
    }
}

/// Room for one message and the sender that it was asked of, in one; see [`Sender::reserve_owned`].
///
/// Dropping it gives the room back and drops the sender.
#[must_use = "the room is given back as soon as the permit is dropped"]
pub struct OwnedPermit<T, A = ()> {
    /// `None` once it was given back.
    sender: Option<Sender<T, A>>,
}

impl<T, A> OwnedPermit<T, A> {
    pub(super) fn new(sender: Sender<T, A>) -> Self {
        Self { sender: Some(sender) }
    }

    fn take(&mut self) -> Sender<T, A> {
        match self.sender.take() {
            Some(sender) => sender,
            None => unreachable!("the sender leaves with the permit"),
        }
    }

    /// Sends a message, at once, and returns the sender. Where the receiver is gone the message is dropped here.
    pub fn send(mut self, value: T) -> Sender<T, A> {
        let sender = self.take();
        sender.flow().fill(value);
        sender
    }

    /// Gives the room back, and returns the sender.
    pub fn release(mut self) -> Sender<T, A> {
        let sender = self.take();
        sender.flow().release(1);
        sender
    }

    /// Whether two permits are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        match (&self.sender, &other.sender) {
            (Some(one), Some(other)) => one.same_channel(other),
            _ => false,
        }
    }

    /// Whether the permit is of the channel of `sender`.
    pub fn same_channel_as_sender(&self, sender: &Sender<T, A>) -> bool {
        self.sender.as_ref().is_some_and(|own| own.same_channel(sender))
    }
}

impl<T, A> Drop for OwnedPermit<T, A> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.flow().release(1);
        }
    }
}

impl<T, A> core::fmt::Debug for OwnedPermit<T, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
