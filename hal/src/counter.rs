//! A narrow hardware counter as a clock of 64 bits.
//!
//! A counter of 16, 24 or 32 bits wraps, and the wrap may fall between any two instructions of a reader. [`Extended`]
//! counts the wraps, in an interrupt, and reads in this order: the count, then whether a wrap is pending that the
//! interrupt has not counted yet, then (only if so) the count again. A count read before a clear flag lies before the
//! wrap; one read after a raised flag lies after it. All three happen under one lock, so the interrupt does not run
//! between them.
//!
//! What it asks for: interrupts are never masked for a whole period of the counter, and the wrap interrupt is not
//! preempted by one that reads the clock.

use zokio_core::atomic::{AtomicU32, Ordering};
use zokio_core::lock::{DefaultLock, RawLock};

/// A hardware counter that counts up and wraps.
pub trait Counter {
    /// Its width, at most 32.
    const BITS: u32;

    /// The count now, below `2^BITS`.
    fn count(&self) -> u32;

    /// Whether the counter has wrapped since [`acknowledge`](Self::acknowledge); raised no later than the count that
    /// follows the wrap can be read.
    fn wrapped(&self) -> bool;

    /// Clears that flag. Called from the wrap interrupt.
    fn acknowledge(&self);
}

/// A counter, and how often it has wrapped.
///
/// # Units
///
/// Ticks of the counter since it started: `2^(32 + BITS)` of them before it starts again.
#[derive(Debug)]
pub struct Extended<C, L = DefaultLock> {
    counter: C,
    lock: L,
    /// Changed under the lock only; an atomic because a counter is foreign code, which may ask for the ticks again.
    wraps: AtomicU32,
}

impl<C: Counter, L: RawLock> Extended<C, L> {
    zokio_core::atomic::const_fn! {
        /// Extends `counter`, which has not wrapped yet.
        pub const fn new(counter: C) -> Self {
            Self { counter, lock: L::INIT, wraps: AtomicU32::new(0) }
        }
    }

    /// The ticks so far: never ahead of the counter, and never less than an earlier answer.
    ///
    /// # Cost
    ///
    /// Two or three register reads under the lock. Not for interrupts that preempt the wrap interrupt.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        let (wraps, count) = self.lock.with(|| {
            // Ordering: relaxed, here and below: the lock orders them.
            let wraps = self.wraps.load(Ordering::Relaxed);
            let before = self.counter.count();
            if self.counter.wrapped() {
                let after = self.counter.count();
                (u64::from(wraps) + 1, after)
            } else {
                (u64::from(wraps), before)
            }
        });
        (wraps << C::BITS) + u64::from(count)
    }

    /// Counts one wrap. The wrap interrupt calls it, once each.
    pub fn on_wrap(&self) {
        self.lock.with(|| {
            self.counter.acknowledge();
            self.wraps.store(self.wraps.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use core::cell::{Cell, RefCell};
    use std::vec::Vec;
    use zokio_core::lock::LocalLock;

    /// A counter of four bits. Each access takes as many ticks as the script says.
    struct Mock {
        time: Cell<u64>,
        acknowledged: Cell<u64>,
        script: RefCell<Vec<u64>>,
    }

    impl Mock {
        fn new(time: u64, script: &[u64]) -> Self {
            Self {
                time: Cell::new(time),
                acknowledged: Cell::new(0),
                script: RefCell::new(script.iter().rev().copied().collect()),
            }
        }

        fn advance(&self) {
            let ticks = self.script.borrow_mut().pop().unwrap_or(0);
            self.time.set(self.time.get() + ticks);
        }
    }

    impl Counter for Mock {
        const BITS: u32 = 4;

        fn count(&self) -> u32 {
            self.advance();
            (self.time.get() % 16) as u32
        }

        fn wrapped(&self) -> bool {
            self.advance();
            self.time.get() / 16 > self.acknowledged.get()
        }

        fn acknowledge(&self) {
            self.acknowledged.set(self.acknowledged.get() + 1);
        }
    }

    // Mutant: hal/src/counter.rs :: let after = self.counter.count(); => let after = before;
    #[test]
    fn failure_090_counter_wraps_between_any_two_reads() {
        // Every phase of two periods, every pace of the three accesses up to a third of a period each, and the wrap
        // interrupt either held off or run before each reading.
        for start in 0..32 {
            for pace in 0..216 {
                let script = [pace % 6, pace / 6 % 6, pace / 36, pace % 6, pace / 36, pace / 6 % 6];
                for interrupted in [false, true] {
                    let clock: Extended<Mock, LocalLock> = Extended::new(Mock::new(0, &script));
                    for _ in 0..start / 16 {
                        clock.on_wrap();
                    }
                    clock.counter.time.set(start);
                    let mut last = start;
                    for _ in 0..2 {
                        let pending = clock.counter.time.get() / 16 > clock.counter.acknowledged.get();
                        if interrupted && pending {
                            clock.on_wrap();
                        }
                        let ticks = clock.ticks();
                        let now = clock.counter.time.get();
                        assert!(ticks <= now, "ahead: {ticks} at {now}, from {start} with {script:?}");
                        assert!(ticks >= last, "back: {ticks} after {last}, from {start} with {script:?}");
                        last = ticks;
                        if !interrupted && now / 16 > clock.counter.acknowledged.get() {
                            clock.on_wrap(); // at the latest one period later
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn counts_on_for_many_periods() {
        let clock: Extended<Mock, LocalLock> = Extended::new(Mock::new(0, &[]));
        for time in 0..10_000 {
            clock.counter.time.set(time);
            assert_eq!(clock.ticks(), time);
            if time % 16 == 5 && time > 16 {
                clock.on_wrap(); // five ticks late each time
            }
        }
    }
}
