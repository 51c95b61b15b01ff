//! How an executor waits: [`Park`] downward to the machine, [`Unpark`] for those who end the wait.
//!
//! A core sleeps in WFI, a WASI module in `poll_oneoff`, a thread in `epoll_wait`. An executor knows none of them; it
//! hands its deadline to a `Park` and a way to ask "is there still nothing to do?".
//!
//! # Protocol: no wake-up is lost
//!
//! 1. The executor finds its queue empty and calls [`Park::park`].
//! 2. The parker first reaches the point from which a wake-up ends the wait (interrupts masked and WFI next; the
//!    "sleeping" flag stored that producers look at; nothing, where unparking is sticky), and *then* calls `is_idle`.
//! 3. If `is_idle` answers `false` it must return without waiting.
//! 4. Whoever makes work ready makes it visible first and unparks afterwards.
//!
//! A spurious return is always allowed: executors look again.

use crate::time::Instant;

#[cfg(feature = "std")]
mod blocking;

#[cfg(feature = "std")]
pub use blocking::block_on;
#[cfg(feature = "std")]
pub(crate) use blocking::{until_ready, until_ready_in_turns};

/// A way to wait for events.
pub trait Park {
    /// What ends the wait, from any thread or interrupt.
    type Unpark: Unpark;

    /// Whether it waits for the deadline. `false` where it need not, for something else ends each wait soon enough: the interrupt of a
    /// tick. Then an executor need not ask for the earliest deadline, and may hand over `None` whatever waits.
    const TIMED: bool = true;

    /// Returns a handle that ends the wait.
    fn unpark(&self) -> Self::Unpark;

    /// Waits until `deadline` (`None`: for ever), until unparked, until an event of its own (an interrupt, a ready
    /// descriptor) has been delivered, or spuriously. Delivers the events it waited for: their wakes are called from
    /// here, with no lock of the executor held.
    ///
    /// `is_idle` is called exactly once, after the point from which an unpark ends the wait; see the module.
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool);

    /// Delivers the events that are there, without waiting. A busy executor calls this from time to time.
    fn poll(&mut self);
}

/// Ends the wait of one parker.
///
/// Sticky: an `unpark` while nobody is parked makes the next `park` return at once.
///
/// # What it may do
///
/// It runs in the middle of a wake: on whatever thread or in whatever interrupt that is, and, with `--cfg zokio_unicore`, in a
/// critical section. So it must be short (a flag, an event, one call of the system), must not wait for anybody, and must not
/// run the executor, nor take a lock that may be held around a wake. It may wake other tasks: the parker of a set of local
/// tasks wakes those who drive it, whose wakers then run there as well, under the same terms. It must not panic: nobody would
/// end the wait.
pub trait Unpark: Clone + Send + Sync + 'static {
    /// Whether [`unpark`](Self::unpark) does anything. `false` where whatever makes work ready ends the wait by itself: an
    /// interrupt ends WFI, and there is nobody else. Executors then skip the question whether somebody sleeps.
    const NEEDED: bool = true;

    /// Ends the wait. May be called from any thread, and from an interrupt where the parker says so.
    fn unpark(&self);
}
