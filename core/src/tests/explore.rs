//! Schedules drawn at random for a test, by `shuttle`.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

/// The changes that PCT draws for one schedule.
const CHANGES: usize = 3;

/// Runs `test` under schedules that are drawn at random, one half evenly, the other with few changes.
#[allow(dead_code)] // not where threads poll
pub(crate) fn explore(name: &str, test: impl Fn() + Send + Sync + 'static) {
    run(name, test, 2);
}

/// As [`explore`], of a test in which a thread looks again until another one has gone on: all schedules are drawn evenly,
/// since one with few changes lets it look for ever.
#[allow(dead_code)] // not where all threads wait
pub(crate) fn explore_evenly(name: &str, test: impl Fn() + Send + Sync + 'static) {
    run(name, test, 1);
}

fn run(name: &str, test: impl Fn() + Send + Sync + 'static, parts: usize) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let schedules = number("ZOKIO_SCHEDULES").map_or(200, |count| count as usize);
    let seed = number("ZOKIO_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 16);
    // Before the first: a test that fails does not come to its end.
    std::println!("shuttle: {name}: seed {seed}, {schedules} schedules");
    let mut config = Config::new();
    config.silence_warnings = true;
    // The seed is enough, and shorter than a schedule.
    config.failure_persistence = FailurePersistence::None;
    let (even, test) = (schedules.div_ceil(parts), Arc::new(test));
    let first = test.clone();
    let mut ran = Runner::new(RandomScheduler::new_from_seed(seed, even), config.clone()).run(move || first());
    if parts > 1 {
        ran += Runner::new(PctScheduler::new_from_seed(seed, CHANGES, schedules - even), config).run(move || test());
    }
    std::println!("shuttle: {name}: ran {ran} schedules");
}
