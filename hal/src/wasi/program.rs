//! What a program without the standard library needs of its host: arguments, an exit status, an end after a panic.

use core::fmt::Write;

use wasip1 as wasi;

use super::{Errno, Fd};

const TOO_BIG: Errno = Errno(wasi::ERRNO_2BIG.raw());
const BYTES: usize = 512;
const COUNT: usize = 16;

/// The arguments, in a fixed buffer.
///
/// # Units
///
/// At most 16 of them, 512 bytes together.
#[derive(Debug)]
pub struct Args {
    bytes: [u8; BYTES],
    /// Where each begins.
    starts: [usize; COUNT],
    count: usize,
}

impl Args {
    /// Asks the host for them.
    ///
    /// # Errors
    ///
    /// `2BIG` (errno 1) if they do not fit; else what the host answers.
    pub fn read() -> Result<Self, Errno> {
        // SAFETY: the call writes to memory of its own.
        let (count, size) = unsafe { wasi::args_sizes_get() }?;
        if count > COUNT || size > BYTES {
            return Err(TOO_BIG);
        }
        let mut bytes = [0; BYTES];
        let mut pointers = [core::ptr::null_mut(); COUNT];
        // SAFETY: the host writes `count` pointers and `size` bytes, as it has just said, and both fit.
        unsafe { wasi::args_get(pointers.as_mut_ptr(), bytes.as_mut_ptr()) }?;
        let base = bytes.as_ptr().addr();
        let starts = pointers.map(|pointer| pointer.addr().saturating_sub(base));
        Ok(Self { bytes, starts, count })
    }

    /// The argument at `index`; the program's name is at zero. `None` if there is none, or it is not UTF-8.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let start = *self.starts[..self.count].get(index)?;
        let bytes = self.bytes.get(start..)?.split(|byte| *byte == 0).next()?;
        core::str::from_utf8(bytes).ok()
    }
}

/// Ends the program with `status`.
pub fn exit(status: u8) -> ! {
    // SAFETY: the call takes a number.
    unsafe { wasi::proc_exit(u32::from(status)) };
    unreachable!("the host has ended the program")
}

/// Says what went wrong on the standard error and ends the program with status 101: a panic handler for images without
/// the standard library.
pub fn abort(message: &dyn core::fmt::Display) -> ! {
    let mut out = Fd::STDERR;
    let _ = writeln!(out, "{message}");
    exit(101)
}
