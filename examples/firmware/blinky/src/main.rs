//! Two tasks blink two lamps, each at its own rate, on one core and without an allocator.
//!
//! The emulator has no lamps: a blink is a line on the console. Run it with `cargo run --release`.
#![no_std]
#![no_main]

use core::time::Duration;

use zokio::task::Arena;
use zokio::time::{interval, sleep};
use zokio_board_qemu_lm3s6965::{self as board, println};

static TASKS: Arena<2, 160> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);

async fn blink(lamp: &'static str, period: Duration) {
    let mut interval = interval(period);
    let mut lit = false;
    loop {
        interval.tick().await;
        lit = !lit;
        println!("{lamp} {}", if lit { "on" } else { "off" });
    }
}

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    EXECUTOR.block_on(&mut park, async {
        let red = zokio::spawn(blink("red", Duration::from_millis(100)));
        let green = zokio::spawn(blink("green", Duration::from_millis(250)));
        sleep(Duration::from_millis(1_050)).await;
        red.abort();
        green.abort();
        let ended = zokio::join!(red, green);
        assert!(ended.0.is_err() && ended.1.is_err(), "an aborted task has no output");
    });
    println!("dark");
    board::exit(0)
}
