//! The tests of `tests/portable` in a WASI host, without the standard library and without an allocator.
#![no_std]
#![no_main]

#[unsafe(no_mangle)]
extern "C" fn _start() {
    let mut out = zokio::wasi::Fd::STDOUT;
    let count = zokio_portable_tests::run(&mut out);
    zokio::wasi::exit((count == 0).into())
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    zokio::wasi::abort(info)
}
