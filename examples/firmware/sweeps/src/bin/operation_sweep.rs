//! An interrupt at every distance within operations of the main context, and doing one itself: nothing is lost or doubled.
//!
//! A second timer fires after a distance that is swept over what the main context does meanwhile with the same primitive:
//! sends and receives, waits that are given up, spawns and joins, yields (pushes to and pops from the run queue). The
//! interrupt sends, notifies, signals, wakes a cell, or spawns. What it did must have its effect once: a wait that ends by
//! its timeout has lost it, a count that is too high has doubled it. `primitive_sweep` does the same with everything else that
//! may be called from an interrupt. Run with `-icount shift=6,sleep=off`: an
//! instruction is 64 ns then, a tick of the timer 80 ns.
#![no_std]
#![no_main]

use core::future::poll_fn;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Poll;
use core::time::Duration;

use cortex_m::peripheral::NVIC;
use zokio::future::poll_once;
use zokio::sync::{Channel, Notify, Signal, WaitCell};
use zokio::task::{Arena, yield_now};
use zokio::time::{now, timeout_at};
use zokio_board_qemu_lm3s6965::{self as board, Interrupt, interrupt, println};
use zokio_sweeps::timer1;

static TASKS: Arena<4, 64> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);

static CHANNEL: Channel<u32, 4> = Channel::new();
static NOTIFY: Notify = Notify::new();
static SIGNAL: Signal<u32> = Signal::new();
static CELL: WaitCell = WaitCell::new();
static SPAWNED: Channel<u32, 4> = Channel::new();

/// What the next interrupt does, how many there were, and how many of them found a place full.
static OPERATION: AtomicU32 = AtomicU32::new(0);
static FIRED: AtomicU32 = AtomicU32::new(0);
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// How often each distance is tried with each operation, and how far the sweep goes: beyond what the noise takes.
const ROUNDS: u32 = 5;
const DISTANCES: u32 = 700;
const NAMES: [&str; 5] = ["try_send", "notify_one", "signal", "wake", "spawn"];

#[interrupt]
fn TIMER1A() {
    timer1::acknowledge();
    FIRED.store(FIRED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    let done = match OPERATION.load(Ordering::Relaxed) {
        0 => CHANNEL.try_send(1).is_ok(),
        1 => {
            NOTIFY.notify_one();
            true
        }
        2 => {
            SIGNAL.signal(1);
            true
        }
        3 => {
            CELL.wake();
            true
        }
        _ => EXECUTOR.spawner().try_spawn(async { SPAWNED.try_send(1).is_ok() }).is_ok(),
    };
    if !done {
        REFUSED.store(REFUSED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// What the main context does with the primitive while the interrupt comes. How often it met the interrupt's doing.
async fn noise(operation: u32) -> u32 {
    let mut met = 0;
    for _ in 0..2 {
        match operation {
            0 => {
                let _ = CHANNEL.try_send(0);
                met += CHANNEL.try_recv().unwrap_or(0);
            }
            1 => met += u32::from(poll_once(NOTIFY.notified()).await.is_some()),
            2 => met += poll_once(SIGNAL.wait()).await.unwrap_or(0),
            3 => {
                poll_fn(|cx| {
                    CELL.register(cx.waker());
                    Poll::Ready(())
                })
                .await;
            }
            _ => {
                let _ = zokio::spawn(async {}).await;
            }
        }
        yield_now().await;
    }
    met
}

/// Waits for what the interrupt did.
async fn met(operation: u32, before: u32) -> u32 {
    match operation {
        0 => loop {
            match CHANNEL.recv().await {
                Some(0) => {}
                message => return message.unwrap_or(0),
            }
        },
        1 => {
            NOTIFY.notified().await;
            1
        }
        2 => SIGNAL.wait().await,
        3 => {
            // A cell remembers no wake: who waits registers first and looks then.
            poll_fn(|cx| {
                CELL.register(cx.waker());
                if FIRED.load(Ordering::Relaxed) == before { Poll::Pending } else { Poll::Ready(1) }
            })
            .await
        }
        _ => SPAWNED.recv().await.unwrap_or(0),
    }
}

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    timer1::start();
    // SAFETY: no critical section is open; the handler is above.
    unsafe { NVIC::unmask(Interrupt::TIMER1A) };
    let wrong = EXECUTOR.block_on(&mut park, async {
        let mut wrong = 0;
        for operation in 0..NAMES.len() as u32 {
            OPERATION.store(operation, Ordering::Relaxed);
            let (mut lost, mut effects) = (0, 0);
            for round in 0..ROUNDS {
                for ticks in 1..=DISTANCES {
                    let before = FIRED.load(Ordering::Relaxed);
                    timer1::fire_after(ticks);
                    // A tick is 1.25 instructions: another one of five each round.
                    cortex_m::asm::delay(1 + 2 * round);
                    let mut here = noise(operation).await;
                    if here == 0 {
                        match timeout_at(now() + Duration::from_millis(20), met(operation, before)).await {
                            Ok(effects) => here = effects,
                            Err(_) => lost += 1,
                        }
                    }
                    effects += here;
                }
            }
            // What the last one left behind, in full.
            while CHANNEL.try_recv().is_ok_and(|message| message == 1) {
                effects += 1;
            }
            let interrupts = ROUNDS * DISTANCES;
            println!("{}: {interrupts} interrupts, {effects} effects, {lost} lost", NAMES[operation as usize]);
            wrong += lost + u32::from(effects != interrupts);
        }
        wrong
    });
    let (fired, refused) = (FIRED.load(Ordering::Relaxed), REFUSED.load(Ordering::Relaxed));
    println!("operation sweep: {fired} interrupts, {refused} refused, {wrong} wrong");
    board::exit(u8::from(wrong + refused != 0 || fired != ROUNDS * DISTANCES * NAMES.len() as u32))
}
