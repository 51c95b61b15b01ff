//! Threads for calls that block.
//!
//! One queue, one lock. Threads are made on demand up to a limit, and leave after a time without work.
//!
//! # Invariants
//!
//! *owed*: a submitter that finds an idle thread takes it off the idle count and adds one to `owed` before it releases
//! the lock; a thread that goes to leave looks at `owed` under the same lock. So no job is left with a thread that has
//! decided to go.
//!
//! *no orphan*: a job is in the queue only while there is a thread that will look at the queue again. Threads are
//! started with the lock held, so when one cannot be started and there is no other, the job taken back is the only one.
//!
//! *called for*: a job for which a thread was started or woken has begun. A thread that is started counts as `coming` until
//! it looks at the queue for the first time, one that is woken as `owed`; so many jobs, the oldest, outlive a shutdown.
//!
//! *let out together*: who shuts the pool down in a job waits for all threads but those that do the same, and these come back
//! together. `inside` counts them, and is zero again in each `round` that they were let out.
//!
//! *no foreign code under the lock*: jobs run and are dropped outside of it.
//!
//! Sharded queues were tried elsewhere and lost jobs to threads that were going idle; the lock is held for a few
//! instructions (and for the start of a thread).

use core::time::Duration;
use std::boxed::Box;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::string::String;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use std::vec::Vec;

use zokio_core::guard::swallow;

use super::sync::thread::{self, JoinHandle};
use super::sync::{Condvar, Mutex, MutexGuard, lock};

mod call;
mod task;

pub use call::Blocking;
pub use task::spawn_blocking;

/// What a thread of the pool runs.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// The body of a thread to be started.
type Body = Box<dyn FnOnce() + Send + 'static>;
type Start = Box<dyn Fn(Body) -> io::Result<JoinHandle<()>> + Send + Sync>;

/// A job that was not taken, and why.
pub struct Rejected {
    /// The job: it has not run.
    pub job: Job,
    /// Why.
    pub reason: Reason,
}

/// Why a job was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The pool has been shut down.
    Closed,
    /// There is no thread, and none could be started.
    NoThread(io::Error),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the blocking pool has been shut down"),
            Self::NoThread(error) => write!(f, "no thread for the blocking pool could be started: {error}"),
        }
    }
}

impl std::error::Error for Reason {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Closed => None,
            Self::NoThread(error) => Some(error),
        }
    }
}

