//! WebAssembly with WASI preview 1: the clock, the parker and the descriptors of the host.
//!
//! An [`Executor`](crate::executor::Executor) in a `static` waits in a [`Poll`]; see `examples/firmware/everywhere-wasi`.

pub use zokio_hal::wasi::*;
