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
use zokio_executor_local::{Config, Executor};

const TASKS: usize = 2 + cfg!(feature = "third") as usize + cfg!(feature = "fourth") as usize;

static ARENA: Arena<TASKS, 36> = Arena::new();
static TIMERS: Timers<Ticks> = Timers::new(Ticks);
static EXECUTOR: Executor<Nobody, Ticks> = Executor::new(Nobody, Config::of(&TIMERS));

/// Milliseconds, in two words: the low one counts, and carries.
static LOW: AtomicU32 = AtomicU32::new(0);
static HIGH: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    // Ordering: relaxed: one core, and this handler alone writes.
    let low = LOW.load(Ordering::Relaxed).wrapping_add(1);
    LOW.store(low, Ordering::Relaxed);
    if low == 0 {
        HIGH.store(HIGH.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

struct Ticks;

fn ticks() -> u64 {
    loop {
        let high = HIGH.load(Ordering::Relaxed);
        let low = LOW.load(Ordering::Relaxed);
        if high == HIGH.load(Ordering::Relaxed) {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

impl Clock for Ticks {
    fn now(&self) -> Instant {
        Instant::from_nanos(ticks() * 1_000_000)
    }

    fn now_ceil(&self) -> Instant {
        Instant::from_nanos((ticks() + 1) * 1_000_000)
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
    for (register, value) in [(0xe000_e014, 25_000 - 1), (0xe000_e018, 0), (0xe000_e010, 0b111)] {
        let register = core::ptr::with_exposed_provenance_mut::<u32>(register);
        // SAFETY: reload, current value and control of SysTick, which nothing else uses.
        unsafe { register.write_volatile(value) };
    }
    EXECUTOR.run(Wait, |on| {
        _ = ARENA.try_spawn_detached_at(&on, first());
        _ = ARENA.try_spawn_detached_at(&on, second());
        #[cfg(feature = "third")]
        {
            _ = ARENA.try_spawn_detached_at(&on, third());
        }
        #[cfg(feature = "fourth")]
        {
            _ = ARENA.try_spawn_detached_at(&on, fourth());
        }
    })
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
