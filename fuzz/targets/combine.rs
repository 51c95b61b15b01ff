//! `combine`: see `src/combine.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::combine::run(bytes));
