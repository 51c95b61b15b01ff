//! A source that is registered with a reactor, and waiting for it.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, ready};
use std::io;

use mio::event::Source;
use zokio_core::task::coop;

use super::direction::{Cause, Direction, Question, Snapshot};
use super::interest::{Interest, Ready};
use super::readiness::ReactorHandle;
use super::slab::{NoSlot, Slot};

/// Whether a read or write that moved fewer bytes than it could have has drained the source, so that the next one need
/// not be tried. True where readiness is edge-triggered by the system (epoll, kqueue); elsewhere mio must see
/// "would block" to ask for the next event.
const SHORT_IS_DRAINED: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
));

/// Reading or writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

fn shut_down() -> io::Error {
    io::Error::other("the runtime's reactor has been shut down: its sockets can no longer be used")
}

/// A source (`S`) that is registered with a reactor for as long as this lives.
#[derive(Debug)]
pub(super) struct Registered<S: Source> {
    /// `None` only while it is being taken apart.
    source: Option<S>,
    handle: ReactorHandle,
    index: usize,
}

// What the reactor keeps of it is changed by no foreign code, so that a panic that passes through leaves nothing half-changed.
impl<S: Source> core::panic::UnwindSafe for Registered<S> {}
impl<S: Source> core::panic::RefUnwindSafe for Registered<S> {}

impl<S: Source> Registered<S> {
    /// Registers `source` for both directions. `ready`: whether an operation is worth trying before the first event.
    pub fn new(handle: &ReactorHandle, mut source: S, ready: bool) -> io::Result<Self> {
        let index = handle.0.slab.claim(ready).map_err(|why| match why {
            NoSlot::Shut => shut_down(),
            NoSlot::Full => io::Error::new(io::ErrorKind::OutOfMemory, "the reactor's table of sources is full"),
        })?;
        let slot = handle.0.slab.slot(index);
        let token = mio::Token(slot.map_or(index, |slot| slot.token(index)));
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        if let Err(error) = handle.0.registry.register(&mut source, token, both) {
            handle.0.slab.release(index);
            return Err(error);
        }
        Ok(Self { source: Some(source), handle: handle.clone(), index })
    }

    /// The source itself.
    pub fn source(&self) -> &S {
        self.source.as_ref().expect("a registered source is only taken when the registration ends")
    }

    /// Where it is registered.
    pub fn handle(&self) -> &ReactorHandle {
        &self.handle
    }

    /// Ends the registration and returns the source.
    pub fn into_source(mut self) -> io::Result<S> {
        let mut source = self.source.take().expect("a registered source is only taken when the registration ends");
        // Dropping `self` finds no source and releases the slot.
        self.handle.0.registry.deregister(&mut source)?;
        Ok(source)
    }

    fn slot(&self) -> &Slot {
        self.handle.0.slab.slot(self.index).expect("a claimed slot stays where it is")
    }

    fn direction(&self, side: Side) -> &Direction {
        match side {
            Side::Read => &self.slot().read,
            Side::Write => &self.slot().write,
        }
    }

    /// Waits, as the one poller of its side, until an operation is worth trying.
    pub fn poll_ready(&self, side: Side, cx: &mut Context<'_>) -> Poll<io::Result<Snapshot>> {
        self.direction(side).poll(cx.waker()).map(checked)
    }

