#![forbid(unsafe_code)]
//! The lock between threads that all of `zokio::sync` is made of, beside `std::sync::Mutex` and `parking_lot`, with more
//! threads than processors: what a turn costs, and how long the unluckiest waits.
//!
//! | row | what it is |
//! |---|---|
//! | `short` | each thread takes the lock, changes eight words (50 ns with a look at the clock), leaves, and does something else for 100 ns |
//! | `aside` | the same, and every 2,000th holder is put aside for 100 us inside of its section, as by the scheduler |
//! | `rare` | as `aside`, with 20 us of something else: the lock is free nearly always |
//!
//! For a fixed time each; with 64 threads on two processors a thread that is put aside comes again after some 60 ms whatever
//! lock it waits for, so the worst wait is to be read beside that of the others. `ns_per_turn` is wall time divided by the
//! turns of all threads, `cpu_ns` the CPU time of all of them per turn; `wait` is from before a lock is taken until it is
//! had, and `late`, of those who waited for a holder that was put aside, from when that one left; both in microseconds. Times
//! of a turn are medians of the rounds, quantiles those of all rounds together.
//!
//! ```text
//! cargo run --release -p zokio-benches --bin locks -- [ROUNDS] [MILLISECONDS]
//! ```

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use zokio_benches::measure::Stopwatch;
use zokio_core::lock::{Lock as ZokioLock, StdLock};

const THREADS: [usize; 4] = [2, 4, 16, 64];
/// What is under a lock: the turns that were taken, when a holder that had been put aside left, in nanoseconds, and more.
type Words = [u64; 8];

/// A lock around some words.
trait Lock: Send + Sync + 'static {
    const NAME: &'static str;
    fn new() -> Self;
    fn with(&self, f: impl FnOnce(&mut Words));
}

impl Lock for ZokioLock<StdLock, Words> {
    const NAME: &'static str = "zokio";
    fn new() -> Self {
        Self::new([0; 8])
    }
    fn with(&self, f: impl FnOnce(&mut Words)) {
        self.with(f);
    }
}

impl Lock for std::sync::Mutex<Words> {
    const NAME: &'static str = "std";
    fn new() -> Self {
        Self::new([0; 8])
    }
    fn with(&self, f: impl FnOnce(&mut Words)) {
        f(&mut self.lock().expect("nobody panics"));
    }
}

impl Lock for parking_lot::Mutex<Words> {
    const NAME: &'static str = "parking_lot";
    fn new() -> Self {
        Self::new([0; 8])
    }
    fn with(&self, f: impl FnOnce(&mut Words)) {
        f(&mut self.lock());
    }
}

/// What a thread does.
#[derive(Clone, Copy)]
struct Shape {
    row: &'static str,
    /// One in so many holders is put aside; 0: none.
    aside: u64,
    /// Rounds of something else between two turns.
    else_where: u32,
}

const SHAPES: [Shape; 3] = [
    Shape { row: "short", aside: 0, else_where: 100 },
    Shape { row: "aside", aside: 2_000, else_where: 100 },
    Shape { row: "rare", aside: 2_000, else_where: 20_000 },
];

/// How many waits there were of each length: eight classes for each doubling.
#[derive(Clone)]
struct Waits([u64; 512]);

impl Waits {
    fn count(&mut self, nanos: u64) {
        self.0[class(nanos).min(511)] += 1;
    }

    fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The end of the class in which the last of so large a part is, in microseconds.
    fn quantile(&self, part: f64) -> f64 {
        let wanted = (self.total() as f64 * part).ceil() as u64;
        let mut seen = 0;
        let class = self.0.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        end_of(class.unwrap_or(511)) / 1e3
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, more)| *own += more);
    }
}

fn class(nanos: u64) -> usize {
    let nanos = nanos.max(8);
    let power = nanos.ilog2();
    (power as usize - 3) * 8 + (nanos >> (power - 3) & 7) as usize
}

fn end_of(class: usize) -> f64 {
    2_f64.powi((class / 8) as i32 + 3) * (1.0 + (class % 8 + 1) as f64 / 8.0)
}

/// How long threads waited.
struct Times {
    waits: Waits,
    late: Waits,
    worst: u64,
}

impl Times {
    fn new() -> Self {
        Self { waits: Waits([0; 512]), late: Waits([0; 512]), worst: 0 }
    }

    fn add(&mut self, other: &Self) {
        self.waits.add(&other.waits);
        self.late.add(&other.late);
        self.worst = self.worst.max(other.worst);
    }
}

/// What one run gave.
struct Outcome {
    ns_per_turn: f64,
    cpu_ns: f64,
    times: Times,
}

