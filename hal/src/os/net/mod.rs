//! Sockets.
//!
//! Names and meaning are tokio's. A socket finds its reactor through the present thread
//! ([`ReactorHandle::enter`](super::ReactorHandle::enter), which a runtime does for its workers), or is handed one by a
//! `_with` constructor; accepted sockets use that of their listener.
//!
//! The `poll_` functions and the I/O traits keep one waiter per direction: the last task that polled. The `async`
//! functions that take `&self` may be waited for by any number of tasks at once.

mod addr;
#[cfg(feature = "embedded-io-async")]
mod io_embedded;
#[cfg(feature = "hyper")]
mod io_hyper;
#[cfg(feature = "tokio-io")]
mod io_tokio;
mod tcp_listener;
mod tcp_split;
mod tcp_stream;

pub use addr::{ToSocketAddrs, lookup_host, lookup_host_with};
pub use tcp_listener::TcpListener;
pub use tcp_split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp_stream::TcpStream;
