//! Who waits for which descriptor: a table of fixed size.
//!
//! A waiting task claims an entry, its parker turns the entries into subscriptions, and completes those for which the
//! host had an event. An entry belongs to its [`Ready`] from the claim to its drop, whatever the host answers, so a late
//! answer cannot meet another task's entry.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use zokio_core::lock::{DefaultLock, Lock, RawLock};
use zokio_core::sync::WaitCell;

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// A read that does not block: data, the end, or an error.
    Read,
    /// A write that does not block.
    Write,
}

/// An error number of the WASI host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub(crate) u16);

impl Errno {
    /// The number, as WASI preview 1 lists them.
    #[must_use]
    pub const fn raw(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the host answered with errno {}", self.0)
    }
}

impl core::error::Error for Errno {}

/// Why a descriptor could not be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// Every entry of the table is taken: make it larger.
    Full,
    /// The host does not wait for this descriptor.
    Host(Errno),
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("too many tasks wait for descriptors"),
            Self::Host(errno) => errno.fmt(f),
        }
    }
}

impl core::error::Error for WaitError {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Free,
    Waiting(u32, Interest),
    /// What the host answered: zero, or an error number.
    Done(u16),
}

/// The descriptors that tasks wait for, at most `N` at a time.
#[derive(Debug)]
pub struct Descriptors<const N: usize = 8, L = DefaultLock> {
    entries: Lock<L, [Entry; N]>,
    cells: [WaitCell<L>; N],
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "free",
            Self::Waiting(..) => "waiting",
            Self::Done(_) => "done",
        })
    }
}

impl<const N: usize, L: RawLock> Descriptors<N, L> {
    /// A table in which nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        // SAFETY: *unnested*: what runs under it is here, and no foreign code.
        Self { entries: unsafe { Lock::any([Entry::Free; N]) }, cells: [const { WaitCell::new() }; N] }
    }

    /// Waits until `fd` is ready for `interest`.
    ///
    /// # Errors
    ///
    /// [`WaitError::Full`] if `N` tasks wait already; [`WaitError::Host`] if the host does not wait for this descriptor.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: readiness stays until it is used.
    pub fn ready(&self, fd: u32, interest: Interest) -> Ready<'_, N, L> {
        Ready { table: self, fd, interest, claimed: None }
    }

    /// Calls `f` with each entry that is waited for: its index, and what for.
    pub(crate) fn waiting(&self, mut f: impl FnMut(usize, u32, Interest)) {
        let entries = self.entries.with(|entries| *entries);
        for (index, entry) in entries.into_iter().enumerate() {
            if let Entry::Waiting(fd, interest) = entry {
                f(index, fd, interest);
            }
        }
    }

    /// Wakes the task that waits at `index`, with the host's answer (zero: ready).
    pub(crate) fn complete(&self, index: usize, errno: u16) {
        let waited = self.entries.with(|entries| match entries.get_mut(index) {
            Some(entry @ Entry::Waiting(..)) => {
                *entry = Entry::Done(errno);
                true
            }
            _ => false,
        });
        if waited {
            self.cells[index].wake();
        }
    }
}

impl<const N: usize, L: RawLock> Default for Descriptors<N, L> {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for a descriptor; see [`Descriptors::ready`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Ready<'a, const N: usize = 8, L: RawLock = DefaultLock> {
    table: &'a Descriptors<N, L>,
    fd: u32,
    interest: Interest,
    claimed: Option<usize>,
}

impl<const N: usize, L: RawLock> Ready<'_, N, L> {
    fn claim(&mut self) -> Option<usize> {
        let entry = Entry::Waiting(self.fd, self.interest);
        self.claimed = self.table.entries.with(|entries| {
            let free = entries.iter().position(|entry| *entry == Entry::Free)?;
            entries[free] = entry;
            Some(free)
        });
        self.claimed
    }

    fn release(&mut self) {
        if let Some(index) = self.claimed.take() {
            self.table.entries.with(|entries| entries[index] = Entry::Free);
            drop(self.table.cells[index].take());
        }
    }
}

impl<const N: usize, L: RawLock> Future for Ready<'_, N, L> {
    type Output = Result<(), WaitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(index) = this.claimed.or_else(|| this.claim()) else {
            return Poll::Ready(Err(WaitError::Full));
        };
        this.table.cells[index].register(cx.waker());
        match this.table.entries.with(|entries| entries[index]) {
            Entry::Done(errno) => {
                this.release();
                Poll::Ready(match errno {
                    0 => Ok(()),
                    errno => Err(WaitError::Host(Errno(errno))),
                })
            }
            Entry::Waiting(..) | Entry::Free => Poll::Pending,
        }
    }
}

impl<const N: usize, L: RawLock> Drop for Ready<'_, N, L> {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::pin::pin;
    use core::task::Waker;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::vec::Vec;
    use zokio_core::lock::LocalLock;

    type Table = Descriptors<2, LocalLock>;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn waiting(table: &Table) -> Vec<(usize, u32, Interest)> {
        let mut all = Vec::new();
        table.waiting(|index, fd, interest| all.push((index, fd, interest)));
        all
    }

    #[test]
    fn an_event_completes_its_own_entry() {
        let table = Table::new();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let cx = &mut Context::from_waker(&waker);
        let mut read = pin!(table.ready(0, Interest::Read));
        let mut write = pin!(table.ready(1, Interest::Write));
        assert_eq!(read.as_mut().poll(cx), Poll::Pending);
        assert_eq!(write.as_mut().poll(cx), Poll::Pending);
        assert_eq!(waiting(&table), [(0, 0, Interest::Read), (1, 1, Interest::Write)]);
        table.complete(1, 0);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(read.as_mut().poll(cx), Poll::Pending);
        assert_eq!(write.as_mut().poll(cx), Poll::Ready(Ok(())));
        table.complete(0, 8);
        assert_eq!(read.as_mut().poll(cx), Poll::Ready(Err(WaitError::Host(Errno(8)))));
        assert_eq!(std::format!("{}", WaitError::Host(Errno(8))), "the host answered with errno 8");
        assert_eq!(waiting(&table), []);
    }

    #[test]
    fn a_full_table_is_an_error_and_a_drop_frees() {
        let table = Table::new();
        let cx = &mut Context::from_waker(Waker::noop());
        let mut first = pin!(table.ready(0, Interest::Read));
        assert_eq!(first.as_mut().poll(cx), Poll::Pending);
        {
            let mut second = pin!(table.ready(0, Interest::Read));
            assert_eq!(second.as_mut().poll(cx), Poll::Pending);
            assert_eq!(pin!(table.ready(1, Interest::Write)).poll(cx), Poll::Ready(Err(WaitError::Full)));
            assert_eq!(std::format!("{}", WaitError::Full), "too many tasks wait for descriptors");
        }
        assert_eq!(pin!(table.ready(1, Interest::Write)).poll(cx), Poll::Pending);
        assert_eq!(waiting(&table), [(0, 0, Interest::Read)]);
    }

    #[test]
    fn an_answer_after_the_drop_reaches_nobody() {
        let table = Table::new();
        let cx = &mut Context::from_waker(Waker::noop());
        assert_eq!(pin!(table.ready(0, Interest::Read)).poll(cx), Poll::Pending);
        table.complete(0, 0);
        table.complete(7, 0);
        assert_eq!(pin!(table.ready(0, Interest::Read)).poll(cx), Poll::Pending);
        assert_eq!(waiting(&table), []);
    }
}
