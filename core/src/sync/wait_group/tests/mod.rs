//! Ways to go wrong at the end.

#[cfg(all(not(loom), feature = "std"))]
mod group;
#[cfg(loom)]
mod loom;
