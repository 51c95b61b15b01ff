//! Many children of one future, of which only those are polled that were woken.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod alloc;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub(crate) use self::alloc::Children;
