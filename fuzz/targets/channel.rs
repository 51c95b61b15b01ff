//! `channel`: see `src/channel.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::channel::run(bytes));
