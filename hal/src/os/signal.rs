//! Signals of the system as futures.
//!
//! The handler does one thing, which a handler may do: it writes a byte into a socket pair. The other end is registered
//! with the reactor like any socket. Signals that come in quick succession are one.
//!
//! Once a signal has been waited for, its default action stays replaced: a later Ctrl-C that nobody waits for does
//! nothing.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::SIGINT;
use signal_hook::low_level;

use super::readiness::ReactorHandle;
use super::registration::{Registered, Side};

/// Takes the handler away again.
#[derive(Debug)]
struct Handler(SigId);

impl Drop for Handler {
    fn drop(&mut self) {
        low_level::unregister(self.0);
    }
}

/// One kind of signal, waited for from its making to its drop.
#[derive(Debug)]
pub struct Signal {
    _handler: Handler,
    io: Registered<mio::net::UnixStream>,
}

impl Signal {
    /// Begins to listen for signal `number` (as `libc` numbers them) on the given reactor.
    ///
    /// # Errors
    ///
    /// The system's, also for signals that cannot be handled.
    ///
    /// # Panics
    ///
    /// For signals that no program may handle this way: SIGKILL, SIGSTOP, SIGILL, SIGFPE and SIGSEGV.
    pub fn with(handle: &ReactorHandle, number: i32) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let io = Registered::new(handle, mio::net::UnixStream::from_std(read), true)?;
        Ok(Self { _handler: Handler(low_level::pipe::register(number, write)?), io })
    }

    /// Waits for the next signal.
    ///
    /// # Errors
    ///
    /// That the reactor has been shut down.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a signal that came stays noted.
    pub async fn recv(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64];
        // What does not fit is read as the next signal: a burst may be told in several parts, never in none.
        self.io.io(Side::Read, |mut io| io.read(&mut bytes)).await.map(drop)
    }
}

/// Waits for Ctrl-C (SIGINT), from the first poll on.
///
/// # Errors
///
/// The system's, and [`io::ErrorKind::Unsupported`] where there is no reactor.
///
/// # Cancel safety
///
/// A signal that comes after the drop is not noted; it does not end the process either.
pub async fn ctrl_c() -> io::Result<()> {
    Signal::with(&ReactorHandle::current()?, SIGINT)?.recv().await
}
