//! Telling a tree of tasks to stop.
//!
//! | type | where it is | what hangs below it |
//! |---|---|---|
//! | [`CancellationSource`] | in a `static`, or borrowed | [`CancellationScope`]s, which borrow it |
//! | [`CancellationScope`] | pinned in its user's memory | more of them |
//! | `CancellationToken` | in an `Arc`; tokio-util's names | more of them |
//!
//! Cancelling one cancels all below it, and none above or beside it. The algorithm is one, in `tree`.

#[cfg(feature = "alloc")]
mod alloc;
mod source;
#[cfg(test)]
mod tests;
mod tree;

#[cfg(feature = "alloc")]
pub use self::alloc::{
    CancellationToken, DropGuard, DropGuardRef, WaitForCancellationFuture, WaitForCancellationFutureOwned,
};
pub use source::{CancellationScope, CancellationSource};
