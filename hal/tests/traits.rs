//! The I/O traits of other crates, driven by their own helpers.
#![cfg(not(loom))]

mod support;

use std::mem::MaybeUninit;
use std::pin::Pin;

use support::{Numbers, Runtime, join};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn tokio_helpers_copy_byte_exact() {
    let mut runtime = Runtime::new();
    let (mut client, server) = runtime.pair();
    let sent = Numbers(77).bytes(300_000);
    let (mut server_read, mut server_write) = server.into_split();
    let echo = async {
        tokio::io::copy(&mut server_read, &mut server_write).await.unwrap();
        server_write.shutdown().await.unwrap();
    };
    let talk = async {
        let mut received = Vec::new();
        let (mut read, mut write) = client.split();
        let write = async {
            write.write_all(&sent).await.unwrap();
            write.shutdown().await.unwrap();
        };
        join(write, read.read_to_end(&mut received)).await.1.unwrap();
        received
    };
    let ((), received) = runtime.block_on(join(echo, talk));
    assert!(received == sent, "changed on the way");
}

#[test]
fn hyper_reads_into_uninitialized_room() {
    let mut runtime = Runtime::new();
    let (mut client, mut server) = runtime.pair();
    runtime.block_on(async {
        client.write_all(b"GET / HTTP/1.1").await.unwrap();
        let mut room = [MaybeUninit::uninit(); 64];
        let mut buf = hyper::rt::ReadBuf::uninit(&mut room);
        while buf.filled().len() < 14 {
            std::future::poll_fn(|cx| hyper::rt::Read::poll_read(Pin::new(&mut server), cx, buf.unfilled()))
                .await
                .unwrap();
        }
        assert_eq!(buf.filled(), b"GET / HTTP/1.1");
        let parts = [std::io::IoSlice::new(b"HTTP/1.1 "), std::io::IoSlice::new(b"200 OK")];
        let written =
            std::future::poll_fn(|cx| hyper::rt::Write::poll_write_vectored(Pin::new(&mut server), cx, &parts));
        assert_eq!(written.await.unwrap(), 15);
        std::future::poll_fn(|cx| hyper::rt::Write::poll_shutdown(Pin::new(&mut server), cx)).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "HTTP/1.1 200 OK");
    });
}
