//! TCP over loopback: what arrives, and every way to end.
#![cfg(not(loom))]

mod support;

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use embedded_io_async::{Read, Write};
use support::{LONG, Numbers, Runtime, join};
use zokio_core::park::Park as _;
use zokio_hal::os::net::{TcpListener, TcpStream, lookup_host};
use zokio_hal::os::{BlockingPool, Interest, ReactorHandle};

async fn read_to_end(stream: &mut impl Read<Error = std::io::Error>) -> std::io::Result<Vec<u8>> {
    let (mut all, mut buf) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buf).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buf[..count]),
        }
    }
}

#[test]
fn echo_is_byte_exact_at_every_size() {
    let mut runtime = Runtime::new();
    let seed = 0x5eed_2026_1121;
    let mut numbers = Numbers(seed);
    for size in [1, 2, 1_000, 4_096, 65_535, 65_536, 1 << 20] {
        let sent = numbers.bytes(size);
        let (client, mut server) = runtime.pair();
        let (mut reader, mut writer) = client.into_split();
        let mut sizes = Numbers(seed ^ size as u64);
        let mut read_sizes = Numbers(seed + size as u64);
        let echo = async move {
            let mut buf = vec![0; 1 << 16];
            loop {
                let room = read_sizes.up_to(buf.len());
                match server.read(&mut buf[..room]).await.unwrap() {
                    0 => return,
                    count => server.write_all(&buf[..count]).await.unwrap(),
                }
            }
        };
        let write = async {
            let mut rest = &sent[..];
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(sizes.up_to(1 << 16).min(rest.len()));
                writer.write_all(chunk).await.unwrap();
                rest = after;
            }
            drop(writer); // ends the write direction
        };
        let received = runtime.block_on(async { join(join(echo, write), read_to_end(&mut reader)).await.1 });
        assert!(received.unwrap() == sent, "{size} bytes came back changed");
    }
}

#[test]
fn half_close_either_way_leaves_the_other_direction() {
    let mut runtime = Runtime::new();
    for client_first in [true, false] {
        let (client, server) = runtime.pair();
        let (mut early, mut late) = if client_first { (client, server) } else { (server, client) };
        runtime.block_on(async {
            early.write_all(b"last words").await.unwrap();
            early.shutdown_write().unwrap();
            assert_eq!(read_to_end(&mut late).await.unwrap(), b"last words");
            let ready = late.ready(Interest::READABLE | Interest::WRITABLE).await.unwrap();
            assert!(ready.is_read_closed() && ready.is_writable() && !ready.is_write_closed() && !ready.is_error());
            late.write_all(b"reply").await.unwrap();
            late.shutdown_write().unwrap();
            assert_eq!(read_to_end(&mut early).await.unwrap(), b"reply");
            let error = early.write(b"more").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
    }
}

#[test]
fn a_reset_is_told_exactly_once() {
    let mut runtime = Runtime::new();
    let (client, mut server) = runtime.pair();
    runtime.block_on(async {
        let mut buf = [0; 16];
        let reset = async {
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
        };
        let (error, ()) = join(server.read(&mut buf), reset).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(server.read(&mut buf).await.unwrap(), 0, "the end, not another error");
        assert_eq!(server.read(&mut buf).await.unwrap(), 0);
        assert!(server.take_error().unwrap().is_none());
    });
}

#[test]
fn nobody_listens_is_refused() {
    let mut runtime = Runtime::new();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
    assert_eq!(runtime.handle.registered(), 0);
}

#[test]
fn connect_goes_on_to_the_next_address() {
    let mut runtime = Runtime::new();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let addresses: &[SocketAddr] = &[refused, listener.local_addr().unwrap()];
        let stream = TcpStream::connect(addresses).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        let none: &[SocketAddr] = &[];
        assert_eq!(TcpStream::connect(none).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_port_in_use_says_so_and_is_free_again_at_once() {
    let mut runtime = Runtime::new();
    runtime.block_on(async {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = first.local_addr().unwrap();
        assert_ne!(address.port(), 0);
        let error = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let (client, served) = join(TcpStream::connect(address), first.accept()).await;
        drop((served.unwrap(), client.unwrap(), first)); // leaves a connection in TIME_WAIT on the port
        TcpListener::bind(address).await.expect("may be bound again");
    });
}

#[test]
fn a_peer_that_goes_ends_the_write_with_an_error() {
    let mut runtime = Runtime::new();
    let (mut client, server) = runtime.pair();
    runtime.block_on(async {
        let chunk = vec![7; 1 << 16];
        let write = async {
            loop {
                if let Err(error) = client.write_all(&chunk).await {
                    return error;
                }
            }
        };
        let leave = async {
            let mut buf = [0; 1000];
            server.readable().await.unwrap();
            server.try_read(&mut buf).unwrap();
            drop(server);
        };
        let (error, ()) = join(write, leave).await;
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    });
}

// Mutant: hal/src/os/direction.rs :: if self.0 & identity != seen.0 & identity { => if seen.is_ready() {
#[test]
fn failure_125_writing_to_a_half_closed_socket_does_not_spin() {
    let mut runtime = Runtime::new();
    let (client, server) = runtime.pair();
    server.shutdown_write().unwrap();
    let chunk = vec![7; 1 << 16];
    let mut would_block = 0;
    let mut fill = pin!(async {
        loop {
            client.writable().await.unwrap();
            match client.try_write(&chunk) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    would_block += 1;
                    assert!(would_block < 100, "told to be writable again and again");
                }
                result => assert!(result.unwrap() > 0),
            }
        }
    });
    // Nobody reads: when nothing has woken it for so long, the buffers are full; or this thread had no turn on the machine.
    // Then it goes on, and is quiet some time later.
    let quiet = Duration::from_millis(50);
    assert!(runtime.run_for(fill.as_mut(), quiet).is_none());
    let mut wakes = usize::MAX;
    for _ in 0..20 {
        let before = runtime.wakes();
        assert!(runtime.run_for(fill.as_mut(), quiet).is_none());
        wakes = runtime.wakes() - before;
        if wakes <= 1 {
            break;
        }
    }
    assert!(wakes <= 1, "{wakes} wakes while nothing happened");
}

#[test]
fn many_tasks_may_accept_at_once() {
    let mut runtime = Runtime::new();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients = async {
            let first = TcpStream::connect(address).await.unwrap();
            (first, TcpStream::connect(address).await.unwrap())
        };
        let ((one, two), _clients) = join(join(listener.accept(), listener.accept()), clients).await;
        assert_ne!(one.unwrap().1, two.unwrap().1);
    });
}

