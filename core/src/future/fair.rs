//! Where a fair `select!` begins.
//!
//! A `select!` in a loop is made anew in each turn, so what it remembers must outlive it, and this crate has no globals.
//! Therefore the macro declares one [`Fair`] at the place where it is written: four bytes of the user's program, in
//! thread-local memory with `std` (workers share no cache line), in a `static` without it.
//!
//! An executor whose runs repeat puts its own stream in the place of all of them while it runs (`Seeded`).

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
        let next = step(self.0.load(Ordering::Relaxed));
        self.0.store(next, Ordering::Relaxed);
        below(next, bound)
    }
}

#[cfg(feature = "std")]
mod seeded {
    use core::cell::Cell;
    use core::marker::PhantomData;

    use super::Fair;

    std::thread_local! {
        /// The stream of whoever runs on this thread by a seed; 0, which no stream reaches, where nobody does.
        static STREAM: Cell<u32> = const { Cell::new(0) };
    }

    /// Every fair `select!` of this thread draws from one stream while this lives: that of an executor whose runs repeat.
    #[derive(Debug)]
    pub struct Seeded {
        before: u32,
        _not_send: PhantomData<*const ()>,
    }

    impl Seeded {
        /// Goes on with a stream; 0 begins as 1.
        #[must_use]
        pub fn enter(state: u32) -> Self {
            Self { before: STREAM.replace(state.max(1)), _not_send: PhantomData }
        }

        /// How far the stream is.
        #[must_use]
        pub fn state(&self) -> u32 {
            STREAM.get()
        }
    }

    impl Drop for Seeded {
        fn drop(&mut self) {
            STREAM.set(self.before);
        }
    }

    /// Draws from the stream of the thread where there is one, else from that of the place in the source.
    #[inline]
    pub fn draw(place: &Fair, bound: u32) -> u32 {
        STREAM.with(|stream| match stream.get() {
            0 => place.draw(bound),
            state => {
                let next = super::step(state);
                stream.set(next);
                super::below(next, bound)
            }
        })
    }
}
#[cfg(feature = "std")]
pub use seeded::{Seeded, draw};

/// The next state of a xorshift generator.
#[inline]
fn step(mut x: u32) -> u32 {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    x
}

/// A number below `bound`, of the upper half of a state.
#[inline]
fn below(state: u32, bound: u32) -> u32 {
    ((state >> 16) * bound) >> 16
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
        FAIR.with(|fair| $crate::future::__private::draw(fair, $bound))
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
