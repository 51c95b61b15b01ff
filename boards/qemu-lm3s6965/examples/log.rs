//! The log: frames of `defmt` on the standard output, text on the standard error.
//!
//! Run it through `defmt-print -e IMAGE`.
#![no_std]
#![no_main]

use core::time::Duration;

use zokio_board_qemu_lm3s6965::{self as board, println};
use zokio_core::park::Park;
use zokio_core::time::Clock;

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("taken once");
    for round in 0..3_u8 {
        let deadline = board::Monotonic.now().saturating_add(Duration::from_millis(10));
        while board::Monotonic.now() < deadline {
            park.park(Some(deadline), || true);
        }
        defmt::info!("round {=u8}", round);
    }
    println!("logged");
    board::exit(0)
}
