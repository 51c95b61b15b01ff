//! The workloads: each runs some operations first, then as many again between two readings of the timer.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use cortex_m::singleton;
use zokio_core::future::yield_now;
use zokio_core::lock::{DefaultLock, LocalLock, RawLock};
use zokio_core::sync::{Channel, Notify, Signal};
use zokio_core::task::Arena;
use zokio_core::time::sleep;
use zokio_executor_local::context::Current;
use zokio_executor_local::{Executor, Spawner, Timed};

use crate::board::{Reading, exit, finish, read_timer, start_timer};
use crate::soft_clock::{Jump, Nobody, SoftClock, TIMERS};

/// Operations before the first reading, and between the readings.
const WARM_UP: u32 = 100;
const OPERATIONS: u32 = 1_000;

static TASKS: Arena<256, 160> = Arena::new();
/// Where the spawn workloads put theirs: one slot, used again and again.
static CHILD: Arena<1, 32> = Arena::new();
static EXECUTOR: Executor<Nobody, Timed<SoftClock>> = Executor::new(Nobody, Timed::by(&TIMERS));

/// Runs the workload of this name, and ends the program.
pub fn start(name: &str) -> ! {
    start_timer();
    match name {
        "loop_short" => count("loop_short", 1_000),
        "loop_long" => count("loop_long", 1_000_000),
        "ping_pong" => run(|on| {
            let pair =
                singleton!(: [Signal<(), DefaultLock>; 2] = [Signal::with_lock(), Signal::with_lock()]).expect(ONCE);
            ping_pong("ping_pong", on, pair);
        }),
        "ping_pong_local" => run(|on| {
            let pair =
                singleton!(: [Signal<(), LocalLock>; 2] = [Signal::with_lock(), Signal::with_lock()]).expect(ONCE);
            ping_pong("ping_pong_local", on, pair);
        }),
        "ping_pong_notify" => run(|on| {
            let pair = singleton!(: [Notify<DefaultLock>; 2] = [Notify::new(), Notify::new()]).expect(ONCE);
            ping_pong("ping_pong_notify", on, pair);
        }),
        "ping_pong_notify_local" => run(|on| {
            let pair = singleton!(: [Notify<LocalLock>; 2] = [Notify::with_lock(), Notify::with_lock()]).expect(ONCE);
            ping_pong("ping_pong_notify_local", on, pair);
        }),
        "yield" => run(yields),
        "spawn" => run(spawns),
        "spawn_detached" => run(spawns_detached),
        "spawn_join" => run(joins),
        "channel" => run(|on| {
            let one = singleton!(: Channel<u32, 8> = Channel::new()).expect(ONCE);
            channel("channel", on, one);
        }),
        "channel_local" => run(|on| {
            let one = singleton!(: Channel<u32, 8, LocalLock> = Channel::with_lock()).expect(ONCE);
            channel("channel_local", on, one);
        }),
        "timers_1" => run(|on| timers("timers_1", on, 1)),
        "timers_8" => run(|on| timers("timers_8", on, 8)),
        "timers_64" => run(|on| timers("timers_64", on, 64)),
        "timers_256" => run(|on| timers("timers_256", on, 256)),
        "spread_1" => run(|on| spread("spread_1", on, 1)),
        "spread_8" => run(|on| spread("spread_8", on, 8)),
        "spread_64" => run(|on| spread("spread_64", on, 64)),
        "spread_256" => run(|on| spread("spread_256", on, 256)),
        _ => {
            cortex_m_semihosting::hprintln!("no workload of this name: {}", name);
            exit(false)
        }
    }
}

const ONCE: &str = "a workload is started once";

fn run(spawn: impl FnOnce(Spawner)) -> ! {
    EXECUTOR.run(Jump, spawn)
}

