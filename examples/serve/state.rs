//! What the server knows of itself, in numbers, and how it stops.

use std::fmt::Write;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use zokio::runtime::{Handle, Metrics};
use zokio::sync::Notify;

pub struct State {
    started: Instant,
    requests: AtomicU64,
    open: AtomicU64,
    connections: AtomicU64,
    broken: AtomicU64,
    stopping: AtomicBool,
    stop: Notify,
    last_left: Notify,
}

/// An open connection, until it is dropped.
pub struct Open(Arc<State>);

impl Drop for Open {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.last_left.notify_one();
        }
    }
}

impl State {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            requests: AtomicU64::new(0),
            open: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            stop: Notify::new(),
            last_left: Notify::new(),
        }
    }

    pub fn connection(self: &Arc<Self>) -> Open {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::AcqRel);
        Open(self.clone())
    }

    pub fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_broken(&self) {
        self.broken.fetch_add(1, Ordering::Relaxed);
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Acquire)
    }

    /// Tells every connection, present and future, to finish.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.stop.notify_waiters();
    }

    /// Waits until [`stop`](Self::stop) is called.
    pub async fn stopping(&self) {
        let stop = pin!(self.stop.notified());
        // Made before the look: a stop in between reaches it.
        if !self.stopping.load(Ordering::Acquire) {
            stop.await;
        }
    }

    /// Waits until no connection is open.
    pub async fn drained(&self) {
        while self.open() > 0 {
            self.last_left.notified().await;
        }
    }

    fn metrics(&self) -> (Metrics, usize) {
        let handle = Handle::current();
        (handle.metrics().unwrap_or_default(), handle.registered_sockets().unwrap_or(0))
    }

    pub fn json(&self) -> String {
        let (metrics, sockets) = self.metrics();
        let mut out = format!(
            "{{\"uptime_ms\":{},\"requests\":{},\"connections\":{},\"open\":{},\"broken\":{},\"sockets\":{sockets},\
             \"tasks\":{},\"spawned\":{},\"completed\":{},\"parked\":{},\"workers\":[",
            self.started.elapsed().as_millis(),
            self.requests(),
            self.connections.load(Ordering::Relaxed),
            self.open(),
            self.broken.load(Ordering::Relaxed),
            metrics.num_alive_tasks(),
            metrics.spawned,
            metrics.completed,
            metrics.parked,
        );
        for (index, worker) in metrics.workers.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "{comma}{{\"polls\":{},\"steals\":{},\"parks\":{},\"timers\":{},\"queued\":{},\"tasks\":{}}}",
                worker.polls, worker.steals, worker.parks, worker.timers, worker.queued, worker.tasks
            );
        }
        out + "]}"
    }

    pub fn prometheus(&self) -> String {
        let (metrics, sockets) = self.metrics();
        let mut out = String::new();
        let mut single = |name: &str, kind: &str, help: &str, value: u64| {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        };
        single("serve_requests_total", "counter", "Requests answered.", self.requests());
        single("serve_connections_total", "counter", "Connections taken.", self.connections.load(Ordering::Relaxed));
        single("serve_connections_open", "gauge", "Connections open now.", self.open());
        single(
            "serve_connections_broken_total",
            "counter",
            "Connections that ended with an error.",
            self.broken.load(Ordering::Relaxed),
        );
        single("zokio_tasks_spawned_total", "counter", "Tasks spawned.", metrics.spawned);
        single("zokio_tasks_completed_total", "counter", "Tasks that ended.", metrics.completed);
        single("zokio_tasks_alive", "gauge", "Tasks alive now.", metrics.num_alive_tasks());
        single("zokio_workers_parked", "gauge", "Workers asleep now.", metrics.parked as u64);
        single("zokio_sockets", "gauge", "Sockets registered with the reactor.", sockets as u64);
        let mut each = |name: &str, kind: &str, help: &str, value: fn(&zokio::runtime::WorkerMetrics) -> u64| {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for (index, worker) in metrics.workers.iter().enumerate() {
                let _ = writeln!(out, "{name}{{worker=\"{index}\"}} {}", value(worker));
            }
        };
        each("zokio_worker_polls_total", "counter", "Polls of tasks.", |worker| worker.polls);
        each("zokio_worker_steals_total", "counter", "Searches that took tasks from another worker.", |worker| {
            worker.steals
        });
        each("zokio_worker_parks_total", "counter", "Times the worker slept.", |worker| worker.parks);
        each("zokio_worker_timers_total", "counter", "Timers found due.", |worker| worker.timers);
        each("zokio_worker_queued", "gauge", "Tasks in the worker's queue now.", |worker| worker.queued);
        out
    }
}
