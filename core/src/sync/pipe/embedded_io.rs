//! The I/O traits of embedded-io-async.

use core::convert::Infallible;

use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};

use super::{PipeClosed, PipeReader, PipeWriter};
#[cfg(feature = "alloc")]
use super::{Reader, Writer};
use crate::lock::RawLock;

impl Error for PipeClosed {
    fn kind(&self) -> ErrorKind {
        ErrorKind::BrokenPipe
    }
}

macro_rules! halves {
    ($($(#[$meta:meta])* [$($generics:tt)*] $reader:ty, $writer:ty;)*) => {$(
        $(#[$meta])*
        impl<$($generics)*> ErrorType for $reader {
            type Error = Infallible;
        }

        $(#[$meta])*
        impl<$($generics)*> Read for $reader {
            async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
                Ok(<$reader>::read(self, buffer).await)
            }
        }

        $(#[$meta])*
        impl<$($generics)*> ErrorType for $writer {
            type Error = PipeClosed;
        }

        $(#[$meta])*
        impl<$($generics)*> Write for $writer {
            async fn write(&mut self, bytes: &[u8]) -> Result<usize, PipeClosed> {
                <$writer>::write(self, bytes).await
            }

            /// Nothing is kept back: what is written can be read.
            async fn flush(&mut self) -> Result<(), PipeClosed> {
                Ok(())
            }
        }
    )*};
}

halves! {
    ['a, L: RawLock] PipeReader<'a, L>, PipeWriter<'a, L>;
    #[cfg(feature = "alloc")]
    [] Reader, Writer;
}
