#![forbid(unsafe_code)]
//! The runtimes beside each other, in one interleaved run: zokio, tokio and smol with two workers each, zokio and tokio
//! on one thread.
//!
//! | workload | what one operation is |
//! |---|---|
//! | `spawn_many_local` | 10,000 detached tasks that only count down, spawned by one task, and all awaited; per task |
//! | `spawn_remote` | the same from a thread that is no worker, the workers idle before |
//! | `yield_many` | 200 tasks yield 1,000 times each; per yield |
//! | `ping_pong` | 1,000 pairs of tasks, two oneshots each; per pair |
//! | `tcp_echo` | 64 connections, 64 bytes to and fro; per round trip, the client in a process of its own |
//!
//! `ns_per_op` is wall time. `cpu_ns_per_op` is the CPU time of all threads of this process, which on a shared machine is
//! the steadier one; in `tcp_echo` it is the server's alone. Every rival runs the same body (`workloads`, `echo`) behind
//! one small trait (`rivals`), with the oneshot of its own or of its ecosystem (futures-channel for smol). In a
//! round each workload runs on one rival after the other, on a fresh runtime; a sample is one repetition of it. Shown are
//! the median of all samples, the least and the most, and the ratio of the medians to tokio-mt.
//!
//! # Floors
//!
//! What the parts cost on the machine of an earlier study, two virtual CPUs at about 3 GHz: an allocated and freed block
//! of 128 bytes 10 to 14 ns; a poll through a function pointer 1.6 ns; wake and poll with two atomic read-modify-writes
//! 5 ns, through a local ring 2.5 ns; a system call 0.2 us; `epoll_wait` that finds nothing 0.15 us; a write to an eventfd
//! 0.4 us; a cache line to the other CPU and back 60 to 80 ns; a sleeping thread woken 4 us, and 35 to 50 us where its CPU
//! has halted. A round trip of the echo at 64 connections costs a bare epoll loop 8 to 10 us of CPU. They say which of the
//! figures can still become smaller, on that machine.
//!
//! ```text
//! cargo run --release -p zokio-benches -- [--rounds N] [--only TEXT] [--rival NAME] [--quick]
//! ```

mod echo;
mod workloads;

use std::process::ExitCode;

use zokio_benches::measure::{self, Plan};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioCurrentThread, ZokioMultiThread};

/// The workloads, in their order.
const WORKLOADS: [&str; 5] = ["spawn_many_local", "spawn_remote", "yield_many", "ping_pong", "tcp_echo"];

const USAGE: &str = "usage: zokio-benches [--rounds N] [--only WORKLOAD] [--rival NAME] [--quick]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == echo::CLIENT
    {
        return echo::client(rest);
    }
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
        for workload in plan.workloads() {
            let ran = Ok(())
                .and_then(|()| run::<TokioMultiThread>(&plan, workload, &mut table))
                .and_then(|()| run::<ZokioMultiThread>(&plan, workload, &mut table))
                .and_then(|()| run::<Smol>(&plan, workload, &mut table))
                .and_then(|()| run::<TokioCurrentThread>(&plan, workload, &mut table))
                .and_then(|()| run::<ZokioCurrentThread>(&plan, workload, &mut table));
            if let Err(error) = ran {
                eprintln!("{workload}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    print!("{table}");
    ExitCode::SUCCESS
}

/// One workload on one rival, in one round.
fn run<R: Rival>(plan: &Plan, workload: &'static str, table: &mut Table) -> std::io::Result<()> {
    if !plan.includes(R::NAME) {
        return Ok(());
    }
    let _watch = measure::watch(workload, R::NAME);
    match workload {
        "spawn_many_local" => workloads::spawn_many_local::<R>(plan, table),
        "spawn_remote" => workloads::spawn_remote::<R>(plan, table),
        "yield_many" => workloads::yield_many::<R>(plan, table),
        "ping_pong" => workloads::ping_pong::<R>(plan, table),
        _ => echo::tcp_echo::<R>(plan, table),
    }
}
