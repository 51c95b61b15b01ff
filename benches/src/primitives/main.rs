#![forbid(unsafe_code)]
//! What tasks wait for, beside what others offer, in one interleaved run.
//!
//! | workload | what one operation is |
//! |---|---|
//! | `mutex_1` | a lock nobody else wants, taken and left |
//! | `mutex_8_short`, `mutex_100_short` | so many tasks lock and leave; per lock |
//! | `mutex_8_held`, `mutex_100_held` | the same with a yield under the guard |
//! | `semaphore_1`, `semaphore_8_held` | a permit taken and left; 8 tasks share two permits and yield while they hold one |
//! | `notify_1` | a wake-up stored and taken |
//! | `notify_ping` | a round of two tasks that wake each other |
//! | `mpsc_1_1`, `mpsc_4_1` | a message through a bounded channel of 128, from one sender or four |
//! | `oneshot_1`, `oneshot_wait` | a oneshot made, used and dropped, sent before it is awaited or after |
//! | `broadcast_1_8` | a message from one sender to 8 receivers; per delivery |
//! | `watch_1_8` | a value that 8 receivers wait for; per value |
//! | `timer_create_drop` | a sleep of an hour made, polled once and dropped, one after the other |
//! | `timer_fill_1m`, `timer_drop_1m` | a million sleeps of up to an hour made and polled once, and all dropped; per sleep |
//! | `timer_insert_drop_at_1m` | a sleep made, polled and dropped beside a million others |
//!
//! A rival is a primitive on a runtime: `tokio-mt` is `tokio::sync` on tokio with two workers, `on zokio` that of another
//! family on zokio with two workers, so that what the primitive costs can be told from what its runtime costs. What has
//! no such primitive is not in a row. The three figures of a million timers come from one run a round. All run the same body. `ns_per_op` is wall time, `cpu_ns_per_op` the CPU time of
//! all threads; shown are the median of all samples, the least and the most, and the ratio of the medians to tokio-mt.
//!
//! # Floors
//!
//! Of this kind of machine: an atomic read-modify-write on a line nobody else has 2.3 to 2.6 ns, two for a lock and its
//! release; a mutex of the standard library 5 ns; an allocation with its release 10 to 14 ns; a poll through a function
//! pointer 1.6 ns; a wake and a poll 5 ns; a cache line to the other CPU and back 60 to 80 ns.
//!
//! ```text
//! cargo run --release -p zokio-benches --bin primitives -- [--rounds N] [--only TEXT] [--rival NAME] [--quick]
//! ```

mod broadcast;
mod channel;
mod mutex;
mod notify;
mod oneshot;
mod semaphore;
mod timers;
mod watch;

use std::io;
use std::process::ExitCode;

use zokio_benches::measure::{self, Plan};
use zokio_benches::report::Table;

const WORKLOADS: [&str; 19] = [
    "mutex_1",
    "mutex_8_short",
    "mutex_100_short",
    "mutex_8_held",
    "mutex_100_held",
    "semaphore_1",
    "semaphore_8_held",
    "notify_1",
    "notify_ping",
    "mpsc_1_1",
    "mpsc_4_1",
    "oneshot_1",
    "oneshot_wait",
    "broadcast_1_8",
    "watch_1_8",
    "timer_create_drop",
    "timer_fill_1m",
    "timer_insert_drop_at_1m",
    "timer_drop_1m",
];

const USAGE: &str = "usage: primitives [--rounds N] [--only WORKLOAD] [--rival NAME] [--quick]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let plan = match Plan::of(&WORKLOADS, &arguments) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut table = Table::default();
    for round in 1..=plan.rounds {
        eprintln!("round {round} of {}", plan.rounds);
        let (million, others): (Vec<_>, Vec<_>) =
            plan.workloads().partition(|workload| timers::MILLION_AT_ONCE.contains(workload));
        for workload in others {
            let _watch = measure::watch(workload, "one of the rivals");
            if let Err(error) = run(&plan, workload, &mut table) {
                eprintln!("{workload}: {error}");
                return ExitCode::FAILURE;
            }
        }
        if !million.is_empty() {
            if let Err(error) = timers::million(&plan, &mut table) {
                eprintln!("a million timers: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    print!("{table}");
    ExitCode::SUCCESS
}

/// One workload on all its rivals, in one round.
fn run(plan: &Plan, workload: &'static str, table: &mut Table) -> io::Result<()> {
    match workload {
        "mutex_1" => mutex::all(plan, table, workload, mutex::Shape { tasks: 1, locks: 100_000, held: false }),
        "mutex_8_short" => mutex::all(plan, table, workload, mutex::Shape { tasks: 8, locks: 12_500, held: false }),
        "mutex_100_short" => mutex::all(plan, table, workload, mutex::Shape { tasks: 100, locks: 1_000, held: false }),
        "mutex_8_held" => mutex::all(plan, table, workload, mutex::Shape { tasks: 8, locks: 2_000, held: true }),
        "mutex_100_held" => mutex::all(plan, table, workload, mutex::Shape { tasks: 100, locks: 200, held: true }),
        "semaphore_1" => semaphore::all(plan, table, workload, 1),
        "semaphore_8_held" => semaphore::all(plan, table, workload, 8),
        "notify_1" => notify::one(plan, table, workload),
        "notify_ping" => notify::ping(plan, table, workload),
        "mpsc_1_1" => channel::all(plan, table, workload, 1),
        "mpsc_4_1" => channel::all(plan, table, workload, 4),
        "oneshot_1" => oneshot::all(plan, table, workload, false),
        "oneshot_wait" => oneshot::all(plan, table, workload, true),
        "broadcast_1_8" => broadcast::all(plan, table, workload),
        "watch_1_8" => watch::all(plan, table, workload),
        "timer_create_drop" => timers::create_drop(plan, table, workload),
        _ => Ok(()), // of the million, below
    }
}
