//! Models, one file for each primitive.

#[cfg(feature = "heapless")]
mod channel;
mod mutex;
mod notify;
mod once;
mod rwlock;
mod semaphore;
mod wait_cell;
mod wait_queue;
