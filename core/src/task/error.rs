//! Why a task could not be spawned, and how one can end without an output.

use core::fmt;

use super::id::Id;
use crate::guard::{self, Payload};

#[cfg(feature = "std")]
mod alloc;

/// A task could not be spawned. The future comes back.
#[non_exhaustive]
pub enum SpawnError<F> {
    /// Every slot of the pool is taken.
    Full {
        /// What was to be spawned.
        future: F,
        /// The pool's name.
        pool: &'static str,
        /// How many slots it has.
        slots: usize,
    },
    /// A slot of the pool is too small, or not aligned enough, for this future.
    TooLarge {
        /// What was to be spawned.
        future: F,
        /// The pool's name.
        pool: &'static str,
        /// Bytes that the task needs, its header included.
        needed: usize,
        /// Bytes that a slot has.
        slot: usize,
    },
    /// The executor shuts down.
    Closed(F),
    /// There is no executor here that takes such a task: not called from a task, nor in the context of a runtime; or the
    /// future is to stay on a thread that the executor may leave; or an arena was named and the executor is in no `static`.
    NoExecutor(F),
    /// The executor has no pool of its own.
    NoPool(F),
}

impl<F> SpawnError<F> {
    /// The future that was to be spawned.
    pub fn into_future(self) -> F {
        match self {
            Self::Full { future, .. }
            | Self::TooLarge { future, .. }
            | Self::Closed(future)
            | Self::NoExecutor(future)
            | Self::NoPool(future) => future,
        }
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { pool, slots, .. } => write!(f, "all {slots} slots of task pool `{pool}` are taken"),
            Self::TooLarge { pool, needed, slot, .. } if needed <= slot => {
                write!(f, "the task needs a larger alignment than the slots of task pool `{pool}` have")
            }
            Self::TooLarge { pool, needed, slot, .. } => {
                write!(f, "the task needs {needed} bytes and a slot of task pool `{pool}` has {slot}")
            }
            Self::Closed(_) => f.write_str("the executor has shut down"),
            Self::NoExecutor(_) => f.write_str(
                "there is no executor here that takes it: call this from a task of a zokio runtime (of one thread where the \
                 future stays there, in a `static` where an arena is named)",
            ),
            Self::NoPool(_) => f.write_str("the executor has no task pool: give it one (`Config::pool`), or name an arena"),
        }
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpawnError({self})")
    }
}

impl<F> core::error::Error for SpawnError<F> {}

/// A task ended without an output.
pub struct JoinError {
    pub(super) id: Id,
    pub(super) panic: Option<Payload>,
}

impl JoinError {
    /// Whether the task was aborted, or its executor shut down.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.panic.is_none()
    }

    /// Whether the task panicked. Never without feature `std`.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// Which task it was.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// What the task panicked with.
    ///
    /// # Errors
    ///
    /// Gives the error back where the task did not panic.
    pub fn try_into_panic(self) -> Result<Payload, Self> {
        match self.panic {
            Some(panic) => Ok(panic),
            None => Err(self),
        }
    }

    /// What the task panicked with.
    ///
    /// # Panics
    ///
    /// Panics where the task did not panic; [`is_panic`](Self::is_panic) tells.
    #[track_caller]
    pub fn into_panic(self) -> Payload {
        self.try_into_panic().expect("the task was cancelled, it did not panic")
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panic {
            None => write!(f, "task {} was cancelled", self.id),
            Some(panic) => match guard::message(panic) {
                Some(message) => write!(f, "task {} panicked with message {message:?}", self.id),
                None => write!(f, "task {} panicked", self.id),
            },
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panic {
            None => write!(f, "JoinError::Cancelled({:?})", self.id),
            Some(panic) => match guard::message(panic) {
                Some(message) => write!(f, "JoinError::Panic({:?}, {message:?}, ...)", self.id),
                None => write!(f, "JoinError::Panic({:?}, ...)", self.id),
            },
        }
    }
}

impl core::error::Error for JoinError {}

// SAFETY: the payload is reached by `self` only, never through `&self` but for its message, which is a `str`.
unsafe impl Sync for JoinError {}
