//! The word that says how one parker waits, and the parker of a thread that has no reactor.
//!
//! # Protocol
//!
//! ```text
//!             unpark                      unpark: notify the condition variable
//!   EMPTY ------------> NOTIFIED <-------------------------- SLEEPING
//!     |                  |   ^                                  ^
//!     |<-----------------+   +------- unpark: wake the driver --|------- DRIVING
//!     |      taken                                              |           ^
//!     +---------------------------------------------------------+-----------+
//!                 begin (fails, and takes the token, if NOTIFIED)
//! ```
//!
//! *sticky*: an unpark leaves NOTIFIED, which the next or the present wait takes; none is lost and many are one.
//!
//! *one notifier*: only the unpark that replaced SLEEPING or DRIVING ends the wait; others find NOTIFIED.
//!
//! *lock between*: a sleeper goes from SLEEPING into the condition variable with the lock held, and the notifier takes
//! the lock before it notifies, so the notification cannot fall between the two.

use core::time::Duration;

use zokio_core::atomic::{AtomicUsize, Ordering};
use zokio_core::park::{Park, Unpark};
use zokio_core::time::Instant;

use super::clock::SystemClock;
use super::sync::{Arc, Condvar, Mutex, lock};

const EMPTY: usize = 0;
const NOTIFIED: usize = 1;
const SLEEPING: usize = 2;
const DRIVING: usize = 3;

/// What an unpark has left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Unparked {
    /// Nothing: the parker was awake, or has been notified.
    Done,
    /// Wake the driver, in which the parker waits.
    WakeDriver,
}

/// How one parker waits.
#[derive(Debug)]
pub(super) struct Token {
    state: AtomicUsize,
    lock: Mutex<()>,
    condvar: Condvar,
}

impl Token {
    pub fn new() -> Self {
        Self { state: AtomicUsize::new(EMPTY), lock: Mutex::new(()), condvar: Condvar::new() }
    }

    /// Takes the notification, if there is one.
    pub fn take(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `unpark`: what was made ready before it is seen by the executor.
        self.state.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Begins to wait in the driver; `false`, and the notification is taken, if there was one.
    #[must_use]
    pub fn begin_driving(&self) -> bool {
        self.begin(DRIVING)
    }

    /// Whether it waits in the driver now.
    pub fn is_driving(&self) -> bool {
        // Ordering: Relaxed: a hint, on the strength of which nothing is read.
        self.state.load(Ordering::Relaxed) == DRIVING
    }

    /// Ends the wait in the driver, and takes the notification, if there is one.
    pub fn end(&self) {
        // Ordering: Acquire as in `take`. A swap, not a store: the notification that it may overwrite must be acquired.
        self.state.swap(EMPTY, Ordering::Acquire);
    }

    fn begin(&self, how: usize) -> bool {
        // Ordering: on failure Acquire, as in `take`. On success Release is not needed: nothing was written for the
        // notifier but the word itself, and the lock orders the rest.
        if self.state.compare_exchange(EMPTY, how, Ordering::Acquire, Ordering::Acquire).is_ok() {
            return true;
        }
        self.end();
        false
    }

    /// Sleeps on the condition variable until notified, until the timeout, or spuriously.
    pub fn sleep(&self, timeout: Option<Duration>) {
        if timeout == Some(Duration::ZERO) {
            self.take();
            return;
        }
        let guard = lock(&self.lock);
        if !self.begin(SLEEPING) {
            return;
        }
        match timeout {
            None => drop(self.condvar.wait(guard)),
            Some(timeout) => drop(self.condvar.wait_timeout(guard, timeout)),
        }
        self.end();
    }

    /// Notifies.
    pub fn unpark(&self) -> Unparked {
        // Ordering: Release publishes what was made ready to `take`, `begin` and `end`; Acquire is not needed.
        match self.state.swap(NOTIFIED, Ordering::Release) {
            SLEEPING => {
                drop(lock(&self.lock));
                self.condvar.notify_one();
                Unparked::Done
            }
            DRIVING => Unparked::WakeDriver,
            _ => Unparked::Done,
        }
    }
}

/// How a thread waits that has no reactor: on a condition variable.
#[derive(Debug)]
pub struct ThreadPark {
    token: Arc<Token>,
}

/// Ends the wait of a [`ThreadPark`].
#[derive(Clone, Debug)]
pub struct ThreadUnpark {
    token: Arc<Token>,
}

impl ThreadPark {
    /// Makes a parker.
    #[must_use]
    pub fn new() -> Self {
        Self { token: Arc::new(Token::new()) }
    }
}

impl Default for ThreadPark {
    fn default() -> Self {
        Self::new()
    }
}

impl Park for ThreadPark {
    type Unpark = ThreadUnpark;

    fn unpark(&self) -> ThreadUnpark {
        ThreadUnpark { token: self.token.clone() }
    }

    /// Deadlines are read on a [`SystemClock`].
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        // Unparking is sticky, so `is_idle` may be asked first: an unpark after it finds the token.
        if is_idle() && !self.token.take() {
            self.token.sleep(deadline.map(|deadline| SystemClock::new().until(deadline)));
        }
    }

    /// Has no events of its own.
    fn poll(&mut self) {}
}

impl Unpark for ThreadUnpark {
    fn unpark(&self) {
        // A `ThreadPark` never waits in a driver.
        let (Unparked::Done | Unparked::WakeDriver) = self.token.unpark();
    }
}
