#![forbid(unsafe_code)]
//! How late a sleep ends, and what a burst of them costs, beside tokio and smol.
//!
//! | row | what it is |
//! |---|---|
//! | `sleep_200us` and so on | 2,000 sleeps of that length one after the other; how much later than asked each ended |
//! | the same, `kernel` | the floor: a thread of its own in `clock_nanosleep` |
//! | `timer_fire` | 100,000 tasks, each with a sleep that ends within 50 ms of the others, a second after the start; lateness, and CPU time of all threads per timer |
//!
//! | `drift` | 100,000 ticks of an interval of 100 us; how much later than `start + n * period` each came, and the last |
//!
//! Rivals take turns in each round; the percentiles are of all rounds together. `drift` takes ten seconds a rival.
//!
//! ```text
//! cargo run --release -p zokio-benches --bin lateness -- [ROUNDS]
//! cargo run --release -p zokio-benches --bin lateness -- drift
//! ```

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use zokio_benches::measure::Stopwatch;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioCurrentThread, ZokioMultiThread};
use zokio_benches::sample::Countdown;

const LENGTHS: [(&str, Duration); 4] = [
    ("sleep_50us", Duration::from_micros(50)),
    ("sleep_200us", Duration::from_micros(200)),
    ("sleep_1500us", Duration::from_micros(1_500)),
    ("sleep_5ms", Duration::from_millis(5)),
];
const BURST: usize = 100_000;

/// Nanoseconds late, by row and rival; and CPU time per timer.
type Results = BTreeMap<(&'static str, &'static str), (Vec<u64>, Vec<f64>)>;

const TICKS: usize = 100_000;
const PERIOD: Duration = Duration::from_micros(100);

fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("drift") {
        return drifts();
    }
    let rounds = argument.map_or(Ok(3), |word| word.parse()).map_err(|_| io::Error::other("ROUNDS, or `drift`"))?;
    let mut results = Results::new();
    for _ in 0..rounds {
        run::<TokioMultiThread, _>(&mut results, tokio::time::sleep)?;
        run::<ZokioMultiThread, _>(&mut results, zokio::time::sleep)?;
        run::<Smol, _>(&mut results, |duration| async move { _ = smol::Timer::after(duration).await })?;
        run::<TokioCurrentThread, _>(&mut results, tokio::time::sleep)?;
        run::<ZokioCurrentThread, _>(&mut results, zokio::time::sleep)?;
        kernel(&mut results);
    }
    println!("{:<14} {:<10} {:>10} {:>10} {:>10} {:>12}", "row", "rival", "p50 us", "p99 us", "least us", "cpu ns/op");
    for ((row, rival), (mut late, mut cpu)) in results {
        late.sort_unstable();
        cpu.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| late[((late.len() - 1) as f64 * part) as usize] as f64 / 1e3;
        let cpu = cpu[cpu.len() / 2];
        println!("{row:<14} {rival:<10} {:>10.1} {:>10.1} {:>10.1} {cpu:>12.0}", at(0.5), at(0.99), at(0.0));
    }
    Ok(())
}

/// The sleeps of a thread that does nothing else.
fn kernel(results: &mut Results) {
    for (row, length) in LENGTHS {
        let place = results.entry((row, "kernel")).or_default();
        let stopwatch = Stopwatch::start();
        for _ in 0..2_000 {
            let start = Instant::now();
            // `clock_nanosleep`, and again where a signal came.
            std::thread::sleep(length);
            place.0.push(nanos(start.elapsed().saturating_sub(length)));
        }
        place.1.push(stopwatch.stop(2_000).cpu_ns_per_op);
    }
}

