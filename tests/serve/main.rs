//! The examples as programs: `serve`, `echo` and `hello` are started, talked to over plain sockets, and interrupted.
#![cfg(all(feature = "std", unix))]

mod client;
mod json;
mod program;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Barrier};
use std::time::Instant;

use client::Client;
use program::{Program, WATCHDOG, run};

fn serve() -> Program {
    Program::start("serve", &["--addr", "127.0.0.1:0"], "http://")
}

#[test]
fn the_page_is_served() {
    let server = serve();
    let mut client = Client::connect(&server.address);
    let page = client.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("<html") && page.text().contains("/state"));
    // The same connection goes on; a HEAD has the length and no body.
    let head = client.send("HEAD", "/", &[], b"").response_without_body();
    assert_eq!((head.status, head.header("content-length")), (200, Some(&*page.body.len().to_string())));
    assert_eq!(client.get("/").body, page.body);
}

#[test]
fn the_state_is_json_that_counts() {
    let server = serve();
    let mut client = Client::connect(&server.address);
    for asked in 1..=3 {
        let state = client.get("/state");
        assert_eq!((state.status, state.header("content-type")), (200, Some("application/json")));
        let state = json::parse(&state.text()).expect("valid JSON");
        assert_eq!(state.number("requests"), Some(asked as f64));
        assert_eq!(state.number("open"), Some(1.0));
        assert!(state.number("sockets").unwrap() >= 2.0, "the listener and this connection");
        assert!(state.number("tasks").unwrap() >= 1.0);
        assert!(!state.list("workers").unwrap().is_empty());
    }
}

#[test]
fn the_metrics_are_prometheus_text() {
    let server = serve();
    let metrics = Client::connect(&server.address).get("/metrics");
    assert_eq!((metrics.status, metrics.header("content-type")), (200, Some("text/plain; version=0.0.4")));
    let text = metrics.text();
    assert!(text.ends_with('\n'));
    let is_name = |name: &str| {
        !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    };
    let (mut helped, mut typed, mut samples) = (HashSet::new(), HashSet::new(), HashSet::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("a name and its help");
            assert!(is_name(name) && !help.is_empty() && helped.insert(name), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and its type");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(typed.insert(name), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            let name = match series.split_once('{') {
                None => series,
                Some((name, labels)) => {
                    let labels = labels.strip_suffix('}').expect("labels end");
                    for label in labels.split(',') {
                        let (label, value) = label.split_once('=').expect("a label and its value");
                        assert!(is_name(label) && value.starts_with('"') && value.ends_with('"'), "{line}");
                    }
                    name
                }
            };
            assert!(is_name(name) && typed.contains(name) && helped.contains(name), "{line}");
            assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
            assert!(samples.insert(series), "twice: {line}");
        }
    }
    for name in ["serve_requests_total", "zokio_tasks_alive", "zokio_worker_polls_total{worker=\"0\"}"] {
        assert!(samples.contains(name), "{name}");
    }
}

/// Bytes in which a part that is lost, doubled or moved is seen.
fn megabyte() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..1 << 20).map(|_| next()).collect()
}

#[test]
fn a_megabyte_comes_back_byte_by_byte() {
    let server = serve();
    let body = megabyte();
    let mut client = Client::connect(&server.address);
    let echoed = client.round_trip("POST", "/echo", &[("content-length", "1048576")], &body);
    assert_eq!((echoed.status, echoed.body == body), (200, true));
    // In pieces of all sizes, on the same connection.
    let mut chunked = Vec::new();
    for (index, chunk) in body.chunks(4093).enumerate() {
        for piece in [&chunk[..index % chunk.len()], &chunk[index % chunk.len()..]] {
            if !piece.is_empty() {
                write!(chunked, "{:x}\r\n", piece.len()).unwrap();
                chunked.extend_from_slice(piece);
                chunked.extend_from_slice(b"\r\n");
            }
        }
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let echoed = client.round_trip("PUT", "/echo", &[("transfer-encoding", "chunked")], &chunked);
    assert_eq!((echoed.status, echoed.header("transfer-encoding")), (200, Some("chunked")));
    assert!(echoed.body == body);
    assert_eq!(client.round_trip("POST", "/echo", &[], b"").body, b"");
}

#[test]
fn what_is_not_there_and_what_is_not_allowed_are_told_apart() {
    let server = serve();
    let mut client = Client::connect(&server.address);
    for path in ["/nothing", "/state/", "/echo/x", "/..%2f", "//", "/?", "/%00"] {
        let expected = if path == "/?" { 200 } else { 404 };
        assert_eq!(client.get(path).status, expected, "{path}");
    }
    for path in ["/", "/state", "/metrics"] {
        assert_eq!(client.round_trip("POST", path, &[("content-length", "1")], b"x").status, 405, "{path}");
        assert_eq!(client.round_trip("DELETE", path, &[], b"").status, 405, "{path}");
    }
    assert_eq!(client.get("/state").status, 200, "the connection is fine");
}

#[test]
fn requests_that_are_none_are_refused_and_hurt_nobody() {
    let server = serve();
    let mut good = Client::connect(&server.address);
    assert_eq!(good.get("/state").status, 200);
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1000));
    let bad: [&[u8]; 8] = [
        b"nonsense\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for request in bad {
        let mut client = Client::connect(&server.address);
        // It may be closed before all of it is written.
        let _ = client.stream().write_all(request);
        let text = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        if let Some(response) = client.try_response() {
            assert!((400..500).contains(&response.status), "{text}: {}", response.status);
        }
        assert!(client.is_closed(), "{text}");
    }
    // A chunk that is no chunk: the reply has begun, so it ends early.
    let mut client = Client::connect(&server.address);
    client.stream().write_all(b"POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").unwrap();
    assert!(client.try_response().is_none_or(|response| response.status >= 400), "no whole reply to half a request");
    // Each is counted, if only after its client has seen the end.
    let begun = Instant::now();
    while json::parse(&good.get("/state").text()).unwrap().number("broken").unwrap() < 9.0 {
        assert!(begun.elapsed() < WATCHDOG, "they are not counted");
    }
}

