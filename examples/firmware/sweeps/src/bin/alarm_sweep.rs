//! Deadlines from past through the next ticks to beyond a wrap of the counter: each comes, and none early.
#![no_std]
#![no_main]

use core::time::Duration;

use zokio::task::Arena;
use zokio::time::{ClockInstant, Instant, now, sleep_until};
use zokio_board_qemu_lm3s6965::{self as board, println};

/// A tick of the clock, in nanoseconds.
const TICK: u64 = 80;

static TASKS: Arena<1, 8> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);

/// Sleeps until `deadline`, and returns how late the end was.
async fn lateness(deadline: Instant) -> Duration {
    sleep_until(deadline).await;
    let now = now();
    assert!(now >= deadline, "early: {now:?} for {deadline:?}");
    now.saturating_duration_since(deadline)
}

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    let (alarms, latest) = EXECUTOR.block_on(&mut park, async {
        let (mut alarms, mut latest) = (0_u32, Duration::ZERO);
        for round in 0..20 {
            // As far as the way into the wait takes, at another phase of the tick each time.
            for ticks in -8..=500_i64 {
                let from = ClockInstant::from(now()).as_nanos() + round * 7 % TICK;
                let late =
                    lateness(ClockInstant::from_nanos(from.saturating_add_signed(ticks * TICK as i64)).into()).await;
                latest = latest.max(if ticks < 0 { Duration::ZERO } else { late });
                alarms += 1;
            }
        }
        let start = now();
        for _ in 0..7 {
            latest = latest.max(lateness(now() + Duration::from_millis(450)).await);
            alarms += 1;
        }
        let took = now().saturating_duration_since(start);
        assert!(took >= Duration::from_millis(7 * 450), "the clock went back");
        (alarms, latest)
    });
    println!("alarm sweep: {alarms} alarms, the latest {} ns late", latest.as_nanos());
    board::exit(0)
}
