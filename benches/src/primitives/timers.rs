//! Sleeps, each on the runtime it belongs to.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use zokio_benches::measure::{Plan, Stopwatch, watch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioCurrentThread, ZokioMultiThread};
use zokio_benches::sample::{phases, sample};

const HOUR: Duration = Duration::from_secs(3_600);
const MILLION: usize = 1_000_000;
const ONE_BY_ONE: usize = 100_000;
const BESIDE: usize = 100_000;

trait Timer: 'static {
    type Sleep: Future<Output: Send> + Send;
    fn sleep(duration: Duration) -> Self::Sleep;
}

struct Tokio;
impl Timer for Tokio {
    type Sleep = tokio::time::Sleep;
    fn sleep(duration: Duration) -> Self::Sleep {
        tokio::time::sleep(duration)
    }
}

struct Zokio;
impl Timer for Zokio {
    type Sleep = zokio::time::Sleep;
    fn sleep(duration: Duration) -> Self::Sleep {
        zokio::time::sleep(duration)
    }
}

struct SmolTimer;
impl Timer for SmolTimer {
    type Sleep = smol::Timer;
    fn sleep(duration: Duration) -> Self::Sleep {
        smol::Timer::after(duration)
    }
}

/// Polls once, and expects to wait.
async fn touch<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending(), "an hour is over early");
        Poll::Ready(())
    })
    .await;
}

/// Some delay of up to an hour: a linear congruential generator, its high bits.
fn delay(seed: &mut u64) -> Duration {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    HOUR.mul_f64(0.1 + (*seed >> 33) as f64 / f64::from(1_u32 << 31) * 0.9)
}

/// All rivals: made, polled and dropped one after the other.
pub fn create_drop(plan: &Plan, table: &mut Table, name: &'static str) -> io::Result<()> {
    one_by_one::<TokioMultiThread, Tokio>(plan, table, name, "tokio-mt")?;
    one_by_one::<ZokioMultiThread, Zokio>(plan, table, name, "zokio-mt")?;
    one_by_one::<Smol, SmolTimer>(plan, table, name, "smol")?;
    one_by_one::<TokioCurrentThread, Tokio>(plan, table, name, "tokio-ct")?;
    one_by_one::<ZokioCurrentThread, Zokio>(plan, table, name, "zokio-ct")
}

/// The figures of a million at once, which one run gives.
pub const MILLION_AT_ONCE: [&str; 3] = ["timer_fill_1m", "timer_insert_drop_at_1m", "timer_drop_1m"];

/// All rivals: a million at once.
pub fn million(plan: &Plan, table: &mut Table) -> io::Result<()> {
    at_once::<TokioMultiThread, Tokio>(plan, table, "tokio-mt")?;
    at_once::<ZokioMultiThread, Zokio>(plan, table, "zokio-mt")?;
    at_once::<Smol, SmolTimer>(plan, table, "smol")?;
    at_once::<TokioCurrentThread, Tokio>(plan, table, "tokio-ct")?;
    at_once::<ZokioCurrentThread, Zokio>(plan, table, "zokio-ct")
}

fn one_by_one<R: Rival, T: Timer>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |_| async move {
        let stopwatch = Stopwatch::start();
        for _ in 0..ONE_BY_ONE {
            touch(pin!(T::sleep(HOUR))).await;
        }
        stopwatch.stop(ONE_BY_ONE)
    })
}

fn at_once<R: Rival, T: Timer>(plan: &Plan, table: &mut Table, rival: &'static str) -> io::Result<()> {
    let _watch = watch(MILLION_AT_ONCE[0], rival);
    phases::<R, _, 3>(plan, table, MILLION_AT_ONCE, rival, |_| async move {
        let mut seed = 1;
        let mut sleeps = Vec::with_capacity(MILLION);
        let stopwatch = Stopwatch::start();
        for _ in 0..MILLION {
            let mut sleep = Box::pin(T::sleep(delay(&mut seed)));
            touch(sleep.as_mut()).await;
            sleeps.push(sleep);
        }
        let filled = stopwatch.stop(MILLION);
        let stopwatch = Stopwatch::start();
        for _ in 0..BESIDE {
            touch(pin!(T::sleep(delay(&mut seed)))).await;
        }
        let beside = stopwatch.stop(BESIDE);
        let stopwatch = Stopwatch::start();
        drop(sleeps);
        [filled, beside, stopwatch.stop(MILLION)]
    })
}
