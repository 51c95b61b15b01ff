//! Streams that are always ready: a task that uses them for ever lets the others of its thread have their turn.
#![cfg(feature = "std")]

use std::future::Future;

use zokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt};
use zokio::task::{unconstrained, yield_now};

/// Whether a task that is ready gets its turn beside one that never waits.
async fn gives_way(busy: impl Future<Output = ()> + Send + 'static) {
    let busy = zokio::spawn(busy);
    for _ in 0..3 {
        yield_now().await;
    }
    busy.abort();
    assert!(busy.await.unwrap_err().is_cancelled());
}

// Mutant: src/io/budgeted.rs :: coop.made_progress(); => drop(coop);
#[test]
fn failure_106_streams_that_are_always_ready_let_others_have_their_turn() {
    let runtime = zokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        gives_way(async {
            let (mut reader, mut buffer) = (io::empty(), [0]);
            loop {
                assert_eq!(reader.read(&mut buffer).await.unwrap(), 0);
            }
        })
        .await;
        gives_way(async {
            loop {
                assert!(io::empty().fill_buf().await.unwrap().is_empty());
            }
        })
        .await;
        gives_way(async {
            let mut reader = io::repeat(7);
            loop {
                assert_eq!(reader.read_u8().await.unwrap(), 7);
            }
        })
        .await;
        gives_way(async {
            let mut writer = io::sink();
            loop {
                writer.write_all(b"bytes").await.unwrap();
                writer.flush().await.unwrap();
            }
        })
        .await;
        gives_way(async {
            let (mut reader, mut writer) = io::simplex(64);
            let mut buffer = [0; 64];
            loop {
                writer.write_all(b"there").await.unwrap();
                assert_eq!(reader.read(&mut buffer).await.unwrap(), 5);
            }
        })
        .await;
        gives_way(async {
            let (mut one, mut other) = io::duplex(64);
            let mut buffer = [0; 64];
            loop {
                one.write_all(b"there").await.unwrap();
                assert_eq!(other.read(&mut buffer).await.unwrap(), 5);
            }
        })
        .await;
    });
}

#[zokio::test]
async fn failure_106_copying_lets_others_have_their_turn() {
    gives_way(async { drop(io::copy(&mut io::repeat(1), &mut io::sink()).await) }).await;
    gives_way(async {
        loop {
            let (mut reader, mut writer) = (&b"hello"[..], Vec::new());
            assert_eq!(io::copy(&mut reader, &mut writer).await.unwrap(), 5);
        }
    })
    .await;
    gives_way(async {
        loop {
            let (mut reader, mut writer) = (&b"hello"[..], Vec::new());
            assert_eq!(io::copy_buf(&mut reader, &mut writer).await.unwrap(), 5);
        }
    })
    .await;
}

/// A read that finds nothing takes nothing, and outside of a budget everything goes on.
#[zokio::test]
async fn waiting_costs_nothing_and_unconstrained_is_not_stopped() {
    let (mut one, mut other) = io::duplex(8);
    for n in 0..1000_u32 {
        one.write_u32(n).await.unwrap();
        assert_eq!(other.read_u32().await.unwrap(), n);
    }
    let copied = unconstrained(async {
        let mut reader = io::repeat(1).take(1 << 20);
        io::copy(&mut reader, &mut io::sink()).await
    });
    assert_eq!(copied.await.unwrap(), 1 << 20);
}

#[zokio::test]
async fn what_was_there_before_is_there_still() {
    let (mut a, mut b) = (io::duplex(16), io::duplex(16));
    a.0.write_all(b"to b").await.unwrap();
    a.0.shutdown().await.unwrap();
    b.1.write_all(b"for a").await.unwrap();
    b.1.shutdown().await.unwrap();
    assert_eq!(io::copy_bidirectional(&mut a.1, &mut b.0).await.unwrap(), (4, 5));
    let mut text = String::new();
    b.1.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "to b");
    assert_eq!(io::empty().seek(std::io::SeekFrom::End(0)).await.unwrap(), 0);
    assert!(io::sink().is_write_vectored());
}
