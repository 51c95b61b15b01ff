#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! What a task is, and how it waits.
//!
//! An event fills a cell, the cell wakes a task, the task joins a queue, an executor polls it, and when the queue is
//! empty the executor parks until the next deadline. This crate holds everything in that sentence that needs no memory,
//! no machine and no globals: it names no OS, allocates nothing (boxed tasks sit behind `alloc`), and holds no `static`
//! with interior mutability.
//!
//! # The seams
//!
//! | seam | question | who answers |
//! |---|---|---|
//! | [`task::Schedule`] | where does a woken task go? | an executor |
//! | [`task::Reclaim`] | where does its memory go? | an arena, the heap, a slab |
//! | [`time::Clock`] | what time is it? | a board, an OS, a test |
//! | [`park::Park`] | how to wait? | a board, an OS, WASI |
//! | [`guard`] | how is a poll or a drop run? | this crate, by feature `std` |
//! | [`ambient::Ambient`] | in which context does this poll run? | an executor crate |
//! | [`lock::RawLock`] | what excludes whom? | this crate or a board |

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", loom, test))]
extern crate std;

#[cfg(all(feature = "alloc", not(target_has_atomic = "ptr")))]
compile_error!(
    "feature `alloc` of zokio-core shares by `Arc`, which this target does not have: it lacks compare-and-swap; do without \
     the feature, every primitive has a form without allocation"
);

pub mod ambient;
pub mod atomic;
#[cfg(feature = "defmt")]
mod formats;
pub mod future;
pub mod guard;
pub mod list;
pub mod lock;
pub mod park;
pub mod run_queue;
pub mod stack;
pub mod sync;
pub mod task;
pub mod test;
pub mod time;

#[cfg(all(test, shuttle, feature = "std"))]
#[path = "tests/schedules.rs"]
mod schedules;
#[cfg(test)]
#[path = "tests/util.rs"]
mod test_util;
