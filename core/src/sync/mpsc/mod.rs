//! Channels with many senders and one receiver, on the heap.
//!
//! | constructor | room |
//! |---|---|
//! | [`channel`] | so many messages: senders wait for room, in line |
//! | [`unbounded_channel`] | as much as there is memory |
//!
//! Names and meaning are those of `tokio::sync::mpsc`. The algorithm is that of every channel here; see
//! [`Channel`](super::Channel) for the one that needs no heap.
//!
//! The channel is closed by [`Receiver::close`], and when either side is gone. After that nothing is sent but through
//! permits that were given before; what was sent is received, and then `None`.
//!
//! # Cost
//!
//! An operation that does not wait takes the lock once, for a few instructions and one move of a message; on a host that
//! is two atomic operations. A `reserve`, and a permit that is dropped, take it twice, `recv_many` more often. A receiver that finds several messages takes all of them at once, unless somebody waits for room,
//! and then receives each by one atomic addition; its place is free from then on, as if it had lain in the channel. A wait
//! allocates nothing. A channel has two buffers, which take turns; each grows to what was in it at once, up to the channel's
//! bound, and is made small again when it runs empty.
//!
//! # Examples
//!
//! ```
//! use zokio_core::sync::mpsc;
//!
//! async fn sum(mut numbers: mpsc::Receiver<u32>) -> u32 {
//!     let mut sum = 0;
//!     while let Some(number) = numbers.recv().await {
//!         sum += number;
//!     }
//!     sum
//! }
//!
//! let (tx, rx) = mpsc::channel(8);
//! tx.try_send(1).unwrap();
//! tx.try_send(2).unwrap();
//! drop(tx);
//! # use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
//! let mut sum = pin!(sum(rx));
//! assert_eq!(sum.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(3));
//! ```

#[cfg(feature = "std")]
mod blocking;
mod bounded;
pub mod error;
mod permit;
mod receiver;
#[cfg(feature = "futures-core")]
mod stream;
mod unbounded;

pub use bounded::{Receiver, Sender, WeakSender, channel};
pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use unbounded::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};
