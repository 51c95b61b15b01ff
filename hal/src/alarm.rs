//! Waiting on bare metal: an alarm, and the core that sleeps until it or any other interrupt.
//!
//! # Protocol
//!
//! ```text
//! mask interrupts -> is_idle? -> arm or disarm the alarm -> wait for an interrupt -> unmask
//! ```
//!
//! Masked, an interrupt can no longer make a task ready between the question and the wait; it stays pending, and a
//! pending interrupt ends the wait although it is masked. Its handler runs at the unmasking, and only wakes.

use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Clock, Instant};

/// A clock that can raise an interrupt at an instant.
pub trait Alarm: Clock {
    /// Asks for an interrupt at `deadline`, in place of the one asked for before.
    ///
    /// Never before `deadline`, unless it is farther away than the hardware reaches: then at its farthest. Where
    /// `deadline` is past, or too close to be compared with, at once: an alarm is never missed, however close.
    fn arm(&mut self, deadline: Instant);

    /// Takes the request back. An interrupt that is already pending may still come.
    fn disarm(&mut self);
}

/// What to load into an alarm that counts down and fires at zero: the ticks from `now` to `deadline`, at least one (a
/// load of zero never fires) and at most `max`.
///
/// # Units
///
/// `tick` is the length of a tick in nanoseconds. Rounds up: the alarm never fires early.
///
/// # Panics
///
/// If `tick` is zero.
#[must_use]
pub const fn countdown(now: Instant, deadline: Instant, tick: u32, max: u32) -> u32 {
    let left = deadline.as_nanos().saturating_sub(now.as_nanos()).div_ceil(tick as u64);
    if left > max as u64 {
        max
    } else if left > SHORTEST as u64 {
        left as u32
    } else {
        SHORTEST
    }
}

const SHORTEST: u32 = 1;

/// One core: it can hold interrupts off, and wait for one.
pub trait Machine {
    /// Runs `f` while no interrupt handler runs, and leaves the mask as it was before.
    fn masked<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R;

    /// Waits until an interrupt is pending, whether it is masked or not. Returns at once if one is, or spuriously.
    fn wait(&mut self);
}

/// The idle core: sleeps until its alarm or another interrupt.
///
/// Waiting with interrupts already masked by the caller delivers no event: do not park inside a critical section.
#[derive(Debug)]
pub struct Idle<A, M> {
    alarm: A,
    machine: M,
}

impl<A: Alarm, M: Machine> Idle<A, M> {
    /// The idle state of `machine`, ended by `alarm` when a deadline comes.
    pub const fn new(alarm: A, machine: M) -> Self {
        Self { alarm, machine }
    }
}

/// Ends the wait of an [`Idle`] core: by doing nothing, because what runs beside a sleeping core is an interrupt, and
/// the interrupt has ended the wait. What it made ready is seen by `is_idle`. May be called from an interrupt.
///
/// It does not reach another core.
#[derive(Clone, Copy, Debug)]
pub struct ByInterrupt;

impl Unpark for ByInterrupt {
    const NEEDED: bool = false;

    #[inline(always)]
    fn unpark(&self) {}
}

impl<A: Alarm, M: Machine> Park for Idle<A, M> {
    type Unpark = ByInterrupt;

    fn unpark(&self) -> ByInterrupt {
        ByInterrupt
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        let alarm = &mut self.alarm;
        self.machine.masked(|machine| {
            if is_idle() {
                match deadline {
                    Some(deadline) => alarm.arm(deadline),
                    None => alarm.disarm(),
                }
                machine.wait();
            }
        });
    }

    /// Nothing: interrupts deliver their events when they come.
    #[inline(always)]
    fn poll(&mut self) {}
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use core::cell::Cell;
    use core::time::Duration;

    /// A core on which one interrupt comes at a chosen step. A step is anything a handler could fall before: each
    /// operation of the machine, the alarm, and the question whether there is work.
    #[derive(Default)]
    struct Core {
        step: Cell<u32>,
        fires_at: Cell<u32>,
        masked: Cell<bool>,
        pending: Cell<bool>,
        /// What the handler does: it makes work ready.
        ready: Cell<bool>,
        alarm: Cell<Option<Instant>>,
        waits: Cell<u32>,
    }

    impl Core {
        fn step(&self) {
            let now = self.step.get();
            self.step.set(now + 1);
            if now == self.fires_at.get() {
                self.pending.set(true);
            }
            self.deliver();
        }

