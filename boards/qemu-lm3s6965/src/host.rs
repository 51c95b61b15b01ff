//! What the semihosting host gives: a console, the command line, an exit status.

use core::fmt;

use cortex_m_semihosting::{nr, syscall1};

#[cfg(not(feature = "defmt"))]
use cortex_m_semihosting::export::hstdout_str as print;
// The standard output carries the frames of defmt.
#[cfg(feature = "defmt")]
use cortex_m_semihosting::export::hstderr_str as print;

/// Text for the host: its standard output, or its standard error with feature `defmt`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text);
        Ok(())
    }
}

/// Writes one formatted line to the [`Console`].
#[macro_export]
macro_rules! println {
    ($($format:tt)*) => {{
        use core::fmt::Write as _;
        let _ = core::writeln!($crate::Console, $($format)*);
    }};
}

/// The first word of the command line (after the program's name) that is a number, as xtask passes a seed.
#[must_use]
pub fn seed() -> Option<u32> {
    let mut line = [0_u8; 256];
    let length = command_line(&mut line)?;
    let text = core::str::from_utf8(line.get(..length)?).ok()?;
    text.split_ascii_whitespace().skip(1).find_map(|word| word.parse().ok())
}

/// Fills `line` with the command line, and returns how long it is.
fn command_line(line: &mut [u8]) -> Option<usize> {
    let mut block = [line.as_mut_ptr().expose_provenance(), line.len()];
    // SAFETY: SYS_GET_CMDLINE takes the address of a buffer and its length, writes at most that much, and puts the
    // length of the text into the second word; buffer and block are borrowed here alone.
    let status = unsafe { syscall1(nr::GET_CMDLINE, block.as_mut_ptr().expose_provenance()) };
    (status == 0).then_some(block[1])
}

/// SYS_EXIT_EXTENDED, and the reason "the application has ended".
const EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;

/// Ends the program: QEMU exits with `status`.
pub fn exit(status: u8) -> ! {
    let block = [APPLICATION_EXIT, usize::from(status)];
    loop {
        // SAFETY: SYS_EXIT_EXTENDED reads two words, and does not return; should a debugger go on, it is asked again.
        unsafe { syscall1(EXIT_EXTENDED, block.as_ptr().expose_provenance()) };
    }
}
