//! What the workloads ask of a runtime, and who answers.

mod smol;
mod tokio;
mod zokio;

use std::future::Future;
use std::io;

pub use self::smol::Smol;
pub use self::tokio::{CurrentThread as TokioCurrentThread, MultiThread as TokioMultiThread};
pub use self::zokio::{CurrentThread as ZokioCurrentThread, MultiThread as ZokioMultiThread};

/// Workers of those that have several.
const WORKERS: usize = 2;

/// A runtime, as the workloads see it.
pub trait Rival: Sized + 'static {
    /// Its name in the table.
    const NAME: &'static str;
    /// Whether a thread that is no worker can spawn and have it run meanwhile.
    const REMOTE: bool;

    /// What spawns from where there is no context.
    type Handle: Clone + Send + Sync + 'static;
    /// The sending half of a oneshot.
    type Sender: Send + 'static;
    /// Its receiving half.
    type Receiver: Future + Send + 'static;
    /// A listening socket.
    type Listener: Send + Sync;
    /// A connection.
    type Stream: Send;

    /// A runtime with sockets and timers, and its own number of workers.
    fn build() -> io::Result<Self>;

    /// What spawns on it.
    fn handle(&self) -> Self::Handle;

    /// Runs a future on the calling thread, which is no worker where there are several.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Spawns a task from a task, by the context where there is one.
    fn spawn(handle: &Self::Handle, task: impl Future<Output = ()> + Send + 'static);

    /// Spawns a task from a thread that is no worker.
    fn spawn_remote(handle: &Self::Handle, task: impl Future<Output = ()> + Send + 'static);

    /// Steps aside once.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// A oneshot.
    fn oneshot() -> (Self::Sender, Self::Receiver);

    /// Sends.
    fn send(sender: Self::Sender);

    /// Takes a socket that listens. Called inside of `block_on`.
    fn listen(listener: std::net::TcpListener) -> io::Result<Self::Listener>;

    /// The next connection, without Nagle's delay.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Reads what is there.
    fn read(stream: &mut Self::Stream, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Writes all.
    fn write_all(stream: &mut Self::Stream, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}
