//! How a thread lets another one go first: the machine's way, or under `cfg(loom)` the model's.

#[cfg(loom)]
pub(crate) use loom::thread::yield_now;
#[cfg(not(loom))]
pub(crate) use std::thread::yield_now;
