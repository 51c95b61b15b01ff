//! One wake-up, kept for who comes late.

use std::future::Future;
use std::io;
use std::sync::Arc;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioCurrentThread, ZokioMultiThread};
use zokio_benches::sample::{Countdown, sample};

const STORED: usize = 100_000;
const ROUNDS: usize = 20_000;

trait Notify: Send + Sync + 'static {
    fn new() -> Self;
    fn notify(&self);
    fn notified(&self) -> impl Future<Output: Send> + Send;
}

impl Notify for tokio::sync::Notify {
    fn new() -> Self {
        Self::new()
    }
    fn notify(&self) {
        self.notify_one();
    }
    fn notified(&self) -> impl Future<Output: Send> + Send {
        self.notified()
    }
}

impl Notify for zokio::sync::Notify {
    fn new() -> Self {
        Self::new()
    }
    fn notify(&self) {
        self.notify_one();
    }
    fn notified(&self) -> impl Future<Output: Send> + Send {
        self.notified()
    }
}

/// A flag and an event, as its documentation shows it: the event alone keeps nothing.
struct EventNotify {
    set: std::sync::atomic::AtomicBool,
    event: event_listener::Event,
}

impl Notify for EventNotify {
    fn new() -> Self {
        Self { set: std::sync::atomic::AtomicBool::new(false), event: event_listener::Event::new() }
    }
    fn notify(&self) {
        // Ordering: SeqCst: as the event's documentation has it: flag, then event; listener, then flag.
        self.set.store(true, std::sync::atomic::Ordering::SeqCst);
        self.event.notify(1);
    }
    fn notified(&self) -> impl Future<Output: Send> + Send {
        // Ordering: SeqCst: as above.
        let take = || self.set.swap(false, std::sync::atomic::Ordering::SeqCst);
        async move {
            while !take() {
                let listener = self.event.listen();
                if take() {
                    return;
                }
                listener.await;
            }
        }
    }
}

impl Notify for maitake_sync::WaitQueue {
    fn new() -> Self {
        Self::new()
    }
    fn notify(&self) {
        self.wake();
    }
    fn notified(&self) -> impl Future<Output: Send> + Send {
        self.wait()
    }
}

/// All rivals: stored and taken.
pub fn one(plan: &Plan, table: &mut Table, name: &'static str) -> io::Result<()> {
    stored::<TokioMultiThread, tokio::sync::Notify>(plan, table, name, "tokio-mt")?;
    stored::<ZokioMultiThread, zokio::sync::Notify>(plan, table, name, "zokio-mt")?;
    stored::<Smol, EventNotify>(plan, table, name, "smol")?;
    stored::<ZokioMultiThread, tokio::sync::Notify>(plan, table, name, "tokio on zokio")?;
    stored::<ZokioMultiThread, EventNotify>(plan, table, name, "event on zokio")?;
    stored::<ZokioMultiThread, maitake_sync::WaitQueue>(plan, table, name, "maitake on zokio")?;
    stored::<TokioCurrentThread, tokio::sync::Notify>(plan, table, name, "tokio-ct")?;
    stored::<ZokioCurrentThread, zokio::sync::Notify>(plan, table, name, "zokio-ct")
}

/// All rivals: two tasks that wake each other.
pub fn ping(plan: &Plan, table: &mut Table, name: &'static str) -> io::Result<()> {
    rounds::<TokioMultiThread, tokio::sync::Notify>(plan, table, name, "tokio-mt")?;
    rounds::<ZokioMultiThread, zokio::sync::Notify>(plan, table, name, "zokio-mt")?;
    rounds::<Smol, EventNotify>(plan, table, name, "smol")?;
    rounds::<ZokioMultiThread, tokio::sync::Notify>(plan, table, name, "tokio on zokio")?;
    rounds::<ZokioMultiThread, EventNotify>(plan, table, name, "event on zokio")?;
    rounds::<ZokioMultiThread, maitake_sync::WaitQueue>(plan, table, name, "maitake on zokio")?;
    rounds::<TokioCurrentThread, tokio::sync::Notify>(plan, table, name, "tokio-ct")?;
    rounds::<ZokioCurrentThread, zokio::sync::Notify>(plan, table, name, "zokio-ct")
}

fn stored<R: Rival, N: Notify>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |_| async move {
        let notify = N::new();
        let stopwatch = Stopwatch::start();
        for _ in 0..STORED {
            notify.notify();
            notify.notified().await;
        }
        stopwatch.stop(STORED)
    })
}

fn rounds<R: Rival, N: Notify>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |handle| async move {
        let bells = Arc::new([N::new(), N::new()]);
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(2);
        for own in 0..2 {
            let (bells, countdown) = (bells.clone(), countdown.clone());
            R::spawn(&handle, async move {
                for _ in 0..ROUNDS {
                    if own == 0 {
                        bells[1].notify();
                        bells[0].notified().await;
                    } else {
                        bells[1].notified().await;
                        bells[0].notify();
                    }
                }
                countdown.done();
            });
        }
        countdown.wait().await;
        stopwatch.stop(ROUNDS)
    })
}
