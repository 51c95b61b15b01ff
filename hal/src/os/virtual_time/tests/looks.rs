//! Whether somebody has looked into the reactor before a paused clock is moved.

use core::pin::Pin;
use core::task::Poll;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;

use zokio_core::park::Park;
use zokio_core::time::Sleep;

use super::super::super::net::TcpStream as Socket;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A paused runtime whose first worker has a deadline, and a socket for which a task waits.
struct World {
    time: Arc<VirtualTime>,
    parks: Vec<VirtualPark>,
    timers: &'static Timers<RuntimeClock>,
    sleep: Pin<Box<Sleep>>,
    start: Instant,
    /// Wakes of the task.
    wakes: Arc<Count>,
    peer: TcpStream,
    socket: Socket,
    /// The same, without the reactor.
    system: TcpStream,
}

fn world(workers: usize) -> World {
    let time = VirtualTime::new();
    time.pause().unwrap();
    let driver = Driver::with_io().unwrap();
    let handle = driver.handle().unwrap().clone();
    let make = || -> &'static Timers<RuntimeClock> { Box::leak(Box::new(Timers::new(RuntimeClock::new()))) };
    let timers: Vec<_> = (0..workers).map(|_| make()).collect();
    let parks = driver.parkers(workers).into_iter().zip(timers.iter().copied());
    let parks = parks.map(|(park, timers)| VirtualPark::new(park, time.clone(), timers.clock(), timers)).collect();
    let timers = timers[0];
    let start = timers.now();
    let context = ambient::Context::EMPTY.with_timers(timers);
    let mut sleep = Box::pin(Here::enter(&context, || sleep::<Here>(SECOND)));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let socket = listener.accept().unwrap().0;
    socket.set_nonblocking(true).unwrap();
    let system = socket.try_clone().unwrap();
    let socket = Socket::from_std_with(&handle, socket).unwrap();
    let wakes = Arc::new(Count { wakes: AtomicUsize::new(0), panics: None });
    World { time, parks, timers, sleep, start, wakes, peer, socket, system }
}

impl World {
    /// The task waits for the socket.
    fn wait(&mut self) {
        let waker = Waker::from(self.wakes.clone());
        // What the system says of a new socket comes first.
        while let Poll::Ready(result) = self.socket.poll_read_ready(&mut Context::from_waker(&waker)) {
            result.unwrap();
            self.socket.try_read(&mut [0; 8]).expect_err("nothing is there");
        }
        assert_eq!(self.woken(), 0);
    }

    /// The system has something for it, and has told nobody.
    fn send(&mut self) {
        self.peer.write_all(b"x").unwrap();
        while self.system.peek(&mut [0]).is_err() {
            std::thread::yield_now();
        }
    }

    fn woken(&self) -> usize {
        self.wakes.wakes.load(Ordering::Relaxed)
    }

    /// The first worker goes to wait, and is asked.
    fn park(&mut self, mut ask: impl FnMut(&mut Self) -> bool) {
        let mut park = self.parks.remove(0);
        park.park(self.timers.next_deadline(), || ask(self));
        self.parks.insert(0, park);
    }

    /// The time has not moved; the next wait finds what there is, and the one after it moves the time.
    fn finds_it_first(mut self) {
        assert_eq!((self.timers.now(), self.woken()), (self.start, 0));
        self.park(|world| world.woken() == 0);
        assert_eq!((self.timers.now(), self.woken()), (self.start, 1));
        self.park(|_| true);
        assert_eq!(self.timers.now(), self.start.saturating_add(SECOND));
        drop(self.sleep);
    }
}

/// The worker waits, and the kernel has an event for it when the last one who is no worker comes to rest.
// Mutant: hal/src/os/virtual_time/mod.rs :: true if state.wants_a_look() => Vec::from_iter(state.choose(None)), => true if false => Vec::new(),
#[test]
fn who_is_no_worker_has_one_look_before_the_time_moves() {
    let mut world = world(1);
    world.wait();
    let inhibit = world.time.inhibit();
    world.time.ask(0);
    assert_eq!(world.time.rest(0, Look::None), Answer::Sleep);
    world.send();
    drop(inhibit);
    world.finds_it_first();
}

/// Somebody comes to rest between the look of a worker and its own rest.
// Mutant: hal/src/os/virtual_time/mod.rs :: let has_looked = look == Look::After(state.rests); => let has_looked = matches!(look, Look::After(_));
#[test]
fn a_worker_looks_again_where_another_one_came_to_rest_after_its_look() {
    let mut world = world(1);
    world.wait();
    let mut inhibit = Some(world.time.inhibit());
    world.park(|world| {
        world.send();
        inhibit = None;
        true
    });
    world.finds_it_first();
}

/// The time was paused when the worker had passed the place where it looks.
// Mutant: hal/src/os/virtual_time/mod.rs :: if state.awake == 1 && !has_looked => if state.awake == 1 && look != Look::None && !has_looked
#[test]
fn a_worker_that_did_not_look_moves_no_time_that_was_paused_meanwhile() {
    let mut world = world(1);
    world.wait();
    world.time.ask(0);
    world.send();
    assert_eq!(world.time.rest(0, Look::None), Answer::Stay);
    world.finds_it_first();
}

/// One worker waits in the reactor while the other comes to rest: the first one looks.
// Mutant: hal/src/os/park.rs :: let Some(mut driver) = try_lock(&driving.driver) else { return false }; => let Some(mut driver) = try_lock(&driving.driver) else { return true };
#[test]
fn a_worker_that_finds_another_one_in_the_reactor_has_that_one_look() {
    let mut world = world(2);
    let mut park = world.parks.remove(1);
    park.poll(); // what the system says of a new socket
    let (unpark, deadline) = (park.unpark(), world.start.saturating_add(SECOND));
    let over = AtomicBool::new(false);
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                park.park(None, || {
                    asked.fetch_add(1, Ordering::Relaxed);
                    true
                });
            }
        });
        while !world.time.state().seats[1].as_ref().unwrap().unpark.is_driving() {
            std::thread::yield_now();
        }
        while world.timers.now() < deadline {
            world.park(|_| true);
        }
        let asked = asked.load(Ordering::Relaxed);
        over.store(true, Ordering::Relaxed);
        unpark.unpark();
        assert_eq!(world.timers.now(), deadline);
        assert!(asked > 1, "it has moved the time when it had looked");
    });
}
