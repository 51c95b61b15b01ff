//! zokio, with workers and on one thread.

use std::future::Future;
use std::io;

use zokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zokio::net::{TcpListener, TcpStream};
use zokio::runtime::{Builder, Handle, Runtime};
use zokio::sync::oneshot;

use super::{Rival, WORKERS};

macro_rules! rival {
    ($type:ident, $name:literal, $remote:literal, $builder:expr) => {
        impl Rival for $type {
            const NAME: &'static str = $name;
            const REMOTE: bool = $remote;

            type Handle = Handle;
            type Sender = oneshot::Sender<()>;
            type Receiver = oneshot::Receiver<()>;
            type Listener = TcpListener;
            type Stream = TcpStream;

            fn build() -> io::Result<Self> {
                $builder.enable_all().build().map(Self)
            }
            fn handle(&self) -> Handle {
                self.0.handle().clone()
            }
            fn block_on<F: Future>(&self, future: F) -> F::Output {
                self.0.block_on(future)
            }
            fn spawn(_: &Handle, task: impl Future<Output = ()> + Send + 'static) {
                drop(zokio::spawn(task));
            }
            fn spawn_remote(handle: &Handle, task: impl Future<Output = ()> + Send + 'static) {
                drop(handle.spawn(task));
            }
            fn yield_now() -> impl Future<Output = ()> + Send {
                zokio::task::yield_now()
            }
            fn oneshot() -> (Self::Sender, Self::Receiver) {
                oneshot::channel()
            }
            fn send(sender: Self::Sender) {
                let _ = sender.send(());
            }
            fn listen(listener: std::net::TcpListener) -> io::Result<TcpListener> {
                TcpListener::from_std(listener)
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
    };
}

/// With workers that steal.
pub struct MultiThread(Runtime);
/// On the thread that calls `block_on`.
pub struct CurrentThread(Runtime);

rival!(MultiThread, "zokio-mt", true, Builder::new_multi_thread().worker_threads(WORKERS));
rival!(CurrentThread, "zokio-ct", false, Builder::new_current_thread());
