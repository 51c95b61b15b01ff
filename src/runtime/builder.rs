//! How a runtime is put together.

use core::fmt;
use core::time::Duration;
use std::io;
use std::string::String;
use std::sync::Arc;

use zokio_core::time::Timers;
use zokio_executor_local::{Config, Options, SharedExecutor};
use zokio_hal::os::{BlockingPool, Driver, ReactorHandle, VirtualPark, VirtualTime};

use super::blocking::Pool;
use super::handle::{Handle, Kind, Local};
use super::lease::{KEEP_ALIVE, Lease};
use super::local::{LocalOptions, LocalRuntime};
use super::runtime::{Owned, Runtime};
use super::seed::RngSeed;
#[cfg(feature = "rt-multi-thread")]
use super::workers::Settings;

/// Threads with less have no room for the runtime itself, in a build without optimization.
const SMALLEST_STACK: usize = 128 << 10;

/// Builds a [`Runtime`].
///
/// As in tokio, a runtime has neither timers nor sockets until they are enabled; [`Runtime::new`] enables both.
///
/// # Examples
///
/// ```
/// let runtime = zokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
/// runtime.block_on(async { zokio::time::sleep(std::time::Duration::from_millis(1)).await });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Builder {
    multi_thread: bool,
    #[cfg(feature = "rt-multi-thread")]
    pub(super) workers: Settings,
    io: bool,
    pub(super) time: bool,
    name: Option<String>,
    runtime_name: Option<String>,
    pub(super) seed: Option<RngSeed>,
    stack_size: Option<usize>,
    max_blocking_threads: usize,
    keep_alive: Duration,
    pub(super) virtual_time: bool,
    start_paused: bool,
    auto_advance: bool,
    time_scale: u32,
    unhandled_panic: UnhandledPanic,
}

