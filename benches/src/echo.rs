//! The echo server of a rival in this process, and its client in another: this program again, with [`CLIENT`].
//!
//! ```text
//! client   connects all, prints `ready`    server   reads it, starts its stopwatch, answers `go`
//! client   runs for its time, prints `round trips, nanoseconds, p99 in nanoseconds`, closes all
//! ```

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use zokio_benches::measure::{Plan, cpu_time};
use zokio_benches::report::Table;
use zokio_benches::rivals::Rival;
use zokio_benches::sample::Countdown;

/// The first argument of the client.
pub const CLIENT: &str = "--client";

const CONNECTIONS: usize = 64;
const BYTES: usize = 64;
const CLIENT_THREADS: usize = 2;

/// One sample: 64 connections, 64 bytes.
pub fn tcp_echo<R: Rival>(plan: &Plan, table: &mut Table) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let server = std::thread::spawn(move || {
        let runtime = R::build()?;
        let handle = runtime.handle();
        runtime.block_on(serve::<R>(handle, listener))
    });
    let client = Client::start(address, plan.echo)?;
    let run = client.run()?;
    server.join().map_err(|_| io::Error::other(format!("the server on {} panicked", R::NAME)))??;
    let round_trips = run.round_trips as f64;
    table.add_one("tcp_echo", "ns_per_op", R::NAME, run.elapsed_ns as f64 / round_trips);
    table.add_one("tcp_echo", "cpu_ns_per_op", R::NAME, run.server_cpu.as_nanos() as f64 / round_trips);
    table.add_one("tcp_echo", "p99_ns", R::NAME, run.p99_ns as f64);
    Ok(())
}

/// Serves so many connections until the client closes them.
async fn serve<R: Rival>(handle: R::Handle, listener: TcpListener) -> io::Result<()> {
    let listener = R::listen(listener)?;
    let countdown = Countdown::new(CONNECTIONS);
    let done = countdown.clone();
    let (sender, receiver) = futures_channel::oneshot::channel::<io::Result<()>>();
    let inner = handle.clone();
    // A task of its own, so that the connections are accepted by a worker where there are several.
    R::spawn(&handle, async move {
        let accepted = async {
            for _ in 0..CONNECTIONS {
                let stream = R::accept(&listener).await?;
                let done = done.clone();
                R::spawn(&inner, async move {
                    // An error ends this connection; the client tells of it.
                    let _ = echo::<R>(stream).await;
                    done.done();
                });
            }
            Ok(())
        };
        let _ = sender.send(accepted.await);
    });
    receiver.await.map_err(io::Error::other)??;
    countdown.wait().await;
    Ok(())
}

async fn echo<R: Rival>(mut stream: R::Stream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let count = R::read(&mut stream, &mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        R::write_all(&mut stream, &buffer[..count]).await?;
    }
}

/// The other process; ended when it is dropped.
struct Client {
    process: Child,
}

struct Run {
    round_trips: u64,
    elapsed_ns: u64,
    p99_ns: u64,
    server_cpu: Duration,
}

impl Client {
    fn start(address: SocketAddr, time: Duration) -> io::Result<Self> {
        let process = Command::new(std::env::current_exe()?)
            .args([CLIENT, &address.to_string(), &time.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self { process })
    }

    fn run(mut self) -> io::Result<Run> {
        let missing = || io::Error::other("the client has no pipe");
        let mut go = self.process.stdin.take().ok_or_else(missing)?;
        let mut answers = BufReader::new(self.process.stdout.take().ok_or_else(missing)?).lines();
        let mut answer = || answers.next().ok_or_else(|| io::Error::other("the client ended early"))?;
        if answer()? != "ready" {
            return Err(io::Error::other("the client is not ready"));
        }
        let before = cpu_time();
        writeln!(go, "go")?;
        let line = answer()?;
        let server_cpu = cpu_time().saturating_sub(before);
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [round_trips, elapsed_ns, p99_ns] if round_trips > 0 => {
                Ok(Run { round_trips, elapsed_ns, p99_ns, server_cpu })
            }
            _ => Err(io::Error::other(format!("the client answered `{line}`"))),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It has ended by itself unless something failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The client's process: address, milliseconds.
pub fn client(arguments: &[String]) -> ExitCode {
    let run = || -> Result<(), Box<dyn std::error::Error>> {
        let [address, millis] = arguments else { return Err("the client needs an address and a time".into()) };
        let (address, time) = (address.parse()?, Duration::from_millis(millis.parse()?));
        let mut halves = Vec::new();
        for _ in 0..CLIENT_THREADS {
            halves.push(Half::connect(address, CONNECTIONS / CLIENT_THREADS)?);
        }
        println!("ready");
        io::stdin().lock().read_line(&mut String::new())?;
        let start = Instant::now();
        let threads: Vec<_> =
            halves.into_iter().map(|half| std::thread::spawn(move || half.run(start + time))).collect();
        let mut latencies = Vec::new();
        // The connections are closed after the answer.
        let mut kept = Vec::new();
        for thread in threads {
            let (half, mut own) = thread.join().map_err(|_| "a thread of the client panicked")??;
            latencies.append(&mut own);
            kept.push(half);
        }
        let elapsed = start.elapsed();
        latencies.sort_unstable();
        let p99 = latencies.get(latencies.len() * 99 / 100).ok_or("no round trip was made")?;
        println!("{} {} {p99}", latencies.len(), elapsed.as_nanos());
        Ok(())
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("client: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What one thread of the client has.
struct Half {
    poll: Poll,
    connections: Vec<Connection>,
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    /// Bytes of the answer that are still to come.
    left: usize,
}

impl Half {
    fn connect(address: SocketAddr, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for token in 0..count {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(token), Interest::READABLE)?;
            connections.push(Connection { stream, sent: Instant::now(), left: 0 });
        }
        Ok(Self { poll, connections })
    }

    /// Sends on every connection, again whenever the answer is complete, until the time is up. Latencies in nanoseconds.
    fn run(mut self, end: Instant) -> io::Result<(Self, Vec<u64>)> {
        let mut latencies = Vec::new();
        for connection in &mut self.connections {
            connection.send()?;
        }
        let mut events = Events::with_capacity(self.connections.len());
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok((self, latencies));
            }
            self.poll.poll(&mut events, Some(end - now))?;
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if connection.receive()? {
                    latencies.push(u64::try_from(connection.sent.elapsed().as_nanos()).unwrap_or(u64::MAX));
                    connection.send()?;
                }
            }
        }
    }
}

impl Connection {
    /// The socket's buffer has room: there are never more bytes under way than these.
    fn send(&mut self) -> io::Result<()> {
        self.sent = Instant::now();
        self.left = BYTES;
        self.stream.write_all(&[7; BYTES])
    }

    /// Reads until nothing is there; whether the answer is complete.
    fn receive(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 2 * BYTES];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) if count > self.left => return Err(io::Error::other("more came back than was sent")),
                Ok(count) => self.left -= count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(self.left == 0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
