//! How a sample is taken: a body that runs as a task, and how it waits for others.

use std::future::{Future, poll_fn};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use crate::measure::{Plan, Sample};
use crate::report::Table;
use crate::rivals::Rival;

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

    /// Begins anew; all must be done.
    pub fn again(&self, count: usize) {
        // Ordering: Release: pairs with the count of whoever is told of it by what follows, a message for one.
        self.left.store(count, Ordering::Release);
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
///
/// # Errors
///
/// Where the runtime cannot be built or loses the task.
pub fn sample<R, F>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
    body: impl Fn(R::Handle) -> F,
) -> io::Result<()>
where
    R: Rival,
    F: Future<Output = Sample> + Send + 'static,
{
    if !plan.includes(rival) {
        return Ok(());
    }
    let runtime = R::build()?;
    for repetition in 0..=plan.repetitions {
        let sample = run::<R, _>(&runtime, name, rival, body(runtime.handle()))?;
        if repetition > 0 {
            table.add(name, rival, sample);
        }
    }
    Ok(())
}

/// Takes one sample of each phase of a body, on a runtime of its own and without a run before: for what takes long.
///
/// # Errors
///
/// As [`sample`].
pub fn phases<R, F, const N: usize>(
    plan: &Plan,
    table: &mut Table,
    names: [&'static str; N],
    rival: &'static str,
    body: impl Fn(R::Handle) -> F,
) -> io::Result<()>
where
    R: Rival,
    F: Future<Output = [Sample; N]> + Send + 'static,
{
    if !plan.includes(rival) {
        return Ok(());
    }
    let runtime = R::build()?;
    let samples = run::<R, _>(&runtime, names[0], rival, body(runtime.handle()))?;
    for (name, sample) in names.into_iter().zip(samples) {
        table.add(name, rival, sample);
    }
    Ok(())
}

/// Runs a body as a task.
fn run<R, F>(runtime: &R, name: &'static str, rival: &'static str, task: F) -> io::Result<F::Output>
where
    R: Rival,
    F: Future<Output: Send> + Send + 'static,
{
    let handle = runtime.handle();
    let output = runtime.block_on(async move {
        let (sender, receiver) = futures_channel::oneshot::channel();
        R::spawn(&handle, async move {
            let _ = sender.send(task.await);
        });
        receiver.await
    });
    output.map_err(|_| io::Error::other(format!("{name}: the task on {rival} is lost")))
}
