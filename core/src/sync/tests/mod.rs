//! Ways to go wrong, one file for each primitive; their models are in `loom`.

#[cfg(loom)]
mod loom;

#[cfg(not(loom))]
mod barrier;
#[cfg(all(not(loom), feature = "heapless"))]
mod channel;
#[cfg(not(loom))]
mod condvar;
#[cfg(all(not(loom), feature = "std"))]
mod forgotten;
#[cfg(all(not(loom), feature = "std"))]
mod mpmc;
#[cfg(all(not(loom), feature = "std"))]
mod mpsc;
#[cfg(not(loom))]
mod mutex;
#[cfg(not(loom))]
mod notify;
#[cfg(not(loom))]
mod once;
#[cfg(all(not(loom), feature = "std"))]
mod pipe;
#[cfg(all(not(loom), feature = "std"))]
mod priority;
#[cfg(not(loom))]
mod rwlock;
#[cfg(not(loom))]
mod semaphore;
#[cfg(not(loom))]
mod signal;
#[cfg(not(loom))]
mod threads;
#[cfg(not(loom))]
mod wait_cell;
#[cfg(not(loom))]
mod wait_queue;
