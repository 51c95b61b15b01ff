//! What a task waits for: cells, queues, and the primitives made of them.
//!
//! | type | who waits | what for |
//! |---|---|---|
//! | [`WaitCell`] | one task | an interrupt, a reactor, a peer |
//! | [`Signal`] | one task | a value, the last one signalled |
//! | [`WaitQueue`] | many tasks | anything, told by whoever changes it |
//! | [`Notify`] | many tasks | the same, one wake-up being remembered |
//! | [`Mutex`] | many tasks | their turn to use a value |
//! | [`Broadcast`] | many tasks | every message |
//! | [`Watch`] | many tasks | a new value, of which only the latest counts |
//! | [`WaitGroup`] | many tasks | that all others are done |
//! | [`CancellationSource`] | many tasks | the request to stop |
//! | [`RwLock`] | many tasks | their turn to look at a value, or to change it |
//! | [`Condvar`] | many tasks | a condition on a mutex's value |
//! | [`Barrier`] | so many tasks | each other |
//! | [`OnceCell`] | many tasks | a value that the first of them makes |
//! | [`SetOnce`] | many tasks | a value that somebody sets |
//! | [`Semaphore`] | many tasks | permits |
//! | [`Oneshot`] | one task each side | one value, or that the other side is gone |
#![cfg_attr(feature = "heapless", doc = "| [`Channel`] | many tasks | a message, or room for one |")]
//!
//! There is one wait list, in `waiters`; the queue and everything below it in the table are made of it.
//!
//! # Wakers that panic
//!
//! Wakers are foreign code, and run when no lock is held. One that panics keeps nobody else from being woken: when all others
//! are, the first panic goes on to whoever woke them. But who has got something by the same call, a lock, a message, bytes,
//! keeps it: the panic is let go then, and the panic hook has told of it. Without `std` a panic ends the program.

#[cfg(feature = "alloc")]
#[allow(dead_code)] // for the primitives that are awaited from an `Arc`
mod alloc;
mod barrier;
mod blocking;
pub mod broadcast;
mod cancel;
#[cfg(any(feature = "heapless", feature = "alloc"))]
mod channel;
mod condvar;
#[cfg(feature = "defmt")]
mod formats;
mod hold;
#[cfg(feature = "alloc")]
pub mod mpmc;
#[cfg(feature = "alloc")]
pub mod mpsc;
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
mod permits;
pub mod pipe;
#[cfg(any(feature = "heapless", feature = "alloc"))]
pub mod priority;
mod rwlock;
mod semaphore;
mod set_once;
mod signal;
mod slot;
mod wait_cell;
mod wait_group;
mod wait_queue;
mod waiters;
pub mod watch;

pub use barrier::{Barrier, BarrierWaitResult};
pub use broadcast::Broadcast;
pub use cancel::*;
#[cfg(feature = "heapless")]
pub use channel::{Channel, DynReceiver, DynSender, Permit};
#[cfg(any(feature = "heapless", feature = "alloc"))]
pub use channel::{SendError, TryRecvError, TrySendError};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, TryLockError};
#[cfg(feature = "alloc")]
pub use mutex::{OwnedMappedMutexGuard, OwnedMutexGuard};
#[cfg(feature = "alloc")]
pub use notify::OwnedNotified;
pub use notify::{Notified, Notify};
pub use once_cell::{OnceCell, SetError};
pub use oneshot::Oneshot;
pub use pipe::{Pipe, PipeClosed, PipeEmpty, PipeReader, PipeWriter, TryWriteError};
#[cfg(feature = "heapless")]
pub use priority::PriorityChannel;
#[cfg(feature = "alloc")]
pub use rwlock::{OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub use rwlock::{RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard};
#[cfg(feature = "alloc")]
pub use semaphore::OwnedSemaphorePermit;
pub use semaphore::{AcquireError, Semaphore, SemaphorePermit, TryAcquireError};
pub use set_once::{SetOnce, SetOnceError};
pub use signal::{Signal, SignalWait};
pub use wait_cell::WaitCell;
pub use wait_group::*;
pub use wait_queue::{Closed, Wait, WaitQueue};
pub use watch::Watch;

#[cfg(test)]
mod tests;
