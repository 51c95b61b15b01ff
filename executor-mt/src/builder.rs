//! How a runtime is built.

use std::io;
use std::string::{String, ToString};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use zokio_core::ambient::Ambient;
use zokio_core::park::Park;
use zokio_core::time::{Clock, Timers};

use crate::handle::Companion;
use crate::idle::Idle;
use crate::runtime::Runtime;
use crate::timers::WorkerClock;
use crate::worker::Rhythm;

/// Ticks between two looks at new tasks, unless told otherwise.
const GLOBAL_QUEUE_INTERVAL: u32 = 16;
/// Ticks between two looks at events, unless told otherwise.
const EVENT_INTERVAL: u32 = 61;
/// How long the shortest nap is: systems add about 50 us to any sleep.
const NAP: Duration = Duration::from_micros(100);

type Name = Arc<dyn Fn() -> String + Send + Sync>;
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// What one worker brings along: how it waits, and its own timers.
#[derive(Debug)]
pub struct Seat<P, C: Clock + Sync + 'static> {
    /// Dropped by the worker's thread as the last thing it does: then the timers are free for another runtime.
    pub park: P,
    /// No two workers share them.
    pub timers: &'static Timers<WorkerClock<C>>,
}

/// Builds a [`Runtime`].
///
/// Hands out the number of workers by [`threads`](Self::threads), for each of which [`build`](Self::build) wants a
/// [`Seat`].
pub struct Builder {
    worker_threads: Option<usize>,
    name: Name,
    stack_size: Option<usize>,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
    rhythm: Rhythm,
    offer_timers: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// As many workers as the machine runs threads at a time, called `zokio-worker`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            worker_threads: None,
            name: Arc::new(|| "zokio-worker".to_string()),
            stack_size: None,
            on_start: None,
            on_stop: None,
            rhythm: Rhythm {
                global_queue_interval: GLOBAL_QUEUE_INTERVAL,
                event_interval: EVENT_INTERVAL,
                nap: Some(NAP),
            },
            offer_timers: true,
        }
    }

    /// Sets the number of workers. Any number will do that the system has threads for, up to 65,534 where words have 32 bits.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub fn worker_threads(&mut self, threads: usize) -> &mut Self {
        assert!(threads > 0, "the number of worker threads must be greater than 0");
        self.worker_threads = Some(threads);
        self
    }

    /// Names the worker threads.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// Names the worker threads one by one.
    pub fn thread_name_fn(&mut self, name: impl Fn() -> String + Send + Sync + 'static) -> &mut Self {
        self.name = Arc::new(name);
        self
    }

    /// Sets the size of the stacks of the worker threads.
    ///
    /// # Units
    ///
    /// Bytes.
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Runs `hook` on each worker thread before its first task.
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_start = Some(Arc::new(hook));
        self
    }

    /// Runs `hook` on each worker thread after its last task.
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_stop = Some(Arc::new(hook));
        self
    }

    /// Sets how often a busy worker looks at tasks that other threads have spawned and at its own backlog.
    ///
    /// # Units
    ///
    /// Polls.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub fn global_queue_interval(&mut self, polls: u32) -> &mut Self {
        assert!(polls > 0, "the global queue interval must be greater than 0");
        self.rhythm.global_queue_interval = polls;
        self
    }

    /// Sets how often a busy worker looks at timers and events.
    ///
    /// # Units
    ///
    /// Polls.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub fn event_interval(&mut self, polls: u32) -> &mut Self {
        assert!(polls > 0, "the event interval must be greater than 0");
        self.rhythm.event_interval = polls;
        self
    }

    /// Sets whether a worker without tasks takes naps, while others run, before it sleeps for good; it does unless told
    /// otherwise. What it waits for then comes by the clock of its timers, which must go by itself.
    pub fn naps(&mut self, naps: bool) -> &mut Self {
        self.rhythm.nap = naps.then_some(NAP);
        self
    }

    /// Sets whether tasks may use the timers of their workers; they may unless told otherwise.
    pub fn offer_timers(&mut self, offer: bool) -> &mut Self {
        self.offer_timers = offer;
        self
    }

    /// Whether tasks may use timers.
    pub(crate) fn offers_timers(&self) -> bool {
        self.offer_timers
    }

    /// The number of workers there will be.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.worker_threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
    }

    /// Starts the workers, one for each seat.
    ///
    /// # Errors
    ///
    /// If there is no seat or more than workers can have, a name holds a zero byte, or a thread cannot be started: those that were
    /// are stopped and joined before this returns (where tasks run they are only told to stop).
    pub fn build<P, A, C>(&mut self, seats: Vec<Seat<P, C>>, companion: Companion) -> io::Result<Runtime<P, A>>
    where
        P: Park + Send + 'static,
        A: Ambient,
        C: Clock + Send + Sync + 'static,
    {
        if seats.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a runtime needs at least one worker"));
        }
        if seats.len() > Idle::MOST {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "more workers than a runtime has names for"));
        }
        Runtime::start(seats, companion, self)
    }

    /// A thread with the next name.
    pub(crate) fn thread(&self) -> io::Result<thread::Builder> {
        let name = (self.name)();
        if name.contains('\0') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name of a thread holds a zero byte"));
        }
        let thread = thread::Builder::new().name(name);
        Ok(match self.stack_size {
            Some(bytes) => thread.stack_size(bytes),
            None => thread,
        })
    }

    pub(crate) fn rhythm(&self) -> Rhythm {
        self.rhythm
    }

    pub(crate) fn hooks(&self) -> (Option<Hook>, Option<Hook>) {
        (self.on_start.clone(), self.on_stop.clone())
    }
}

impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Builder")
            .field("threads", &self.threads())
            .field("rhythm", &self.rhythm)
            .finish_non_exhaustive()
    }
}
