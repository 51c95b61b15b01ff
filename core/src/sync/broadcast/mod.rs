//! Every message to every receiver, for as long as it is kept.
//!
//! [`Broadcast`] is the thing itself, usually a `static`; it is sent to and [subscribed](Broadcast::subscribe) to through a
//! reference. `channel` makes one in an `Arc`, whose two sides are tokio's.
//!
//! # How a message is cloned
//!
//! A sender never waits: it overwrites the oldest message, and who has not received that one hears how many it missed.
//! A message is cloned by foreign code, so under no lock, and by one receiver at a time, so that it need only be `Send`.
//! Therefore a receiver takes the message out of its slot, clones it, and puts it back, in two sections; who wants it
//! meanwhile waits for that; a sender that comes meanwhile uses the slot for its own message, and the old one is dropped by
//! whoever has it. The last receiver of a message takes it for good, without a clone. A clone that panics puts the message
//! back for the others; its receiver has had it.

#[cfg(feature = "alloc")]
mod alloc;
mod cell;
pub mod error;
mod receiver;
mod ring;
#[cfg(test)]
mod tests;

#[cfg(feature = "alloc")]
pub use self::alloc::{Receiver, Sender, Subscription, WeakSender, channel};
pub use cell::Broadcast;
pub use receiver::{BorrowedReceiver, Home, ReceiverOf};