#[test]
fn a_slow_head_holds_up_nobody_else() {
    let server = serve();
    let mut slow = Client::connect(&server.address);
    for byte in b"GET /state HTTP/1.1\r\nhost: slow\r\n\r" {
        slow.stream().write_all(&[*byte]).unwrap();
        assert_eq!(Client::connect(&server.address).get("/state").status, 200);
    }
    slow.stream().write_all(b"\n").unwrap();
    assert_eq!(slow.response().status, 200);
}

#[test]
fn a_half_closed_client_gets_its_reply() {
    let server = serve();
    let mut client = Client::connect(&server.address);
    client.send("POST", "/echo", &[("content-length", "5")], b"hello");
    client.stream().shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.response().body, b"hello");
    assert!(client.is_closed());
    // One that closes in the middle of a body gets no whole reply, and is counted.
    let mut client = Client::connect(&server.address);
    client.send("POST", "/echo", &[("content-length", "5")], b"he");
    client.stream().shutdown(Shutdown::Write).unwrap();
    assert!(client.try_response().is_none());
    // One that says nothing and leaves is none of our business.
    drop(Client::connect(&server.address));
    assert_eq!(Client::connect(&server.address).get("/state").status, 200);
}

#[test]
fn two_hundred_connections_are_kept_alive_at_once() {
    const CLIENTS: usize = 200;
    let server = serve();
    let together = Arc::new(Barrier::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (address, together) = (server.address.clone(), together.clone());
            let client = move || {
                let mut client = Client::connect(&address);
                together.wait();
                for round in 0..10 {
                    let body = format!("{number} in round {round}");
                    let length = body.len().to_string();
                    let echoed = client.round_trip("POST", "/echo", &[("content-length", &length)], body.as_bytes());
                    assert_eq!(echoed.text(), body);
                }
                // A connection counts once it is accepted, which is later than it is connected: an answer to each says so.
                together.wait();
                let state = json::parse(&client.get("/state").text()).unwrap();
                together.wait();
                state.number("open").unwrap()
            };
            std::thread::Builder::new().stack_size(256 << 10).spawn(client).unwrap()
        })
        .collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), CLIENTS as f64, "all are open at once");
    }
    let state = json::parse(&Client::connect(&server.address).get("/state").text()).unwrap();
    assert_eq!(state.number("requests"), Some((CLIENTS * 11 + 1) as f64));
}

