//! Work that is done by all cores at once, its results in the order of the jobs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The variable that says how many cores this program may use.
pub const CORES: &str = "ZOKIO_XTASK_CORES";

/// The variable that tells programs apart which run side by side: their numbers.
pub const SLOT: &str = "ZOKIO_XTASK_SLOT";

/// The number of this program among those that run side by side.
pub fn slot() -> usize {
    std::env::var(SLOT).ok().and_then(|slot| slot.parse().ok()).unwrap_or(0)
}

/// How many programs are run at a time.
pub fn count() -> usize {
    let told = std::env::var(CORES).ok().and_then(|cores| cores.parse().ok()).filter(|&cores| cores > 0);
    told.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Runs `work` on each job, as many at a time as the machine has cores.
pub fn each<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    each_numbered(jobs, |job, _| work(job))
}

/// The same; `work` is told the number of the worker too, from 0.
pub fn each_numbered<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J, usize) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let (next, results, work) = (&next, &results, &work);
        for worker in 0..count().min(jobs.len()) {
            scope.spawn(move || {
                while let Some((at, job)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(at).map(|job| (at, job))
                } {
                    let result = work(job, worker);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|result| result.0);
    results.into_iter().map(|result| result.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_is_done_once_and_results_keep_their_order() {
        let jobs: Vec<usize> = (0..100).collect();
        let done = AtomicUsize::new(0);
        let results = each(&jobs, |job| {
            done.fetch_add(1, Ordering::Relaxed);
            job * 2
        });
        assert_eq!(results, jobs.iter().map(|job| job * 2).collect::<Vec<_>>());
        assert_eq!(done.into_inner(), 100);
        assert!(each(&[], |job: &u8| *job).is_empty());
    }
}
