//! What a task waits for: cells, queues, and the primitives made of them.
//!
//! | type | who waits | what for |
//! |---|---|---|
//! | [`WaitCell`] | one task | an interrupt, a reactor, a peer |

mod wait_cell;

pub use wait_cell::WaitCell;

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