#[test]
fn a_port_in_use_ends_it_with_a_reason() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run("serve", &["--addr", &address]);
    assert_eq!(ended.code, Some(1));
    let reason = format!("serve: cannot listen on {address}: ");
    assert!(ended.stderr.contains(&reason) && ended.stderr.to_lowercase().contains("in use"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let ended = run("echo", &[&address]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains(&format!("cannot listen on {address}")), "{}", ended.stderr);
}

#[test]
fn arguments_that_are_none_end_it_with_the_usage() {
    let bad: [(&[&str], &str); 6] = [
        (&["--port", "1"], "unknown argument `--port`"),
        (&["--addr"], "--addr wants HOST:PORT"),
        (&["--addr", "127.0.0.1"], "`127.0.0.1` is no address"),
        (&["--addr", "127.0.0.1:65536"], "`127.0.0.1:65536` is no address"),
        (&["--addr", ""], "`` is no address"),
        (&["127.0.0.1:0"], "unknown argument `127.0.0.1:0`"),
    ];
    for (arguments, problem) in bad {
        let ended = run("serve", arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.stderr.contains(problem) && ended.stderr.contains("usage: serve"), "{}", ended.stderr);
    }
    let ended = run("serve", &["--help"]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.contains("usage: serve"));
    let ended = run("echo", &["nonsense"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("cannot listen on nonsense"), "{}", ended.stderr);
}

#[test]
fn an_interrupt_drains_what_has_begun() {
    const REPLIES: usize = 50;
    let server = serve();
    // Replies in the middle: the first half has come back, the second is not sent.
    let mut begun: Vec<_> = (0..REPLIES)
        .map(|_| {
            let mut client = Client::connect(&server.address);
            client.send("POST", "/echo", &[("content-length", "10")], b"first");
            client.read_until("first");
            client
        })
        .collect();
    // And some that do nothing: kept alive after a request, and new.
    let mut idle = Client::connect(&server.address);
    assert_eq!(idle.get("/state").status, 200);
    let mut silent = Client::connect(&server.address);
    server.interrupt();
    server.wait_for_line("stopping: ");
    assert!(TcpStream::connect(&server.address).is_err(), "it takes no more");
    assert!(idle.is_closed() && silent.is_closed(), "those that wait for nothing are closed");
    for client in &mut begun {
        client.stream().write_all(b"later").unwrap();
        assert_eq!(client.rest(), "later", "the reply is whole");
        assert!(client.is_closed());
    }
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains(&format!("stopped after {} requests", REPLIES + 1)), "{}", ended.stdout);
}

#[test]
fn an_interrupt_under_load_leaves_no_reply_in_pieces() {
    let server = serve();
    let load: Vec<_> = (0..16)
        .map(|_| {
            let address = server.address.clone();
            std::thread::spawn(move || {
                let body = vec![b'x'; 100_000];
                let mut served = 0;
                // Until the server takes no more.
                while let Some(mut client) = Client::try_connect(&address) {
                    loop {
                        let sent = client.try_send("POST", "/echo", &[("content-length", "100000")], &body);
                        // None: closed before the request was read, of which nothing came back. Anything else is whole.
                        match client.try_whole_response() {
                            Ok(Some(response)) => assert!(response.status == 200 && response.body == body),
                            Ok(None) => break,
                            Err(part) => panic!("a reply in pieces: {part} bytes, request sent: {sent}"),
                        }
                        served += 1;
                    }
                }
                served
            })
        })
        .collect();
    // Every one of them has been served, on the average, before the interrupt.
    let mut probe = Client::connect(&server.address);
    while json::parse(&probe.get("/state").text()).unwrap().number("requests").unwrap() < 500.0 {}
    server.interrupt();
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let served: usize = load.into_iter().map(|load| load.join().unwrap()).sum();
    assert!(served > 0);
}

#[test]
fn a_second_interrupt_waits_no_longer() {
    let server = serve();
    let half = Client::connect(&server.address);
    half.stream().write_all(b"GET / HT").unwrap();
    let mut client = Client::connect(&server.address);
    client.send("POST", "/echo", &[("content-length", "10")], b"first");
    client.read_until("first");
    server.interrupt();
    server.wait_for_line("stopping: ");
    // Its handler is in place since before the line: but two that come at once are one.
    let ended = loop {
        server.interrupt();
        if server.has_ended() {
            break server.end();
        }
        std::thread::yield_now();
    };
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("connections left"), "{}", ended.stdout);
}

#[test]
fn output_that_nobody_reads_does_not_stop_it() {
    let mut server = serve();
    server.close_stdout();
    assert_eq!(Client::connect(&server.address).get("/state").status, 200);
    server.interrupt();
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn echo_gives_back_what_comes_and_ends_by_an_interrupt() {
    let server = Program::start("echo", &["127.0.0.1:0"], "echo on ");
    let body = megabyte();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(WATCHDOG)).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let sent = body.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    writing.join().unwrap();
    assert!(back == body);
    // A client that is there when it ends sees the end.
    let mut open = TcpStream::connect(&server.address).unwrap();
    open.set_read_timeout(Some(WATCHDOG)).unwrap();
    open.write_all(b"x").unwrap();
    open.read_exact(&mut [0]).unwrap();
    server.interrupt();
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!matches!(open.read(&mut [0]), Ok(1..)));
}

#[test]
fn hello_says_so_and_ends() {
    let ended = run("hello", &[]);
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(0), "hello, world!\n", ""));
}
