//! The seam to the pool of threads on which blocking work runs. The pool itself is the operating system's business, not an
//! executor's: it comes as a trait object.

use core::time::Duration;
use std::boxed::Box;

/// A piece of blocking work. Dropping it without running it cancels the task it belongs to.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// Threads that may block.
pub trait Blocking: Send + Sync + 'static {
    /// Runs a job on some thread, at some time.
    ///
    /// # Errors
    ///
    /// Gives the job back if the pool has been shut down or has no thread and can start none.
    fn spawn(&self, job: Job) -> Result<(), Job>;

    /// Takes no more jobs, drops those not yet started, and waits until the running ones are over: for ever if `timeout` is
    /// `None`. Returns whether all are over.
    fn shutdown(&self, timeout: Option<Duration>) -> bool;
}

/// No such threads: every job comes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBlocking;

impl Blocking for NoBlocking {
    fn spawn(&self, job: Job) -> Result<(), Job> {
        Err(job)
    }

    fn shutdown(&self, _: Option<Duration>) -> bool {
        true
    }
}
