//! One error for programs that do not want to tell their errors apart by type.
//!
//! Every operation of this crate has an error of its own, which says what to do and gives back what could not be sent or
//! spawned. Where `?` meets several of them, [`Error`] takes them all and keeps what they mean: its [`kind`](Error::kind).

use core::fmt;

use crate::task::{JoinError, SpawnError};
use crate::time::Elapsed;

/// What went wrong, wherever it was.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "rt")] {
/// use zokio::error::{Error, ErrorKind};
/// use zokio::time::{Duration, timeout};
///
/// async fn fetch() -> Result<String, Error> {
///     let text = timeout(Duration::from_secs(1), async { std::fs::read_to_string("/nowhere") }).await??;
///     Ok(text)
/// }
///
/// let runtime = zokio::runtime::Runtime::new()?;
/// let error = runtime.block_on(fetch()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Io);
/// assert_eq!(error.raw_os_error(), Some(2));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
#[derive(Debug)]
pub enum Error {
    /// A time limit was reached first.
    Timeout(Elapsed),
    /// A task ended without an output: aborted, shut down with its executor, or by a panic.
    Task(JoinError),
    /// A task could not be spawned.
    Spawn(SpawnFailure),
    /// The other side of a channel, a queue or an executor is gone, or it was closed.
    Closed,
    /// There was no room.
    Full,
    /// The operating system refused.
    #[cfg(feature = "rt")]
    Io(std::io::Error),
}

/// Why a task could not be spawned: a [`SpawnError`] without the future.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SpawnFailure {
    /// Every slot of the pool is taken.
    Full,
    /// A slot of the pool is too small for this future.
    TooLarge,
    /// The executor shuts down.
    Closed,
    /// There is no executor here that takes such a task.
    NoExecutor,
    /// The executor has no pool of its own.
    NoPool,
}

/// What an [`Error`] means for whoever handles it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ErrorKind {
    /// The operating system refused; [`Error::raw_os_error`] and [`Error::io_kind`] say more.
    Io,
    /// A time limit was reached: the operation may succeed with more time.
    Timeout,
    /// What was waited for was cancelled.
    Cancelled,
    /// A task panicked.
    Panic,
    /// The other side is gone: the operation will never succeed.
    Closed,
    /// There is no room now: the operation may succeed later.
    Full,
    /// The runtime cannot do this here: no executor, no pool, or a slot that is too small.
    Runtime,
}

impl Error {
    /// What it means.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Task(error) if error.is_panic() => ErrorKind::Panic,
            Self::Task(_) => ErrorKind::Cancelled,
            Self::Spawn(SpawnFailure::Full) | Self::Full => ErrorKind::Full,
            Self::Spawn(SpawnFailure::Closed) | Self::Closed => ErrorKind::Closed,
            Self::Spawn(_) => ErrorKind::Runtime,
            #[cfg(feature = "rt")]
            Self::Io(error) => match error.kind() {
                std::io::ErrorKind::TimedOut => ErrorKind::Timeout,
                _ => ErrorKind::Io,
            },
        }
    }

    /// The operating system's number of the error, where it has one.
    #[cfg(feature = "rt")]
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self {
            Self::Io(error) => error.raw_os_error(),
            _ => None,
        }
    }

    /// The standard library's kind, where it is an error of I/O.
    #[cfg(feature = "rt")]
    #[must_use]
    pub fn io_kind(&self) -> Option<std::io::ErrorKind> {
        match self {
            Self::Io(error) => Some(error.kind()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(error) => error.fmt(f),
            Self::Task(error) => error.fmt(f),
            Self::Spawn(failure) => write!(f, "cannot spawn: {failure}"),
            Self::Closed => f.write_str("the other side is gone"),
            Self::Full => f.write_str("there is no room"),
            #[cfg(feature = "rt")]
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for SpawnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "every slot of the task pool is taken",
            Self::TooLarge => "the slots of the task pool are too small",
            Self::Closed => "the executor has shut down",
            Self::NoExecutor => "there is no executor here that takes it",
            Self::NoPool => "the executor has no task pool",
        })
    }
}

/// What it means; the texts of the system stay with it.
#[cfg(feature = "defmt")]
impl defmt::Format for Error {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.kind().format(f);
    }
}

impl core::error::Error for SpawnFailure {}

impl core::error::Error for Error {
    /// What is behind the error whose text this one has, so that a chain of texts says nothing twice.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Timeout(error) => error.source(),
            Self::Task(error) => error.source(),
            Self::Spawn(error) => error.source(),
            Self::Closed | Self::Full => None,
            #[cfg(feature = "rt")]
            Self::Io(error) => error.source(),
        }
    }
}

impl From<Elapsed> for Error {
    fn from(error: Elapsed) -> Self {
        Self::Timeout(error)
    }
}

impl From<JoinError> for Error {
    fn from(error: JoinError) -> Self {
        Self::Task(error)
    }
}

