//! Models, one file for each primitive.

#[cfg(feature = "heapless")]
mod channel;
mod mpsc;
mod mutex;
mod notify;
mod once;
mod pipe;
mod rwlock;
mod semaphore;
mod wait_cell;
mod wait_queue;
