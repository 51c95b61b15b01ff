//! `transitions`: see `src/transitions.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::transitions::run(bytes));
