//! Permits.

use std::future::Future;
use std::io;
use std::sync::Arc;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioMultiThread};
use zokio_benches::sample::{Countdown, sample};

const PERMITS: usize = 2;
const OPERATIONS: usize = 100_000;

trait Semaphore: Send + Sync + 'static {
    fn new(permits: usize) -> Self;
    fn acquire(&self) -> impl Future<Output: Send> + Send;
}

impl Semaphore for tokio::sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire()
    }
}

impl Semaphore for zokio::sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire()
    }
}

impl Semaphore for async_lock::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire()
    }
}

impl Semaphore for maitake_sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire(1)
    }
}

/// All rivals, one after the other.
pub fn all(plan: &Plan, table: &mut Table, name: &'static str, tasks: usize) -> io::Result<()> {
    one::<TokioMultiThread, tokio::sync::Semaphore>(plan, table, name, "tokio-mt", tasks)?;
    one::<ZokioMultiThread, zokio::sync::Semaphore>(plan, table, name, "zokio-mt", tasks)?;
    one::<Smol, async_lock::Semaphore>(plan, table, name, "smol", tasks)?;
    one::<ZokioMultiThread, tokio::sync::Semaphore>(plan, table, name, "tokio on zokio", tasks)?;
    one::<ZokioMultiThread, async_lock::Semaphore>(plan, table, name, "async-lock on zokio", tasks)?;
    one::<ZokioMultiThread, maitake_sync::Semaphore>(plan, table, name, "maitake on zokio", tasks)?;
    one::<TokioCurrentThread, tokio::sync::Semaphore>(plan, table, name, "tokio-ct", tasks)
}

fn one<R: Rival, S: Semaphore>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
    tasks: usize,
) -> io::Result<()> {
    // Alone it only takes and leaves; with others it yields meanwhile.
    let held = tasks > 1;
    let each = if held { OPERATIONS / 10 / tasks } else { OPERATIONS };
    sample::<R, _>(plan, table, name, rival, |handle| async move {
        let semaphore = Arc::new(S::new(PERMITS));
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(tasks);
        for _ in 0..tasks {
            let (semaphore, countdown) = (semaphore.clone(), countdown.clone());
            R::spawn(&handle, async move {
                for _ in 0..each {
                    let _permit = semaphore.acquire().await;
                    if held {
                        R::yield_now().await;
                    }
                }
                countdown.done();
            });
        }
        countdown.wait().await;
        stopwatch.stop(tasks * each)
    })
}