        fn deliver(&self) {
            if !self.masked.get() && self.pending.take() {
                self.ready.set(true);
            }
        }
    }

    impl Machine for &Core {
        fn masked<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
            self.step();
            let before = self.masked.replace(true);
            let result = f(self);
            self.step();
            self.masked.set(before);
            self.deliver();
            self.step();
            result
        }

        fn wait(&mut self) {
            self.waits.set(self.waits.get() + 1);
            self.step();
            // The rest of time passes here: an interrupt that is still to come comes now.
            let comes = self.step.get() <= self.fires_at.get();
            if comes {
                self.step.set(self.fires_at.get());
                self.step();
            }
            let wakes = comes || self.pending.get() || self.alarm.get().is_some();
            assert!(wakes, "the core sleeps for ever: its interrupt came before the wait");
        }
    }

    impl Clock for &Core {
        fn now(&self) -> Instant {
            Instant::from_nanos(u64::from(self.step.get()))
        }
    }

    impl Alarm for &Core {
        fn arm(&mut self, deadline: Instant) {
            self.step();
            self.alarm.set(Some(deadline));
        }

        fn disarm(&mut self) {
            self.step();
            self.alarm.set(None);
        }
    }

    // Mutant: hal/src/alarm.rs :: self.machine.masked(|machine| { => let idle = is_idle(); let is_idle = move || idle; self.machine.masked(|machine| {
    #[test]
    fn failure_017_wake_between_check_and_wfi_is_not_slept_through() {
        let mut slept = 0;
        for fires_at in 0..40 {
            let core = Core::default();
            core.fires_at.set(fires_at);
            let mut idle = Idle::new(&core, &core);
            let mut parks = 0;
            // An executor whose only task waits for the interrupt.
            while !core.ready.get() {
                core.step();
                idle.park(None, || {
                    core.step();
                    !core.ready.get()
                });
                parks += 1;
                assert!(parks <= 2, "an interrupt at step {fires_at} was delivered, but not seen");
            }
            slept += core.waits.get();
            assert!(!core.masked.get());
        }
        assert!(slept > 30, "interrupts that come late must find the core asleep, {slept} did");
    }

    #[test]
    fn a_busy_executor_does_not_wait() {
        let core = Core::default();
        core.fires_at.set(u32::MAX);
        Idle::new(&core, &core).park(None, || false);
        assert_eq!(core.waits.get(), 0);
        assert!(!core.masked.get());
    }

    #[test]
    fn arms_for_a_deadline_and_disarms_without_one() {
        let core = Core::default();
        core.fires_at.set(1_000);
        let mut idle = Idle::new(&core, &core);
        idle.park(Some(Instant::from_nanos(7)), || true);
        assert_eq!(core.alarm.get(), Some(Instant::from_nanos(7)));
        core.fires_at.set(2_000);
        idle.park(None, || true);
        assert_eq!(core.alarm.get(), None);
    }

    #[test]
    fn nested_masking_is_restored() {
        let core = Core::default();
        core.fires_at.set(u32::MAX);
        let mut machine = &core;
        machine.masked(|machine| {
            machine.masked(|_| ());
            assert!(core.masked.get());
        });
        assert!(!core.masked.get());
    }

    // Mutant: hal/src/alarm.rs :: const SHORTEST: u32 = 1; => const SHORTEST: u32 = 0;
    #[test]
    fn failure_091_alarm_too_close_or_past_still_fires() {
        let now = Instant::from_nanos(1_000_003);
        for tick in [1, 3, 80, 1_000] {
            for offset in -2_000_i64..=2_000 {
                let deadline = Instant::from_nanos(now.as_nanos().saturating_add_signed(offset));
                let load = countdown(now, deadline, tick, u32::MAX);
                let fires = now.as_nanos() + u64::from(load) * u64::from(tick);
                assert!(load >= 1, "a load of zero never fires");
                assert!(fires >= deadline.as_nanos(), "early");
                assert!(fires <= now.as_nanos().max(deadline.as_nanos()) + u64::from(tick), "late by more than a tick");
            }
        }
    }

    #[test]
    fn an_alarm_out_of_reach_fires_at_its_farthest() {
        let now = Instant::from_nanos(5);
        assert_eq!(countdown(now, Instant::FAR, 80, u32::MAX), u32::MAX);
        assert_eq!(countdown(now, Instant::FAR, 80, 0xff_ffff), 0xff_ffff);
        assert_eq!(countdown(now, now.saturating_add(Duration::from_millis(1)), 80, u32::MAX), 12_500);
    }
}
