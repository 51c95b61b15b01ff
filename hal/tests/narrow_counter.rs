//! A chip whose counter has eight bits: every phase, every pace, and its interrupts between any two accesses.
//!
//! The clock is the counter, extended by its wrap interrupt. The alarm is a one-shot that counts down from at most 255. Each
//! access to a register lets time pass, and where interrupts are not masked, those that are pending are served after it, at
//! once or a few accesses late.
#![cfg(not(loom))]

use std::cell::Cell;

use zokio_core::lock::RawLock;
use zokio_core::park::Park;
use zokio_core::time::{Clock, Instant};
use zokio_hal::alarm::{Alarm, Idle, Machine, countdown};
use zokio_hal::counter::{Counter, Extended};

const PERIOD: u64 = 256;

/// The chip of this thread.
#[derive(Default)]
struct Chip {
    time: Cell<u64>,
    /// Wraps that the handler has seen.
    served: Cell<u64>,
    /// When the alarm rings.
    rings: Cell<Option<u64>>,
    rang: Cell<bool>,
    masked: Cell<u32>,
    /// Accesses so far, and what passes at each: by their number, again and again.
    accesses: Cell<usize>,
    paces: Cell<[u64; 3]>,
    /// How many accesses an interrupt waits, though nothing masks it.
    latency: Cell<u32>,
    waited: Cell<u32>,
    /// At which access a third interrupt comes, and whether its handler has run.
    third: Cell<Option<usize>>,
    third_ran: Cell<bool>,
}

thread_local! {
    static CHIP: Chip = Chip::default();
    static CLOCK: Extended<Narrow, Masking> = const { Extended::new(Narrow) };
}

impl Chip {
    /// Time passes.
    fn access(&self) {
        let number = self.accesses.get();
        self.accesses.set(number + 1);
        self.time.set(self.time.get() + self.paces.get()[number % 3]);
        if self.rings.get().is_some_and(|at| at <= self.time.get()) {
            self.rings.set(None);
            self.rang.set(true);
        }
        if self.masked.get() == 0 {
            self.serve();
        }
    }

    fn is_pending(&self) -> bool {
        let third = self.third.get().is_some_and(|at| at <= self.accesses.get());
        self.has_wrapped() || self.rang.get() || third
    }

    fn has_wrapped(&self) -> bool {
        self.time.get() / PERIOD > self.served.get()
    }

    /// Runs the handlers of what is pending, or lets it wait a little longer.
    fn serve(&self) {
        if !self.is_pending() || self.waited.replace(self.waited.get() + 1) < self.latency.get() {
            return;
        }
        self.waited.set(0);
        self.rang.set(false);
        if self.third.get().is_some_and(|at| at <= self.accesses.get()) {
            self.third.set(None);
            self.third_ran.set(true);
        }
        if self.has_wrapped() {
            CLOCK.with(Extended::on_wrap);
        }
    }
}

/// Masks interrupts.
struct Masking(());

// SAFETY: one thread, and no handler runs while the chip is masked.
unsafe impl RawLock for Masking {
    const INIT: Self = Self(());

    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        CHIP.with(|chip| {
            chip.masked.set(chip.masked.get() + 1);
            let result = f();
            chip.masked.set(chip.masked.get() - 1);
            if chip.masked.get() == 0 {
                chip.serve();
            }
            result
        })
    }
}

struct Narrow;

impl Counter for Narrow {
    const BITS: u32 = 8;

    fn count(&self) -> u32 {
        CHIP.with(|chip| {
            chip.access();
            (chip.time.get() % PERIOD) as u32
        })
    }

    fn wrapped(&self) -> bool {
        CHIP.with(|chip| {
            chip.access();
            chip.has_wrapped()
        })
    }

    fn acknowledge(&self) {
        CHIP.with(|chip| chip.served.set(chip.served.get() + 1));
    }
}

fn now() -> u64 {
    CLOCK.with(Extended::ticks)
}

fn time() -> u64 {
    CHIP.with(|chip| chip.time.get())
}

/// A chip that has run for a while, with all wraps served.
fn start(at: u64, paces: [u64; 3], latency: u32) {
    CHIP.with(|chip| {
        // The counts of the clock go on from test to test; so does the time.
        chip.paces.set([0; 3]);
        chip.latency.set(0);
        chip.third.set(None);
        let begin = (chip.time.get() / PERIOD + 1) * PERIOD;
        while chip.time.get() < begin + at {
            chip.time.set((begin + at).min(chip.time.get() + PERIOD));
            chip.access();
        }
        chip.accesses.set(0);
        chip.waited.set(0);
        chip.rang.set(false);
        chip.rings.set(None);
        chip.third_ran.set(false);
        chip.paces.set(paces);
        chip.latency.set(latency);
        assert!(!chip.has_wrapped());
    });
}

/// So small that no wrap waits a whole period for its handler, as `Extended` asks.
const PACES: [u64; 4] = [0, 1, 5, 20];

fn each_pace(mut f: impl FnMut([u64; 3])) {
    for number in 0..PACES.len().pow(3) {
        f([PACES[number % 4], PACES[number / 4 % 4], PACES[number / 16]]);
    }
}

