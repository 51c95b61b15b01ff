//! One message.

use std::future::Future;
use std::io;
use std::pin::pin;

use zokio_benches::measure::{Plan, Stopwatch};
use zokio_benches::report::Table;
use zokio_benches::rivals::{Rival, Smol, TokioCurrentThread, TokioMultiThread, ZokioMultiThread};
use zokio_benches::sample::sample;

const OPERATIONS: usize = 100_000;

trait Oneshot: 'static {
    type Sender: Send;
    type Receiver: Future<Output: Send> + Send;
    fn new() -> (Self::Sender, Self::Receiver);
    fn send(sender: Self::Sender, message: u64);
}

struct Tokio;
impl Oneshot for Tokio {
    type Sender = tokio::sync::oneshot::Sender<u64>;
    type Receiver = tokio::sync::oneshot::Receiver<u64>;
    fn new() -> (Self::Sender, Self::Receiver) {
        tokio::sync::oneshot::channel()
    }
    fn send(sender: Self::Sender, message: u64) {
        sender.send(message).expect("the receiver is there");
    }
}

struct Futures;
impl Oneshot for Futures {
    type Sender = futures_channel::oneshot::Sender<u64>;
    type Receiver = futures_channel::oneshot::Receiver<u64>;
    fn new() -> (Self::Sender, Self::Receiver) {
        futures_channel::oneshot::channel()
    }
    fn send(sender: Self::Sender, message: u64) {
        sender.send(message).expect("the receiver is there");
    }
}

struct Zokio;
impl Oneshot for Zokio {
    type Sender = zokio::sync::oneshot::Sender<u64>;
    type Receiver = zokio::sync::oneshot::Receiver<u64>;
    fn new() -> (Self::Sender, Self::Receiver) {
        zokio::sync::oneshot::channel()
    }
    fn send(sender: Self::Sender, message: u64) {
        sender.send(message).expect("the receiver is there");
    }
}

/// All rivals; `waits`: the receiver is polled before the message is sent.
pub fn all(plan: &Plan, table: &mut Table, name: &'static str, waits: bool) -> io::Result<()> {
    one::<ZokioMultiThread, Zokio>(plan, table, name, "zokio-mt", waits)?;
    one::<TokioMultiThread, Tokio>(plan, table, name, "tokio-mt", waits)?;
    one::<Smol, Futures>(plan, table, name, "smol", waits)?;
    one::<ZokioMultiThread, Tokio>(plan, table, name, "tokio on zokio", waits)?;
    one::<ZokioMultiThread, Futures>(plan, table, name, "futures on zokio", waits)?;
    one::<TokioCurrentThread, Tokio>(plan, table, name, "tokio-ct", waits)
}

fn one<R: Rival, O: Oneshot>(
    plan: &Plan,
    table: &mut Table,
    name: &'static str,
    rival: &'static str,
    waits: bool,
) -> io::Result<()> {
    sample::<R, _>(plan, table, name, rival, |_| async move {
        let stopwatch = Stopwatch::start();
        for message in 0..OPERATIONS {
            let (sender, receiver) = O::new();
            let mut receiver = pin!(receiver);
            let mut sender = Some(sender);
            if !waits {
                O::send(sender.take().expect("it is there"), message as u64);
            }
            // Sends after the first poll, in which the receiver has left its waker.
            std::future::poll_fn(|cx| {
                let poll = receiver.as_mut().poll(cx);
                if let Some(sender) = sender.take() {
                    O::send(sender, message as u64);
                }
                poll
            })
            .await;
        }
        stopwatch.stop(OPERATIONS)
    })
}
