//! Models of the pool: jobs that come while a thread goes idle, or goes.

use loom::thread;
use zokio_core::atomic::{AtomicUsize, Ordering};

use super::super::thread_park::{Token, Unparked};
use super::*;

/// Two submitters, a thread each of them may find busy, idle or on its way out: both jobs run.
fn both_jobs_run(keep_alive: Duration) {
    loom::model(move || {
        let pool = BlockingPool::new(1, keep_alive, "model".into(), None);
        let done = Arc::new((AtomicUsize::new(0), Token::new()));
        let submit = {
            let done = done.clone();
            move |pool: &BlockingPool| {
                let done = done.clone();
                let job = move || {
                    done.0.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(done.1.unpark(), Unparked::Done);
                };
                assert!(pool.spawn(Box::new(job)).is_ok());
            }
        };
        let other = thread::spawn({
            let (pool, submit) = (pool.clone(), submit.clone());
            move || submit(&pool)
        });
        submit(&pool);
        while done.0.load(Ordering::Relaxed) < 2 {
            done.1.sleep(None);
        }
        other.join().unwrap();
        assert!(pool.shutdown(None));
    });
}

// Mutant: hal/src/os/blocking.rs :: state.owed += 1; => // nothing is owed
#[test]
fn failure_006_a_job_for_an_idle_thread_is_run() {
    both_jobs_run(Duration::from_secs(3600));
}

// Mutant: hal/src/os/blocking.rs :: let handle = state.threads.remove(&id).flatten(); => drop(state);\n        let mut state = self.state();\n        let handle = state.threads.remove(&id).flatten();
#[test]
fn failure_006_a_job_for_a_thread_that_leaves_is_run() {
    both_jobs_run(Duration::ZERO);
}

/// A thread ends its job, or is idle, while the pool is shut down: it is taken off the count once.
// Mutant: hal/src/os/blocking.rs :: if state.closed || left.is_zero() {\n                    state.idle -= 1; => if state.closed || left.is_zero() {
#[test]
fn failure_005_shutdown_meets_a_thread_that_ends_its_last_job() {
    loom::model(|| {
        let pool = BlockingPool::new(1, Duration::from_secs(3600), "model".into(), None);
        let submitter = thread::spawn({
            let pool = pool.clone();
            move || drop(pool.spawn(Box::new(|| ())))
        });
        assert!(pool.shutdown(None));
        submitter.join().unwrap();
        assert_eq!(pool.threads(), (0, 0));
    });
}
