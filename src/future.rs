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
///
/// # Examples
///
/// ```
/// use core::task::Poll;
/// use core::time::Duration;
/// use zokio::future::{delay, pending, poll_fn, ready};
///
/// # #[cfg(all(feature = "rt", feature = "macros"))]
/// #[zokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     let start = zokio::time::Instant::now();
///     delay(Duration::from_secs(5)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(5));
///     assert_eq!(ready(1).await + poll_fn(|_| Poll::Ready(2)).await, 3);
///     zokio::select! {
///         () = pending::<()>() => unreachable!("it is never ready"),
///         () = delay(Duration::from_secs(1)) => {}
///     }
/// }
/// # #[cfg(not(all(feature = "rt", feature = "macros")))]
/// # fn main() {}
/// ```
#[track_caller]
pub fn delay(duration: Duration) -> crate::time::Sleep {
    crate::time::sleep(duration)
}
