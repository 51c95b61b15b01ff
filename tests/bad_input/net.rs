//! Sockets: addresses that are no good, peers that leave in every way, runtimes that are gone.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use zokio::io::{AsyncReadExt, AsyncWriteExt};
use zokio::net::{TcpListener, TcpStream};

use crate::{EACH, WATCHDOG, ct, mt, within};

/// Two ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

/// A port that nobody listens on, as far as one can know.
fn free_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_port_in_use_is_an_error_that_says_so() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = first.local_addr().unwrap();
                let error = TcpListener::bind(address).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AddrInUse);
                assert!(error.to_string().to_lowercase().contains("in use"), "{error}");
                drop(first);
                TcpListener::bind(address).await.expect("free again at once");
            });
        });
    }
}

#[test]
fn addresses_that_are_none_are_errors() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                // 192.0.2.0/24 is nobody's.
                let error = TcpListener::bind("192.0.2.1:0").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::AddrNotAvailable, "{error}");
                for text in ["127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", ":::", ""] {
                    let error = TcpListener::bind(text).await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "`{text}`: {error}");
                    let error = TcpStream::connect(text).await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "`{text}`: {error}");
                }
                let none: &[SocketAddr] = &[];
                let error = TcpListener::bind(none).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
                let error = TcpStream::connect(none).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            });
        });
    }
}

#[test]
fn a_refused_connection_is_an_error_and_the_next_address_is_tried() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                let closed = free_port();
                let error = TcpStream::connect(closed).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
                let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                let both = [closed, open.local_addr().unwrap()];
                TcpStream::connect(&both[..]).await.unwrap();
            });
        });
    }
}

#[test]
fn a_half_closed_connection_works_the_other_way() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                let (mut near, mut far) = pair().await;
                near.shutdown().await.unwrap();
                let error = near.write_all(b"too late").await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
                near.shutdown().await.expect("a second shutdown is nothing");
                let mut nothing = Vec::new();
                assert_eq!(far.read_to_end(&mut nothing).await.unwrap(), 0);
                far.write_all(b"still here").await.unwrap();
                far.shutdown().await.unwrap();
                let mut text = String::new();
                near.read_to_string(&mut text).await.unwrap();
                assert_eq!(text, "still here");
                // The end stays the end, on both sides, as often as one asks.
                for _ in 0..3 {
                    assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 0);
                    assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
                }
            });
        });
    }
}

#[test]
fn owned_halves_half_close_and_outlive_each_other() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                let (near, far) = pair().await;
                let (mut read, write) = near.into_split();
                let (mut far_read, mut far_write) = far.into_split();
                drop(write);
                assert_eq!(far_read.read(&mut [0; 8]).await.unwrap(), 0, "dropping the half shuts it down");
                far_write.write_all(b"one way").await.unwrap();
                drop(far_read);
                drop(far_write);
                let mut text = String::new();
                read.read_to_string(&mut text).await.unwrap();
                assert_eq!(text, "one way");
            });
        });
    }
}

#[test]
fn a_reset_is_told_once_and_is_the_end() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                // To one that waits, and to one that looks later.
                for waits in [true, false] {
                    let (mut near, far) = pair().await;
                    far.set_linger(Some(Duration::ZERO)).unwrap();
                    let reading = async {
                        let mut errors = 0;
                        for _ in 0..3 {
                            match near.read(&mut [0; 8]).await {
                                Ok(read) => assert_eq!(read, 0),
                                Err(error) => {
                                    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
                                    errors += 1;
                                }
                            }
                        }
                        assert_eq!(errors, 1, "one error, and then the end");
                    };
                    if waits {
                        zokio::join!(reading, async {
                            zokio::task::yield_now().await;
                            drop(far);
                        });
                    } else {
                        drop(far);
                        reading.await;
                    }
                    let error = near.write_all(b"nobody").await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
                    assert!(near.take_error().unwrap().is_none(), "it was told");
                }
            });
        });
    }
}

#[test]
fn a_writer_without_reader_gets_an_error_when_the_peer_is_reset() {
    for (_, make) in EACH {
        within(move || {
            make().block_on(async {
                let (mut near, far) = pair().await;
                far.set_linger(Some(Duration::ZERO)).unwrap();
                let block = vec![7; 1 << 16];
                let writing = async {
                    loop {
                        if let Err(error) = near.write_all(&block).await {
                            return error.kind();
                        }
                    }
                };
                let leaves = async {
                    // Until some of it has come, so that the writer is at it.
                    far.readable().await.unwrap();
                    drop(far);
                };
                let (kind, ()) = zokio::join!(writing, leaves);
                assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind}");
            });
        });
    }
}

