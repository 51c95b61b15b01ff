//! Every message to every receiver.

use std::future::Future;
use std::io;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioMultiThread};
use zokio_benches::sample::{Countdown, sample};

const CAPACITY: usize = 128;
const RECEIVERS: usize = 8;
/// Fewer than the capacity, so that nobody lags.
const BATCH: usize = 100;
const BATCHES: usize = 50;

trait Broadcast: 'static {
    type Sender: Send + 'static;
    type Receiver: Send + 'static;
    fn new() -> Self::Sender;
    fn subscribe(sender: &Self::Sender) -> Self::Receiver;
    fn send(sender: &Self::Sender, message: u64);
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = u64> + Send;
}

struct Tokio;
impl Broadcast for Tokio {
    type Sender = tokio::sync::broadcast::Sender<u64>;
    type Receiver = tokio::sync::broadcast::Receiver<u64>;
    fn new() -> Self::Sender {
        tokio::sync::broadcast::channel(CAPACITY).0
    }
    fn subscribe(sender: &Self::Sender) -> Self::Receiver {
        sender.subscribe()
    }
    fn send(sender: &Self::Sender, message: u64) {
        sender.send(message).expect("there are receivers");
    }
    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("nobody lags")
    }
}

struct Zokio;
impl Broadcast for Zokio {
    type Sender = zokio::sync::broadcast::Sender<u64>;
    type Receiver = zokio::sync::broadcast::Receiver<u64>;
    fn new() -> Self::Sender {
        zokio::sync::broadcast::channel(CAPACITY).0
    }
    fn subscribe(sender: &Self::Sender) -> Self::Receiver {
        sender.subscribe()
    }
    fn send(sender: &Self::Sender, message: u64) {
        sender.send(message).expect("there are receivers");
    }
    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("nobody lags")
    }
}

struct AsyncBroadcast;
impl Broadcast for AsyncBroadcast {
    type Sender = (async_broadcast::Sender<u64>, async_broadcast::InactiveReceiver<u64>);
    type Receiver = async_broadcast::Receiver<u64>;
    fn new() -> Self::Sender {
        let (sender, receiver) = async_broadcast::broadcast(CAPACITY);
        (sender, receiver.deactivate())
    }
    fn subscribe(sender: &Self::Sender) -> Self::Receiver {
        sender.0.new_receiver()
    }
    fn send(sender: &Self::Sender, message: u64) {
        sender.0.try_broadcast(message).expect("there is room");
    }
    async fn recv(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("nobody lags")
    }
}

/// All rivals, one after the other.
pub fn all(plan: &Plan, table: &mut Table, name: &'static str) -> io::Result<()> {
    one::<ZokioMultiThread, Zokio>(plan, table, name, "zokio-mt")?;
    one::<TokioMultiThread, Tokio>(plan, table, name, "tokio-mt")?;
    one::<Smol, AsyncBroadcast>(plan, table, name, "smol")?;
    one::<ZokioMultiThread, Tokio>(plan, table, name, "tokio on zokio")?;
    one::<ZokioMultiThread, AsyncBroadcast>(plan, table, name, "async-broadcast on zokio")?;
    one::<TokioCurrentThread, Tokio>(plan, table, name, "tokio-ct")
}

fn one<R: Rival, B: Broadcast>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |handle| async move {
        let sender = B::new();
        let received = Countdown::new(RECEIVERS);
        for _ in 0..RECEIVERS {
            let (mut receiver, received) = (B::subscribe(&sender), received.clone());
            R::spawn(&handle, async move {
                for _ in 0..BATCHES {
                    for expected in 0..BATCH {
                        assert_eq!(B::recv(&mut receiver).await, expected as u64, "a message is lost");
                    }
                    received.done();
                }
            });
        }
        let stopwatch = Stopwatch::start();
        for batch in 0..BATCHES {
            if batch > 0 {
                received.again(RECEIVERS);
            }
            for message in 0..BATCH {
                B::send(&sender, message as u64);
            }
            received.wait().await;
        }
        stopwatch.stop(BATCHES * BATCH * RECEIVERS)
    })
}
