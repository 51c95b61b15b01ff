//! Where a fair `select!` begins.
//!
//! A `select!` in a loop is made anew in each turn, so what it remembers must outlive it, and this crate has no globals.
//! Therefore the macro declares one [`Fair`] at the place where it is written: four bytes of the user's program, in
//! thread-local memory with `std` (workers share no cache line), in a `static` without it.

use core::sync::atomic::{AtomicU32, Ordering};
#[cfg(feature = "std")]
pub use std::thread_local;

/// A stream of small numbers, one for each `select!` in the source.
///
/// A xorshift generator, not a counter: two tasks that take turns at one `select!` of two branches would each draw the
/// same branch for ever from a counter. Not a source of secrets: whoever knows the source can tell the order.
///
/// These are the plain atomics of `core`, not those of [`crate::atomic`]: the number publishes nothing, a model has
/// nothing to watch, and a load and a store are there on targets without compare-and-swap too.
#[derive(Debug)]
pub struct Fair(AtomicU32);

impl Fair {
    /// Begins a stream; different places in the source begin differently.
    #[must_use]
    pub const fn new(line: u32, column: u32) -> Self {
        let seed = (line ^ column.rotate_left(16)).wrapping_mul(0x9e37_79b9);
        Self(AtomicU32::new(if seed == 0 { 0x9e37_79b9 } else { seed }))
    }

    /// The next number below `bound`, which must be between 1 and 65,536.
    ///
    /// # Cost
    ///
    /// A load, a store, three shifts and a multiplication of 32 bits. Two callers at once may draw the same number,
    /// which is as good as another.
    #[inline]
    pub fn draw(&self, bound: u32) -> u32 {
        let mut x = self.0.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.0.store(x, Ordering::Relaxed);
        ((x >> 16) * bound) >> 16
    }
}

/// Draws where a `select!` of `$bound` branches begins. In thread-local memory.
#[cfg(feature = "std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __select_begin {
    ($bound:expr) => {{
        $crate::future::__private::thread_local! {
            static FAIR: $crate::future::__private::Fair =
                const { $crate::future::__private::Fair::new(::core::line!(), ::core::column!()) };
        }
        FAIR.with(|fair| fair.draw($bound))
    }};
}

/// Draws where a `select!` of `$bound` branches begins. In a `static`.
#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __select_begin {
    ($bound:expr) => {{
        static FAIR: $crate::future::__private::Fair =
            $crate::future::__private::Fair::new(::core::line!(), ::core::column!());
        FAIR.draw($bound)
    }};
}

#[cfg(test)]
mod tests {
    use super::Fair;

    #[test]
    fn draws_stay_below_the_bound_and_reach_all_of_it() {
        for bound in if cfg!(miri) { 3..=4 } else { 1..=64 } {
            let fair = Fair::new(bound, 7);
            let mut seen = 0_u64;
            for _ in 0..bound * 40 {
                let drawn = fair.draw(bound);
                assert!(drawn < bound);
                seen |= 1 << drawn;
            }
            assert_eq!(seen, u64::MAX >> (64 - bound), "bound {bound}");
        }
    }

    #[test]
    fn every_seed_moves() {
        // Zero is the one state a xorshift never leaves.
        for (line, column) in [(0, 0), (1, 0x1_0000), (u32::MAX, u32::MAX)] {
            let fair = Fair::new(line, column);
            let first = fair.draw(65_536);
            assert!((0..8).any(|_| fair.draw(65_536) != first));
        }
    }
}
