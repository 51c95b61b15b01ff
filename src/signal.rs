//! Signals of the operating system.

#[cfg(unix)]
pub use zokio_hal::os::signal::ctrl_c;
