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
//! *no foreign code under the lock*: jobs run and are dropped outside of it.
//!
//! Sharded queues were tried elsewhere and lost jobs to threads that were going idle; the lock is held for a few
//! instructions (and for the start of a thread).

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::boxed::Box;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::vec::Vec;

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
    /// Notified when a thread leaves a pool that has been shut down.
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
    threads: BTreeMap<usize, Option<JoinHandle<()>>>,
    next_thread: usize,
    /// Threads that have left since the shutdown, to be joined.
    leaving: Vec<JoinHandle<()>>,
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

    /// Runs `call` on the pool and returns a future of what it returns.
    ///
    /// # Cancel safety
    ///
    /// A dropped future loses the result; the call is not interrupted.
    pub fn run<T: Send + 'static>(&self, call: impl FnOnce() -> T + Send + 'static) -> Blocking<T> {
        let slot = Arc::new(Mutex::new(Outcome::Waiting(None)));
        let promise = Promise(Some(slot.clone()));
        let job = Box::new(move || {
            let outcome = match catch_unwind(AssertUnwindSafe(call)) {
                Ok(value) => Ok(value),
                Err(_) => Err(io::Error::other("a call on the blocking pool panicked")),
            };
            promise.keep(outcome);
        });
        if let Err(Rejected { job, reason }) = self.spawn(job) {
            drop(job);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Outcome::Done(Err(reason.into()));
        }
        Blocking { slot }
    }

    /// Takes no further jobs, drops those that have not begun, and waits for the threads, at most for `timeout`
    /// (`None`: as long as it takes). Whether all threads have left. Called on a thread of the pool, it waits for the
    /// others.
    pub fn shutdown(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let dropped = {
            let mut state = self.0.state();
            state.closed = true;
            core::mem::take(&mut state.queue)
        };
        self.0.work.notify_all();
        for job in dropped {
            // What a job owns may panic when dropped; the others are dropped all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
        }

        let mut state = self.0.state();
        let here = thread::current().id();
        let is_here =
            |handle: &Option<JoinHandle<()>>| handle.as_ref().is_some_and(|other| other.thread().id() == here);
        let own = state.threads.values().filter(|handle| is_here(handle)).count();
        while state.threads.len() > own {
            let left = match (timeout, deadline) {
                (Some(_), Some(deadline)) => deadline.saturating_duration_since(Instant::now()),
                // A timeout too large to be a deadline is none.
                _ => Duration::from_secs(3600),
            };
            if left.is_zero() {
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
        own == 0
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of one thread.
    fn run(&self, id: usize) {
        let mut state = self.state();
        loop {
            while let Some(job) = state.queue.pop_front() {
                drop(state);
                // The panic hook has reported it; the thread goes on.
                if let Err(payload) = catch_unwind(AssertUnwindSafe(job)) {
                    // The payload is foreign, too.
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
                }
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

enum Outcome<T> {
    Waiting(Option<Waker>),
    Done(io::Result<T>),
    Taken,
}

/// The obligation to say how a call ended; broken by a job that is dropped without having run.
struct Promise<T>(Option<Arc<Mutex<Outcome<T>>>>);

impl<T> Promise<T> {
    fn keep(mut self, outcome: io::Result<T>) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: io::Result<T>) {
        let Some(slot) = self.0.take() else { return };
        let before =
            core::mem::replace(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner), Outcome::Done(outcome));
        if let Outcome::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.settle(Err(Reason::Closed.into()));
        }
    }
}

/// The result of a call that runs on a [`BlockingPool`].
///
/// # Errors
///
/// An error says that the call panicked, was dropped by a shutdown, or found no thread.
///
/// # Panics
///
/// Polled again after it has returned its result.
#[must_use = "futures do nothing unless polled"]
pub struct Blocking<T> {
    slot: Arc<Mutex<Outcome<T>>>,
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

impl<T> Future for Blocking<T> {
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let waker = cx.waker().clone();
        let mut outcome = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match &*outcome {
            Outcome::Waiting(_) => Outcome::Waiting(Some(waker)),
            Outcome::Done(_) | Outcome::Taken => Outcome::Taken,
        };
        let before = core::mem::replace(&mut *outcome, next);
        drop(outcome);
        match before {
            Outcome::Waiting(_) => Poll::Pending,
            Outcome::Done(result) => Poll::Ready(result),
            Outcome::Taken => panic!("`Blocking` polled after it returned its result"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::string::ToString;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn pool(max: usize, keep_alive: Duration) -> BlockingPool {
        BlockingPool::new(max, keep_alive, "test".into(), None)
    }

    const LONG: Duration = Duration::from_secs(20);

    // Mutant: hal/src/os/blocking.rs :: Err(error) if state.threads.is_empty() => { => Err(error) if state.closed => {
    #[test]
    fn failure_007_job_comes_back_when_no_thread_can_start() {
        let refuse = Box::new(|_body: Body| Err(io::Error::from(io::ErrorKind::WouldBlock)));
        let pool = BlockingPool::with_start(4, LONG, refuse);
        let (tx, rx) = mpsc::channel();
        let rejected = pool.spawn(Box::new(move || tx.send(()).unwrap())).expect_err("there is no thread");
        assert!(matches!(rejected.reason, Reason::NoThread(_)));
        assert_eq!((pool.queued(), pool.threads()), (0, (0, 0)));
        (rejected.job)();
        rx.recv().expect("the job came back whole");
    }

    #[test]
    fn failure_007_job_waits_for_the_threads_there_are() {
        let started = AtomicUsize::new(0);
        let once = Box::new(move |body: Body| match started.fetch_add(1, Ordering::Relaxed) {
            0 => thread::Builder::new().spawn(body),
            _ => Err(io::Error::from(io::ErrorKind::WouldBlock)),
        });
        let pool = BlockingPool::with_start(4, LONG, once);
        let (go, gate) = mpsc::channel::<()>();
        pool.spawn(Box::new(move || gate.recv().unwrap())).unwrap();
        let (tx, rx) = mpsc::channel();
        pool.spawn(Box::new(move || tx.send(()).unwrap())).expect("the busy thread takes it later");
        go.send(()).unwrap();
        rx.recv_timeout(LONG).expect("the job ran");
        assert!(pool.shutdown(Some(LONG)));
    }

    // Mutant: hal/src/os/blocking.rs :: if state.owed > 0 { => if state.owed > 0 && !deadline.is_some_and(|at| at <= Instant::now()) {
    #[test]
    fn failure_006_no_job_is_lost_to_a_thread_that_goes_idle() {
        // A keep-alive of nothing: every thread is on its way out when the next job comes.
        for keep_alive in [Duration::ZERO, Duration::from_micros(20)] {
            let pool = pool(2, keep_alive);
            let done = Arc::new(AtomicUsize::new(0));
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        for _ in 0..1_000 {
                            let (tx, rx) = mpsc::channel();
                            let done = done.clone();
                            let job = move || {
                                done.fetch_add(1, Ordering::Relaxed);
                                tx.send(()).unwrap();
                            };
                            pool.spawn(Box::new(job)).unwrap();
                            rx.recv_timeout(LONG).expect("the job ran");
                        }
                    });
                }
            });
            assert_eq!(done.load(Ordering::Relaxed), 2_000);
            assert!(pool.shutdown(Some(LONG)));
        }
    }

    #[test]
    fn at_most_the_limit_runs_at_once_and_all_run() {
        let pool = pool(3, LONG);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (tx, rx) = mpsc::channel();
        for _ in 0..60 {
            let (running, most, tx) = (running.clone(), most.clone(), tx.clone());
            let job = move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                tx.send(()).unwrap();
            };
            pool.spawn(Box::new(job)).unwrap();
        }
        for _ in 0..60 {
            rx.recv_timeout(LONG).unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 3);
        assert!(pool.threads().0 <= 3);
        assert!(pool.shutdown(Some(LONG)));
        assert_eq!(pool.threads(), (0, 0));
    }

    #[test]
    fn a_panic_ends_the_job_and_not_the_thread() {
        let pool = pool(1, LONG);
        let (tx, rx) = mpsc::channel();
        let first = tx.clone();
        pool.spawn(Box::new(move || {
            first.send(thread::current().id()).unwrap();
            panic!("on purpose");
        }))
        .unwrap();
        pool.spawn(Box::new(move || tx.send(thread::current().id()).unwrap())).unwrap();
        assert_eq!(rx.recv_timeout(LONG), rx.recv_timeout(LONG));
        assert!(pool.shutdown(Some(LONG)));
    }

    #[test]
    fn shutdown_drops_what_has_not_begun_and_reports_what_hangs() {
        let pool = pool(1, LONG);
        let (go, gate) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let first = move || {
            begun.send(()).unwrap();
            gate.recv().unwrap();
        };
        pool.spawn(Box::new(first)).unwrap();
        has_begun.recv_timeout(LONG).unwrap();
        let (tx, rx) = mpsc::channel::<()>();
        pool.spawn(Box::new(move || tx.send(()).unwrap())).unwrap();
        assert!(!pool.shutdown(Some(Duration::ZERO)), "one job still runs");
        assert_eq!(rx.recv(), Err(mpsc::RecvError), "the other was dropped");
        let rejected = pool.spawn(Box::new(|| {})).expect_err("closed");
        assert!(matches!(rejected.reason, Reason::Closed));
        go.send(()).unwrap();
        assert!(pool.shutdown(None));
    }

    #[test]
    fn shutdown_on_an_own_thread_does_not_wait_for_itself() {
        let pool = pool(2, LONG);
        let inner = pool.clone();
        let (tx, rx) = mpsc::channel();
        pool.spawn(Box::new(move || tx.send(inner.shutdown(None)).unwrap())).unwrap();
        assert_eq!(rx.recv_timeout(LONG), Ok(false));
        assert!(pool.shutdown(Some(LONG)));
    }

    #[test]
    fn idle_threads_leave() {
        let pool = pool(2, Duration::from_millis(1));
        let (tx, rx) = mpsc::channel();
        pool.spawn(Box::new(move || tx.send(thread::current()).unwrap())).unwrap();
        rx.recv_timeout(LONG).unwrap();
        let begin = Instant::now();
        while pool.threads().0 > 0 {
            assert!(begin.elapsed() < LONG, "the thread stays");
            thread::yield_now();
        }
    }

    #[test]
    fn a_call_that_never_runs_says_so() {
        let pool = pool(1, LONG);
        pool.shutdown(None);
        let mut cx = Context::from_waker(Waker::noop());
        let mut call = core::pin::pin!(pool.run(|| 1));
        let Poll::Ready(Err(error)) = call.as_mut().poll(&mut cx) else { panic!("answered at once") };
        assert!(error.to_string().contains("shut down"), "{error}");
    }
}
