//! smol: its executor, run by threads inside of async-io's `block_on`, as `smol::spawn` does it.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use futures_channel::oneshot;
use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
use smol::net::{TcpListener, TcpStream};
use smol::{Executor, channel};

use super::{Rival, WORKERS};

/// With its workers.
pub struct Smol {
    executor: Arc<Executor<'static>>,
    /// Closed when it is dropped, which ends the workers.
    stop: channel::Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Smol {
    fn drop(&mut self) {
        self.stop.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Rival for Smol {
    const NAME: &'static str = "smol";
    const REMOTE: bool = true;

    type Handle = Arc<Executor<'static>>;
    type Sender = oneshot::Sender<()>;
    type Receiver = oneshot::Receiver<()>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn build() -> io::Result<Self> {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = channel::bounded::<()>(1);
        let worker = |_| {
            let (executor, stopped) = (executor.clone(), stopped.clone());
            std::thread::spawn(move || {
                let _ = smol::block_on(executor.run(stopped.recv()));
            })
        };
        let threads = (0..WORKERS).map(worker).collect();
        Ok(Self { executor, stop, threads })
    }
    fn handle(&self) -> Self::Handle {
        self.executor.clone()
    }
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::future::block_on(future)
    }
    fn spawn(handle: &Self::Handle, task: impl Future<Output = ()> + Send + 'static) {
        handle.spawn(task).detach();
    }
    fn spawn_remote(handle: &Self::Handle, task: impl Future<Output = ()> + Send + 'static) {
        handle.spawn(task).detach();
    }
    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }
    fn oneshot() -> (Self::Sender, Self::Receiver) {
        oneshot::channel()
    }
    fn send(sender: Self::Sender) {
        let _ = sender.send(());
    }
    fn listen(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::try_from(listener)
    }
    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
    async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer).await
    }
    async fn write_all(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        stream.write_all(bytes).await
    }
}
