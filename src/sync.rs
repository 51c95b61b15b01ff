//! What tasks wait for: each other.

pub use zokio_core::sync::*;