#[test]
fn a_dropped_waiter_takes_nothing_from_the_others() {
    let mut runtime = Runtime::new();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut stays = pin!(listener.accept());
        {
            let mut goes = pin!(listener.accept());
            poll_fn(|cx| {
                assert!(stays.as_mut().poll(cx).is_pending());
                assert!(goes.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        let (client, accepted) = join(TcpStream::connect(address), stays).await;
        assert_eq!(accepted.unwrap().1, client.unwrap().local_addr().unwrap());
    });
}

#[test]
fn split_and_reunite() {
    let mut runtime = Runtime::new();
    let (client, mut server) = runtime.pair();
    let (other, _keep) = runtime.pair();
    runtime.block_on(async {
        let (read, write) = client.into_split();
        let (other_read, other_write) = other.into_split();
        let error = read.reunite(other_write).expect_err("of two streams");
        assert!(!error.to_string().is_empty());
        let (read, other_write) = (error.0, error.1);
        other_read.reunite(other_write).expect("of one stream");
        let mut client = read.reunite(write).expect("of one stream");
        client.write_all(b"still open").await.unwrap();
        let mut buf = [0; 10];
        assert_eq!(server.peek(&mut buf).await.unwrap(), 10);
        server.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"still open");
        {
            let (mut reader, mut writer) = client.split();
            writer.write_all(b"x").await.unwrap();
            server.write_all(b"y").await.unwrap();
            reader.read_exact(&mut buf[..1]).await.unwrap();
            assert_eq!(buf[0], b'y');
        }
        drop(client.into_split().1);
        assert_eq!(read_to_end(&mut server).await.unwrap(), b"x");
    });
}

#[test]
fn std_streams_come_and_go() {
    let mut runtime = Runtime::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::net::TcpStream::connect(address).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let (mut server, _) = runtime.block_on(listener.accept()).unwrap();
    let mut client = TcpStream::from_std(client).unwrap();
    client.set_nodelay(true).unwrap();
    assert!(client.nodelay().unwrap());
    runtime.block_on(client.write_all(b"hello")).unwrap();
    let client = client.into_std().unwrap();
    let mut buf = [0; 5];
    runtime.block_on(server.read_exact(&mut buf)).unwrap();
    assert_eq!(&buf, b"hello");
    drop(listener.into_std().unwrap());
    assert_eq!(runtime.handle.registered(), 1);
    drop((server, client));
    assert_eq!(runtime.handle.registered(), 0);
}

#[test]
fn without_a_reactor_the_error_names_what_is_missing() {
    let mut runtime = Runtime::new();
    std::thread::spawn(move || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let error = TcpListener::from_std(listener).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("enable_io"), "{error}");
        ReactorHandle::current().expect_err("nothing was entered here");
    })
    .join()
    .unwrap();
    let guard = ReactorHandle::replace_current(None);
    let error = runtime.block_on(TcpStream::connect("127.0.0.1:1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    ReactorHandle::replace_current(guard);
    ReactorHandle::current().expect("restored");
}

#[test]
fn when_the_reactor_ends_what_waits_fails_and_so_does_what_comes_later() {
    let mut runtime = Runtime::new();
    let (mut client, server) = runtime.pair();
    let handle = runtime.handle.clone();
    let mut buf = [0; 1];
    {
        let mut read = pin!(client.read(&mut buf));
        assert!(runtime.run_for(read.as_mut(), Duration::from_millis(10)).is_none());
        drop(runtime);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let Poll::Ready(Err(error)) = read.as_mut().poll(&mut cx) else { panic!("pending, or read something") };
        assert!(error.to_string().contains("shut down"), "{error}");
    }
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(Err(_)) = pin!(server.readable()).poll(&mut cx) else { panic!("must fail") };
    server.try_write(b"x").expect_err("must fail");
    let Poll::Ready(Err(_)) = pin!(TcpListener::bind_with(&handle, "127.0.0.1:0")).poll(&mut cx) else {
        panic!("must fail")
    };
    drop((client, server));
    assert_eq!(handle.registered(), 0);
}

#[test]
fn the_end_of_the_reactor_wakes_who_waits() {
    let mut runtime = Runtime::new();
    let (client, _server) = runtime.pair();
    let handle = runtime.handle.clone();
    let mut first = true;
    let error = runtime.block_on(async {
        let mut readable = pin!(client.readable());
        poll_fn(|cx| {
            let answer = readable.as_mut().poll(cx);
            // Shut down only once somebody waits.
            if answer.is_pending() && std::mem::take(&mut first) {
                handle.shutdown();
            }
            answer
        })
        .await
    });
    assert!(!first || error.is_ok(), "a fresh socket may be taken for readable at first");
    client.try_read(&mut [0]).expect_err(if first { "it would block" } else { "shut down" });
}

#[test]
fn names_are_looked_up_on_the_blocking_pool() {
    let mut runtime = Runtime::new();
    let error = runtime.block_on(TcpStream::connect("localhost:1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let pool = BlockingPool::new(1, LONG, "lookup".into(), None);
    runtime.handle.set_blocking_pool(pool.clone());
    runtime.block_on(async {
        let addresses: Vec<_> = lookup_host("localhost:1234").await.unwrap().collect();
        assert!(!addresses.is_empty());
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 1234), "{addresses:?}");
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (client, accepted) = join(TcpStream::connect(("localhost", port)), listener.accept()).await;
        assert_eq!(client.unwrap().local_addr().unwrap(), accepted.unwrap().1);
    });
    assert_eq!(pool.threads().0, 1);
    assert!(pool.shutdown(Some(LONG)));
}

/// A worker that always has something to run looks for events and never parks; where there is no source it does not look.
// Mutant: hal/src/os/slab.rs :: self.taken.fetch_add(1, Ordering::Relaxed); => let _ = (&self.taken, Ordering::Relaxed);
#[test]
fn sources_that_come_and_go_are_heard_of_by_looks_alone() {
    let mut runtime = Runtime::new();
    runtime.park.poll();
    for round in 0..3 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut stream = TcpStream::from_std(listener.accept().unwrap().0).unwrap();
        let mut wakes = runtime.wakes();
        let mut read = Box::pin(async {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.map(|()| byte)
        });
        assert!(runtime.poll_once(read.as_mut()).is_pending());
        std::io::Write::write_all(&mut peer, &[round]).unwrap();
        let end = std::time::Instant::now() + LONG;
        let byte = loop {
            while runtime.wakes() == wakes {
                assert!(std::time::Instant::now() < end, "a look hears of it");
                runtime.park.poll();
            }
            wakes = runtime.wakes();
            if let Poll::Ready(byte) = runtime.poll_once(read.as_mut()) {
                break byte;
            }
        };
        assert_eq!(byte.unwrap(), [round]);
        drop(read);
        drop(stream);
        runtime.park.poll();
    }
}
