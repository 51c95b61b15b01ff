//! Ways to go wrong, one file for each primitive; their models are in `loom`.

#[cfg(loom)]
mod loom;

#[cfg(all(not(loom), feature = "std"))]
mod barrier;
#[cfg(all(not(loom), feature = "heapless"))]
mod channel;
#[cfg(all(not(loom), feature = "std"))]
mod condvar;
#[cfg(all(not(loom), not(zokio_unicore), feature = "std", feature = "heapless"))]
mod costs;
#[cfg(all(not(loom), feature = "std"))]
mod ends;
#[cfg(all(not(loom), feature = "std"))]
mod forgotten;
#[cfg(all(not(loom), feature = "std"))]
mod hand;
#[cfg(all(not(loom), feature = "std", feature = "heapless"))]
mod handles;
#[cfg(all(not(loom), feature = "std", feature = "heapless"))]
mod kept;
#[cfg(all(not(loom), feature = "std", feature = "heapless"))]
mod looks;
#[cfg(all(not(loom), feature = "std"))]
mod mpmc;
#[cfg(all(not(loom), feature = "std"))]
mod mpsc;
#[cfg(all(not(loom), feature = "std"))]
mod mutex;
#[cfg(all(not(loom), feature = "std"))]
mod notify;
#[cfg(all(not(loom), feature = "std"))]
mod once;
#[cfg(all(not(loom), feature = "std"))]
mod permits;
#[cfg(all(not(loom), feature = "std"))]
mod pipe;
#[cfg(all(not(loom), feature = "std"))]
mod priority;
#[cfg(all(not(loom), feature = "std"))]
mod rwlock;
#[cfg(all(not(loom), feature = "std"))]
mod semaphore;
#[cfg(not(loom))]
mod signal;
#[cfg(not(loom))]
mod threads;
#[cfg(not(loom))]
mod wait_cell;
#[cfg(not(loom))]
mod wait_queue;
