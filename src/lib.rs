#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! One async runtime from a microcontroller to a server.
//!
//! The paths and their meaning are the same on every tier: [`spawn`], [`select!`], [`join!`], [`time`], [`sync`]. What
//! differs is who runs the tasks: an [`executor`] in a `static` on a chip or in a WebAssembly module, a runtime elsewhere.

pub mod executor;
pub mod future;
#[cfg(feature = "metal")]
pub mod irq;
pub mod sync;
pub mod task;
pub mod time;
#[cfg(all(feature = "wasi", target_os = "wasi"))]
pub mod wasi;

#[doc(inline)]
pub use task::{spawn, try_spawn};
#[doc(inline)]
pub use zokio_core::{join, select, try_join};
