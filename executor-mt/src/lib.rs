//! Runs tasks on all cores.
