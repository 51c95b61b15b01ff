//! Bounded channels with one receiver.

use std::future::Future;
use std::io;
use std::sync::Arc;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioCurrentThread, ZokioMultiThread};
use zokio_benches::sample::{Countdown, sample};

const CAPACITY: usize = 128;
const MESSAGES: usize = 100_000;

trait Channel: 'static {
    type Sender: Clone + Send + Sync + 'static;
    type Receiver: Send + 'static;
    fn new() -> (Self::Sender, Self::Receiver);
    fn send(sender: &Self::Sender, message: u64) -> impl Future<Output: Send> + Send;
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;
}

struct Tokio;
impl Channel for Tokio {
    type Sender = tokio::sync::mpsc::Sender<u64>;
    type Receiver = tokio::sync::mpsc::Receiver<u64>;
    fn new() -> (Self::Sender, Self::Receiver) {
        tokio::sync::mpsc::channel(CAPACITY)
    }
    fn send(sender: &Self::Sender, message: u64) -> impl Future<Output: Send> + Send {
        sender.send(message)
    }
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send {
        receiver.recv()
    }
}

struct Zokio;
impl Channel for Zokio {
    type Sender = zokio::sync::mpsc::Sender<u64>;
    type Receiver = zokio::sync::mpsc::Receiver<u64>;
    fn new() -> (Self::Sender, Self::Receiver) {
        zokio::sync::mpsc::channel(CAPACITY)
    }
    fn send(sender: &Self::Sender, message: u64) -> impl Future<Output: Send> + Send {
        sender.send(message)
    }
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send {
        receiver.recv()
    }
}

struct AsyncChannel;
impl Channel for AsyncChannel {
    type Sender = async_channel::Sender<u64>;
    type Receiver = async_channel::Receiver<u64>;
    fn new() -> (Self::Sender, Self::Receiver) {
        async_channel::bounded(CAPACITY)
    }
    fn send(sender: &Self::Sender, message: u64) -> impl Future<Output: Send> + Send {
        sender.send(message)
    }
    async fn recv(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

/// The static channel in an `Arc`.
struct Static;
impl Channel for Static {
    type Sender = Arc<zokio::sync::Channel<u64, CAPACITY>>;
    type Receiver = Arc<zokio::sync::Channel<u64, CAPACITY>>;
    fn new() -> (Self::Sender, Self::Receiver) {
        let channel = Arc::new(zokio::sync::Channel::new());
        (channel.clone(), channel)
    }
    fn send(sender: &Self::Sender, message: u64) -> impl Future<Output: Send> + Send {
        sender.send(message)
    }
    fn recv(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send {
        receiver.recv()
    }
}

/// All rivals, one after the other.
pub fn all(plan: &Plan, table: &mut Table, name: &'static str, senders: usize) -> io::Result<()> {
    one::<TokioMultiThread, Tokio>(plan, table, name, "tokio-mt", senders)?;
    one::<ZokioMultiThread, Zokio>(plan, table, name, "zokio-mt", senders)?;
    one::<ZokioMultiThread, Static>(plan, table, name, "zokio-mt static", senders)?;
    one::<Smol, AsyncChannel>(plan, table, name, "smol", senders)?;
    one::<ZokioMultiThread, Tokio>(plan, table, name, "tokio on zokio", senders)?;
    one::<ZokioMultiThread, AsyncChannel>(plan, table, name, "async-channel on zokio", senders)?;
    one::<TokioCurrentThread, Tokio>(plan, table, name, "tokio-ct", senders)?;
    one::<ZokioCurrentThread, AsyncChannel>(plan, table, name, "async-channel on zokio-ct", senders)?;
    one::<ZokioCurrentThread, Zokio>(plan, table, name, "zokio-ct", senders)?;
    one::<ZokioCurrentThread, Static>(plan, table, name, "zokio-ct static", senders)
}

fn one<R: Rival, C: Channel>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
    senders: usize,
) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |handle| async move {
        let (sender, mut receiver) = C::new();
        let stopwatch = Stopwatch::start();
        let countdown = Countdown::new(1);
        for _ in 0..senders {
            let sender = sender.clone();
            R::spawn(&handle, async move {
                for message in 0..MESSAGES / senders {
                    C::send(&sender, message as u64).await;
                }
            });
        }
        let done = countdown.clone();
        R::spawn(&handle, async move {
            for _ in 0..MESSAGES / senders * senders {
                C::recv(&mut receiver).await.expect("nobody closes the channel");
            }
            done.done();
        });
        countdown.wait().await;
        stopwatch.stop(MESSAGES)
    })
}
