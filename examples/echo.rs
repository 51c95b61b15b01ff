//! Adds sockets to `hello`: whatever a client sends comes back, until Ctrl-C.
//!
//! `cargo run --release --example echo -- 127.0.0.1:7000`, then `nc 127.0.0.1 7000`

use std::io;
use std::time::Duration;

use zokio::net::{TcpListener, TcpStream};

#[zokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7000".to_owned());
    let listener = TcpListener::bind(&*address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
    println!("echo on {}", listener.local_addr()?);
    zokio::select! {
        stop = zokio::signal::ctrl_c() => stop,
        done = accept(&listener) => done,
    }
}

async fn accept(listener: &TcpListener) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => zokio::spawn(async move {
                if let Err(error) = echo(stream).await {
                    eprintln!("{peer}: {error}");
                }
            })
            .detach(),
            // Out of descriptors, or a client that left in the line: the next one may do better.
            Err(error) => {
                eprintln!("accept: {error}");
                zokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut read, mut write) = stream.split();
    zokio::io::copy(&mut read, &mut write).await?;
    zokio::io::AsyncWriteExt::shutdown(&mut write).await
}
