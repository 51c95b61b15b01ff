//! `tasks`: see `src/tasks.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zokio_fuzz::tasks::run(bytes));
