//! Ways to go wrong with the latest value.

#[cfg(all(not(loom), feature = "std"))]
mod channel;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod slot;
