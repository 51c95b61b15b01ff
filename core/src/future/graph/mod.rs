//! `task_graph!`: futures that wait for each other's outputs, in an order that the compiler finds.
//!
//! A graph is polled as a join is: all unfinished nodes, at each poll, in one task. The order among them is topological, so
//! a node whose dependencies have just completed goes on in the same poll, and nobody has to be woken for that (*in order*):
//! a node is polled after all that it waits for.

mod macros;
mod order;
mod slot;

pub use self::order::order;
pub use self::slot::{Slot, wait};

#[cfg(all(test, loom, feature = "std"))]
mod models;
