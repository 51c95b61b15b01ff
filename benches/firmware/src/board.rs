//! The board `mps2-an385` of QEMU: its timer 0 as a counter of instructions, and what semihosting gives.

use core::panic::PanicInfo;
use core::sync::atomic::{Ordering, compiler_fence};

use cortex_m_semihosting::{debug, hprintln, nr, syscall1};

/// The registers of CMSDK timer 0, which counts down at 25 MHz.
const CONTROL: usize = 0x4000_0000;
const VALUE: usize = 0x4000_0004;
const RELOAD: usize = 0x4000_0008;

/// A reading of the timer.
#[derive(Clone, Copy)]
pub struct Reading(pub u32);

/// Starts the timer.
pub fn start_timer() {
    for (register, value) in [(RELOAD, u32::MAX), (VALUE, u32::MAX), (CONTROL, 1)] {
        let register = core::ptr::with_exposed_provenance_mut::<u32>(register);
        // SAFETY: a register of timer 0, which takes any word and which nothing else uses.
        unsafe { register.write_volatile(value) };
    }
}

/// Reads the timer.
#[inline(always)]
pub fn read_timer() -> Reading {
    compiler_fence(Ordering::SeqCst);
    let value = core::ptr::with_exposed_provenance::<u32>(VALUE);
    // SAFETY: a register of timer 0, which may be read at any time.
    let reading = Reading(unsafe { value.read_volatile() });
    compiler_fence(Ordering::SeqCst);
    reading
}

/// Instructions between two readings: 64 ns each, in ticks of 40 ns.
fn instructions(start: Reading, end: Reading) -> u64 {
    u64::from(start.0.wrapping_sub(end.0)) * 40 / 64
}

/// Prints the answer and ends the emulator.
pub fn finish(workload: &str, start: Reading, end: Reading, operations: u32) -> ! {
    hprintln!("{} {} {}", workload, instructions(start, end), operations);
    exit(true)
}

/// Ends the emulator with status 0 or 1.
pub fn exit(success: bool) -> ! {
    loop {
        debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    }
}

/// The first word of the command line after the program's name.
pub fn argument(line: &mut [u8; 128]) -> Option<&str> {
    let mut block = [line.as_mut_ptr().expose_provenance(), line.len()];
    // SAFETY: SYS_GET_CMDLINE takes the address of a buffer and its length, writes at most that much, and puts the
    // length of the text into the second word; buffer and block are borrowed here alone.
    let status = unsafe { syscall1(nr::GET_CMDLINE, block.as_mut_ptr().expose_provenance()) };
    let text = line.get(..block[1]).filter(|_| status == 0)?;
    core::str::from_utf8(text).ok()?.split_ascii_whitespace().nth(1)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    exit(false)
}
