//! The seam between the executors' blocking tasks and hal's pool of threads.

use core::time::Duration;
use std::string::String;
use std::sync::Arc;

use zokio_executor_mt::{Blocking, Job};
use zokio_hal::os::{BlockingPool, ReactorHandle, VirtualTime};

/// hal's pool, whose jobs find the runtime's reactor, and hold its time where it is if that is paused.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) pool: BlockingPool,
    pub(super) reactor: Option<ReactorHandle>,
    pub(super) time: Option<Arc<VirtualTime>>,
    /// Of the runtime.
    pub(super) name: Option<String>,
}

impl Blocking for Pool {
    fn spawn(&self, job: Job) -> Result<(), Job> {
        let reactor = self.reactor.clone();
        let inhibit = self.time.as_ref().map(VirtualTime::inhibit);
        let job = move || {
            // Until who waits for the job has been woken.
            let _inhibit = inhibit;
            let _entered = reactor.map(|reactor| reactor.enter());
            job();
        };
        // A job that comes back is the wrapper now: dropping that cancels the task just as well.
        self.pool.spawn(std::boxed::Box::new(job)).map_err(|rejected| rejected.job)
    }

    fn shutdown(&self, timeout: Option<Duration>) -> bool {
        self.pool.shutdown(timeout)
    }

    fn runtime_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}
