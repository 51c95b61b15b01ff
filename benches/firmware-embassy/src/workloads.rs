//! The workloads, named and counted as those of `benches/firmware`.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::singleton;
use embassy_executor::{Spawner, raw, task};
use embassy_futures::yield_now;
use embassy_sync::blocking_mutex::raw::{CriticalSectionRawMutex, NoopRawMutex};
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Timer};

use crate::board::{Reading, exit, finish, read_timer, start_timer};
use crate::driver;

/// Operations before the first reading, and between the readings.
const WARM_UP: u32 = 100;
const OPERATIONS: u32 = 1_000;

const ONCE: &str = "a workload is started once";
const ROOM: &str = "the pool is large enough";

type Safe = CriticalSectionRawMutex;

#[unsafe(export_name = "__pender")]
fn pender(_: *mut ()) {
    cortex_m::asm::sev();
}

fn run(spawn: impl FnOnce(Spawner)) -> ! {
    let executor = singleton!(: raw::Executor = raw::Executor::new(core::ptr::null_mut())).expect(ONCE);
    let executor: &'static raw::Executor = executor;
    spawn(executor.spawner());
    loop {
        // SAFETY: called here only, on one thread, and not from inside of a task.
        unsafe { executor.poll() };
        driver::jump();
        cortex_m::asm::wfe();
    }
}

/// The same without timers: nothing to look at between two polls.
fn run_untimed(spawn: impl FnOnce(Spawner)) -> ! {
    let executor = singleton!(: raw::Executor = raw::Executor::new(core::ptr::null_mut())).expect(ONCE);
    let executor: &'static raw::Executor = executor;
    spawn(executor.spawner());
    loop {
        // SAFETY: called here only, on one thread, and not from inside of a task.
        unsafe { executor.poll() };
        cortex_m::asm::wfe();
    }
}

/// Runs the workload of this name, and ends the program.
pub fn start(name: &str) -> ! {
    start_timer();
    match name {
        "ping_pong" => run_untimed(|on| {
            let pair = singleton!(: [Signal<Safe, ()>; 2] = [Signal::new(), Signal::new()]).expect(ONCE);
            on.spawn(ping(pair).expect(ROOM));
            on.spawn(pong(pair).expect(ROOM));
        }),
        "ping_pong_local" => run_untimed(|on| {
            let pair = singleton!(: [Signal<NoopRawMutex, ()>; 2] = [Signal::new(), Signal::new()]).expect(ONCE);
            on.spawn(ping_local(pair).expect(ROOM));
            on.spawn(pong_local(pair).expect(ROOM));
        }),
        "yield" => run_untimed(|on| on.spawn(yields().expect(ROOM))),
        "spawn" => run_untimed(|on| on.spawn(spawns(on).expect(ROOM))),
        "channel" => run_untimed(|on| {
            let channel = singleton!(: Channel<Safe, u32, 8> = Channel::new()).expect(ONCE);
            on.spawn(sender(channel).expect(ROOM));
            on.spawn(receiver(channel).expect(ROOM));
        }),
        "channel_local" => run_untimed(|on| {
            let channel = singleton!(: Channel<NoopRawMutex, u32, 8> = Channel::new()).expect(ONCE);
            on.spawn(sender_local(channel).expect(ROOM));
            on.spawn(receiver_local(channel).expect(ROOM));
        }),
        "timers_1" => timers("timers_1", 1),
        "timers_8" => timers("timers_8", 8),
        "timers_64" => timers("timers_64", 64),
        "timers_256" => timers("timers_256", 256),
        "spread_1" => spread("spread_1", 1),
        "spread_8" => spread("spread_8", 8),
        "spread_64" => spread("spread_64", 64),
        "spread_256" => spread("spread_256", 256),
        _ => {
            cortex_m_semihosting::hprintln!("no workload of this name: {}", name);
            exit(false)
        }
    }
}

static LEFT: AtomicU32 = AtomicU32::new(WARM_UP);
static START: AtomicU32 = AtomicU32::new(0);

/// One operation more: the first reading is taken when the warm-up is over, and after the last operation the program
/// ends.
#[inline(always)]
fn tick(name: &str) {
    let left = LEFT.load(Ordering::Relaxed) - 1;
    LEFT.store(left, Ordering::Relaxed);
    if left == 0 {
        end_of_phase(name);
    }
}

#[cold]
#[inline(never)]
fn end_of_phase(name: &str) {
    let now = read_timer();
    if START.load(Ordering::Relaxed) != 0 {
        finish(name, Reading(START.load(Ordering::Relaxed)), now, OPERATIONS);
    }
    LEFT.store(OPERATIONS, Ordering::Relaxed);
    START.store(read_timer().0, Ordering::Relaxed);
}

#[task]
async fn ping(pair: &'static [Signal<Safe, ()>; 2]) {
    loop {
        pair[0].signal(());
        pair[1].wait().await;
        tick("ping_pong");
    }
}

#[task]
async fn pong(pair: &'static [Signal<Safe, ()>; 2]) {
    loop {
        pair[0].wait().await;
        pair[1].signal(());
    }
}

#[task]
async fn ping_local(pair: &'static [Signal<NoopRawMutex, ()>; 2]) {
    loop {
        pair[0].signal(());
        pair[1].wait().await;
        tick("ping_pong_local");
    }
}

#[task]
async fn pong_local(pair: &'static [Signal<NoopRawMutex, ()>; 2]) {
    loop {
        pair[0].wait().await;
        pair[1].signal(());
    }
}

#[task]
async fn yields() {
    loop {
        yield_now().await;
        tick("yield");
    }
}

/// Two slots: a batch is polled last in, first out, so the spawner comes back before its first child has run.
#[task(pool_size = 2)]
async fn child() {}

#[task]
async fn spawns(on: Spawner) {
    loop {
        on.spawn(child().expect("the slot is free"));
        yield_now().await;
        tick("spawn");
    }
}

#[task]
async fn sender(channel: &'static Channel<Safe, u32, 8>) {
    let mut message = 0_u32;
    loop {
        channel.send(message).await;
        message += 1;
    }
}

#[task]
async fn receiver(channel: &'static Channel<Safe, u32, 8>) {
    loop {
        channel.receive().await;
        tick("channel");
    }
}

#[task]
async fn sender_local(channel: &'static Channel<NoopRawMutex, u32, 8>) {
    let mut message = 0_u32;
    loop {
        channel.send(message).await;
        message += 1;
    }
}

#[task]
async fn receiver_local(channel: &'static Channel<NoopRawMutex, u32, 8>) {
    loop {
        channel.receive().await;
        tick("channel_local");
    }
}

#[task(pool_size = 256)]
async fn periodic(name: &'static str, phase: u32, period: u32) {
    Timer::after(Duration::from_ticks(phase.into())).await;
    loop {
        tick(name);
        Timer::after(Duration::from_ticks(period.into())).await;
    }
}

fn timers(name: &'static str, tasks: u32) -> ! {
    run(|on| (1..=tasks).for_each(|phase| on.spawn(periodic(name, phase, tasks).expect(ROOM))))
}

#[task(pool_size = 256)]
async fn random(name: &'static str, seed: u32, tasks: u32) {
    let mut random = seed;
    loop {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // The number of tasks is a power of two; the high bits are the better ones.
        let delay = 1 + ((random >> 16) & (2 * tasks - 1));
        Timer::after(Duration::from_ticks(delay.into())).await;
        tick(name);
    }
}

fn spread(name: &'static str, tasks: u32) -> ! {
    run(|on| (1..=tasks).for_each(|seed| on.spawn(random(name, seed, tasks).expect(ROOM))))
}