impl From<Reason> for io::Error {
    fn from(reason: Reason) -> Self {
        let kind = match &reason {
            Reason::Closed => io::ErrorKind::Other,
            Reason::NoThread(error) => error.kind(),
        };
        Self::new(kind, reason)
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// A pool of threads for calls that block. Cheap to clone; the clones are one pool.
///
/// Dropping the last clone stops nothing: threads finish what is queued and leave after their keep-alive time.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use zokio_hal::os::BlockingPool;
///
/// let pool = BlockingPool::new(4, Duration::from_secs(10), "blocking".into(), None);
/// let (tx, rx) = std::sync::mpsc::channel();
/// pool.spawn(Box::new(move || tx.send(6 * 7).expect("somebody waits")))?;
/// assert_eq!(rx.recv(), Ok(42));
/// assert!(pool.shutdown(Some(Duration::from_secs(1))));
/// # Ok::<(), zokio_hal::os::Rejected>(())
/// ```
#[derive(Clone)]
pub struct BlockingPool(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Notified once for each thread that is owed a look at the queue, and of all at shutdown.
    work: Condvar,
    /// Notified when a thread leaves a pool that has been shut down, or begins to wait for that.
    left: Condvar,
    max_threads: usize,
    keep_alive: Duration,
    start: Start,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    closed: bool,
    idle: usize,
    owed: usize,
    coming: usize,
    threads: BTreeMap<usize, Option<JoinHandle<()>>>,
    next_thread: usize,
    /// Threads that have left since the shutdown, to be joined.
    leaving: Vec<JoinHandle<()>>,
    /// Threads that wait in `shutdown` for the others: *let out together*.
    inside: usize,
    round: usize,
}

impl State {
    /// Whether nobody is left for whom a shutdown waits, which began in `round` on a thread of the pool.
    fn has_left(&mut self, round: Option<usize>) -> bool {
        let Some(round) = round else { return self.threads.is_empty() };
        if self.round == round && self.threads.len() <= self.inside {
            // *let out together*: all of them have been notified of what made it so.
            self.round += 1;
            self.inside = 0;
        }
        self.round != round
    }
}

impl BlockingPool {
    /// Makes a pool of at most `max_threads` threads (at least one), which leave after `keep_alive` without work.
    /// `stack_size` is in bytes; `None` is the platform's.
    #[must_use]
    pub fn new(max_threads: usize, keep_alive: Duration, thread_name: String, stack_size: Option<usize>) -> Self {
        Self::with_start(
            max_threads,
            keep_alive,
            Box::new(move |body| {
                let builder = thread::Builder::new().name(thread_name.clone());
                let builder = match stack_size {
                    Some(bytes) => builder.stack_size(bytes),
                    None => builder,
                };
                builder.spawn(body)
            }),
        )
    }

    fn with_start(max_threads: usize, keep_alive: Duration, start: Start) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new(State::default()),
            work: Condvar::new(),
            left: Condvar::new(),
            max_threads: max_threads.max(1),
            keep_alive,
            start,
        }))
    }

    /// Queues a job for a thread of the pool, starting one if none is idle and the limit allows it. A panic of the job
    /// ends the job, not its thread; who wants it catches it inside.
    ///
    /// # Errors
    ///
    /// [`Rejected`], with the job, if the pool has been shut down, or has no thread and cannot start one.
    pub fn spawn(&self, job: Job) -> Result<(), Rejected> {
        let mut state = self.0.state();
        if state.closed {
            drop(state);
            return Err(Rejected { job, reason: Reason::Closed });
        }
        if state.idle > 0 {
            state.idle -= 1;
            state.owed += 1;
            state.queue.push_back(job);
            drop(state);
            self.0.work.notify_one();
            return Ok(());
        }
        if state.threads.len() < self.0.max_threads {
            let id = state.next_thread;
            let shared = self.0.clone();
            match (self.0.start)(Box::new(move || shared.run(id))) {
                Ok(handle) => {
                    state.next_thread += 1;
                    state.coming += 1;
                    state.threads.insert(id, Some(handle));
                }
                // *no orphan*: the lock has been held since the check, so nobody else counts on that thread.
                Err(error) if state.threads.is_empty() => {
                    drop(state);
                    return Err(Rejected { job, reason: Reason::NoThread(error) });
                }
                // The threads that there are come to it in their time.
                Err(_) => {}
            }
        }
        state.queue.push_back(job);
        Ok(())
    }

    /// Takes no further jobs, drops those for which no thread was called, and waits for the threads, at most for `timeout`
    /// (`None`: as long as it takes). Whether all threads have left. Called on threads of the pool, it waits for
    /// those on which it was not.
    ///
    /// A job that found an idle thread, or had one started, runs: when that thread gets to it is up to the machine, and what
    /// runs at the end of a program must not be.
    pub fn shutdown(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let dropped = {
            let mut state = self.0.state();
            state.closed = true;
            // *called for*
            let begun = state.queue.len().min(state.owed + state.coming);
            state.queue.split_off(begun)
        };
        self.0.work.notify_all();
        for job in dropped {
            // What a job owns may panic when dropped; the others are dropped all the same.
            swallow(|| drop(job));
        }

        let mut state = self.0.state();
        let here = thread::current().id();
        let is_here =
            |handle: &Option<JoinHandle<()>>| handle.as_ref().is_some_and(|other| other.thread().id() == here);
        let round = state.threads.values().any(is_here).then_some(state.round);
        if round.is_some() {
            state.inside += 1;
            self.0.left.notify_all();
        }
        while !state.has_left(round) {
            let left = match (timeout, deadline) {
                (Some(_), Some(deadline)) => deadline.saturating_duration_since(Instant::now()),
                // A timeout too large to be a deadline is none.
                _ => Duration::from_secs(3600),
            };
            if left.is_zero() {
                if round.is_some() {
                    state.inside -= 1;
                }
                return false;
            }
            let waited = self.0.left.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let leaving = core::mem::take(&mut state.leaving);
        drop(state);
        for handle in leaving {
            // All that is left of these threads are their thread-locals' destructors. Jobs' panics were caught.
            let _ = handle.join();
        }
        round.is_none()
    }

    /// Threads there are, and those of them that are idle.
    #[must_use]
    pub fn threads(&self) -> (usize, usize) {
        let state = self.0.state();
        (state.threads.len(), state.idle)
    }

    /// Jobs that wait for a thread.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.0.state().queue.len()
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (threads, idle) = self.threads();
        f.debug_struct("BlockingPool").field("threads", &threads).field("idle", &idle).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The life of one thread.
    fn run(&self, id: usize) {
        let mut state = self.state();
        state.coming -= 1;
        loop {
            while let Some(job) = state.queue.pop_front() {
                drop(state);
                swallow(job);
                state = self.state();
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let deadline = Instant::now().checked_add(self.keep_alive);
            let stay = loop {
                if state.owed > 0 {
                    // The submitter has taken one off `idle`.
                    state.owed -= 1;
                    break true;
                }
                let left = deadline.map_or(self.keep_alive, |at| at.saturating_duration_since(Instant::now()));
                if state.closed || left.is_zero() {
                    state.idle -= 1;
                    break false;
                }
                state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            };
            if !stay {
                break;
            }
        }
        let handle = state.threads.remove(&id).flatten();
        if state.closed {
            state.leaving.extend(handle);
            drop(state);
            self.left.notify_all();
        }
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
