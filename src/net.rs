//! TCP sockets.

pub use zokio_hal::os::net::{TcpListener, TcpStream, ToSocketAddrs, lookup_host};

/// The halves of a stream.
pub mod tcp {
    pub use zokio_hal::os::net::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
}
