//! An HTTP/1.1 server on all cores: hyper for the protocol, zokio for everything below it, and no other runtime.
//!
//! `cargo run --release --example serve -- --addr 127.0.0.1:3000`
//!
//! | path | answer |
//! |---|---|
//! | `/` | a page that shows the live state of the runtime |
//! | `/state` | that state as JSON |
//! | `/echo` | the body of the request |
//! | `/metrics` | Prometheus text |
//!
//! Ctrl-C stops taking connections, lets those that are open finish their requests, and exits 0; a second one waits for
//! them no longer.

mod state;

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::ToSocketAddrs;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use zokio::net::{TcpListener, TcpStream};

use crate::state::{Open, State};

const USAGE: &str = "usage: serve [--addr HOST:PORT]   (127.0.0.1:3000 unless told otherwise; port 0 takes a free one)";
/// How long open connections may take to finish after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(30);
/// How long a client may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let address = match arguments() {
        Ok(Some(address)) => address,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("serve: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let served = zokio::runtime::Runtime::new().and_then(|runtime| runtime.block_on(serve(&address)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The address to listen on; `None` where help was asked for.
fn arguments() -> Result<Option<String>, String> {
    let mut address = "127.0.0.1:3000".to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--addr" => address = arguments.next().ok_or("--addr wants HOST:PORT")?,
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    address.to_socket_addrs().map_err(|error| format!("`{address}` is no address to listen on: {error}"))?;
    Ok(Some(address))
}

async fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
    let state = Arc::new(State::new());
    let mut stop = pin!(zokio::signal::ctrl_c());
    // From its first poll on Ctrl-C is ours: before anybody knows where we are.
    let stopped = zokio::future::poll_once(stop.as_mut()).await;
    say(format_args!("http://{}", listener.local_addr()?));
    match stopped {
        Some(stop) => stop?,
        None => zokio::select! {
            () = accept(&listener, &state) => {},
            stop = stop => stop?,
        },
    }
    // Those whom the system has let in already are not sent away.
    while let Some(Ok((stream, _))) = zokio::future::poll_once(listener.accept()).await {
        serve_connection(stream, &state);
    }
    drop(listener);
    say(format_args!("stopping: {} connections open", state.open()));
    state.stop();
    zokio::select! {
        // Polled first: those that are done are not reported as left over.
        () = state.drained() => {},
        () = zokio::time::sleep(DRAIN) => say(format_args!("{} s are over: {} connections left", DRAIN.as_secs(), state.open())),
        again = zokio::signal::ctrl_c() => {
            again?;
            say(format_args!("{} connections left", state.open()));
        },
    }
    say(format_args!("stopped after {} requests", state.requests()));
    Ok(())
}

/// Prints a line. Whoever has read enough of them and gone away does not stop the server.
fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

async fn accept(listener: &TcpListener, state: &Arc<State>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => serve_connection(stream, state),
            // Out of descriptors, or a client that left in the line: the next one may do better.
            Err(error) => {
                let _ = writeln!(io::stderr(), "accept: {error}");
                zokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Counted from here on, so that the end waits for one whose task has not begun.
fn serve_connection(stream: TcpStream, state: &Arc<State>) {
    zokio::spawn(connection(stream, state.clone(), state.connection()));
}

async fn connection(stream: TcpStream, state: Arc<State>, _open: Open) {
    // Answers are small and complete: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, &state));
    let mut http = http1::Builder::new();
    http.timer(zokio::hyper::Timer).header_read_timeout(HEAD);
    // A client that has sent its request and closes its side still waits for the reply.
    http.half_close(true);
    let mut served = pin!(http.serve_connection(stream, service));
    let outcome = zokio::select! {
        outcome = served.as_mut() => outcome,
        () = state.stopping() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    // A client that goes away is not the server's trouble; it is counted.
    if outcome.is_err() {
        state.count_broken();
    }
}

type Body = BoxBody<Bytes, hyper::Error>;

async fn answer(request: Request<Incoming>, state: &State) -> Result<Response<Body>, Infallible> {
    state.count_request();
    let response = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/") => text("text/html; charset=utf-8", include_str!("page.html").to_owned()),
        (&Method::GET | &Method::HEAD, "/state") => text("application/json", state.json()),
        (&Method::GET | &Method::HEAD, "/metrics") => text("text/plain; version=0.0.4", state.prometheus()),
        (_, "/echo") => Response::new(request.into_body().boxed()),
        (_, "/" | "/state" | "/metrics") => refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET here\n"),
        _ => refusal(StatusCode::NOT_FOUND, "there is /, /state, /echo and /metrics\n"),
    };
    Ok(response)
}

fn text(kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn refusal(status: StatusCode, reason: &'static str) -> Response<Body> {
    let mut response = text("text/plain; charset=utf-8", reason.to_owned());
    *response.status_mut() = status;
    response
}