impl<F> From<SpawnError<F>> for Error {
    fn from(error: SpawnError<F>) -> Self {
        Self::Spawn(match error {
            SpawnError::Full { .. } => SpawnFailure::Full,
            SpawnError::TooLarge { .. } => SpawnFailure::TooLarge,
            SpawnError::Closed(_) => SpawnFailure::Closed,
            SpawnError::NoPool(_) => SpawnFailure::NoPool,
            _ => SpawnFailure::NoExecutor,
        })
    }
}

impl From<SpawnFailure> for Error {
    fn from(error: SpawnFailure) -> Self {
        Self::Spawn(error)
    }
}

#[cfg(feature = "rt")]
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// For functions that speak `std::io`: the kind that comes nearest.
#[cfg(feature = "rt")]
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            ErrorKind::Timeout => Io::TimedOut,
            ErrorKind::Closed => Io::BrokenPipe,
            ErrorKind::Full => Io::WouldBlock,
            _ => Io::Other,
        };
        match error {
            Error::Io(error) => error,
            error => Self::new(kind, error),
        }
    }
}

/// Where the other side is gone.
macro_rules! closed {
    ($($(#[$meta:meta])* [$($generics:tt)*] $error:ty,)*) => {
        $($(#[$meta])* impl<$($generics)*> From<$error> for Error {
            fn from(_: $error) -> Self {
                Self::Closed
            }
        })*
    };
}
closed! {
    [] crate::sync::Closed,
    [T] crate::sync::SendError<T>,
}

impl<T> From<crate::sync::TrySendError<T>> for Error {
    fn from(error: crate::sync::TrySendError<T>) -> Self {
        match error {
            crate::sync::TrySendError::Full(_) => Self::Full,
            crate::sync::TrySendError::Closed(_) => Self::Closed,
        }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use std::io;
    use std::string::ToString;

    use super::{Error, ErrorKind, SpawnFailure};
    use crate::task::SpawnError;

    /// What each error of this crate becomes, and back as an error of I/O.
    #[test]
    fn every_error_keeps_its_meaning() {
        let spawn = |error: SpawnError<()>| Error::from(error);
        let table = [
            (Error::from(io::Error::from_raw_os_error(24)), ErrorKind::Io, None),
            (Error::from(io::Error::from(io::ErrorKind::TimedOut)), ErrorKind::Timeout, Some(io::ErrorKind::TimedOut)),
            (spawn(SpawnError::NoExecutor(())), ErrorKind::Runtime, Some(io::ErrorKind::Other)),
            (spawn(SpawnError::NoPool(())), ErrorKind::Runtime, Some(io::ErrorKind::Other)),
            (spawn(SpawnError::Closed(())), ErrorKind::Closed, Some(io::ErrorKind::BrokenPipe)),
            (
                spawn(SpawnError::Full { future: (), pool: "p", slots: 1 }),
                ErrorKind::Full,
                Some(io::ErrorKind::WouldBlock),
            ),
            (
                spawn(SpawnError::TooLarge { future: (), pool: "p", needed: 2, slot: 1 }),
                ErrorKind::Runtime,
                Some(io::ErrorKind::Other),
            ),
            (Error::from(crate::sync::SendError(5)), ErrorKind::Closed, Some(io::ErrorKind::BrokenPipe)),
            (Error::from(crate::sync::TrySendError::Full(5)), ErrorKind::Full, Some(io::ErrorKind::WouldBlock)),
            (Error::from(crate::sync::TrySendError::Closed(5)), ErrorKind::Closed, Some(io::ErrorKind::BrokenPipe)),
            (Error::from(SpawnFailure::Full), ErrorKind::Full, Some(io::ErrorKind::WouldBlock)),
        ];
        for (error, kind, back) in table {
            let text = error.to_string();
            assert_eq!(error.kind(), kind, "{text}");
            assert!(!text.ends_with('.') && !text.is_empty(), "{text}");
            let number = error.raw_os_error();
            let back_to_io = io::Error::from(error);
            match back {
                Some(expected) => assert_eq!(back_to_io.kind(), expected, "{text}"),
                None => assert_eq!((back_to_io.raw_os_error(), number), (Some(24), Some(24))),
            }
        }
    }

    #[test]
    fn tasks_and_timeouts_are_told_apart() {
        let runtime = crate::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let handle = crate::spawn(core::future::pending::<()>());
            handle.abort();
            assert_eq!(Error::from(handle.await.unwrap_err()).kind(), ErrorKind::Cancelled);
            let panicked = crate::spawn(async { panic!("on purpose") }).await;
            assert_eq!(Error::from(panicked.unwrap_err()).kind(), ErrorKind::Panic);
            let late = crate::time::timeout(core::time::Duration::ZERO, core::future::pending::<()>()).await;
            let error = Error::from(late.unwrap_err());
            assert_eq!((error.kind(), error.raw_os_error(), error.io_kind()), (ErrorKind::Timeout, None, None));
        });
    }
}
