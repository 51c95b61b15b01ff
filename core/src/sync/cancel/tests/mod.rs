//! Ways to go wrong while stopping.

#[cfg(all(not(loom), feature = "std"))]
mod hostile;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod scope;
#[cfg(all(not(loom), feature = "std"))]
mod token;
