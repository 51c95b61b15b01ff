//! Helpers for tests of futures, the same on every tier. The attribute `#[zokio::test]` has the same path, and is another
//! thing.
//!
//! # Examples
//!
//! ```
//! use zokio::test::{assert_pending, assert_ready_eq, Wakes};
//!
//! static WAKES: Wakes = Wakes::new();
//!
//! let mut future = core::pin::pin!(async {
//!     zokio::task::yield_now().await;
//!     5
//! });
//! assert_pending!(WAKES.poll(future.as_mut()));
//! assert!(WAKES.is_woken());
//! assert_ready_eq!(WAKES.poll(future.as_mut()), 5);
//! ```

pub use zokio_core::test::*;
