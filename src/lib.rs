#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! One async runtime from a microcontroller to a server.
//!
//! The same paths mean the same on every tier:
//!
//! | path | on a chip | WASI | Linux and its like |
//! |---|---|---|---|
//! | [`spawn`], [`try_spawn`], [`mod@task`] | a slot of a static arena | the same | one allocation |
//! | [`time`] | the board's clock and alarm | `poll_oneoff` | the system's clock |
//! | [`sync`], [`future`], [`select!`], [`join!`], [`try_join!`] | the same | the same | the same |
#![cfg_attr(feature = "std", doc = "| [`runtime`], [`net`], [`io`], [`signal`] | | | with feature `std` |")]
//! | [`executor`] | with a board | with `wasi` | |
//! | `irq` | with feature `metal` | | |
//!
//! This crate composes and re-exports; it has no algorithm of its own. What a task is stands in `zokio_core::task`.
#![cfg_attr(
    feature = "std",
    doc = "\n# Examples\n\n```\nlet runtime = zokio::runtime::Runtime::new()?;\nlet answer = runtime.block_on(async { zokio::spawn(async { 6 * 7 }).await });\nassert_eq!(answer?, 42);\n# Ok::<(), Box<dyn std::error::Error>>(())\n```"
)]

#[cfg(feature = "rt")]
extern crate std;

mod build_info;
pub mod error;
pub mod executor;
pub mod future;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "net")]
pub mod io;
#[cfg(feature = "metal")]
pub mod irq;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "rt")]
pub mod runtime;
#[cfg(feature = "signal")]
pub mod signal;
pub mod sync;
pub mod task;
pub mod test;
pub mod time;
#[cfg(all(feature = "wasi", target_os = "wasi"))]
pub mod wasi;

pub use build_info::{BuildInfo, Sizes, build_info};
#[doc(inline)]
pub use task::{spawn, try_spawn};
#[cfg(feature = "rt")]
#[doc(inline)]
pub use zokio_core::task_local;
#[doc(inline)]
pub use zokio_core::{join, pin, select, task_graph, try_join};
#[cfg(feature = "macros")]
pub use zokio_macros::{main, task, test};

/// The README's programs, compiled.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
