//! What time it is, and who waits for it.
//!
//! The unit is the nanosecond, in 64 bits from an epoch of the clock's own (its start): 584 years. A [`Clock`] tells the
//! time, [`Timers`] couple it with the one queue of everything that waits on it.

mod clock;
mod queue;

pub use clock::{Clock, Instant};
pub use queue::Timers;
