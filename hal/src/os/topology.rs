//! What the machine offers.

use std::vec::Vec;

/// A processor that a worker may be placed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    /// A running number, not the operating system's.
    pub cpu: usize,
    /// The memory node it belongs to.
    pub node: usize,
}

/// The processors this process may use at once, as affinity masks and control groups allow; at least one. All are
/// reported on node 0: nodes are not read.
#[must_use]
pub fn processors() -> Vec<Processor> {
    // Where it is unknown, one is the only number that is surely not too high.
    let count = std::thread::available_parallelism().map_or(1, core::num::NonZero::get);
    (0..count).map(|cpu| Processor { cpu, node: 0 }).collect()
}
