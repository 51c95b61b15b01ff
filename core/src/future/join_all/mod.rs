//! All of a list of futures.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod alloc;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use self::alloc::{JoinAll, TryJoinAll, join_all, try_join_all};
