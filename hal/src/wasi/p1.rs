//! Clock, waiting and descriptors of WASI preview 1.

use core::fmt;

use wasip1 as wasi;
use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Clock, Instant};

use super::{Descriptors, Errno, Interest, WaitError};

impl From<wasi::Errno> for Errno {
    fn from(errno: wasi::Errno) -> Self {
        Self(errno.raw())
    }
}

/// The host's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic;

impl Clock for Monotonic {
    /// # Panics
    ///
    /// If the host has no monotonic clock.
    fn now(&self) -> Instant {
        // SAFETY: the call reads its arguments and writes to memory of its own.
        match unsafe { wasi::clock_time_get(wasi::CLOCKID_MONOTONIC, 1) } {
            Ok(nanos) => Instant::from_nanos(nanos),
            Err(errno) => panic!("no monotonic clock: {}", Errno::from(errno)),
        }
    }
}

/// Waits in `poll_oneoff` for a deadline and for the descriptors of a table.
///
/// A wait without a deadline and without a descriptor could never end. [`Park::park`] panics then, with a message that
/// says so: every task of the program waits for another.
#[derive(Debug)]
pub struct Poll<const N: usize = 8> {
    descriptors: &'static Descriptors<N>,
    /// The host has come back before a deadline: it counts coarser than nanoseconds, and asked again for the rest it
    /// would answer at once. From then on waits are rounded up to milliseconds.
    coarse: bool,
}

impl<const N: usize> Poll<N> {
    /// Waits for the descriptors of `descriptors`.
    #[must_use]
    pub const fn new(descriptors: &'static Descriptors<N>) -> Self {
        Self { descriptors, coarse: false }
    }

    /// One `poll_oneoff`; `nanos` is the longest wait, `None` is no limit. Answers whether it came to its end.
    fn wait(&self, nanos: Option<u64>) -> bool {
        let mut subscriptions = Subscriptions([CLOCK; 1], [CLOCK; N]);
        let mut events = Events([NO_EVENT; 1], [NO_EVENT; N]);
        let mut count = 0;
        self.descriptors.waiting(|index, fd, interest| {
            subscriptions.put(count, descriptor(index, fd, interest));
            count += 1;
        });
        let descriptors = count;
        if let Some(nanos) = nanos {
            subscriptions.put(count, clock(nanos));
            count += 1;
        }
        if count == 0 {
            panic!("deadlock: every task waits, and no timer and no descriptor can wake one");
        }
        // SAFETY: both point to at least `count` of their elements (one for the clock and `N` more, `repr(C)`), which
        // live until the call has returned.
        let result = unsafe { wasi::poll_oneoff((&raw const subscriptions).cast(), (&raw mut events).cast(), count) };
        self.deliver(result.map(|happened| events.iter().take(happened)), descriptors)
    }

    /// What the host has answered, of a wait for so many descriptors. Answers whether the wait was not interrupted.
    fn deliver<'a>(
        &self,
        result: Result<impl Iterator<Item = &'a wasi::Event>, wasi::Errno>,
        descriptors: usize,
    ) -> bool {
        match result {
            Ok(events) => {
                for event in events {
                    if event.type_ != wasi::EVENTTYPE_CLOCK {
                        self.descriptors.complete(event.userdata as usize, event.error.raw());
                    }
                }
            }
            // Over for nothing, as any wait may be.
            Err(wasi::ERRNO_INTR) => return false,
            Err(errno) if descriptors == 0 => panic!("the host does not wait: {}", Errno::from(errno)),
            // One of the descriptors cannot be waited for, and the host does not say which: each task tries its own.
            Err(errno) => self.descriptors.waiting(|index, _, _| self.descriptors.complete(index, errno.raw())),
        }
        true
    }
}

/// Ends the wait of a [`Poll`]: by doing nothing, since there is no second thread that could call it meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Woken;

impl Unpark for Woken {
    const NEEDED: bool = false;

    #[inline(always)]
    fn unpark(&self) {}
}

impl<const N: usize> Park for Poll<N> {
    type Unpark = Woken;

    fn unpark(&self) -> Woken {
        Woken
    }

    /// # Panics
    ///
    /// If nothing could ever end the wait: no deadline, and no descriptor is waited for.
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if !is_idle() {
            return;
        }
        let Some(deadline) = deadline else {
            self.wait(None);
            return;
        };
        let left = deadline.as_nanos().saturating_sub(Monotonic.now().as_nanos());
        let left = if self.coarse { left.div_ceil(MILLI).saturating_mul(MILLI) } else { left };
        // With descriptors, or interrupted, an early return is no sign of anything.
        let mut alone = true;
        self.descriptors.waiting(|_, _, _| alone = false);
        let ended = self.wait(Some(left));
        self.coarse |= alone && ended && Monotonic.now() < deadline;
    }

    fn poll(&mut self) {
        let mut any = false;
        self.descriptors.waiting(|_, _, _| any = true);
        if any {
            self.wait(Some(0));
        }
    }
}

