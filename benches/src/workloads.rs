//! The workloads without sockets; each rival runs the same body.

use std::io;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::Rival;
use zokio_benches::sample::{Countdown, sample};

const TASKS: usize = 10_000;
const YIELDERS: usize = 200;
const YIELDS: usize = 1_000;
const PAIRS: usize = 1_000;

/// 10,000 tasks spawned by one.
pub fn spawn_many_local<R: Rival>(plan: &Plan, table: &mut Table) -> io::Result<()> {
    sample::<R, _>(plan, table, "spawn_many_local", R::NAME, |handle| async move {
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let countdown = countdown.clone();
            R::spawn(&handle, async move { countdown.done() });
        }
        countdown.wait().await;
        stopwatch.stop(TASKS)
    })
}

/// 10,000 tasks spawned by a thread that is no worker.
pub fn spawn_remote<R: Rival>(plan: &Plan, table: &mut Table) -> io::Result<()> {
    if !R::REMOTE {
        return Ok(());
    }
    let runtime = R::build()?;
    let handle = runtime.handle();
    for repetition in 0..=plan.repetitions {
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let countdown = countdown.clone();
            R::spawn_remote(&handle, async move { countdown.done() });
        }
        smol::future::block_on(countdown.wait());
        if repetition > 0 {
            table.add("spawn_remote", R::NAME, stopwatch.stop(TASKS));
        }
    }
    Ok(())
}

/// 200 tasks that yield 1,000 times.
pub fn yield_many<R: Rival>(plan: &Plan, table: &mut Table) -> io::Result<()> {
    sample::<R, _>(plan, table, "yield_many", R::NAME, |handle| async move {
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(YIELDERS);
        for _ in 0..YIELDERS {
            let countdown = countdown.clone();
            R::spawn(&handle, async move {
                for _ in 0..YIELDS {
                    R::yield_now().await;
                }
                countdown.done();
            });
        }
        countdown.wait().await;
        stopwatch.stop(YIELDERS * YIELDS)
    })
}

/// 1,000 pairs of tasks: one sends and waits for the answer of the other.
pub fn ping_pong<R: Rival>(plan: &Plan, table: &mut Table) -> io::Result<()> {
    sample::<R, _>(plan, table, "ping_pong", R::NAME, |handle| async move {
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(PAIRS);
        for _ in 0..PAIRS {
            let (countdown, inner) = (countdown.clone(), handle.clone());
            R::spawn(&handle, async move {
                let (ping, pinged) = R::oneshot();
                let (pong, ponged) = R::oneshot();
                R::spawn(&inner, async move {
                    pinged.await;
                    R::send(pong);
                });
                R::send(ping);
                ponged.await;
                countdown.done();
            });
        }
        countdown.wait().await;
        stopwatch.stop(PAIRS)
    })
}
