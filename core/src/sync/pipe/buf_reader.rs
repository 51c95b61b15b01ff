//! Bytes that were read and not yet used, in a buffer of the reader's own.

use core::fmt;

use embedded_io_async::{BufRead, ErrorType, Read};

/// Puts a buffer before a reader, which then can show what it will give: `BufRead` of embedded-io-async.
///
/// For the readers of a pipe and for any other one, such as that of a serial line. The buffer is the caller's, an array or a
/// vector.
///
/// # Cancel safety
///
/// Nothing is lost but what `inner` loses. When the `BufReader` itself is dropped, what is in its buffer is lost; see
/// [`buffer`](Self::buffer).
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use embedded_io_async::BufRead;
/// use zokio_core::sync::pipe::{BufReader, Pipe};
///
/// static UART: Pipe<64> = Pipe::new();
///
/// async fn line(reader: &mut impl BufRead) -> usize {
///     let mut length = 0;
///     while let Ok(seen @ [_, ..]) = reader.fill_buf().await {
///         let end = seen.iter().position(|byte| *byte == b'\n');
///         let count = end.map_or(seen.len(), |end| end + 1);
///         reader.consume(count);
///         length += count;
///         if end.is_some() {
///             break;
///         }
///     }
///     length
/// }
///
/// UART.try_write(b"hello\nyou").unwrap();
/// let mut reader = BufReader::new(UART.reader(), [0; 16]);
/// # let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
/// # let poll = core::pin::pin!(line(&mut reader)).poll(&mut cx);
/// assert_eq!(poll, core::task::Poll::Ready(6));
/// assert_eq!(reader.buffer(), b"you");
/// # }
/// ```
pub struct BufReader<R, B> {
    inner: R,
    buffer: B,
    front: usize,
    back: usize,
}

impl<R, B: AsRef<[u8]> + AsMut<[u8]>> BufReader<R, B> {
    /// Puts `buffer` before `inner`.
    ///
    /// # Panics
    ///
    /// If the buffer is empty: it would look as if there were nothing more to read.
    #[track_caller]
    pub fn new(inner: R, buffer: B) -> Self {
        assert!(!buffer.as_ref().is_empty(), "a buffer needs room for one byte at least");
        Self { inner, buffer, front: 0, back: 0 }
    }

    /// What was read and not yet used.
    pub fn buffer(&self) -> &[u8] {
        self.buffer.as_ref().get(self.front..self.back).unwrap_or_default()
    }

    /// Bytes that fit into the buffer.
    pub fn capacity(&self) -> usize {
        self.buffer.as_ref().len()
    }

    /// The reader behind the buffer.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The reader behind the buffer. What is read from it directly comes after what is in the buffer.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// Gives the reader back. What is in the buffer is lost.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: ErrorType, B> ErrorType for BufReader<R, B> {
    type Error = R::Error;
}

impl<R: Read, B: AsRef<[u8]> + AsMut<[u8]>> Read for BufReader<R, B> {
    /// Gives what is in the buffer. If that is nothing, and as much fits into `into` as into the buffer, it is not used.
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, R::Error> {
        if self.buffer().is_empty() && into.len() >= self.capacity() {
            return self.inner.read(into).await;
        }
        if into.is_empty() {
            return Ok(0);
        }
        let seen = self.fill_buf().await?;
        let count = seen.len().min(into.len());
        into[..count].copy_from_slice(&seen[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read, B: AsRef<[u8]> + AsMut<[u8]>> BufRead for BufReader<R, B> {
    /// Empty at the end only.
    async fn fill_buf(&mut self) -> Result<&[u8], R::Error> {
        if self.buffer().is_empty() {
            (self.front, self.back) = (0, 0);
            let buffer = self.buffer.as_mut();
            let read = self.inner.read(buffer).await?;
            self.back = read.min(buffer.len());
        }
        Ok(self.buffer())
    }

    /// More than there is means all of it.
    fn consume(&mut self, count: usize) {
        self.front = self.front.saturating_add(count).min(self.back);
    }
}

impl<R: fmt::Debug, B: AsRef<[u8]> + AsMut<[u8]>> fmt::Debug for BufReader<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled = format_args!("{}/{}", self.buffer().len(), self.capacity());
        f.debug_struct("BufReader").field("inner", &self.inner).field("buffer", &filled).finish()
    }
}
