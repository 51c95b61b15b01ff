//! Instructions per operation on a Cortex-M3, counted by the emulator.
//!
//! Run by `cargo xtask bench chip`, which builds both back ends of tasks and queues. One workload per boot, named by the
//! semihosting command line; the answer is a line `WORKLOAD INSTRUCTIONS OPERATIONS`.
//!
//! # Method
//!
//! QEMU's `mps2-an385` with `-icount shift=6`: every executed instruction moves the virtual clock by 64 ns, and CMSDK
//! timer 0 counts that clock at 25 MHz (40 ns a tick): `instructions = ticks * 40 / 64`. A device read ends a translation
//! block, so readings are exact to one instruction, and the same in every run whatever else the machine does. What two
//! reads cost is shown by `loop_short` and `loop_long`, loops of 2,000 and 2,000,000 instructions: one instruction.
//!
//! They are instructions, not cycles: wait states of the flash, LDREX, taken branches and exception entry are not in them.
//!
//! opt-level 3, fat LTO, one codegen unit, no overflow checks.
#![no_std]
#![no_main]

mod board;
mod soft_clock;
mod workloads;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut line = [0; 128];
    workloads::start(board::argument(&mut line).unwrap_or("none"))
}
