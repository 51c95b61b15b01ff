//! The future that `block_on` drives beside the tasks: whether it was woken, and who may not nest.

use core::fmt;

/// `block_on` was called from inside an executor: the one that runs would stop running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NestedBlockOn(());

impl NestedBlockOn {
    /// The error, for whoever refuses on behalf of an executor.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for NestedBlockOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this thread already runs an executor, which `block_on` would stop: await the future instead")
    }
}

impl core::error::Error for NestedBlockOn {}
