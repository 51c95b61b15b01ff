//! Deadlines, by method.

use core::future::Future;
use core::time::Duration;

use super::{Instant, Timeout, timeout, timeout_at};

/// Gives any future a deadline.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use zokio::time::FutureExt;
///
/// # async fn example() {
/// assert!(std::future::pending::<()>().timeout(Duration::from_millis(1)).await.is_err());
/// # }
/// ```
pub trait FutureExt: Future + Sized {
    /// As [`timeout`](fn@timeout).
    ///
    /// # Panics
    ///
    /// As [`sleep`](super::sleep).
    #[track_caller]
    fn timeout(self, duration: Duration) -> Timeout<Self> {
        timeout(duration, self)
    }

    /// As [`timeout_at`](fn@timeout_at).
    ///
    /// # Panics
    ///
    /// As [`sleep`](super::sleep).
    #[track_caller]
    fn timeout_at(self, deadline: Instant) -> Timeout<Self> {
        timeout_at(deadline, self)
    }
}

impl<F: Future> FutureExt for F {}
