//! Ways to go wrong at the end.

#[cfg(not(loom))]
mod group;
#[cfg(loom)]
mod loom;
