//! How the workers of a runtime wait: one of them in the reactor, the others each on their own.
//!
//! A [`Driver`] owns at most one reactor, shared behind a lock that is only ever tried. The worker that gets it waits
//! there; one that does not sleeps on its own condition variable. An unpark looks at its worker's word
//! (`thread_park`) and reaches it in either place.
//!
//! # Invariants
//!
//! *who waits has it*: the reactor waits only under its lock, from before the worker's word says DRIVING until after the
//! wait; so a wake of the reactor that was meant for this worker cannot be taken by another one's wait before.
//!
//! *late wake*: it can reach the next worker in the reactor if its worker has left meanwhile. That one returns
//! spuriously, which is allowed; the worker it was meant for has left, and finds its token.
//!
//! *told within*: whoever wants to know that a wait in the reactor is over is told before the lock is released. So who gets the
//! reactor next, and finds no event there, knows that whoever has fetched one has been told.
//!
//! *deliver unlocked*: events are handed to their sources after the lock is released, so wakers run under no lock.
//!
//! # What it does not do
//!
//! A worker that leaves the reactor with work wakes nobody to take its place there: that is the executor's decision,
//! which knows whether there is work to share. Until some worker parks or polls, no events are fetched.

use core::fmt::{self, Debug};
use core::time::Duration;
#[cfg(feature = "net")]
use std::io;
use std::vec::Vec;

use zokio_core::park::{Park, Unpark};
use zokio_core::time::Instant;

use super::clock::SystemClock;
#[cfg(not(feature = "net"))]
use super::no_reactor::{Reactor, ReactorHandle};
#[cfg(feature = "net")]
use super::readiness::{Reactor, ReactorHandle};
use super::sync::{Arc, Mutex, try_lock};
use super::thread_park::{Token, Unparked};

/// What can be waited in by one worker at a time: the reactor, or its model.
pub(super) trait Wait: Send + Debug {
    /// Room for the events of one wait.
    type Events: Send + Debug;
    /// What reaches it from outside.
    type Handle: Clone + Send + Sync + Debug + 'static;

    fn events() -> Self::Events;
    /// Waits for events, until woken, until it is over, or spuriously.
    fn wait(&mut self, events: &mut Self::Events, until: Until);
    /// Whether there is no source that could have an event. One that another thread adds is seen some time after.
    fn is_deserted(_: &Self::Handle) -> bool {
        false
    }
    /// Hands the events to their sources.
    fn deliver(handle: &Self::Handle, events: &mut Self::Events);
}

/// What a worker does that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Answer {
    /// It does not sleep.
    Stay,
    /// It waits, in the reactor if nobody else does.
    Sleep,
    /// It sleeps on its own: another one is about to look into the reactor.
    SleepApart,
}

impl Answer {
    fn of(is_idle: bool) -> Self {
        if is_idle { Self::Sleep } else { Self::Stay }
    }
}

/// When a wait is over at the latest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// At once.
    Now,
    /// When the [`SystemClock`] says so.
    At(Instant),
    /// Never.
    Never,
}

impl Until {
    /// How long that is from now.
    pub fn left(self) -> Option<Duration> {
        match self {
            Self::Now => Some(Duration::ZERO),
            Self::At(deadline) => Some(SystemClock::new().until(deadline)),
            Self::Never => None,
        }
    }
}

/// One worker's way into a driver that it may share.
#[derive(Debug)]
struct Driving<D: Wait> {
    driver: Arc<Mutex<D>>,
    handle: D::Handle,
    events: D::Events,
}

#[derive(Debug)]
struct Parker<D: Wait> {
    token: Arc<Token>,
    driving: Option<Driving<D>>,
}

impl<D: Wait> Parker<D> {
    fn new(shared: Option<(&Arc<Mutex<D>>, &D::Handle)>) -> Self {
        let driving = shared.map(|(driver, handle)| Driving {
            driver: driver.clone(),
            handle: handle.clone(),
            events: D::events(),
        });
        Self { token: Arc::new(Token::new()), driving }
    }

    fn unparker(&self) -> Unparker<D::Handle> {
        Unparker { token: self.token.clone(), driver: self.driving.as_ref().map(|driving| driving.handle.clone()) }
    }

    /// `returned` is told that a wait in the reactor is over: *told within*.
    fn park(&mut self, until: Until, ask: impl FnOnce() -> Answer, returned: impl FnOnce()) {
        // Unparking is sticky, so it may be asked first: an unpark after it finds the token.
        let answer = ask();
        if answer == Answer::Stay || self.token.take() {
            return;
        }
        let driving = self.driving.as_mut().filter(|_| answer == Answer::Sleep);
        let Some(driving) = driving else { return self.token.sleep(until.left()) };
        let Some(mut driver) = try_lock(&driving.driver) else { return self.token.sleep(until.left()) };
        if !self.token.begin_driving() {
            return;
        }
        driver.wait(&mut driving.events, until);
        self.token.end();
        returned();
        drop(driver);
        D::deliver(&driving.handle, &mut driving.events);
    }

