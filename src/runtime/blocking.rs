//! The seam between the executors' blocking tasks and hal's pool of threads.

use core::time::Duration;

use zokio_executor_mt::{Blocking, Job};
use zokio_hal::os::{BlockingPool, ReactorHandle};

/// hal's pool, whose jobs find the runtime's reactor.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) pool: BlockingPool,
    pub(super) reactor: Option<ReactorHandle>,
}

impl Blocking for Pool {
    fn spawn(&self, job: Job) -> Result<(), Job> {
        let reactor = self.reactor.clone();
        let job = move || {
            let _entered = reactor.map(|reactor| reactor.enter());
            job();
        };
        // A job that comes back is the wrapper now: dropping that cancels the task just as well.
        self.pool.spawn(std::boxed::Box::new(job)).map_err(|rejected| rejected.job)
    }

    fn shutdown(&self, timeout: Option<Duration>) -> bool {
        self.pool.shutdown(timeout)
    }
}
