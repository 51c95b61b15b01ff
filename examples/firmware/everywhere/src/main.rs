//! The program of `examples/everywhere` on a Cortex-M3 without an allocator.
#![no_std]
#![no_main]

use zokio::task::Arena;
use zokio_board_qemu_lm3s6965 as board;

static TASKS: Arena<4, 256> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    let seed = board::seed().unwrap_or(1);
    let done = EXECUTOR.block_on(&mut park, zokio_everywhere::program(seed, &mut board::Console));
    board::exit(done.is_err().into())
}
