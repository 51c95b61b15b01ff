//! Reading and writing: the traits and utilities of the std ecosystem.
//!
//! These are tokio's, from its crate without any of its runtime: what is written against them (codecs, TLS, websockets)
//! runs here unchanged. The trait of all tiers is `embedded_io_async`'s, which every stream implements too.

pub use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt,
    BufReader, BufStream, BufWriter, DuplexStream, Error, ErrorKind, Join, Lines, ReadBuf, ReadHalf, Result, SeekFrom,
    SimplexStream, Split, Take, WriteHalf, copy, copy_bidirectional, copy_buf, duplex, empty, join, repeat, simplex,
    sink, split,
};
