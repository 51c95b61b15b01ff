//! A runtime of one thread and one task over the crate's own parker, and what the tests share.
#![allow(dead_code)] // each test file uses its part

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use zokio_core::park::{Park, Unpark};
use zokio_core::time::Clock;
use zokio_hal::os::net::{TcpListener, TcpStream};
use zokio_hal::os::{Driver, EnterGuard, ReactorHandle, SystemClock, WorkerPark, WorkerUnpark};

/// After this long a test has hung.
pub const LONG: Duration = Duration::from_secs(20);

struct Woken {
    woken: AtomicBool,
    wakes: AtomicUsize,
    unpark: WorkerUnpark,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.woken.store(true, Ordering::Release);
        self.unpark.unpark();
    }
}

pub struct Runtime {
    pub park: WorkerPark,
    pub handle: ReactorHandle,
    _entered: EnterGuard,
    woken: Arc<Woken>,
}

impl Runtime {
    pub fn new() -> Self {
        let driver = Driver::with_io().expect("a reactor");
        let handle = driver.handle().expect("made with one").clone();
        let park = driver.parkers(1).remove(0);
        let woken = Woken { woken: AtomicBool::new(true), wakes: AtomicUsize::new(0), unpark: park.unpark() };
        Self { park, _entered: handle.enter(), handle, woken: Arc::new(woken) }
    }

    /// Runs `future` until it is ready.
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        match self.run_for(future.as_mut(), LONG) {
            Some(output) => output,
            None => panic!("nothing has happened for {LONG:?}"),
        }
    }

    /// Runs `future` until it is ready or nothing has woken it for `quiet`.
    pub fn run_for<F: Future>(&mut self, mut future: Pin<&mut F>, quiet: Duration) -> Option<F::Output> {
        let waker = Waker::from(self.woken.clone());
        let mut cx = Context::from_waker(&waker);
        self.woken.woken.store(true, Ordering::Release);
        let clock = SystemClock::new();
        loop {
            let deadline = clock.now().saturating_add(quiet);
            while !self.woken.woken.swap(false, Ordering::Acquire) {
                if clock.now() >= deadline {
                    return None;
                }
                self.park.park(Some(deadline), || !self.woken.woken.load(Ordering::Acquire));
            }
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Some(output);
            }
        }
    }

    /// Polls `future` as the task.
    pub fn poll_once<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&Waker::from(self.woken.clone())))
    }

    /// How often the task has been woken.
    pub fn wakes(&self) -> usize {
        self.woken.wakes.load(Ordering::Relaxed)
    }

    /// A connection to ourselves: what connected, and what was accepted.
    pub fn pair(&mut self) -> (TcpStream, TcpStream) {
        self.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (connected, accepted) = join(TcpStream::connect(address), listener.accept()).await;
            (connected.unwrap(), accepted.unwrap().0)
        })
    }
}

/// Both, each polled at every wake.
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut a_done, mut b_done) = (None, None);
    poll_fn(|cx| {
        if a_done.is_none() {
            if let Poll::Ready(output) = a.as_mut().poll(cx) {
                a_done = Some(output);
            }
        }
        if b_done.is_none() {
            if let Poll::Ready(output) = b.as_mut().poll(cx) {
                b_done = Some(output);
            }
        }
        if a_done.is_some() && b_done.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (a_done.expect("done"), b_done.expect("done"))
}

/// A small generator of numbers, for sizes and bytes.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 1 to `most`.
    pub fn up_to(&mut self, most: usize) -> usize {
        1 + (self.next() % most as u64) as usize
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}
