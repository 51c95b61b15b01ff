//! What time it is, and who waits for it.
//!
//! The unit is the nanosecond, in 64 bits from an epoch of the clock's own (its start): 584 years. A [`Clock`] tells the
//! time, [`Timers`] couple it with the one queue of everything that waits on it, and a [`Sleep`] is one place in there.
//!
//! ```text
//! sleep(d)         deadline = clock.now_ceil() + d, bound to the Timers of the current context
//! poll             links the node inside the Sleep into their heap, with the waker
//! executor         timers.expire(): takes out what is due, unlocks, wakes;  park(timers.next_deadline())
//! poll             ready: one load
//! drop, reset      takes the node out, or moves it
//! ```
//!
//! Nothing is early. Nothing overflows: a sum that does not fit is [`Instant::FAR`], which is never due. Inside
//! the queue it is a deadline like any other, the last; to executors a queue that waits for it alone says `None`.

#[cfg(feature = "alloc")]
mod alloc;
mod clock;
pub mod delay_queue;
#[cfg(feature = "defmt")]
mod formats;
mod heap;
mod interval;
mod looked;
mod node;
#[cfg(feature = "alloc")]
use self::alloc as polled;
#[cfg(not(feature = "alloc"))]
mod polled;
mod queue;
mod sleep;
#[cfg(all(test, feature = "std"))]
mod tests;
mod timeout;
mod virtual_clock;
mod virtual_park;

pub use clock::{Clock, Instant, Moment};
#[cfg(feature = "alloc")]
pub use delay_queue::DelayQueue;
pub use delay_queue::FixedDelayQueue;
pub use interval::{Interval, MissedTickBehavior, Tick, Ticks, interval, interval_at};
pub use queue::{Place, Timers};
pub use sleep::{Sleep, now, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
pub use virtual_clock::{ControlError, ManualClock, Still, VirtualClock};
pub use virtual_park::VirtualPark;
