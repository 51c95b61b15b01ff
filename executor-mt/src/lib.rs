//! Runs tasks on all cores.

mod deque;
mod idle;
mod overflow;
