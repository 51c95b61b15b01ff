//! `list`: see `src/list.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::list::run(bytes));
