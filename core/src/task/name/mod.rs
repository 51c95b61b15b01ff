//! What a task is called.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod alloc;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use self::alloc::{Named, name, named};
