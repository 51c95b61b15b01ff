//! `timers`: see `src/timers.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::timers::run(bytes));
