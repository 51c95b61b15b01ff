//! `pipe`: see `src/pipe.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::pipe::run(bytes));
