//! Deadlines from past through the next ticks to beyond a wrap of the counter: each fires, and none early.
#![no_std]
#![no_main]

use core::time::Duration;

use zokio_board_qemu_lm3s6965::{self as board, println};
use zokio_core::park::Park;
use zokio_core::time::{Clock, Instant};

/// A tick of the clock, in nanoseconds.
const TICK: u64 = 80;

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("taken once");
    let mut alarms = 0_u32;
    let mut latest = Duration::ZERO;
    let mut fire = |deadline: Instant, park: &mut board::Park| {
        let mut waits = 0_u32;
        loop {
            // At least one wait, also for what is past: it must end.
            park.park(Some(deadline), || true);
            waits += 1;
            let now = board::Monotonic.now();
            if now >= deadline {
                latest = latest.max(now.saturating_duration_since(deadline));
                break;
            }
            // What ends a wait early is the wrap of the clock, every 1.34 s.
            assert!(waits < 10, "the alarm fires again and again before its deadline");
        }
        alarms += 1;
    };

    let start = board::Monotonic.now();
    for round in 0..200_u64 {
        for ticks in -8..=64_i64 {
            // Another phase of the tick each time.
            let phase = round % TICK;
            let now = board::Monotonic.now().as_nanos();
            let deadline = (now + phase).saturating_add_signed(ticks * TICK as i64);
            fire(Instant::from_nanos(deadline), &mut park);
        }
    }
    for _ in 0..7 {
        let deadline = board::Monotonic.now().saturating_add(Duration::from_millis(450));
        fire(deadline, &mut park);
    }
    let took = board::Monotonic.now().saturating_duration_since(start);
    assert!(took >= Duration::from_millis(7 * 450));
    println!("alarm sweep: {alarms} alarms, latest {} us", latest.as_micros());
    board::exit(0)
}
