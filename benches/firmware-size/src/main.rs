//! Blinking pins and nothing else, weighed by `cargo xtask size`: no console, `panic = loop`, time from a SysTick of 1 kHz.
//!
//! Two tasks, each toggling a bit of a GPIO register at a period of its own; features add a third and a fourth, so that the
//! cost of a further distinct task is the difference.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use cortex_m_rt::{entry, exception};
use zokio_core::park::{Park, Unpark};
use zokio_core::task::Arena;
use zokio_core::time::{Clock, Instant, Timers, sleep};
use zokio_executor_local::context::Current;
use zokio_executor_local::{Executor, Setup};

const TASKS: usize = 2 + cfg!(feature = "third") as usize + cfg!(feature = "fourth") as usize;

static ARENA: Arena<TASKS, 36, (), u32> = Arena::new();
static TIMERS: Timers<Ticks> = Timers::new(Ticks { low: AtomicU32::new(0), high: AtomicU32::new(0) });
static EXECUTOR: Executor<Nobody, Board> = Executor::new(Nobody, Board);

/// What the executor is made with: the timers, by their name.
struct Board;

impl Setup for Board {
    type Clock = Ticks;

    fn timers(&self) -> Option<&'static Timers<Ticks>> {
        Some(&TIMERS)
    }
}

/// Nanoseconds by the millisecond, in two words: the low one counts, and carries.
struct Ticks {
    low: AtomicU32,
    high: AtomicU32,
}

const TICK: u32 = 1_000_000;

#[exception]
fn SysTick() {
    let Ticks { low, high } = TIMERS.clock();
    // Ordering: relaxed: one core, and this handler alone writes.
    let now = u64::from(high.load(Ordering::Relaxed)) << 32 | u64::from(low.load(Ordering::Relaxed));
    let sum = now.wrapping_add(u64::from(TICK));
    low.store(sum as u32, Ordering::Relaxed);
    high.store((sum >> 32) as u32, Ordering::Relaxed);
}

impl Clock for Ticks {
    #[inline]
    fn now(&self) -> Instant {
        loop {
            let high = self.high.load(Ordering::Relaxed);
            let low = self.low.load(Ordering::Relaxed);
            if high == self.high.load(Ordering::Relaxed) {
                return Instant::from_nanos(u64::from(high) << 32 | u64::from(low));
            }
        }
    }

    #[inline]
    fn now_ceil(&self) -> Instant {
        Instant::from_nanos(self.now().as_nanos() + u64::from(TICK))
    }
}

/// Waits for an interrupt; there is one each millisecond.
struct Wait;

/// Nobody ends that wait but an interrupt.
#[derive(Clone)]
struct Nobody;

impl Unpark for Nobody {
    const NEEDED: bool = false;
    fn unpark(&self) {}
}

impl Park for Wait {
    type Unpark = Nobody;
    const TIMED: bool = false;

    fn unpark(&self) -> Nobody {
        Nobody
    }

    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        // SAFETY: masks interrupts until the end of this function.
        unsafe { core::arch::asm!("cpsid i", options(nostack)) };
        if is_idle() {
            // SAFETY: ends with the next interrupt, masked or not.
            unsafe { core::arch::asm!("wfi", options(nostack)) };
        }
        // SAFETY: they were enabled: the executor runs below all interrupts.
        unsafe { core::arch::asm!("cpsie i", options(nostack)) };
    }

    fn poll(&mut self) {}
}

/// Toggles a pin of the port.
#[inline(always)]
fn toggle(pin: u32) {
    let port = core::ptr::with_exposed_provenance_mut::<u32>(0x4001_0004);
    // SAFETY: the output register of GPIO 0, which may be read at any time; tasks of one executor do not interrupt each other.
    let pins = unsafe { port.read_volatile() };
    // SAFETY: as above; it takes any word.
    unsafe { port.write_volatile(pins ^ 1 << pin) };
}

async fn first() {
    loop {
        toggle(0);
        sleep::<Current>(Duration::from_millis(250)).await;
    }
}

async fn second() {
    loop {
        toggle(1);
        sleep::<Current>(Duration::from_millis(400)).await;
    }
}

#[cfg(feature = "third")]
async fn third() {
    loop {
        toggle(2);
        sleep::<Current>(Duration::from_millis(700)).await;
    }
}

#[cfg(feature = "fourth")]
async fn fourth() {
    loop {
        toggle(3);
        sleep::<Current>(Duration::from_millis(1100)).await;
    }
}

#[entry]
fn main() -> ! {
    let systick = core::ptr::with_exposed_provenance_mut::<u32>(0xe000_e010);
    // SAFETY: the reload value of SysTick, which nothing else uses.
    unsafe { systick.wrapping_add(1).write_volatile(25_000 - 1) };
    // SAFETY: as above, its current value.
    unsafe { systick.wrapping_add(2).write_volatile(0) };
    // SAFETY: as above, its control register: on, with the interrupt, by the core's clock.
    unsafe { systick.write_volatile(0b111) };
    EXECUTOR.run(Wait, |on| {
        _ = ARENA.try_spawn_unabortable_at(&on, first());
        _ = ARENA.try_spawn_unabortable_at(&on, second());
        #[cfg(feature = "third")]
        {
            _ = ARENA.try_spawn_unabortable_at(&on, third());
        }
        #[cfg(feature = "fourth")]
        {
            _ = ARENA.try_spawn_unabortable_at(&on, fourth());
        }
    })
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
