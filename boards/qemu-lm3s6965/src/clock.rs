//! Clock and alarm: SysTick counts, GPTM0 rings.
//!
//! QEMU models no readable count of the GPTM, so the clock is SysTick: 24 bits, counting down, a wrap every 1.34 s that
//! its exception counts. The alarm is GPTM0 as a one-shot that counts down from the distance: there is no compare value
//! that time could have passed already, and the distance is at least one tick. It reaches 343 s; what is farther rings
//! then, and is armed again.
//!
//! Interrupts must not be masked for 1.34 s, and no interrupt may preempt SysTick and read the clock: all are left at
//! the same priority.

use core::sync::atomic::{Ordering, compiler_fence};

use cortex_m::peripheral::{NVIC, SCB, SYST, syst::SystClkSource};
use cortex_m_rt::exception;
use zokio_core::time::{Clock, Instant};
use zokio_hal::alarm::{Alarm, countdown};
use zokio_hal::counter::{Counter, Extended};

use crate::{Interrupt, interrupt};

/// Nanoseconds of a tick: the system clock runs at 12.5 MHz after reset.
const TICK: u32 = 80;

static COUNT: Extended<SysTick> = Extended::new(SysTick);

/// The time since [`take`](crate::take), in steps of 80 ns.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic;

impl Clock for Monotonic {
    fn now(&self) -> Instant {
        Instant::from_nanos(COUNT.ticks() * u64::from(TICK))
    }
}

struct SysTick;

const WIDTH: u32 = 24;
const MASK: u32 = (1 << WIDTH) - 1;

impl Counter for SysTick {
    const BITS: u32 = WIDTH;

    fn count(&self) -> u32 {
        // Zero begins the next period and pends the exception, and lasts one tick. Within that tick the exception may
        // have run already, and QEMU shows zero a little before it pends: a zero that pends nothing says nothing about
        // its period, so it is read again. `examples/firmware/sweeps` meets both.
        loop {
            let left = SYST::get_current();
            if left != 0 || self.wrapped() || !is_running() {
                return left.wrapping_neg() & MASK;
            }
        }
    }

    fn wrapped(&self) -> bool {
        SCB::is_pendst_pending()
    }

    /// Nothing: the exception's entry has cleared the flag.
    fn acknowledge(&self) {}
}

fn is_running() -> bool {
    const ENABLE: u32 = 1;
    // SAFETY: the address of SysTick; reading its control word clears a flag that nothing uses.
    let systick = unsafe { &*SYST::PTR };
    systick.csr.read() & ENABLE != 0
}

#[exception]
fn SysTick() {
    COUNT.on_wrap();
}

/// GPTM0 as a one-shot.
#[derive(Debug)]
pub struct Gptm0(());

impl Gptm0 {
    /// Starts the clock, and gives the alarm.
    pub(crate) fn start(mut syst: SYST) -> Self {
        syst.set_clock_source(SystClkSource::Core);
        syst.set_reload(MASK);
        syst.clear_current();
        syst.enable_interrupt();
        syst.enable_counter();
        RCGC1.write(RCGC1_TIMER0);
        CONTROL.write(0);
        CONFIG.write(0); // one counter of 32 bits
        MODE.write(1); // one-shot
        INTERRUPT_MASK.write(1);
        // SAFETY: unmasking breaks no critical section, which holds off interrupts by PRIMASK; the handler is below.
        unsafe { NVIC::unmask(Interrupt::TIMER0A) };
        Self(())
    }
}

impl Clock for Gptm0 {
    fn now(&self) -> Instant {
        Monotonic.now()
    }
}

impl Alarm for Gptm0 {
    fn arm(&mut self, deadline: Instant) {
        self.disarm();
        LOAD.write(countdown(self.now(), deadline, TICK, u32::MAX));
        CONTROL.write(1);
    }

    fn disarm(&mut self) {
        CONTROL.write(0);
    }
}

/// Only acknowledges: that it came has ended the wait.
#[interrupt]
fn TIMER0A() {
    INTERRUPT_CLEAR.write(1);
}

/// A register of the GPTM0 block, or the one that gates its clock.
struct Register(usize);

const RCGC1: Register = Register(0x400f_e104);
const RCGC1_TIMER0: u32 = 1 << 16;
const CONFIG: Register = Register(0x4003_0000);
const MODE: Register = Register(0x4003_0004);
const CONTROL: Register = Register(0x4003_000c);
const INTERRUPT_MASK: Register = Register(0x4003_0018);
const INTERRUPT_CLEAR: Register = Register(0x4003_0024);
const LOAD: Register = Register(0x4003_0028);

impl Register {
    fn write(&self, value: u32) {
        compiler_fence(Ordering::SeqCst);
        // SAFETY: *own timer*: the address is one of the constants above, a register that takes any word, and only this
        // file uses GPTM0 and its clock gate.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(self.0).write_volatile(value) };
    }
}
