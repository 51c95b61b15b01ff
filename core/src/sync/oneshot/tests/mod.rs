//! Ways to go wrong with one value.

#[cfg(all(not(loom), feature = "std"))]
mod halves;
#[cfg(all(not(loom), feature = "std"))]
mod hostile;
#[cfg(loom)]
mod loom;
