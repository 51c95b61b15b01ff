//! Messages between tasks: one algorithm, in `flow`, over what holds them, in `store`.
//!
//! | handle | memory | sides |
//! |---|---|---|
#![cfg_attr(feature = "heapless", doc = "| [`Channel`] | in place | any number of each, borrowing it |")]
#![cfg_attr(
    feature = "heapless",
    doc = "| [`DynSender`], [`DynReceiver`] | that of a `Channel` | the same, without its `N` in the type |"
)]

#[cfg(feature = "alloc")]
pub(super) mod alloc;
#[cfg(feature = "heapless")]
mod erased;
mod error;
#[cfg(feature = "heapless")]
mod fixed;
#[cfg_attr(not(all(feature = "alloc", feature = "heapless")), allow(dead_code))] // each kind of handle needs a part
pub(super) mod flow;
#[cfg(feature = "alloc")]
pub(super) mod hand;
#[cfg(feature = "heapless")]
mod ring;
pub(super) mod store;

#[cfg(feature = "heapless")]
pub use erased::{DynReceiver, DynSender, Permit};
pub use error::{SendError, TryRecvError, TrySendError};
#[cfg(feature = "heapless")]
pub use fixed::Channel;
