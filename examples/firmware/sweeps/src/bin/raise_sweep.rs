//! An interrupt at every distance within the raising of a flag, raising it too: one of the two is told that it did.
//!
//! Who raises an executor's flag is its one runner. An interrupt may raise it for good, by `Executor::step`, and return. Run
//! with `-icount shift=6,sleep=off`: an instruction is 64 ns then, a tick of the timer 80 ns.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::NVIC;
use zokio::task::Arena;
use zokio_board_qemu_lm3s6965::{self as board, Interrupt, interrupt, println};
use zokio_core::atomic::{AtomicBool, raise};
use zokio_core::run_queue::RunQueue;
use zokio_sweeps::timer1;

static TASKS: Arena<1, 8> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);
static QUEUE: RunQueue<board::Executor> = RunQueue::new();
static FLAG: AtomicBool = AtomicBool::new(false);

/// Whether the flag is raised as an executor in a `static` does it, or by itself.
static WITH_QUEUE: AtomicBool = AtomicBool::new(false);

fn raise_flag() -> bool {
    if WITH_QUEUE.load(Ordering::Relaxed) { QUEUE.bind_and_raise(&EXECUTOR, &FLAG) } else { raise(&FLAG) }
}

/// How many interrupts there were, and how many of them raised the flag.
static FIRED: AtomicU32 = AtomicU32::new(0);
static RAISED: AtomicU32 = AtomicU32::new(0);

/// How far the sweep goes, beyond what the main context does, and how often each distance is tried.
const DISTANCES: u32 = 300;
const ROUNDS: u32 = 10;

#[interrupt]
fn TIMER1A() {
    timer1::acknowledge();
    let raised = u32::from(raise_flag());
    RAISED.store(RAISED.load(Ordering::Relaxed) + raised, Ordering::Relaxed);
    FIRED.store(FIRED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[board::entry]
fn main() -> ! {
    let _park = board::take().expect("the board is taken once");
    timer1::start();
    // SAFETY: no critical section is open; the handler is above.
    unsafe { NVIC::unmask(Interrupt::TIMER1A) };
    let (mut here, mut wrong) = (0, 0);
    for round in 0..ROUNDS {
        WITH_QUEUE.store(round >= ROUNDS / 2, Ordering::Relaxed);
        for ticks in 1..=DISTANCES {
            FLAG.store(false, Ordering::Relaxed);
            let (fired, raised) = (FIRED.load(Ordering::Relaxed), RAISED.load(Ordering::Relaxed));
            timer1::fire_after(ticks);
            // A tick is 1.25 instructions: another one of five each round.
            cortex_m::asm::delay(1 + 2 * (round % 5));
            let mine = u32::from(raise_flag());
            while FIRED.load(Ordering::Relaxed) == fired {}
            wrong += u32::from(mine + RAISED.load(Ordering::Relaxed) - raised != 1);
            here += mine;
        }
    }
    let interrupts = ROUNDS * DISTANCES;
    println!("raise sweep: {interrupts} interrupts, {here} too late, {wrong} wrong");
    // Both orders were met.
    board::exit(u8::from(wrong != 0 || here == 0 || here == interrupts))
}
