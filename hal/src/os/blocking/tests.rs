//! Ways to lose a job, a thread or the end.

use std::string::ToString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use core::future::Future;
use core::task::{Context, Poll, Waker};

use super::*;
use zokio_core::park::block_on;

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
    let text = rejected.reason.to_string();
    assert!(text.starts_with("no thread for the blocking pool could be started: "), "{text}");
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

/// One thread is idle and another in the last job when the pool is shut down.
// Mutant: hal/src/os/blocking.rs :: if state.closed {\n                break;\n            }\n            state.idle += 1; => state.idle += 1;\n            if state.closed {\n                break;\n            }
#[test]
fn failure_005_a_thread_that_ends_its_last_job_at_shutdown_is_counted_once() {
    let pool = pool(2, LONG);
    let (go, gate) = mpsc::channel::<()>();
    pool.spawn(Box::new(move || gate.recv().unwrap())).unwrap();
    pool.spawn(Box::new(|| ())).unwrap();
    while pool.threads() != (2, 1) {
        thread::yield_now();
    }
    assert!(!pool.shutdown(Some(Duration::ZERO)), "a job is under way");
    go.send(()).unwrap();
    assert!(pool.shutdown(Some(LONG)));
    assert_eq!(pool.threads(), (0, 0));
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

/// What a panic says that panics when it is dropped, so often, with the same.
struct Payload(u8);

impl Drop for Payload {
    fn drop(&mut self) {
        if self.0 > 0 {
            std::panic::panic_any(Self(self.0 - 1));
        }
    }
}

// Mutant: core/src/guard.rs :: core::mem::forget(second); => drop(second);
#[test]
fn what_a_panic_says_ends_neither_the_thread_nor_the_shutdown() {
    let pool = pool(1, LONG);
    let (go, gate) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    pool.spawn(Box::new(|| std::panic::panic_any(Payload(2)))).unwrap();
    pool.spawn(Box::new(move || {
        begun.send(()).unwrap();
        gate.recv().unwrap();
    }))
    .unwrap();
    has_begun.recv_timeout(LONG).expect("the thread goes on");
    let payload = Payload(3);
    pool.spawn(Box::new(move || drop(payload))).unwrap();
    assert!(!pool.shutdown(Some(Duration::ZERO)), "one job still runs");
    go.send(()).unwrap();
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
    assert_eq!(rejected.reason.to_string(), "the blocking pool has been shut down");
    go.send(()).unwrap();
    assert!(pool.shutdown(None));
}

/// A thread that was started late, or called while it was idle, comes to its job all the same; what waited for a busy one is
/// dropped.
// Mutant: hal/src/os/blocking.rs :: min(state.owed + state.coming) => min(state.owed)
#[test]
fn shutdown_leaves_a_job_to_the_thread_that_was_started_for_it() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let late = Arc::new(gate);
    let start = Box::new(move |body: Body| {
        let gate = late.clone();
        thread::Builder::new().spawn(move || {
            lock(&gate).recv().unwrap();
            body();
        })
    });
    let pool = BlockingPool::with_start(1, LONG, start);
    let (tx, rx) = mpsc::channel();
    for job in 0..3 {
        let tx = tx.clone();
        pool.spawn(Box::new(move || tx.send(job).unwrap())).unwrap();
    }
    drop(tx);
    assert!(!pool.shutdown(Some(Duration::ZERO)), "its thread has yet to come");
    assert_eq!(pool.queued(), 1);
    go.send(()).unwrap();
    assert!(pool.shutdown(None));
    assert_eq!(rx.iter().collect::<Vec<_>>(), [0]);
}