fn main() {
    let mut words = std::env::args().skip(1);
    let rounds = words.next().and_then(|word| word.parse().ok()).unwrap_or(3);
    let time = Duration::from_millis(words.next().and_then(|word| word.parse().ok()).unwrap_or(200));
    let mut results = BTreeMap::<_, Vec<Outcome>>::new();
    for _ in 0..rounds {
        for (number, shape) in SHAPES.into_iter().enumerate() {
            for threads in THREADS {
                let mut keep = |order, rival, outcome| {
                    results.entry((number, shape.row, threads, order, rival)).or_default().push(outcome);
                };
                keep(0, "zokio", run::<ZokioLock<StdLock, Words>>(threads, shape, time));
                keep(1, "std", run::<std::sync::Mutex<Words>>(threads, shape, time));
                keep(2, "parking_lot", run::<parking_lot::Mutex<Words>>(threads, shape, time));
            }
        }
    }
    println!(
        "{:<6} {:>7} {:<12} {:>12} {:>10} {:>12} {:>10} {:>10} {:>10} {:>10}",
        "row", "threads", "lock", "ns_per_turn", "cpu_ns", "wait p99.9", "worst", "late p50", "p90", "p99"
    );
    for ((_, row, threads, _, rival), outcomes) in results {
        let mut all = Times::new();
        outcomes.iter().for_each(|outcome| all.add(&outcome.times));
        let median = |of: fn(&Outcome) -> f64| {
            let mut values: Vec<_> = outcomes.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        print!(
            "{row:<6} {threads:>7} {rival:<12} {:>12.1} {:>10.1} {:>12.1} {:>10.1}",
            median(|outcome| outcome.ns_per_turn),
            median(|outcome| outcome.cpu_ns),
            all.waits.quantile(0.999),
            all.worst as f64 / 1e3,
        );
        match all.late.total() {
            0 => println!(" {:>10} {:>10} {:>10}", "-", "-", "-"),
            _ => {
                let late = [0.5, 0.9, 0.99].map(|part| all.late.quantile(part));
                println!(" {:>10.1} {:>10.1} {:>10.1}", late[0], late[1], late[2]);
            }
        }
    }
}

fn run<L: Lock>(threads: usize, shape: Shape, time: Duration) -> Outcome {
    let lock = Arc::new(L::new());
    let (start, begin) = (Arc::new(Barrier::new(threads + 1)), Instant::now());
    let running: Vec<_> = (0..threads)
        .map(|number| {
            let (lock, start) = (lock.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                turns(&*lock, number as u64, shape, begin, time)
            })
        })
        .collect();
    start.wait();
    let stopwatch = Stopwatch::start();
    let mut times = Times::new();
    for thread in running {
        times.add(&thread.join().expect("nobody panics"));
    }
    let turns = times.waits.total();
    let sample = stopwatch.stop(turns as usize);
    lock.with(|words| assert_eq!(words[0], turns, "{} let two in", L::NAME));
    Outcome { ns_per_turn: sample.ns_per_op, cpu_ns: sample.cpu_ns_per_op, times }
}

/// One thread's turns, until the end, and how long it waited for them.
fn turns<L: Lock>(lock: &L, number: u64, shape: Shape, begin: Instant, time: Duration) -> Times {
    let now = || begin.elapsed().as_nanos() as u64;
    let (mut times, mut turn) = (Times::new(), number * 37);
    loop {
        let before = now();
        if before >= time.as_nanos() as u64 {
            return times;
        }
        turn += 1;
        let (mut had, mut left) = (0, 0);
        lock.with(|words| {
            had = now();
            left = words[1];
            words[0] += 1;
            words[2..].iter_mut().for_each(|word| *word = black_box(*word) + 1);
            if shape.aside > 0 && turn % shape.aside == 0 {
                thread::sleep(Duration::from_micros(100));
                words[1] = now();
            }
        });
        times.waits.count(had - before);
        times.worst = times.worst.max(had - before);
        if before < left {
            times.late.count(had.saturating_sub(left));
        }
        for round in 0..shape.else_where {
            black_box(round);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_each_other_without_gap() {
        assert_eq!((class(0), class(8), class(15), class(16)), (0, 0, 7, 8));
        for nanos in 8..100_000 {
            let class = class(nanos);
            assert!(end_of(class) > nanos as f64, "{nanos}");
            assert!(class == 0 || end_of(class - 1) <= nanos as f64, "{nanos}");
        }
    }

    #[test]
    fn a_quantile_is_the_end_of_its_class() {
        let mut waits = Waits([0; 512]);
        (0..999).for_each(|_| waits.count(1_000));
        waits.count(1_000_000);
        assert!((1.0..1.2).contains(&waits.quantile(0.99)));
        assert!((1_000.0..1_200.0).contains(&waits.quantile(1.0)));
    }
}
