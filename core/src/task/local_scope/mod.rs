//! Tasks that borrow from who spawns them.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod alloc;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use self::alloc::{LocalScope, ScopedJoinHandle, scope};