    /// Tries `operation`, and waits, as the one poller of its side, while it would block.
    pub fn poll_io<R>(
        &self,
        side: Side,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let coop = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.poll_ready(side, cx))?;
            if let Some(result) = self.attempt(side, seen, &mut operation) {
                coop.made_progress();
                return Poll::Ready(result);
            }
        }
    }

    /// Like [`poll_io`](Self::poll_io) for an operation that moves at most `room` bytes.
    pub fn poll_transfer(
        &self,
        side: Side,
        room: usize,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let coop = ready!(coop::poll_proceed(cx));
        loop {
            let seen = ready!(self.poll_ready(side, cx))?;
            if let Some(result) = self.attempt(side, seen, &mut operation) {
                coop.made_progress();
                if let Ok(moved) = &result {
                    self.fell_short(side, seen, *moved, room);
                }
                return Poll::Ready(result);
            }
        }
    }

    /// Tries `operation`, and waits, as one of many, while it would block.
    pub async fn io<R>(&self, side: Side, mut operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        loop {
            let seen = checked(coop::cooperative(self.direction(side).wait(Question::Operation)).await)?;
            if let Some(result) = self.attempt(side, seen, &mut operation) {
                return result;
            }
        }
    }

    /// Tries `operation` if something is known that makes it worth trying.
    pub fn try_io<R>(&self, side: Side, operation: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        let seen = self.direction(side).snapshot();
        if seen.is_shutdown() {
            return Err(shut_down());
        }
        if !seen.is_ready() && !seen.is_closed() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.attempt(side, seen, operation).unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
    }

    /// Like [`try_io`](Self::try_io) for an operation that moves at most `room` bytes.
    pub fn try_transfer(
        &self,
        side: Side,
        room: usize,
        operation: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let seen = self.direction(side).snapshot();
        let moved = self.try_io(side, operation)?;
        self.fell_short(side, seen, moved, room);
        Ok(moved)
    }

    /// Tries once; `None`, and what was seen is cleared, if it would block.
    fn attempt<R>(
        &self,
        side: Side,
        seen: Snapshot,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Option<io::Result<R>> {
        loop {
            return match operation(self.source()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.direction(side).clear(seen, Cause::WouldBlock);
                    None
                }
                // A signal came first: nothing has happened.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => Some(result),
            };
        }
    }

    /// Notes how much was moved: less than there was room for, but not the end, means that the next would block.
    fn fell_short(&self, side: Side, seen: Snapshot, moved: usize, room: usize) {
        if SHORT_IS_DRAINED && 0 < moved && moved < room {
            self.direction(side).clear(seen, Cause::FellShort);
        }
    }

    /// Forgets that an operation was worth trying.
    pub fn clear(&self, side: Side, seen: Snapshot) {
        self.direction(side).clear(seen, Cause::WouldBlock);
    }

    /// Waits, as one of many, until a side of `interest` is ready or closed.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        let mut read = pin!(self.direction(Side::Read).wait(Question::State));
        let mut write = pin!(self.direction(Side::Write).wait(Question::State));
        core::future::poll_fn(|cx| {
            let mut ready = Ready::default();
            if interest.is_readable() {
                if let Poll::Ready(seen) = read.as_mut().poll(cx) {
                    let seen = checked(seen)?;
                    ready.readable = seen.is_ready();
                    ready.read_closed = seen.is_closed();
                    ready.error |= seen.is_error();
                }
            }
            if interest.is_writable() {
                if let Poll::Ready(seen) = write.as_mut().poll(cx) {
                    let seen = checked(seen)?;
                    ready.writable = seen.is_ready();
                    ready.write_closed = seen.is_closed();
                    ready.error |= seen.is_error();
                }
            }
            if ready.is_empty() { Poll::Pending } else { Poll::Ready(Ok(ready)) }
        })
        .await
    }
}

impl<S: Source> Drop for Registered<S> {
    fn drop(&mut self) {
        if let Some(source) = &mut self.source {
            // It fails if the descriptor was closed by foreign code; the slot is released all the same, and events that
            // still come carry its old generation.
            let _ = self.handle.0.registry.deregister(source);
        }
        self.handle.0.slab.release(self.index);
    }
}

