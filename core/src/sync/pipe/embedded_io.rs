//! The I/O traits of embedded-io-async.

use core::convert::Infallible;

use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};

use super::{PipeClosed, PipeReader, PipeWriter};
use crate::lock::RawLock;

impl Error for PipeClosed {
    fn kind(&self) -> ErrorKind {
        ErrorKind::BrokenPipe
    }
}

impl<L: RawLock> ErrorType for PipeReader<'_, L> {
    type Error = Infallible;
}

impl<L: RawLock> Read for PipeReader<'_, L> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(PipeReader::read(self, buffer).await)
    }
}

impl<L: RawLock> ErrorType for PipeWriter<'_, L> {
    type Error = PipeClosed;
}

impl<L: RawLock> Write for PipeWriter<'_, L> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, PipeClosed> {
        PipeWriter::write(self, bytes).await
    }

    /// Nothing is kept back: what is written can be read.
    async fn flush(&mut self) -> Result<(), PipeClosed> {
        Ok(())
    }
}
