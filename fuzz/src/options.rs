//! Every numeric option of the runtime's builder, at any value: it builds, or says no by an error, or panics with a
//! sentence that is documented.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::Duration;

use zokio::runtime::Builder;

use crate::{Input, planted};

/// What the documentation says of panics, by a piece of each message.
const DOCUMENTED: &[&str] = &[
    "must be greater than 0",
    "needs at least one thread",
    "zero times as fast",
    "time can be paused, moved and scaled",
];

/// The target.
pub fn run(bytes: &[u8]) {
    static QUIET: Once = Once::new();
    // libFuzzer ends the process in the hook; here a panic is an answer.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let mut input = Input::new(bytes);
    // Threads are dear: a runtime or two for each input.
    for _ in 0..2 {
        let multi_thread = input.byte() % 4 == 0;
        let mut zero = false;
        let built = catch_unwind(AssertUnwindSafe(|| {
            let mut builder = if multi_thread { Builder::new_multi_thread() } else { Builder::new_current_thread() };
            if multi_thread {
                builder.worker_threads(1 + input.below(2));
            }
            while let Some(operation) = input.operation() {
                let number = input.word();
                let size = number as usize;
                let small = number as u32;
                match operation % 12 {
                    0 => drop(builder.enable_io()),
                    1 => drop(builder.enable_time()),
                    2 => {
                        zero |= size == 0;
                        builder.max_blocking_threads(size);
                    }
                    3 => drop(builder.thread_keep_alive(Duration::from_nanos(number))),
                    4 => drop(builder.thread_keep_alive(Duration::MAX)),
                    5 => drop(builder.thread_stack_size(size % (1 << 22))),
                    6 => {
                        zero |= small == 0;
                        builder.global_queue_interval(small);
                    }
                    7 => {
                        zero |= small == 0;
                        builder.event_interval(small);
                    }
                    8 => {
                        zero |= small == 0;
                        builder.time_scale(small);
                    }
                    9 => drop(builder.virtual_time(number % 2 == 0)),
                    10 => drop(builder.start_paused(number % 2 == 0)),
                    11 if operation > 200 => break,
                    _ => drop(builder.auto_advance(number % 2 == 0)),
                }
            }
            let Ok(runtime) = builder.build() else { return };
            assert!(!zero, "built with a zero");
            assert_eq!(runtime.block_on(async { 7 }), if planted() { 8 } else { 7 }, "it runs");
        }));
        if let Err(panic) = built {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            if !DOCUMENTED.iter().any(|piece| text.contains(piece)) {
                eprintln!("not documented: {text}");
                std::panic::resume_unwind(panic);
            }
        }
    }
}
