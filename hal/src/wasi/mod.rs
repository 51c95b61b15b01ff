//! WebAssembly with WASI: the host waits for us.
//!
//! Preview 1: one call, `poll_oneoff`, waits for the clock and for descriptors ([`Poll`]). The tasks that wait for a
//! descriptor are kept in a fixed table ([`Descriptors`]); nothing here allocates.
//!
//! What it does not do: preview 1 cannot open sockets (a host may hand some in, and then they are descriptors like the
//! others), and has no signals and no second thread that could unpark.

#[cfg(any(target_os = "wasi", test))]
mod descriptors;
#[cfg(target_os = "wasi")]
mod p1;
#[cfg(target_os = "wasi")]
mod program;

#[cfg(any(target_os = "wasi", test))]
pub use descriptors::{Descriptors, Errno, Interest, Ready, WaitError};
#[cfg(target_os = "wasi")]
pub use p1::{Fd, Monotonic, Poll, Woken};
#[cfg(target_os = "wasi")]
pub use program::{Args, abort, exit};
