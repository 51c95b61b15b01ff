//! The workers of a multi-thread runtime: what the builder is told of them, their timers, and how they are started.

use core::fmt;
use core::time::Duration;
use std::format;
use std::io;
use std::string::String;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

use zokio_core::park::Park;
use zokio_core::time::{Instant, Timers};
use zokio_executor_local::context::Current;
use zokio_executor_mt::{Builder as Threads, Seat, WorkerClock};
use zokio_hal::os::{Driver, ReactorHandle, RuntimeClock, VirtualPark, VirtualUnpark};

use super::blocking::Pool;
use super::builder::Builder;
use super::handle::{Handle, Kind};
use super::lease::{Free, Lease};
use super::runtime::{Owned, Runtime, is_polling};

/// More workers than any machine has threads for.
const MOST_WORKERS: usize = 1 << 15;

type Hook = Arc<dyn Fn() + Send + Sync>;

/// What a [`Builder`] is told of workers.
pub(super) struct Settings {
    pub(super) threads: Threads,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
}

impl Settings {
    pub(super) fn new() -> Self {
        Self { threads: Threads::new(), on_start: None, on_stop: None }
    }

    /// Says what is wrong with them.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.threads.threads() {
            0..=MOST_WORKERS => Ok(()),
            more => Err(format!("{more} worker threads are too many: at most {MOST_WORKERS} can be")),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.threads.fmt(f)
    }
}

/// The clock of a worker's timers.
type WorkerTimers = Timers<WorkerClock<RuntimeClock>>;

static WORKERS: Free<WorkerTimers> = Mutex::new(Vec::new());

impl Lease<WorkerTimers> {
    /// For one worker.
    fn worker() -> Self {
        Self::take(&WORKERS, || Timers::new(WorkerClock::new(RuntimeClock::new())))
    }
}

/// How a worker waits, and the lease of its timers, which ends with it.
#[derive(Debug)]
pub(super) struct LeasedPark {
    /// Dropped first: from then on the clock of the timers is the system's.
    park: VirtualPark,
    _timers: Lease<WorkerTimers>,
}

impl Park for LeasedPark {
    type Unpark = VirtualUnpark;

    fn unpark(&self) -> VirtualUnpark {
        Park::unpark(&self.park)
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        self.park.park(deadline, is_idle);
    }

    fn poll(&mut self) {
        self.park.poll();
    }
}

impl Runtime {
    /// A multi-thread runtime with everything enabled.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no threads or descriptors.
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().enable_all().build()
    }
}

impl Builder {
    /// Tasks run on worker threads, one for each processor unless told otherwise.
    #[must_use]
    pub fn new_multi_thread() -> Self {
        Self::new(true)
    }

    /// Sets the number of workers of a multi-thread runtime.
    ///
    /// # Panics
    ///
    /// Panics where it is 0.
    #[track_caller]
    pub fn worker_threads(&mut self, threads: usize) -> &mut Self {
        self.workers.threads.worker_threads(threads);
        self
    }

    /// Names the workers, one call each.
    pub fn thread_name_fn(&mut self, name: impl Fn() -> String + Send + Sync + 'static) -> &mut Self {
        self.workers.threads.thread_name_fn(name);
        self
    }

    /// Calls `hook` on each worker before it runs its first task.
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.workers.on_start = Some(Arc::new(hook));
        self
    }

    /// Calls `hook` on each worker after its last task.
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.workers.on_stop = Some(Arc::new(hook));
        self
    }

    /// Sets after how many polls a worker looks at tasks from other threads.
    ///
    /// # Panics
    ///
    /// Panics where it is 0.
    #[track_caller]
    pub fn global_queue_interval(&mut self, polls: u32) -> &mut Self {
        self.workers.threads.global_queue_interval(polls);
        self
    }

    /// Sets after how many polls a worker looks at timers and sockets.
    ///
    /// # Panics
    ///
    /// Panics where it is 0.
    #[track_caller]
    pub fn event_interval(&mut self, polls: u32) -> &mut Self {
        self.workers.threads.event_interval(polls);
        self
    }

    pub(super) fn build_multi_thread(
        &mut self,
        driver: Driver,
        reactor: Option<ReactorHandle>,
        pool: Arc<Pool>,
    ) -> io::Result<Runtime> {
        // A nap is as long as the system's clock says.
        self.workers.threads.naps(!self.virtual_time);
        let (user_start, on_worker) = (self.workers.on_start.clone(), reactor.clone());
        self.workers.threads.on_thread_start(move || {
            ReactorHandle::replace_current(on_worker.clone());
            if let Some(hook) = &user_start {
                hook();
            }
        });
        let user_stop = self.workers.on_stop.clone();
        self.workers.threads.on_thread_stop(move || {
            if let Some(hook) = &user_stop {
                hook();
            }
            ReactorHandle::replace_current(None);
        });
        self.workers.threads.offer_timers(self.time);
        let seats: Vec<_> = driver
            .parkers(self.workers.threads.threads())
            .into_iter()
            .map(|park| {
                let lease = Lease::worker();
                let park = match &pool.time {
                    Some(time) => VirtualPark::new(park, time.clone(), lease.timers.clock().inner(), lease.timers),
                    None => VirtualPark::real(park),
                };
                Seat { timers: lease.timers, park: LeasedPark { park, _timers: lease } }
            })
            .collect();
        let built = self.workers.threads.build::<_, Current, _>(seats, pool.clone());
        // The hook owns the reactor, and the builder may live longer than the runtime.
        self.workers.threads.on_thread_start(|| ());
        let workers = match built {
            Ok(workers) => workers,
            Err(error) => {
                // Workers that were started may have brought work already.
                pool.pool.shutdown(is_polling().then_some(Duration::ZERO));
                return Err(error);
            }
        };
        let handle = Handle { kind: Kind::MultiThread(workers.handle().clone()), reactor };
        Ok(Runtime::assemble(Owned::MultiThread(workers), handle))
    }
}
