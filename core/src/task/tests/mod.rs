//! Ways for a task to go wrong.

#[cfg(not(loom))]
mod abort;
#[cfg(not(loom))]
mod coop;
#[cfg(not(loom))]
mod direct;
#[cfg(not(loom))]
mod join_set;
#[cfg(not(loom))]
mod local;
#[cfg(not(loom))]
mod lone;
#[cfg(not(loom))]
mod looks;
#[cfg(not(loom))]
mod memory;
#[cfg(loom)]
mod models;
#[cfg(not(loom))]
mod panics;
pub(crate) mod util;