fn drifts() -> io::Result<()> {
    println!("{:<10} {:>10} {:>10} {:>10} {:>12}", "rival", "p50 us", "p99 us", "most us", "the last us");
    drift::<TokioMultiThread, _>(|| async {
        let (start, mut interval) = (Instant::now(), tokio::time::interval(PERIOD));
        ticks(start, async || _ = interval.tick().await).await
    })?;
    drift::<ZokioMultiThread, _>(|| async {
        let (start, mut interval) = (Instant::now(), zokio::time::interval(PERIOD));
        ticks(start, async || _ = interval.tick().await).await
    })?;
    drift::<Smol, _>(|| async {
        // Its first tick comes after a period, the others' at once.
        let (start, mut interval) = (Instant::now() + PERIOD, smol::Timer::interval(PERIOD));
        ticks(start, async || _ = smol::stream::StreamExt::next(&mut interval).await).await
    })?;
    drift::<ZokioCurrentThread, _>(|| async {
        let (start, mut interval) = (Instant::now(), zokio::time::interval(PERIOD));
        ticks(start, async || _ = interval.tick().await).await
    })
}

/// How late each tick was, of which the first is due at `start`.
async fn ticks(start: Instant, mut tick: impl AsyncFnMut()) -> Vec<u64> {
    let mut late = Vec::with_capacity(TICKS);
    for number in 0..TICKS as u32 {
        tick().await;
        late.push(nanos(Instant::now().checked_duration_since(start + PERIOD * number).expect("a tick came early")));
    }
    late
}

fn drift<R: Rival, F: Future<Output = Vec<u64>>>(ticks: fn() -> F) -> io::Result<()> {
    let runtime = R::build()?;
    let mut late = runtime.block_on(ticks());
    let last = *late.last().expect("there were ticks");
    late.sort_unstable();
    let at = |part: f64| late[((late.len() - 1) as f64 * part) as usize] as f64 / 1e3;
    println!("{:<10} {:>10.1} {:>10.1} {:>10.1} {:>12.1}", R::NAME, at(0.5), at(0.99), at(1.0), last as f64 / 1e3);
    Ok(())
}

fn run<R: Rival, F: Future<Output = ()> + Send + 'static>(
    results: &mut Results,
    sleep: fn(Duration) -> F,
) -> io::Result<()> {
    for (row, length) in LENGTHS {
        let runtime = R::build()?;
        let (late, stopwatch) = runtime.block_on(async {
            let late = Arc::new(Mutex::new(Vec::new()));
            let count = Countdown::new(1);
            let (all, done) = (late.clone(), count.clone());
            let stopwatch = Stopwatch::start();
            R::spawn(&runtime.handle(), async move {
                let mut own = Vec::with_capacity(2_000);
                for _ in 0..2_000 {
                    let start = Instant::now();
                    sleep(length).await;
                    own.push(nanos(start.elapsed().checked_sub(length).expect("a sleep ended early")));
                }
                *all.lock().expect("nobody panics") = own;
                done.done();
            });
            count.wait().await;
            (std::mem::take(&mut *late.lock().expect("nobody panics")), stopwatch.stop(2_000))
        });
        let place = results.entry((row, R::NAME)).or_default();
        place.0.extend(late);
        place.1.push(stopwatch.cpu_ns_per_op);
    }
    let runtime = R::build()?;
    let late = Arc::new(Mutex::new(Vec::with_capacity(BURST)));
    let cpu = runtime.block_on(async {
        let count = Countdown::new(BURST);
        let begin = Instant::now() + Duration::from_secs(1);
        let stopwatch = Stopwatch::start();
        for number in 0..BURST {
            let due = begin + Duration::from_millis(50).mul_f64(number as f64 * 0.618 % 1.0);
            let (late, count) = (late.clone(), count.clone());
            R::spawn(&runtime.handle(), async move {
                sleep(due.saturating_duration_since(Instant::now())).await;
                let by = nanos(Instant::now().saturating_duration_since(due));
                late.lock().expect("nobody panics").push(by);
                count.done();
            });
        }
        count.wait().await;
        stopwatch.stop(BURST).cpu_ns_per_op
    });
    let place = results.entry(("timer_fire", R::NAME)).or_default();
    place.0.append(&mut late.lock().expect("nobody panics"));
    place.1.push(cpu);
    Ok(())
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}
