//! `queue`: see `src/queue.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::queue::run(bytes));
