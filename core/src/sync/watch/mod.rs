//! The latest value, and who wants to hear of a new one.
//!
//! [`Watch`] is the thing itself, usually a `static`; it is sent to and [subscribed](Watch::subscribe) to through a
//! reference. `channel` makes one in an `Arc`, whose two sides are tokio's.
//!
//! # How a value is changed while others look at it
//!
//! A borrow ([`Ref`]) counts itself in a word (`access`), without a lock. A new value moves in under the lock of the wait
//! list, where nobody looks: so to send is one section, and who only looks never sees half of it. Where somebody does look
//! the new value has to wait: [`Watch::send`] in its future, [`Watch::try_send`] by giving the value back, and tokio's
//! `Sender::send`, which is no future, on its thread, as tokio's does. A thread that has a borrow and calls `Sender::send` waits
//! for its own, for ever, as with tokio.
//!
//! Looks that overlap would keep a sender out for ever. So one that waits on its thread *presses* after a millisecond: who comes
//! to look then gives way, for a millisecond, and if the value was still not free everything goes on for as long as before; the
//! next times are twice as long each, up to 128 ms. (`presses`, in `alloc.rs`.) A thread that has a borrow already gives way to
//! nobody, and so does `try_borrow`; a second borrow of a thread may wait for ever with tokio. Who waits in a future to send
//! does not press: [`Watch::send`] needs a moment in which nobody looks.
//!
//! A [`Ref`] cannot be sent to another thread, so a task that moves between threads cannot keep one across an await: what a
//! sender's thread waits for is always code that runs, on another thread, until its borrow ends: looks that are shorter than 128 ms
//! keep a sender waiting for some 400 ms at most, however many there are, and of several senders one. (But not those of a thread that
//! never has none: as a loop that takes the next one before it lets the last one go.) Only tasks that stay on
//! one thread can keep one across an await; then whoever sends from the same thread must use [`Watch::send`], which is
//! awaited.
//!
//! # Invariants
//!
//! - *shared*: the value is not changed while `access` counts a reader.
//! - *exclusive*: who made `access` say `WRITING`, where it counted no reader, has the value alone until it says otherwise.
//! - *version*: the version changes under the lock, in the section in which a value moves in or a change of it ends; both
//!   while the value is had *exclusive*. So under a borrow it is the version of what is borrowed.

mod access;
#[cfg(feature = "alloc")]
mod alloc;
mod cell;
pub mod error;
mod here;
mod receiver;
#[cfg(test)]
mod tests;

#[cfg(feature = "alloc")]
pub use self::alloc::{Receiver, Sender, Subscription, channel};
pub use cell::{Ref, Watch};
pub use receiver::{BorrowedReceiver, Home, ReceiverOf};
