//! Many tasks, and the next one that ends.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod alloc;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use self::alloc::JoinSet;
