//! The workloads without sockets; each rival runs the same body.

use std::future::{Future, poll_fn};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use crate::measure::{Plan, Sample, Stopwatch};
use crate::report::Table;
use crate::rivals::Rival;

const TASKS: usize = 10_000;
const YIELDERS: usize = 200;
const YIELDS: usize = 1_000;
const PAIRS: usize = 1_000;

/// Counts tasks down, and wakes one waiter when all are done. Of the standard library alone, the same for all rivals.
pub struct Countdown {
    left: AtomicUsize,
    waiter: Mutex<Option<Waker>>,
}

impl Countdown {
    /// Of so many.
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(count), waiter: Mutex::new(None) })
    }

    /// One is done.
    pub fn done(&self) {
        // Ordering: AcqRel: what each task did is visible to the waiter, which reads zero by an acquire load.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let waiter = self.waiter.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        }
    }

    /// Waits for all.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(|cx| {
            // Under the lock: the last one takes it after its count, so it finds the waker or this finds zero.
            let mut waiter = self.waiter.lock().unwrap_or_else(PoisonError::into_inner);
            // Ordering: Acquire: pairs with the counts of `done`.
            if self.left.load(Ordering::Acquire) == 0 {
                return Poll::Ready(());
            }
            *waiter = Some(cx.waker().clone());
            Poll::Pending
        })
    }
}

/// Takes samples of a body that runs as a task, on one runtime, after one run that is not counted.
fn sample<R, F>(plan: &Plan, table: &mut Table, name: &'static str, body: impl Fn(R::Handle) -> F) -> io::Result<()>
where
    R: Rival,
    F: Future<Output = Sample> + Send + 'static,
{
    let runtime = R::build()?;
    for repetition in 0..=plan.repetitions {
        let task = body(runtime.handle());
        let handle = runtime.handle();
        let sample = runtime.block_on(async move {
            let (sender, receiver) = futures_channel::oneshot::channel();
            R::spawn(&handle, async move {
                let _ = sender.send(task.await);
            });
            receiver.await
        });
        let sample = sample.map_err(|_| io::Error::other(format!("{name}: the task on {} is lost", R::NAME)))?;
        if repetition > 0 {
            table.add(name, R::NAME, sample);
        }
    }
    Ok(())
}

/// 10,000 tasks spawned by one.
pub fn spawn_many_local<R: Rival>(plan: &Plan, table: &mut Table) -> io::Result<()> {
    sample::<R, _>(plan, table, "spawn_many_local", |handle| async move {
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
    sample::<R, _>(plan, table, "yield_many", |handle| async move {
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
    sample::<R, _>(plan, table, "ping_pong", |handle| async move {
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
