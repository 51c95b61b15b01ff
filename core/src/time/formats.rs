//! How the types of this module look in the log of firmware: their names.

use crate::formats::named;
use crate::lock::RawLock;

named! {
    #[cfg(feature = "alloc")]
    [T, A, I] super::delay_queue::DelayQueue<T, A, I> => "DelayQueue",
    [T, const N: usize, A, I] super::delay_queue::FixedDelayQueue<T, N, A, I> => "FixedDelayQueue",
    [T, I] super::delay_queue::Expired<T, I> => "Expired",
    [T] super::interval::Interval<T> => "Interval",
    [I, T] super::interval::Ticks<I, T> => "Ticks",
    [C: ?Sized] super::queue::Timers<C> => "Timers",
    [T] super::sleep::Sleep<T> => "Sleep",
    [F] super::timeout::Timeout<F> => "Timeout",
    [C, L: RawLock] super::virtual_clock::VirtualClock<C, L> => "VirtualClock",
    [P, C: 'static, L: RawLock] super::virtual_park::VirtualPark<P, C, L> => "VirtualPark",
}
