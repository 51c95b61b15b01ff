//! The program of `examples/everywhere` in a WASI host, without the standard library and without an allocator.
#![no_std]
#![no_main]

use zokio::executor::{Config, Executor};
use zokio::task::Arena;
use zokio::time::Timers;
use zokio::wasi::{Args, Descriptors, Fd, Monotonic, Poll, Woken};

static DESCRIPTORS: Descriptors = Descriptors::new();
static TIMERS: Timers<Monotonic> = Timers::new(Monotonic);
static TASKS: Arena<4, 256> = Arena::new();
static EXECUTOR: Executor<Woken> = Executor::new(Woken, Config::new().timers(&TIMERS).pool("TASKS", &TASKS));

#[unsafe(no_mangle)]
extern "C" fn _start() {
    let seed = Args::read().ok().and_then(|args| args.get(1)?.parse().ok()).unwrap_or(1);
    let mut out = Fd::STDOUT;
    let done = EXECUTOR.block_on(&mut Poll::new(&DESCRIPTORS), zokio_everywhere::program(seed, &mut out));
    zokio::wasi::exit(done.is_err().into())
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    zokio::wasi::abort(info)
}
