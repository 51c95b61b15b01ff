//! The latest value, and who waits for a new one.

use std::future::Future;
use std::io;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, TokioCurrentThread, TokioMultiThread, ZokioMultiThread};
use zokio_benches::sample::{Countdown, sample};

const RECEIVERS: usize = 8;
const VALUES: usize = 5_000;

trait Watch: 'static {
    type Sender: Send + 'static;
    type Receiver: Send + 'static;
    fn new() -> Self::Sender;
    fn subscribe(sender: &Self::Sender) -> Self::Receiver;
    fn send(sender: &Self::Sender, value: u64);
    fn changed(receiver: &mut Self::Receiver) -> impl Future<Output = u64> + Send;
}

struct Tokio;
impl Watch for Tokio {
    type Sender = tokio::sync::watch::Sender<u64>;
    type Receiver = tokio::sync::watch::Receiver<u64>;
    fn new() -> Self::Sender {
        tokio::sync::watch::channel(0).0
    }
    fn subscribe(sender: &Self::Sender) -> Self::Receiver {
        sender.subscribe()
    }
    fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).expect("there are receivers");
    }
    async fn changed(receiver: &mut Self::Receiver) -> u64 {
        receiver.changed().await.expect("the sender is there");
        *receiver.borrow_and_update()
    }
}

struct Zokio;
impl Watch for Zokio {
    type Sender = zokio::sync::watch::Sender<u64>;
    type Receiver = zokio::sync::watch::Receiver<u64>;
    fn new() -> Self::Sender {
        zokio::sync::watch::channel(0).0
    }
    fn subscribe(sender: &Self::Sender) -> Self::Receiver {
        sender.subscribe()
    }
    fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).expect("there are receivers");
    }
    async fn changed(receiver: &mut Self::Receiver) -> u64 {
        receiver.changed().await.expect("the sender is there");
        *receiver.borrow_and_update()
    }
}

/// All rivals, one after the other.
pub fn all(plan: &Plan, table: &mut Table, name: &'static str) -> io::Result<()> {
    one::<ZokioMultiThread, Zokio>(plan, table, name, "zokio-mt")?;
    one::<TokioMultiThread, Tokio>(plan, table, name, "tokio-mt")?;
    one::<ZokioMultiThread, Tokio>(plan, table, name, "tokio on zokio")?;
    one::<TokioCurrentThread, Tokio>(plan, table, name, "tokio-ct")
}

fn one<R: Rival, W: Watch>(plan: &Plan, table: &mut Table, name: &'static str, rival: &'static str) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |handle| async move {
        let sender = W::new();
        let seen = Countdown::new(RECEIVERS);
        for _ in 0..RECEIVERS {
            let (mut receiver, seen) = (W::subscribe(&sender), seen.clone());
            R::spawn(&handle, async move {
                for expected in 1..=VALUES {
                    assert_eq!(W::changed(&mut receiver).await, expected as u64, "a value is lost");
                    seen.done();
                }
            });
        }
        let stopwatch = Stopwatch::start();
        for value in 1..=VALUES {
            if value > 1 {
                seen.again(RECEIVERS);
            }
            W::send(&sender, value as u64);
            seen.wait().await;
        }
        stopwatch.stop(VALUES)
    })
}
