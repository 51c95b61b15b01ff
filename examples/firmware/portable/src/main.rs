//! The tests of `tests/portable` on a Cortex-M3 without an allocator.
#![no_std]
#![no_main]

use zokio_board_qemu_lm3s6965 as board;

#[board::entry]
fn main() -> ! {
    let count = zokio_portable_tests::run(&mut board::Console);
    board::exit((count == 0).into())
}
