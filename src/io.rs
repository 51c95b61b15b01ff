//! Reading and writing: the traits and utilities of the std ecosystem.
//!
//! These are tokio's, from its crate without any of its runtime: what is written against them (codecs, TLS, websockets)
//! runs here unchanged. The trait of all tiers is `embedded_io_async`'s, which every stream implements too. What is always
//! ready, and copying, is wrapped, so that it takes part in the [budget](crate::task::coop) of a task.

mod budgeted;

pub use budgeted::{
    Budgeted, DuplexStream, Empty, Repeat, SimplexStream, Sink, copy, copy_bidirectional,
    copy_bidirectional_with_sizes, copy_buf, duplex, empty, repeat, simplex, sink,
};
pub use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt,
    BufReader, BufStream, BufWriter, Error, ErrorKind, Join, Lines, ReadBuf, ReadHalf, Result, SeekFrom, Split, Take,
    WriteHalf, join, split,
};