const MILLI: u64 = 1_000_000;

/// One subscription more than a table has entries: the clock's.
#[repr(C)]
struct Subscriptions<const N: usize>([wasi::Subscription; 1], [wasi::Subscription; N]);

impl<const N: usize> Subscriptions<N> {
    fn put(&mut self, index: usize, subscription: wasi::Subscription) {
        match index {
            0 => self.0[0] = subscription,
            _ => self.1[index - 1] = subscription,
        }
    }
}

/// As many events as subscriptions.
#[repr(C)]
struct Events<const N: usize>([wasi::Event; 1], [wasi::Event; N]);

impl<const N: usize> Events<N> {
    fn iter(&self) -> impl Iterator<Item = &wasi::Event> {
        self.0.iter().chain(&self.1)
    }
}

const NO_EVENT: wasi::Event = wasi::Event {
    userdata: 0,
    error: wasi::ERRNO_SUCCESS,
    type_: wasi::EVENTTYPE_CLOCK,
    fd_readwrite: wasi::EventFdReadwrite { nbytes: 0, flags: 0 },
};

const CLOCK: wasi::Subscription = clock(0);

const fn clock(nanos: u64) -> wasi::Subscription {
    let clock = wasi::SubscriptionClock { id: wasi::CLOCKID_MONOTONIC, timeout: nanos, precision: 1, flags: 0 };
    wasi::Subscription {
        userdata: 0,
        u: wasi::SubscriptionU { tag: wasi::EVENTTYPE_CLOCK.raw(), u: wasi::SubscriptionUU { clock } },
    }
}

fn descriptor(index: usize, fd: u32, interest: Interest) -> wasi::Subscription {
    let ready = wasi::SubscriptionFdReadwrite { file_descriptor: fd };
    let (tag, u) = match interest {
        Interest::Read => (wasi::EVENTTYPE_FD_READ, wasi::SubscriptionUU { fd_read: ready }),
        Interest::Write => (wasi::EVENTTYPE_FD_WRITE, wasi::SubscriptionUU { fd_write: ready }),
    };
    wasi::Subscription { userdata: index as u64, u: wasi::SubscriptionU { tag: tag.raw(), u } }
}

/// A descriptor of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(u32);

impl Fd {
    /// The standard input.
    pub const STDIN: Self = Self(0);
    /// The standard output.
    pub const STDOUT: Self = Self(1);
    /// The standard error.
    pub const STDERR: Self = Self(2);

    /// The descriptor of this number.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// Reads what is there into `buffer`; zero is the end. Blocks the program where the host does.
    ///
    /// # Errors
    ///
    /// What the host answers.
    pub fn try_read(self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let parts = [wasi::Iovec { buf: buffer.as_mut_ptr(), buf_len: buffer.len() }];
        // SAFETY: the one part is the caller's buffer, which is borrowed until the call has returned.
        Ok(unsafe { wasi::fd_read(self.0, &parts) }?)
    }

    /// Writes as much of `bytes` as the host takes. Blocks the program where the host does.
    ///
    /// # Errors
    ///
    /// What the host answers.
    pub fn try_write(self, bytes: &[u8]) -> Result<usize, Errno> {
        let parts = [wasi::Ciovec { buf: bytes.as_ptr(), buf_len: bytes.len() }];
        // SAFETY: the one part is the caller's slice, which is borrowed until the call has returned.
        Ok(unsafe { wasi::fd_write(self.0, &parts) }?)
    }

    /// Reads into `buffer` once there is something; zero is the end. Other tasks run meanwhile.
    ///
    /// # Errors
    ///
    /// [`WaitError::Full`] if too many tasks wait; else what the host answers.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the read itself does not wait.
    pub async fn read<const N: usize>(self, table: &Descriptors<N>, buffer: &mut [u8]) -> Result<usize, WaitError> {
        self.when_ready(table, Interest::Read, || self.try_read(buffer)).await
    }

    /// Writes as much of `bytes` as the host takes at once. Other tasks run meanwhile.
    ///
    /// # Errors
    ///
    /// [`WaitError::Full`] if too many tasks wait; else what the host answers.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the write itself does not wait.
    pub async fn write<const N: usize>(self, table: &Descriptors<N>, bytes: &[u8]) -> Result<usize, WaitError> {
        self.when_ready(table, Interest::Write, || self.try_write(bytes)).await
    }

