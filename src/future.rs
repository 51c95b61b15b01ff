//! Futures made of futures: select, join, race.

pub use zokio_core::future::*;