/// What a runtime does where a task panics: [`Builder::unhandled_panic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnhandledPanic {
    /// It goes on. The panic is in what the join handle gives.
    #[default]
    Ignore,
    /// It shuts down at once, whether or not somebody holds the join handle: all tasks are dropped, what is spawned from then
    /// on is too, and `block_on` panics, now and whenever it is called again.
    ShutdownRuntime,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("multi_thread", &self.multi_thread)
            .field("io", &self.io)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new(multi_thread: bool) -> Self {
        Self {
            multi_thread,
            #[cfg(feature = "rt-multi-thread")]
            workers: Settings::new(),
            io: false,
            time: false,
            name: None,
            runtime_name: None,
            seed: None,
            stack_size: None,
            max_blocking_threads: 512,
            keep_alive: KEEP_ALIVE,
            virtual_time: !multi_thread,
            start_paused: false,
            auto_advance: true,
            time_scale: 1,
            unhandled_panic: UnhandledPanic::Ignore,
        }
    }

    /// Tasks run on the thread that calls [`Runtime::block_on`], while it does.
    #[must_use]
    pub fn new_current_thread() -> Self {
        Self::new(false)
    }

    /// Enables sockets.
    #[cfg(feature = "net")]
    pub fn enable_io(&mut self) -> &mut Self {
        self.io = true;
        self
    }

    /// Enables timers.
    pub fn enable_time(&mut self) -> &mut Self {
        self.time = true;
        self
    }

    /// Enables timers, and with feature `net` sockets.
    pub fn enable_all(&mut self) -> &mut Self {
        self.io = cfg!(feature = "net");
        self.enable_time()
    }

    /// Names the runtime: what [`Handle::name`] gives.
    ///
    /// # Panics
    ///
    /// Panics where there is nothing in it but space.
    #[track_caller]
    pub fn name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        assert!(!name.trim().is_empty(), "a runtime needs a name of more than space, or none");
        self.runtime_name = Some(name);
        self
    }

    /// Draws the order of a current-thread runtime from a seed: which of the ready tasks is polled next, whether one goes
    /// before the future of `block_on`, and where each fair `select!` begins. With a paused clock, and without other threads
    /// and sockets, a run repeats to the event; another seed is another order. Where `block_on` or
    /// what is done with a [stepper](super::Runtime::stepper) panics the seed is printed.
    ///
    /// Workers have no order to draw: [`build`](Self::build) refuses a seed for them.
    ///
    /// The tasks of one [`LocalSet`](crate::task::LocalSet) stay first in, first out among themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// use zokio::runtime::{Builder, RngSeed};
    ///
    /// let order = |seed| {
    ///     let runtime = Builder::new_current_thread().rng_seed(RngSeed::from_u64(seed)).build()?;
    ///     let (tx, mut rx) = zokio::sync::mpsc::unbounded_channel();
    ///     for task in 0..10 {
    ///         let tx = tx.clone();
    ///         runtime.spawn(async move { tx.send(task) });
    ///     }
    ///     drop(tx);
    ///     Ok::<_, std::io::Error>(runtime.block_on(async {
    ///         let mut order = Vec::new();
    ///         while let Some(task) = rx.recv().await {
    ///             order.push(task);
    ///         }
    ///         order
    ///     }))
    /// };
    /// assert_eq!(order(1)?, order(1)?);
    /// assert_ne!(order(1)?, order(2)?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn rng_seed(&mut self, seed: RngSeed) -> &mut Self {
        self.seed = Some(seed);
        self
    }

    /// Sets what a current-thread runtime does where a task panics; it goes on unless told otherwise. A panic of the future of
    /// `block_on` goes to the caller, and a panic in the blocking pool or of a task of a
    /// [`LocalSet`](crate::task::LocalSet) to its join handle, in either case.
    ///
    /// # Panics
    ///
    /// Panics where a multi-thread runtime is to be shut down.
    ///
    /// # Cost
    ///
    /// A runtime that shuts down looks at its timers before each poll, as one with a seed does. It is for tests.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use zokio::runtime::{Builder, UnhandledPanic};
    ///
    /// let mut builder = Builder::new_current_thread();
    /// let runtime = builder.unhandled_panic(UnhandledPanic::ShutdownRuntime).build().unwrap();
    /// runtime.spawn(async { panic!("nobody would hear of this") });
    /// runtime.block_on(std::future::pending::<()>()); // panics instead of waiting for ever
    /// ```
    #[track_caller]
    pub fn unhandled_panic(&mut self, behavior: UnhandledPanic) -> &mut Self {
        assert!(
            !self.multi_thread || behavior != UnhandledPanic::ShutdownRuntime,
            "only a current-thread runtime can be shut down by a panic: use `Builder::new_current_thread`"
        );
        self.unhandled_panic = behavior;
        self
    }

    /// Names the threads of workers and blocking pool.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        #[cfg(feature = "rt-multi-thread")]
        self.workers.threads.thread_name(name.clone());
        self.name = Some(name);
        self
    }

    /// Sets the stack size of workers and of threads of the blocking pool, in bytes. Less than 128 KiB is taken as 128 KiB.
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        let bytes = bytes.max(SMALLEST_STACK);
        #[cfg(feature = "rt-multi-thread")]
        self.workers.threads.thread_stack_size(bytes);
        self.stack_size = Some(bytes);
        self
    }

    /// Sets how many threads the blocking pool may have; 512 unless told otherwise.
    ///
    /// # Panics
    ///
    /// Panics where it is 0.
    #[track_caller]
    pub fn max_blocking_threads(&mut self, threads: usize) -> &mut Self {
        assert!(threads > 0, "the blocking pool needs at least one thread");
        self.max_blocking_threads = threads;
        self
    }

    /// Sets how long a thread of the blocking pool stays without work; 10 s unless told otherwise.
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.keep_alive = duration;
        self
    }

    /// Sets whether the runtime's time may be paused, moved and scaled, by the functions of [`time`](crate::time) and the
    /// setters below. A current-thread runtime may unless told otherwise, a multi-thread one may not.
    ///
    /// # Cost
    ///
    /// On a multi-thread runtime each reading of the clock takes a lock then, and so do parking and unparking.
    pub fn virtual_time(&mut self, virtual_time: bool) -> &mut Self {
        self.virtual_time = virtual_time;
        self
    }

    /// Sets whether the runtime's time is paused from the start on; see [`time::pause`](crate::time::pause).
    ///
    /// [`build`](Self::build) panics if the time of this runtime cannot be paused: that of a multi-thread runtime only
    /// with [`virtual_time(true)`](Self::virtual_time).
    pub fn start_paused(&mut self, start_paused: bool) -> &mut Self {
        self.start_paused = start_paused;
        self
    }

    /// Sets whether paused time moves to the next deadline when the runtime has nothing else to do, as it does unless told
    /// otherwise; see [`time::set_auto_advance`](crate::time::set_auto_advance).
    pub fn auto_advance(&mut self, auto_advance: bool) -> &mut Self {
        self.auto_advance = auto_advance;
        self
    }

    /// Lets the runtime's time run so many times as fast as the system's, which brings its end nearer; see
    /// [`time::set_scale`](crate::time::set_scale). [`build`](Self::build) panics where time cannot be told anything, as
    /// for [`start_paused`](Self::start_paused).
    ///
    /// # Panics
    ///
    /// Panics where it is 0.
    #[track_caller]
    pub fn time_scale(&mut self, times: u32) -> &mut Self {
        assert!(times > 0, "time that runs zero times as fast is paused: call `start_paused`");
        self.time_scale = times;
        self
    }

    /// Builds the runtime.
    ///
    /// # Panics
    ///
    /// Panics where time was to be paused or scaled and [`virtual_time`](Self::virtual_time) is off.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no threads or descriptors; [`InvalidInput`](io::ErrorKind::InvalidInput)
    /// where a name has a zero byte, there are more than 32768 workers, or a multi-thread runtime was given a
    /// [seed](Self::rng_seed). Nothing is left running then.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        self.check()?;
        let time = self.time();
        #[cfg(feature = "net")]
        let driver = if self.io { Driver::with_io()? } else { Driver::without_io() };
        #[cfg(not(feature = "net"))]
        let driver = Driver::without_io();
        let reactor = driver.handle().cloned();
        let name = self.name.clone().unwrap_or_else(|| "zokio-blocking".into());
        let blocking = BlockingPool::new(self.max_blocking_threads, self.keep_alive, name, self.stack_size);
        if let Some(reactor) = &reactor {
            reactor.set_blocking_pool(blocking.clone());
            time.iter().for_each(|time| reactor.set_virtual_time(time.clone()));
        }
        let pool = Pool {
            pool: blocking.clone(),
            reactor: reactor.clone(),
            time: time.clone(),
            name: self.runtime_name.clone(),
        };
        let pool = Arc::new(pool);
        #[cfg(feature = "rt-multi-thread")]
        if self.multi_thread {
            return self.build_multi_thread(driver, reactor, pool);
        }
        Ok(self.build_current_thread(driver, reactor, pool))
    }

    /// Builds a runtime that stays on this thread, whose tasks need not be `Send`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// # Panics
    ///
    /// Panics where the builder is that of a multi-thread runtime.
    #[track_caller]
    pub fn build_local(&mut self, options: LocalOptions) -> io::Result<LocalRuntime> {
        let LocalOptions { .. } = options;
        assert!(!self.multi_thread, "only a current-thread runtime can be local: use `Builder::new_current_thread`");
        Ok(LocalRuntime::assemble(self.build()?))
    }

    /// The runtime's own time, told what there is to tell.
    #[track_caller]
    fn time(&self) -> Option<Arc<VirtualTime>> {
        if !self.virtual_time {
            assert!(!self.start_paused && self.time_scale == 1, "{}", crate::time::NO_CONTROL);
            return None;
        }
        let time = if self.multi_thread { VirtualTime::of_workers() } else { VirtualTime::new() };
        if self.multi_thread {
            // From the start on, so that no worker has read another clock before.
            time.take_over();
        }
        if self.time_scale > 1 {
            time.set_scale(self.time_scale);
        }
        time.set_auto_advance(self.auto_advance);
        if self.start_paused {
            time.pause().expect("nobody else has it yet");
        }
        Some(time)
    }

    fn check(&self) -> io::Result<()> {
        let invalid = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        if self.name.as_ref().is_some_and(|name| name.contains('\0')) {
            return invalid("the name of a thread cannot have a zero byte in it".into());
        }
        if self.multi_thread && self.seed.is_some() {
            return invalid(
                "a multi-thread runtime has no order that a seed could give: use a current-thread one".into(),
            );
        }
        #[cfg(feature = "rt-multi-thread")]
        if self.multi_thread {
            self.workers.check().or_else(invalid)?;
        }
        Ok(())
    }

    fn build_current_thread(&self, driver: Driver, reactor: Option<ReactorHandle>, pool: Arc<Pool>) -> Runtime {
        let lease = Lease::local();
        lease.timers.reopen();
        let timers: Option<&'static Timers> = if self.time { Some(lease.timers) } else { None };
        let config = timers.map_or(Config::new(), |timers| Config::new().timers(timers));
        let park = driver.parkers(1).remove(0);
        let park = match &pool.time {
            Some(time) => VirtualPark::new(park, time.clone(), lease.timers.clock().inner(), lease.timers),
            None => VirtualPark::real(park),
        };
        let options = Options {
            seed: self.seed.map(RngSeed::as_u64),
            ends_on_panic: self.unhandled_panic == UnhandledPanic::ShutdownRuntime,
        };
        let executor = SharedExecutor::with(park, config, options);
        lease.timers.clock().attach(&executor);
        let local = Local { spawner: executor.spawner(), timers, pool };
        let handle = Handle { kind: Kind::CurrentThread(local), reactor };
        Runtime::assemble(Owned::CurrentThread(executor, lease), handle).with_seed(self.seed)
    }
}
