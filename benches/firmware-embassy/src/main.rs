//! The workloads of `benches/firmware` on embassy, counted in the same way, for the same table.
//!
//! Run by `cargo xtask bench chip`. embassy's raw executor with the loop and the pender of its Cortex-M platform: poll,
//! then WFE, and SEV by whoever wakes. The timer driver is written to the pattern in the documentation of
//! embassy-time-driver, with embassy's integrated queue; its clock is software and moves to the next alarm when nothing
//! is left to do, as in `benches/firmware`.
#![no_std]
#![no_main]

#[path = "../../firmware/src/board.rs"]
mod board;
mod driver;
mod workloads;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut line = [0; 128];
    workloads::start(board::argument(&mut line).unwrap_or("none"))
}
