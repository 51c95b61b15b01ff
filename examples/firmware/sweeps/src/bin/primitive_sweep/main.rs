//! An interrupt at every distance within operations of the main context, for everything that may be called from one.
//!
//! What `operation_sweep` does for sending, notifying, waking and spawning, this does for all other operations whose docs
//! say that an interrupt may call them: each is one [`Operation`] here. A second timer fires after a distance that is swept
//! over what the main context does meanwhile with the same primitive, and its handler does the operation, which must have its
//! effect once: a wait that ends by its timeout has lost it, a count that is too high has doubled it. Run with
//! `-icount shift=6,sleep=off`: an instruction is 64 ns then, a tick of the timer 80 ns.
#![no_std]
#![no_main]

mod once;
mod queues;
mod waits;

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use core::task::Poll;
use core::time::Duration;

use cortex_m::peripheral::NVIC;
use zokio::task::{Arena, yield_now};
use zokio::time::{now, timeout_at};
use zokio_board_qemu_lm3s6965::{self as board, Interrupt, interrupt, println};
use zokio_sweeps::timer1;

use once::{Abort, Cancel, CancelScope, ONCE, OneshotSend, Set};
use queues::{BroadcastSend, PriorityRecv, PrioritySend, TryRead, TryRecv, TryWrite, WatchLook, WatchSend};
use waits::{AddPermits, CondvarNotify, Done, NotifyWaiters, TryAcquire, TryLock, WakeAll, WakeOne};

static TASKS: Arena<4, 64> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);

/// What the next interrupt does, how many there were, and how many of them could not do it.
static OPERATION: AtomicUsize = AtomicUsize::new(0);
static FIRED: AtomicU32 = AtomicU32::new(0);
static REFUSED: AtomicU32 = AtomicU32::new(0);
/// Whether the last interrupt found that the main context has the thing: allowed where the docs say so.
static BUSY: AtomicBool = AtomicBool::new(false);

/// How far the sweep goes, beyond what the noise takes, and how often each distance is tried.
const DISTANCES: u32 = 600;
const ROUNDS: u32 = 3;

/// Something that an interrupt may do, and what the main context does with the same thing meanwhile.
trait Operation {
    const NAME: &'static str;

    /// What the interrupt does; whether it could.
    fn interrupt() -> bool;

    /// Makes everything ready for interrupt number `round`.
    fn new(round: usize) -> Self;

    /// What the main context does meanwhile. How often it met the interrupt's doing.
    async fn noise(&mut self) -> u32;

    /// Waits for what the interrupt did; `before` is how many there were before it.
    async fn met(&mut self, before: u32) -> u32;

    /// What is still there of what interrupts did, which should be nothing.
    fn left(&mut self) -> u32 {
        0
    }
}

/// Waits until the interrupt has come.
async fn fired(before: u32) {
    while FIRED.load(Ordering::Relaxed) == before {
        yield_now().await;
    }
}

/// Polls a wait that remembers nothing until it is over, or the interrupt came before its first poll.
async fn met_by(before: u32, wait: impl Future) -> u32 {
    let mut wait = pin!(wait);
    poll_fn(|cx| {
        let over = wait.as_mut().poll(cx).is_ready();
        if over || FIRED.load(Ordering::Relaxed) != before { Poll::Ready(1) } else { Poll::Pending }
    })
    .await
}

/// Sweeps over one operation. How much was lost, doubled or refused.
async fn sweep<O: Operation>(rounds: u32, distances: u32) -> u32 {
    let (mut lost, mut effects, mut fires) = (0, 0, 0);
    for round in 0..rounds {
        for step in 0..distances {
            let mut operation = O::new(fires as usize);
            let before = FIRED.load(Ordering::Relaxed);
            timer1::fire_after(1 + step * DISTANCES / distances);
            fires += 1;
            // A tick is 1.25 instructions: another one of five each round.
            cortex_m::asm::delay(1 + 2 * round);
            let mut here = operation.noise().await;
            yield_now().await;
            here += operation.noise().await;
            if here == 0 {
                match timeout_at(now() + Duration::from_millis(20), operation.met(before)).await {
                    Ok(met) => here = met,
                    Err(_) => lost += 1,
                }
            }
            fired(before).await;
            effects += here + operation.left();
        }
    }
    let refused = REFUSED.swap(0, Ordering::Relaxed);
    println!("{}: {fires} interrupts, {effects} effects, {lost} lost, {refused} refused", O::NAME);
    lost + refused + u32::from(effects != fires)
}

/// The table of what interrupts do, and the sweep over each.
macro_rules! operations {
    ($($operation:ident: $rounds:expr, $distances:expr;)+) => {
        static INTERRUPTS: &[fn() -> bool] = &[$(<$operation as Operation>::interrupt),+];

        async fn sweep_all() -> u32 {
            let (mut wrong, mut number) = (0, 0);
            $(
                OPERATION.store(number, Ordering::Relaxed);
                wrong += sweep::<$operation>($rounds, $distances).await;
                number += 1;
            )+
            println!("primitive sweep: {number} operations, {} interrupts, {wrong} wrong", FIRED.load(Ordering::Relaxed));
            wrong
        }
    };
}

operations! {
    TryRecv: ROUNDS, DISTANCES;
    TryWrite: ROUNDS, DISTANCES;
    TryRead: ROUNDS, DISTANCES;
    PrioritySend: ROUNDS, DISTANCES;
    PriorityRecv: ROUNDS, DISTANCES;
    WatchSend: ROUNDS, DISTANCES;
    WatchLook: ROUNDS, DISTANCES;
    BroadcastSend: ROUNDS, DISTANCES;
    AddPermits: ROUNDS, DISTANCES;
    TryAcquire: ROUNDS, DISTANCES;
    TryLock: ROUNDS, DISTANCES;
    Done: ROUNDS, DISTANCES;
    OneshotSend: ROUNDS, DISTANCES;
    Cancel: 1, ONCE as u32;
    CancelScope: 1, ONCE as u32;
    Set: 1, ONCE as u32;
    CondvarNotify: ROUNDS, DISTANCES;
    WakeOne: ROUNDS, DISTANCES;
    WakeAll: ROUNDS, DISTANCES;
    NotifyWaiters: ROUNDS, DISTANCES;
    Abort: ROUNDS, DISTANCES;
}

#[interrupt]
fn TIMER1A() {
    timer1::acknowledge();
    let done = INTERRUPTS[OPERATION.load(Ordering::Relaxed)]();
    if !done {
        REFUSED.store(REFUSED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    FIRED.store(FIRED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    timer1::start();
    // SAFETY: no critical section is open; the handler is above.
    unsafe { NVIC::unmask(Interrupt::TIMER1A) };
    let wrong = EXECUTOR.block_on(&mut park, sweep_all());
    board::exit(u8::from(wrong != 0))
}
