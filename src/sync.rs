//! What tasks wait for: each other.
//!
//! A channel has room for one message at least, which is checked when the program is built:
//!
//! ```
//! # #[cfg(feature = "rt")]
//! static FINE: zokio::sync::Channel<u8, 1> = zokio::sync::Channel::new();
//! ```
//!
//! ```compile_fail,E0080
//! static NO_ROOM: zokio::sync::Channel<u8, 0> = zokio::sync::Channel::new();
//! ```

#[cfg(feature = "rt")]
pub mod mpsc;

// In place of core's, which does not know how to spawn.
#[cfg(feature = "rt")]
pub use crate::task::task_tracker::{TaskTracker, TaskTrackerToken};
pub use zokio_core::sync::*;

/// Futures of this module, under tokio's path.
#[cfg(feature = "rt")]
pub mod futures {
    pub use zokio_core::sync::{Notified, OwnedNotified};
}
