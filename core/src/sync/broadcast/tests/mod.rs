//! Ways to go wrong with every message for everybody.

#[cfg(all(not(loom), feature = "std"))]
mod channel;
#[cfg(all(not(loom), feature = "std"))]
mod hostile;
#[cfg(loom)]
mod loom;
#[cfg(not(loom))]
mod ring;
