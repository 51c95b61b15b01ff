//! An interrupt at every instruction around the idle core: none may be slept through.
//!
//! A second timer fires after a distance that is swept over the whole way from the arming through the executor's check to
//! the wait, and beyond. A task that is woken by its timeout instead of by the interrupt slept through it. Run with
//! `-icount shift=6,sleep=off`: an instruction is 64 ns then, a tick of the timer 80 ns.
#![no_std]
#![no_main]

use core::time::Duration;

use cortex_m::peripheral::NVIC;
use zokio::irq::Line;
use zokio::task::Arena;
use zokio::time::{now, timeout_at};
use zokio_board_qemu_lm3s6965::{self as board, Interrupt, interrupt, println};
use zokio_sweeps::timer1;

static TASKS: Arena<1, 8> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);
static LINE: Line = Line::new();

/// How often each distance is tried, and how far the sweep goes: beyond what the way into the wait takes.
const ROUNDS: u32 = 35;
const DISTANCES: u32 = 3_000;

#[interrupt]
fn TIMER1A() {
    timer1::acknowledge();
    LINE.on_irq();
}

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    timer1::start();
    // SAFETY: no critical section is open; the handler is above.
    unsafe { NVIC::unmask(Interrupt::TIMER1A) };
    let slept_through = EXECUTOR.block_on(&mut park, async {
        let mut slept_through = 0;
        for round in 0..ROUNDS {
            for ticks in 1..=DISTANCES {
                timer1::fire_after(ticks);
                // A tick is 1.25 instructions, so one instruction in five falls between two ticks: another one each
                // round.
                cortex_m::asm::delay(1 + 2 * (round % 5));
                // The timeout only ends a wait that the interrupt did not end: its count is there all the same.
                let alarm = now() + Duration::from_millis(20);
                let _ = timeout_at(alarm, LINE.wait()).await;
                slept_through += u32::from(now() >= alarm);
            }
        }
        slept_through
    });
    println!("idle sweep: {} interrupts, {slept_through} slept through", ROUNDS * DISTANCES);
    board::exit(u8::from(slept_through != 0))
}