    /// Whether it has seen all that there was; not, if another one is in the reactor.
    fn poll(&mut self) -> bool {
        let Some(driving) = &mut self.driving else { return true };
        // A busy worker looks every two microseconds where its tasks are short, and a look is a call of the system.
        if D::is_deserted(&driving.handle) {
            return true;
        }
        let Some(mut driver) = try_lock(&driving.driver) else { return false };
        driver.wait(&mut driving.events, Until::Now);
        drop(driver);
        D::deliver(&driving.handle, &mut driving.events);
        true
    }
}

#[derive(Clone)]
struct Unparker<H> {
    token: Arc<Token>,
    driver: Option<H>,
}

impl<H> Unparker<H> {
    fn unpark(&self, wake: impl FnOnce(&H)) {
        match (self.token.unpark(), &self.driver) {
            (Unparked::WakeDriver, Some(driver)) => wake(driver),
            (Unparked::WakeDriver | Unparked::Done, _) => {}
        }
    }
}

/// The reactor of a runtime, if it has one, before its workers start.
///
/// # Examples
///
/// ```
/// use zokio_core::park::{Park, Unpark};
/// use zokio_hal::os::Driver;
///
/// # fn main() -> std::io::Result<()> {
/// let driver = Driver::with_io()?;
/// let handle = driver.handle().expect("made with a reactor").clone();
/// let mut workers = driver.parkers(2);
/// workers[0].unpark().unpark();
/// workers[0].park(None, || true); // returns at once: unparking is sticky
/// assert_eq!(handle.registered(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Driver {
    reactor: Option<Reactor>,
    handle: Option<ReactorHandle>,
}

impl Driver {
    /// Makes a driver with a reactor: sockets work.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no descriptors.
    #[cfg(feature = "net")]
    pub fn with_io() -> io::Result<Self> {
        let reactor = Reactor::new()?;
        let handle = reactor.handle();
        Ok(Self { reactor: Some(reactor), handle: Some(handle) })
    }

    /// Makes a driver without a reactor: its parkers only sleep.
    #[must_use]
    pub fn without_io() -> Self {
        Self { reactor: None, handle: None }
    }

    /// Where sockets register; `None` without a reactor.
    #[must_use]
    pub fn handle(&self) -> Option<&ReactorHandle> {
        self.handle.as_ref()
    }

    /// Makes the parkers of `count` workers. When the last of them is dropped, so is the reactor: what waits for it
    /// then fails with an error.
    #[must_use]
    pub fn parkers(self, count: usize) -> Vec<WorkerPark> {
        let reactor = self.reactor.map(|reactor| Arc::new(Mutex::new(reactor)));
        let shared = reactor.as_ref().zip(self.handle.as_ref());
        (0..count).map(|_| WorkerPark(Parker::new(shared))).collect()
    }
}

/// How one worker waits: in the reactor if nobody else does, otherwise on its own.
#[derive(Debug)]
pub struct WorkerPark(Parker<Reactor>);

/// Ends the wait of one [`WorkerPark`], wherever it waits.
///
/// # Cost
///
/// One atomic swap if the worker is awake; a futex or eventfd call if it waits.
#[derive(Clone)]
pub struct WorkerUnpark(Unparker<ReactorHandle>);

impl Debug for WorkerUnpark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerUnpark").field("token", &self.0.token).finish_non_exhaustive()
    }
}

impl WorkerPark {
    /// Where sockets register; `None` without a reactor.
    #[must_use]
    pub fn handle(&self) -> Option<&ReactorHandle> {
        self.0.driving.as_ref().map(|driving| &driving.handle)
    }

    /// As [`poll`](Park::poll). Whether it has seen all that there was; not, if another worker is in the reactor.
    pub(super) fn look(&mut self) -> bool {
        self.0.poll()
    }

    /// As [`park`](Park::park). `returned` is called when a wait in the reactor is over, before another worker may enter it.
    pub(super) fn park_telling(
        &mut self,
        deadline: Option<Instant>,
        ask: impl FnOnce() -> Answer,
        returned: impl FnOnce(),
    ) {
        self.0.park(deadline.map_or(Until::Never, Until::At), ask, returned);
    }
}

impl WorkerUnpark {
    /// Whether there is a reactor with a source that could have an event.
    pub(super) fn has_sources(&self) -> bool {
        self.0.driver.as_ref().is_some_and(|handle| !Reactor::is_deserted(handle))
    }

    /// Whether its worker waits in the reactor now.
    pub(super) fn is_driving(&self) -> bool {
        self.0.token.is_driving()
    }
}

impl Park for WorkerPark {
    type Unpark = WorkerUnpark;

    fn unpark(&self) -> WorkerUnpark {
        WorkerUnpark(self.0.unparker())
    }

    /// Deadlines are read on a [`SystemClock`]. The wait is rounded up to what the system counts in, never down: with
    /// epoll, to a millisecond where it is 100 ms or more, and not at all where it is less.
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        self.park_telling(deadline, || Answer::of(is_idle()), || ());
    }

    /// Delivers what has happened, unless another worker is in the reactor and does. Without a source in the reactor it is a
    /// load; what wakes a worker from outside needs it not.
    fn poll(&mut self) {
        self.look();
    }
}

impl Unpark for WorkerUnpark {
    fn unpark(&self) {
        self.0.unpark(ReactorHandle::wake);
    }
}

#[cfg(all(test, loom))]
mod models;