    /// Blocks the program until a write is possible.
    fn wait_writable(self) -> Result<(), Errno> {
        let subscription = descriptor(0, self.0, Interest::Write);
        let mut event = NO_EVENT;
        // SAFETY: one subscription and room for one event, which live until the call has returned.
        unsafe { wasi::poll_oneoff(&raw const subscription, &raw mut event, 1) }?;
        if event.error == wasi::ERRNO_SUCCESS { Ok(()) } else { Err(event.error.into()) }
    }

    async fn when_ready<const N: usize>(
        self,
        table: &Descriptors<N>,
        interest: Interest,
        mut operation: impl FnMut() -> Result<usize, Errno>,
    ) -> Result<usize, WaitError> {
        loop {
            let ready = table.ready(self.0, interest).await;
            if ready == Err(WaitError::Full) {
                return Err(WaitError::Full);
            }
            match operation() {
                // Somebody else was faster. A host that cannot wait either has said so, and asking again would spin.
                Err(Errno(AGAIN)) => ready?,
                result => return result.map_err(WaitError::Host),
            }
        }
    }
}

const AGAIN: u16 = wasi::ERRNO_AGAIN.raw();

/// Text, written whole; blocks the program where the host does.
impl fmt::Write for Fd {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut left = text.as_bytes();
        while !left.is_empty() {
            match self.try_write(left) {
                Ok(0) => return Err(fmt::Error),
                Ok(written) => left = left.get(written..).ok_or(fmt::Error)?,
                Err(Errno(AGAIN)) => self.wait_writable().map_err(|_| fmt::Error)?,
                Err(_) => return Err(fmt::Error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Run in a WASI host, with an open standard input: `cargo test --target wasm32-wasip1` with a runner.

    use super::*;
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll as Ready, Waker};
    use core::time::Duration;

    static NONE: Descriptors = Descriptors::new();

    #[test]
    fn waits_until_the_deadline_without_spinning() {
        let mut poll = Poll::new(&NONE);
        for micros in [0, 1, 300, 1_700, 20_000] {
            let deadline = Monotonic.now().saturating_add(Duration::from_micros(micros));
            let mut parks = 0;
            while Monotonic.now() < deadline {
                poll.park(Some(deadline), || true);
                parks += 1;
            }
            assert!(parks <= 3, "{parks} waits for {micros} us");
        }
    }

    #[test]
    fn a_busy_executor_does_not_wait() {
        Poll::new(&NONE).park(None, || false);
        Poll::new(&NONE).poll();
    }

    #[test]
    fn an_interrupted_wait_is_over_for_nothing() {
        static TABLE: Descriptors = Descriptors::new();
        let poll = Poll::new(&TABLE);
        let interrupted = || Err::<core::slice::Iter<'_, wasi::Event>, _>(wasi::ERRNO_INTR);
        assert!(!poll.deliver(interrupted(), 0), "the host counts no coarser for that");
        let cx = &mut Context::from_waker(Waker::noop());
        let mut ready = pin!(TABLE.ready(0, Interest::Read));
        assert_eq!(ready.as_mut().poll(cx), Ready::Pending);
        assert!(!poll.deliver(interrupted(), 1));
        assert_eq!(ready.as_mut().poll(cx), Ready::Pending, "nobody has said that it is ready");
    }

    #[test]
    fn a_descriptor_that_is_ready_says_nothing_of_the_clock() {
        static TABLE: Descriptors = Descriptors::new();
        let mut poll = Poll::new(&TABLE);
        let cx = &mut Context::from_waker(Waker::noop());
        let mut out = pin!(TABLE.ready(1, Interest::Write));
        assert_eq!(out.as_mut().poll(cx), Ready::Pending);
        poll.park(Some(Monotonic.now().saturating_add(Duration::from_secs(60))), || true);
        assert_eq!(out.as_mut().poll(cx), Ready::Ready(Ok(())));
        assert!(!poll.coarse, "it came back long before the deadline");
    }

    #[test]
    fn output_is_writable_and_a_closed_descriptor_is_an_error() {
        static TABLE: Descriptors = Descriptors::new();
        let mut poll = Poll::new(&TABLE);
        let cx = &mut Context::from_waker(Waker::noop());
        let mut out = pin!(TABLE.ready(1, Interest::Write));
        let mut closed = pin!(Fd::from_raw(77).read(&TABLE, &mut []));
        let (mut written, mut read) = (Ready::Pending, Ready::Pending);
        for _ in 0..4 {
            if written.is_pending() {
                written = out.as_mut().poll(cx);
            }
            if read.is_pending() {
                read = closed.as_mut().poll(cx);
            }
            if written.is_pending() || read.is_pending() {
                poll.park(None, || true);
            }
        }
        assert_eq!(read, Ready::Ready(Err(WaitError::Host(Errno(8)))), "EBADF");
        assert_eq!(written, Ready::Ready(Ok(())));
    }
}