// Mutant: hal/src/os/blocking.rs :: min(state.owed + state.coming) => min(state.coming)
#[test]
fn shutdown_leaves_a_job_to_the_thread_that_was_woken_for_it() {
    for _ in 0..200 {
        let pool = pool(1, LONG);
        pool.spawn(Box::new(|| ())).unwrap();
        while pool.threads() != (1, 1) {
            thread::yield_now();
        }
        let (tx, rx) = mpsc::channel();
        pool.spawn(Box::new(move || tx.send(()).unwrap())).unwrap();
        assert!(pool.shutdown(None));
        rx.recv().expect("it was called for");
    }
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

/// Each waits for all threads but those that wait as it does, and one that does not is waited for by both.
// Mutant: hal/src/os/blocking.rs :: self.threads.len() <= self.inside { => self.threads.len() <= 1 {
#[test]
fn two_jobs_that_shut_the_pool_down_do_not_wait_for_each_other() {
    for timeout in [None, Some(LONG * 100)] {
        let pool = pool(3, LONG);
        let (go, gate) = mpsc::channel::<()>();
        let (tx, rx) = mpsc::channel();
        // Both have a thread before either begins.
        let both = Arc::new(std::sync::Barrier::new(2));
        let over = Arc::new(AtomicUsize::new(0));
        let end = over.clone();
        pool.spawn(Box::new(move || {
            gate.recv().unwrap();
            end.store(1, Ordering::Relaxed);
        }))
        .unwrap();
        for _ in 0..2 {
            let (inner, both, over, tx) = (pool.clone(), both.clone(), over.clone(), tx.clone());
            let job = move || {
                both.wait();
                let left = inner.shutdown(timeout);
                let seen = over.load(Ordering::Relaxed);
                // *let out together*: neither waits for the other, which may be back.
                both.wait();
                tx.send((left, seen)).unwrap();
            };
            pool.spawn(Box::new(job)).unwrap();
        }
        assert!(!pool.shutdown(Some(Duration::ZERO)), "none has left");
        go.send(()).unwrap();
        for _ in 0..2 {
            assert_eq!(rx.recv_timeout(LONG), Ok((false, 1)));
        }
        assert!(pool.shutdown(Some(LONG)));
        assert_eq!(pool.threads(), (0, 0));
    }
}

/// Who waits no longer is waited for like any other.
// Mutant: hal/src/os/blocking.rs :: state.inside -= 1; => // it stays counted
#[test]
fn a_job_whose_shutdown_is_over_in_vain_is_counted_no_longer() {
    let pool = pool(2, LONG);
    let (go, gate) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    pool.spawn(Box::new(move || {
        begun.send(()).unwrap();
        gate.recv().unwrap();
    }))
    .unwrap();
    has_begun.recv_timeout(LONG).unwrap();
    let (tx, rx) = mpsc::channel();
    let inner = pool.clone();
    let job = move || {
        let left = inner.shutdown(Some(Duration::ZERO));
        tx.send((left, inner.0.state().inside)).unwrap();
    };
    pool.spawn(Box::new(job)).unwrap();
    assert_eq!(rx.recv_timeout(LONG), Ok((false, 0)));
    go.send(()).unwrap();
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

/// Jobs that nobody has taken yet.
type Jobs = std::cell::RefCell<Vec<Job>>;

// Mutant: hal/src/os/blocking/task.rs ::             task.run(); =>             task.cancel();
#[test]
fn a_call_as_a_task_runs_with_its_job() {
    let jobs = Jobs::default();
    let call = spawn_blocking(&|job| jobs.borrow_mut().push(job), || 6 * 7);
    let broken = spawn_blocking(&|job| jobs.borrow_mut().push(job), || -> u8 { panic!("on purpose") });
    assert!(!call.is_finished());
    for job in jobs.take() {
        job();
    }
    assert_eq!(block_on(call).ok(), Some(42));
    assert!(block_on(broken).unwrap_err().is_panic());
}

// Mutant: hal/src/os/blocking/task.rs :: in_turn(DEEPEST, move || task.cancel()); => core::mem::forget(task);
#[test]
fn a_call_whose_job_is_dropped_is_cancelled() {
    let owned = Arc::new(());
    let held = owned.clone();
    let call = spawn_blocking(&drop, move || drop(held));
    assert!(call.is_finished());
    assert!(block_on(call).unwrap_err().is_cancelled());
    assert_eq!(Arc::strong_count(&owned), 1, "what the call owned is gone");
}

#[test]
fn a_call_that_is_aborted_before_its_job_runs_does_not_run() {
    let jobs = Jobs::default();
    let runs = Arc::new(AtomicUsize::new(0));
    let inside = runs.clone();
    let call = spawn_blocking(&|job| jobs.borrow_mut().push(job), move || inside.fetch_add(1, Ordering::Relaxed));
    call.abort();
    jobs.take().into_iter().for_each(|job| job());
    assert!(block_on(call).unwrap_err().is_cancelled());
    assert_eq!(runs.load(Ordering::Relaxed), 0);

    // On a pool that has been shut down.
    let pool = pool(1, LONG);
    assert!(pool.shutdown(None));
    let call = spawn_blocking(&|job| drop(pool.spawn(job)), || ());
    assert!(block_on(call).unwrap_err().is_cancelled());
}

/// The result of a call is nobody else's loss: the waker of who gets it at once is not needed.
// Mutant: hal/src/os/blocking/call.rs :: swallow(|| drop(waker)); => drop(waker);
#[test]
#[allow(unsafe_code)]
fn a_waker_that_panics_in_its_drop_costs_no_result() {
    use core::task::{RawWaker, RawWakerVTable};
    static TABLE: RawWakerVTable = RawWakerVTable::new(
        |data| RawWaker::new(data, &TABLE),
        |_| (),
        |_| (),
        |_| assert!(thread::panicking(), "as planned"),
    );
    let pool = pool(1, LONG);
    let mut call = pool.run(|| 7);
    assert!(pool.shutdown(Some(LONG)));
    // SAFETY: there are no data, of which the functions could want anything.
    let waker = core::mem::ManuallyDrop::new(unsafe { Waker::new(core::ptr::null(), &TABLE) });
    let polled = core::pin::Pin::new(&mut call).poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Ready(Ok(7))));
}
