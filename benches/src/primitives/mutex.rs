//! Locks held across awaits.

use std::future::Future;
use std::io;
use std::ops::DerefMut;
use std::sync::Arc;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioCurrentThread, ZokioMultiThread};
use zokio_benches::sample::{Countdown, sample};

/// How many tasks lock how often, and whether they yield under the guard.
#[derive(Clone, Copy)]
pub struct Shape {
    pub tasks: usize,
    pub locks: usize,
    pub held: bool,
}

trait Lock: Send + Sync + 'static {
    type Guard<'a>: DerefMut<Target = u64> + Send;
    fn new() -> Self;
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send;
}

macro_rules! lock {
    ($type:ty, $guard:ident) => {
        impl Lock for $type {
            type Guard<'a> = $guard<'a, u64>;
            fn new() -> Self {
                <$type>::new(0)
            }
            fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
                <$type>::lock(self)
            }
        }
    };
}

use async_lock::MutexGuard as SmolGuard;
use maitake_sync::MutexGuard as MaitakeGuard;
use tokio::sync::MutexGuard as TokioGuard;
use zokio::sync::MutexGuard as ZokioGuard;

lock!(tokio::sync::Mutex<u64>, TokioGuard);
lock!(zokio::sync::Mutex<u64>, ZokioGuard);
lock!(async_lock::Mutex<u64>, SmolGuard);
lock!(maitake_sync::Mutex<u64>, MaitakeGuard);

/// All rivals, one after the other.
pub fn all(plan: &Plan, table: &mut Table, name: &'static str, shape: Shape) -> io::Result<()> {
    one::<TokioMultiThread, tokio::sync::Mutex<u64>>(plan, table, name, "tokio-mt", shape)?;
    one::<ZokioMultiThread, zokio::sync::Mutex<u64>>(plan, table, name, "zokio-mt", shape)?;
    one::<Smol, async_lock::Mutex<u64>>(plan, table, name, "smol", shape)?;
    one::<ZokioMultiThread, tokio::sync::Mutex<u64>>(plan, table, name, "tokio on zokio", shape)?;
    one::<ZokioMultiThread, async_lock::Mutex<u64>>(plan, table, name, "async-lock on zokio", shape)?;
    one::<ZokioMultiThread, maitake_sync::Mutex<u64>>(plan, table, name, "maitake on zokio", shape)?;
    one::<TokioCurrentThread, tokio::sync::Mutex<u64>>(plan, table, name, "tokio-ct", shape)?;
    one::<ZokioCurrentThread, zokio::sync::Mutex<u64>>(plan, table, name, "zokio-ct", shape)
}

fn one<R: Rival, L: Lock>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
    Shape { tasks, locks, held }: Shape,
) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |handle| async move {
        let lock = Arc::new(L::new());
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(tasks);
        for _ in 0..tasks {
            let (lock, countdown) = (lock.clone(), countdown.clone());
            R::spawn(&handle, async move {
                for _ in 0..locks {
                    let mut guard = lock.lock().await;
                    *guard += 1;
                    if held {
                        R::yield_now().await;
                    }
                }
                countdown.done();
            });
        }
        countdown.wait().await;
        let sample = stopwatch.stop(tasks * locks);
        assert_eq!(*lock.lock().await, (tasks * locks) as u64, "a lock of {rival} let two in");
        sample
    })
}
