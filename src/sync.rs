//! What tasks wait for: each other.
//!
//! A channel has room for one message at least, which is checked when the program is built:
//!
//! ```
//! # #[cfg(feature = "std")]
//! static FINE: zokio::sync::Channel<u8, 1> = zokio::sync::Channel::new();
//! ```
//!
//! ```compile_fail,E0080
//! static NO_ROOM: zokio::sync::Channel<u8, 0> = zokio::sync::Channel::new();
//! ```

#[cfg(feature = "std")]
pub mod mpsc;

pub use zokio_core::sync::*;
