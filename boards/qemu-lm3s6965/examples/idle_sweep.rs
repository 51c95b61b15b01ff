//! An interrupt at every instruction around the idle core: none may be slept through.
//!
//! A second timer fires after a distance that is swept over the whole way from the arming through the check to the wait
//! and beyond. Whoever is woken by the alarm instead of by the interrupt was asleep when it should not have been. Run
//! with `-icount shift=6,sleep=off`: an instruction is 64 ns then, a tick of the timer 80 ns.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use cortex_m::peripheral::NVIC;
use zokio_board_qemu_lm3s6965::{self as board, Interrupt, interrupt, println};
use zokio_core::park::Park;
use zokio_core::time::Clock;

static READY: AtomicBool = AtomicBool::new(false);

#[interrupt]
fn TIMER1A() {
    timer1::acknowledge();
    READY.store(true, Ordering::Relaxed);
}

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("taken once");
    timer1::start();
    // SAFETY: no critical section is open; the handler is above.
    unsafe { NVIC::unmask(Interrupt::TIMER1A) };

    let (mut rounds, mut slept, mut stuck) = (0, 0, 0);
    for _ in 0..ROUNDS {
        for ticks in 1..=DISTANCES {
            READY.store(false, Ordering::Relaxed);
            let watchdog = board::Monotonic.now().saturating_add(Duration::from_millis(50));
            timer1::fire_after(ticks);
            while !READY.load(Ordering::Relaxed) {
                park.park(Some(watchdog), || !READY.load(Ordering::Relaxed));
                slept += 1;
                if board::Monotonic.now() >= watchdog {
                    stuck += 1;
                    break;
                }
            }
            rounds += 1;
        }
    }
    println!("idle sweep: {rounds} interrupts, {slept} waits, {stuck} slept through");
    board::exit(u8::from(stuck != 0))
}

/// How often each distance is tried, and how far the sweep goes: beyond what the way into the wait takes.
const ROUNDS: u32 = 200;
const DISTANCES: u32 = 500;

mod timer1 {
    //! GPTM1 as a one-shot, as the board uses GPTM0.

    pub fn start() {
        write(0x400f_e104, 3 << 16); // clock of GPTM0 and GPTM1
        write(0x4003_1000, 0);
        write(0x4003_1004, 1);
        write(0x4003_1018, 1);
    }

    pub fn fire_after(ticks: u32) {
        write(0x4003_100c, 0);
        write(0x4003_1028, ticks);
        write(0x4003_100c, 1);
    }

    pub fn acknowledge() {
        write(0x4003_1024, 1);
    }

    fn write(address: usize, value: u32) {
        // SAFETY: a register of GPTM1, which nothing else uses, or its clock gate, which keeps what the board set.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) };
    }
}