// Mutant: hal/src/counter.rs :: if self.counter.wrapped() { => if false {
#[test]
fn failure_090_eight_bits_are_monotone_and_never_ahead_whenever_they_wrap() {
    let step = if cfg!(miri) { 61 } else { 1 };
    for phase in (0..PERIOD).step_by(step) {
        each_pace(|paces| {
            for latency in 0..3 {
                start(phase, paces, latency);
                let mut last = time();
                for _ in 0..5 {
                    let before = time();
                    let ticks = now();
                    assert!(ticks <= time(), "ahead: {ticks} at {}", time());
                    assert!(ticks >= before, "{ticks}, but it was {before} before: a wrap is missing");
                    assert!(ticks >= last, "back: {ticks} after {last}");
                    last = ticks;
                }
            }
        });
    }
    // Exact where no time passes.
    start(17, [0; 3], 0);
    assert_eq!(now(), time());
}

/// The alarm: a one-shot of eight bits, loaded with a distance.
#[derive(Clone, Copy)]
struct OneShot;

impl Clock for OneShot {
    fn now(&self) -> Instant {
        Instant::from_nanos(now())
    }
}

impl Alarm for OneShot {
    fn arm(&mut self, deadline: Instant) {
        self.disarm();
        let load = countdown(self.now(), deadline, 1, 255);
        CHIP.with(|chip| {
            chip.access();
            // A load of zero never rings.
            chip.rings.set((load > 0).then(|| chip.time.get() + u64::from(load)));
        });
    }

    fn disarm(&mut self) {
        CHIP.with(|chip| {
            chip.access();
            chip.rings.set(None);
        });
    }
}

struct Core;

impl Machine for Core {
    fn masked<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        Masking::INIT.with(|| f(self))
    }

    fn wait(&mut self) {
        CHIP.with(|chip| {
            chip.access();
            if chip.is_pending() {
                return;
            }
            let third = chip.third.take().map(|_| chip.time.get());
            if third.is_some() {
                chip.third.set(Some(0));
                return;
            }
            // Nothing happens until the next wrap or the alarm.
            let wrap = (chip.time.get() / PERIOD + 1) * PERIOD;
            let next = chip.rings.get().map_or(wrap, |at| at.min(wrap));
            chip.time.set(next.max(chip.time.get()));
            chip.access();
            assert!(chip.is_pending(), "nothing would end the wait");
        });
    }
}

/// As an executor: parks until the deadline has come. `earlier` is the deadline from when the third interrupt has run.
fn run(deadline: u64, earlier: Option<u64>) -> (u64, u32) {
    let mut idle = Idle::new(OneShot, Core);
    let ran = || CHIP.with(|chip| chip.third_ran.get());
    let mut parks = 0;
    loop {
        let told = ran();
        let due = if told { earlier.unwrap_or(deadline) } else { deadline };
        let at = now();
        if at >= due && (told || earlier.is_none()) {
            return (time(), parks);
        }
        idle.park(Some(Instant::from_nanos(due)), || ran() == told);
        parks += 1;
        assert!(parks < 20, "it spins, or the alarm was lost");
    }
}

// Mutant: hal/src/alarm.rs :: const SHORTEST: u32 = 1; => const SHORTEST: u32 = 0;
#[test]
fn failure_016_the_alarm_rings_though_time_passes_between_any_two_accesses() {
    let step = if cfg!(miri) { 101 } else { 5 };
    for phase in (0..PERIOD).step_by(step).chain(250..PERIOD) {
        for pace in 0..=5 {
            for latency in 0..3 {
                for distance in (0..=12).chain(250..=262).chain(508..=516) {
                    start(phase, [pace; 3], latency);
                    let deadline = time() + distance;
                    let (end, _) = run(deadline, None);
                    assert!(end >= deadline, "early");
                    let most = 20 * (pace + 1);
                    assert!(end - deadline <= most, "{} late: {distance} from {phase}, pace {pace}", end - deadline);
                }
            }
        }
    }
}

// Mutant: hal/src/alarm.rs :: Some(deadline) => alarm.arm(deadline), => Some(_) => alarm.disarm(),
#[test]
fn failure_015_an_interrupt_at_any_access_that_brings_an_earlier_deadline_leaves_the_alarm_armed() {
    let step = if cfg!(miri) { 101 } else { 17 };
    for phase in (0..PERIOD).step_by(step).chain(252..PERIOD) {
        for pace in [0, 1, 3] {
            for latency in 0..2 {
                for third in 0..40 {
                    for distance in [0, 1, 2, 9, 100] {
                        start(phase, [pace; 3], latency);
                        CHIP.with(|chip| chip.third.set(Some(third)));
                        let (earlier, late) = (time() + 60 + distance, time() + 1_000);
                        let (end, _) = run(late, Some(earlier));
                        assert!(end >= earlier, "early");
                        let most = 30 * (pace + 1) + 40 * pace;
                        assert!(end - earlier <= most, "{} late: the alarm was not set anew", end - earlier);
                    }
                }
            }
        }
    }
}
