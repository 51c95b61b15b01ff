//! `task_graph!`: futures that wait for each other's outputs, in an order that the compiler finds.
//!
//! A graph is polled as a join is: all unfinished nodes whose needs are met, at each poll, in one task, beginning one further
//! in a circle each time. Then the others get one more look, in an order that is topological: so a node whose needs were just
//! met is begun in the same poll, whatever the place at which that began, and nobody has to be woken for it (*in order*): a
//! node is first polled after all that it needs have completed.

mod macros;
mod order;
mod slot;

pub use self::order::order;
pub use self::slot::Slot;

#[cfg(all(test, loom, feature = "std"))]
mod models;
