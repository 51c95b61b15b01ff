//! The reactor: waits for the operating system's events and hands each to its source.
//!
//! Sources are registered once, for both directions, edge-triggered; an operation is tried first and waits only when
//! it would block. What an event means for each direction:
//!
//! | event | reading | writing |
//! |---|---|---|
//! | readable (also: priority data) | ready | |
//! | writable | | ready |
//! | read side closed | ready, closed | |
//! | write side closed | | ready, closed |
//! | error, alone or with others | ready, error | ready, error |
//!
//! The end of the reactor is told to every source: what waits then, or comes later, fails with an error that says so.

use core::fmt;
use core::time::Duration;
use std::io;
use std::sync::{Arc, OnceLock};

use mio::event::Event;

use super::alarm::Alarm;
use super::blocking::BlockingPool;
use super::direction::News;
use super::park::{Until, Wait};
use super::slab::{Slab, split};
use super::virtual_time::{Inhibit, VirtualTime};

/// The token of the waker, and of the alarm, which ends a wait as well; never a slot's (see the assertion in `slab`).
const WAKER: mio::Token = mio::Token(usize::MAX);

/// Events taken from the system at once.
const EVENTS: usize = 512;

/// The longest wait asked of the system, which counts in 32-bit milliseconds; a longer one ends early, which parkers
/// are allowed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The half of a reactor that waits. One thread at a time has it.
#[derive(Debug)]
pub(super) struct Reactor {
    poll: mio::Poll,
    alarm: Alarm,
    handle: ReactorHandle,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) registry: mio::Registry,
    waker: mio::Waker,
    pub(super) slab: Slab,
    blocking: OnceLock<BlockingPool>,
    time: OnceLock<Arc<VirtualTime>>,
}

/// Where sockets register: the half of a reactor that anyone may hold.
///
/// Cheap to clone. It keeps descriptors open, not the reactor running: once the [`Driver`](super::Driver) and its
/// parkers are gone, operations fail with an error.
#[derive(Clone)]
pub struct ReactorHandle(pub(super) Arc<Shared>);

impl fmt::Debug for ReactorHandle {
    /// Not what is in it: every socket shows its handle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReactorHandle").field("registered", &self.registered()).finish_non_exhaustive()
    }
}

impl ReactorHandle {
    /// Names the pool on which host names are looked up. The first one named stays.
    pub fn set_blocking_pool(&self, pool: BlockingPool) {
        // The second pool of a runtime is no error worth a type: the first serves lookups as well.
        let _ = self.0.blocking.set(pool);
    }

    /// Names the time that stands, if it is paused, while a host name is looked up. The first one named stays.
    pub fn set_virtual_time(&self, time: Arc<VirtualTime>) {
        let _ = self.0.time.set(time);
    }

    /// Holds that time where it is.
    pub(super) fn inhibit(&self) -> Option<Inhibit> {
        self.0.time.get().map(VirtualTime::inhibit)
    }

    /// The pool on which host names are looked up.
    #[must_use]
    pub fn blocking_pool(&self) -> Option<&BlockingPool> {
        self.0.blocking.get()
    }

    /// Sources registered now.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.0.slab.usage().0
    }

    /// Sources there is memory for; it grows by doubling and is kept.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.slab.usage().1
    }

    /// Ends the reactor: every pending and every later operation on its sources fails with an error that says so.
    /// Also done when the last parker of the reactor is dropped.
    pub fn shutdown(&self) {
        self.0.slab.shut();
    }

    /// Ends the wait of whoever waits in the reactor.
    pub(super) fn wake(&self) {
        if let Err(error) = self.0.waker.wake() {
            // Writing eight bytes to an own eventfd fails only if its descriptor was closed by foreign code.
            panic!("the reactor's waker cannot be reached: {error}");
        }
    }

    fn deliver(&self, event: &Event) {
        if event.token() == WAKER {
            return;
        }
        let (index, generation) = split(event.token().0);
        let Some(slot) = self.0.slab.slot(index) else { return };
        let error = event.is_error();
        if event.is_readable() || event.is_priority() || event.is_read_closed() || error {
            slot.read.event(generation, News { closed: event.is_read_closed(), error });
        }
        if event.is_writable() || event.is_write_closed() || error {
            slot.write.event(generation, News { closed: event.is_write_closed(), error });
        }
    }
}

impl Reactor {
    pub fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = mio::Waker::new(&registry, WAKER)?;
        let alarm = Alarm::new(&registry, WAKER);
        let shared = Shared { registry, waker, slab: Slab::new(), blocking: OnceLock::new(), time: OnceLock::new() };
        Ok(Self { poll, alarm, handle: ReactorHandle(Arc::new(shared)) })
    }

    pub fn handle(&self) -> ReactorHandle {
        self.handle.clone()
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

impl Wait for Reactor {
    type Events = mio::Events;
    type Handle = ReactorHandle;

    fn events() -> mio::Events {
        mio::Events::with_capacity(EVENTS)
    }

    fn wait(&mut self, events: &mut mio::Events, until: Until) {
        let left = until.left();
        if let (Until::At(deadline), Some(left)) = (until, left) {
            self.alarm.set(deadline, left);
        }
        let timeout = left.map(|left| left.min(LONGEST));
        match self.poll.poll(events, timeout) {
            Ok(()) => {}
            // A signal: a spurious end of the wait, and `events` is empty.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => panic!("the reactor's descriptor cannot be waited for: {error}"),
        }
    }

    fn is_deserted(handle: &ReactorHandle) -> bool {
        handle.0.slab.is_empty()
    }

    fn deliver(handle: &ReactorHandle, events: &mut mio::Events) {
        events.iter().for_each(|event| handle.deliver(event));
        events.clear();
    }
}