fn checked(seen: Snapshot) -> io::Result<Snapshot> {
    if seen.is_shutdown() { Err(shut_down()) } else { Ok(seen) }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use core::pin::pin;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::task::Waker;
    use core::time::Duration;
    use std::fs::File;
    use std::io::Write as _;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::task::Wake;

    use zokio_core::park::Park as _;
    use zokio_core::time::Clock as _;

    use super::super::testing::panics_in_its_drop;
    use super::super::{Driver, SystemClock};
    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    // Mutant: hal/src/os/readiness.rs :: if event.is_writable() || event.is_write_closed() || error { => if event.is_writable() {
    #[test]
    fn failure_125_an_event_that_is_only_an_error_wakes_both_sides_once() {
        let driver = Driver::with_io().unwrap();
        let handle = driver.handle().unwrap().clone();
        let mut park = driver.parkers(1).remove(0);
        // A full pipe that loses its reader reports EPOLLERR and nothing else.
        let (reader, writer) = std::io::pipe().unwrap();
        let stream = UnixStream::from(OwnedFd::from(writer));
        stream.set_nonblocking(true).unwrap();
        let file = File::from(OwnedFd::from(stream.try_clone().unwrap()));
        let io = Registered::new(&handle, mio::net::UnixStream::from_std(stream), true).unwrap();

        let counts = [(); 2].map(|()| Arc::new(Count::default()));
        let wakers = counts.clone().map(Waker::from);
        let poll_write = |cx: &mut Context<'_>| io.poll_io(Side::Write, cx, |_| (&file).write(&[0; 1 << 12]));
        let cx = &mut Context::from_waker(&wakers[0]);
        while poll_write(cx).is_ready() {}
        park.park(Some(zokio_core::time::Instant::EPOCH), || true); // what registering has to tell
        while poll_write(cx).is_ready() {}
        let mut reading = pin!(io.io(Side::Read, |_| Err::<(), _>(io::ErrorKind::WouldBlock.into())));
        assert!(reading.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
        let before = counts.each_ref().map(|count| count.0.load(Ordering::Relaxed));

        drop(reader);
        let clock = SystemClock::new();
        let give_up = clock.now().saturating_add(Duration::from_secs(20));
        while counts[0].0.load(Ordering::Relaxed) == before[0] && clock.now() < give_up {
            park.park(Some(give_up), || true);
        }
        let after = counts.each_ref().map(|count| count.0.load(Ordering::Relaxed));
        assert_eq!(after, before.map(|count| count + 1), "each side is woken once");
        let Poll::Ready(Err(error)) = poll_write(cx) else { panic!("the write knows of the error") };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);

        // The error stays, and is not told again: a wait lasts until its deadline.
        assert!(reading.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
        let begin = clock.now();
        park.park(Some(begin.saturating_add(Duration::from_millis(30))), || true);
        assert!(clock.now().saturating_duration_since(begin) >= Duration::from_millis(30), "the wait spins");
    }

    // Mutant: hal/src/os/registration.rs :: error.kind() == io::ErrorKind::Interrupted => error.kind() == io::ErrorKind::TimedOut
    #[test]
    fn a_try_that_a_signal_interrupts_forgets_no_readiness() {
        let driver = Driver::with_io().unwrap();
        let (stream, _other) = UnixStream::pair().unwrap();
        let io = Registered::new(driver.handle().unwrap(), mio::net::UnixStream::from_std(stream), true).unwrap();
        let mut interrupted = false;
        let result = io.try_io(Side::Read, |_| {
            if core::mem::replace(&mut interrupted, true) { Ok(7) } else { Err(io::ErrorKind::Interrupted.into()) }
        });
        assert_eq!(result.ok(), Some(7), "it is tried once more");
        assert!(io.direction(Side::Read).snapshot().is_ready());
    }

    #[test]
    fn a_source_that_cannot_be_registered_leaves_no_slot() {
        let driver = Driver::with_io().unwrap();
        let handle = driver.handle().unwrap();
        // epoll takes no regular files.
        let file = File::open("/proc/self/exe").unwrap();
        let stream = mio::net::UnixStream::from_std(UnixStream::from(OwnedFd::from(file)));
        assert!(Registered::new(handle, stream, true).is_err());
        assert_eq!(handle.registered(), 0);
    }

    /// Who takes a socket out of its runtime gets it, and who drops one has dropped it, whatever the waker does that was left there.
    // Mutant: hal/src/os/direction.rs :: foreign(|| drop(self.poller.take())); => drop(self.poller.take());
    #[test]
    fn a_waker_that_panics_in_its_drop_costs_no_source() {
        let driver = Driver::with_io().unwrap();
        let handle = driver.handle().unwrap();
        let (stream, mut other) = UnixStream::pair().unwrap();
        stream.set_nonblocking(true).unwrap();
        let polled = |stream| {
            let io = Registered::new(handle, mio::net::UnixStream::from_std(stream), false).unwrap();
            let waker = panics_in_its_drop();
            assert!(io.poll_ready(Side::Read, &mut Context::from_waker(&waker)).is_pending());
            io
        };
        let mut source = polled(stream).into_source().unwrap();
        assert_eq!(handle.registered(), 0);
        other.write_all(&[7]).unwrap();
        let mut byte = [0];
        assert_eq!((io::Read::read(&mut source, &mut byte).ok(), byte), (Some(1), [7]));

        drop(polled(UnixStream::from(OwnedFd::from(source))));
        assert_eq!(handle.registered(), 0);
        assert_eq!(io::Read::read(&mut other, &mut byte).ok(), Some(0), "it is closed");
    }
}
