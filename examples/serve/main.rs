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
//! Ctrl-C stops taking connections, lets those that are open finish their requests, and exits 0.

mod state;

use std::convert::Infallible;
use std::io;
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

use crate::state::State;

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
    println!("http://{}", listener.local_addr()?);
    let state = Arc::new(State::new());
    zokio::select! {
        () = accept(&listener, &state) => {},
        stop = zokio::signal::ctrl_c() => stop?,
    }
    drop(listener);
    println!("stopping: {} connections open", state.open());
    state.stop();
    if zokio::time::timeout(DRAIN, state.drained()).await.is_err() {
        println!("{} connections did not finish in {} s", state.open(), DRAIN.as_secs());
    }
    println!("stopped after {} requests", state.requests());
    Ok(())
}

async fn accept(listener: &TcpListener, state: &Arc<State>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => zokio::spawn(connection(stream, state.clone())).detach(),
            // Out of descriptors, or a client that left in the line: the next one may do better.
            Err(error) => {
                eprintln!("accept: {error}");
                zokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let _open = state.connection();
    // Answers are small and complete: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, &state));
    let mut served = pin!(
        http1::Builder::new().timer(zokio::hyper::Timer).header_read_timeout(HEAD).serve_connection(stream, service)
    );
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