#[test]
fn sockets_of_a_runtime_that_is_gone_fail_at_once() {
    for (_, makes) in EACH {
        for (_, polls) in EACH {
            within(move || {
                let (makes, polls) = (makes(), polls());
                let (mut near, mut far) = makes.block_on(pair());
                let (mut waiting, _peer) = makes.block_on(pair());
                let listener = makes.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
                let handle = makes.handle().clone();
                // One waits on another runtime when the end comes.
                let (tx, begun) = std::sync::mpsc::channel();
                let waited = polls.spawn(async move {
                    let mut byte = [0];
                    let mut reading = pin!(waiting.read(&mut byte));
                    std::future::poll_fn(|cx| {
                        let read = reading.as_mut().poll(cx);
                        let _ = tx.send(());
                        read
                    })
                    .await
                });
                let thread = std::thread::spawn(move || (polls.block_on(waited), polls));
                begun.recv_timeout(WATCHDOG).unwrap();
                drop(makes);
                let (outcome, polls) = thread.join().unwrap();
                let mut errors = vec![outcome.unwrap().unwrap_err()];
                polls.block_on(async {
                    errors.push(near.read(&mut [0; 8]).await.unwrap_err());
                    errors.push(far.write_all(b"x").await.unwrap_err());
                    errors.push(listener.accept().await.unwrap_err());
                    errors.push(near.try_read(&mut [0; 8]).unwrap_err());
                    errors.push(near.readable().await.unwrap_err());
                });
                // New ones, under its guard.
                let entered = handle.enter();
                let mut cx = Context::from_waker(Waker::noop());
                let Poll::Ready(bound) = pin!(TcpListener::bind("127.0.0.1:0")).poll(&mut cx) else {
                    panic!("it waits for a runtime that is gone")
                };
                errors.push(bound.unwrap_err());
                let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
                let Poll::Ready(connected) = pin!(TcpStream::connect(address)).poll(&mut cx) else {
                    panic!("it waits for a runtime that is gone")
                };
                errors.push(connected.unwrap_err());
                drop(entered);
                for (index, error) in errors.iter().enumerate() {
                    assert!(error.to_string().contains("shut down"), "{index}: {error}");
                }
                // What a socket shows of itself is short.
                assert!(format!("{near:?}").len() < 400, "{near:?}");
                // The descriptors are fine: other code may have them.
                near.into_std().unwrap();
            });
        }
    }
}

#[test]
fn a_socket_made_in_one_runtime_works_in_another() {
    within(|| {
        let (makes, polls) = (mt(), ct());
        let (mut near, mut far) = makes.block_on(pair());
        let echo = makes.spawn(async move {
            let mut bytes = [0; 5];
            far.read_exact(&mut bytes).await.unwrap();
            far.write_all(&bytes).await.unwrap();
        });
        let bytes = polls.block_on(async move {
            near.write_all(b"hello").await.unwrap();
            let mut bytes = [0; 5];
            near.read_exact(&mut bytes).await.unwrap();
            bytes
        });
        assert_eq!(&bytes, b"hello");
        polls.block_on(echo).unwrap();
    });
}

#[test]
fn two_runtimes_in_one_process_talk() {
    for (_, server) in EACH {
        for (_, client) in EACH {
            within(move || {
                let (server, client) = (server(), client());
                let listener = server.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
                let address = listener.local_addr().unwrap();
                let (stop, stopped) = (std::sync::Arc::new(zokio::sync::Notify::new()), WATCHDOG);
                let told = stop.clone();
                let serving = std::thread::spawn(move || {
                    server.block_on(async move {
                        let accept = async {
                            loop {
                                let (mut stream, _) = listener.accept().await.unwrap();
                                zokio::spawn(async move {
                                    let (mut read, mut write) = stream.split();
                                    zokio::io::copy(&mut read, &mut write).await.unwrap();
                                    write.shutdown().await.unwrap();
                                })
                                .detach();
                            }
                        };
                        zokio::select! { () = accept => {}, () = told.notified() => {} }
                    });
                });
                client.block_on(async {
                    let all: Vec<_> = (0..20_u8)
                        .map(|n| {
                            zokio::spawn(async move {
                                let mut stream = TcpStream::connect(address).await.unwrap();
                                let sent = vec![n; 10_000];
                                stream.write_all(&sent).await.unwrap();
                                stream.shutdown().await.unwrap();
                                let mut back = Vec::new();
                                stream.read_to_end(&mut back).await.unwrap();
                                assert_eq!(back, sent);
                            })
                        })
                        .collect();
                    for one in all {
                        zokio::time::timeout(stopped, one).await.unwrap().unwrap();
                    }
                });
                stop.notify_one();
                serving.join().unwrap();
            });
        }
    }
}
