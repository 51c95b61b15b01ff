//! Runs tasks on all cores.

mod idle;