/// A loop of two instructions a turn: what a reading costs, and whether the clock counts instructions.
fn count(name: &str, turns: u32) -> ! {
    let start = read_timer();
    // SAFETY: counts a register of its own down to zero.
    unsafe { core::arch::asm!("2:", "subs {0}, #1", "bne 2b", inout(reg) turns => _, options(nomem, nostack)) };
    let end = read_timer();
    finish(name, start, end, 1)
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

/// What two tasks tell each other by.
trait Bell: 'static {
    fn ring(&self);
    fn wait(&self) -> impl Future<Output = ()>;
}

impl<L: RawLock> Bell for Signal<(), L> {
    #[inline]
    fn ring(&self) {
        self.signal(());
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> {
        self.wait()
    }
}

impl<L: RawLock> Bell for Notify<L> {
    #[inline]
    fn ring(&self) {
        self.notify_one();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> {
        self.notified()
    }
}

/// One round: each task rings the other's bell and waits for its own; two wakes and two polls.
fn ping_pong<B: Bell>(name: &'static str, on: Spawner, bells: &'static [B; 2]) {
    let [ping, pong] = bells;
    launch(on, async move {
        loop {
            ping.ring();
            pong.wait().await;
            tick(name);
        }
    });
    launch(on, async move {
        loop {
            ping.wait().await;
            pong.ring();
        }
    });
}

/// One task steps aside again and again.
fn yields(on: Spawner) {
    launch(on, async {
        loop {
            yield_now().await;
            tick("yield");
        }
    });
}

/// A task is spawned, runs and completes while its spawner steps aside; its handle is dropped at once.
fn spawns(on: Spawner) {
    launch(on, async move {
        loop {
            on.try_spawn_in(&CHILD, async {}).expect("the slot is free").detach();
            yield_now().await;
            tick("spawn");
        }
    });
}

/// As `spawns`, of a task that has no place for an output.
fn spawns_detached(on: Spawner) {
    launch(on, async move {
        loop {
            CHILD.try_spawn_detached_at(&on, async {}).expect("the slot is free");
            yield_now().await;
            tick("spawn_detached");
        }
    });
}

/// A task is spawned and its output awaited.
fn joins(on: Spawner) {
    launch(on, async move {
        loop {
            let one = on.try_spawn_in(&CHILD, async { 1_u32 }).expect("the slot is free");
            one.await.expect("the task completes");
            tick("spawn_join");
        }
    });
}

/// One task sends, another receives; per message.
fn channel<L: RawLock>(name: &'static str, on: Spawner, channel: &'static Channel<u32, 8, L>) {
    launch(on, async move {
        let mut message = 0_u32;
        while channel.send(message).await.is_ok() {
            message += 1;
        }
    });
    launch(on, async move {
        while channel.recv().await.is_some() {
            tick(name);
        }
    });
}

/// `tasks` tasks sleep again and again; per expiry, with its poll and the new sleep. The periods are equal, with one
/// expiry a tick, so that the new deadline is always the last.
fn timers(name: &'static str, on: Spawner, tasks: u32) {
    let period = Duration::from_nanos(tasks.into());
    for phase in 1..=tasks {
        launch(on, async move {
            sleep::<Current>(Duration::from_nanos(phase.into())).await;
            loop {
                tick(name);
                sleep::<Current>(period).await;
            }
        });
    }
}

/// As `timers`, with delays spread over 1 to `2 * tasks` ticks.
fn spread(name: &'static str, on: Spawner, tasks: u32) {
    for seed in 1..=tasks {
        launch(on, async move {
            let mut random = seed;
            loop {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // The number of tasks is a power of two; the high bits are the better ones.
                let delay = 1 + ((random >> 16) & (2 * tasks - 1));
                sleep::<Current>(Duration::from_nanos(delay.into())).await;
                tick(name);
            }
        });
    }
}

fn launch(on: Spawner, task: impl Future<Output = ()> + 'static) {
    on.try_spawn_in(&TASKS, task).expect("the arena is large enough").detach();
}
