//! Futures made of futures: select, join, race; methods of futures.

use core::time::Duration;

pub use zokio_core::future::*;

/// Is ready after `duration`: [`sleep`](crate::time::sleep) by another name.
///
/// # Panics
///
/// As `sleep`.
///
/// # Cancel safety
///
/// Nothing is lost.
#[track_caller]
pub fn delay(duration: Duration) -> crate::time::Sleep {
    crate::time::sleep(duration)
}
