//! Which runtime: an identity to print and compare.

use core::fmt;
use core::num::NonZeroUsize;

/// Which runtime, or which [`LocalSet`](crate::task::LocalSet). No two that there are at the same time have equal ids; a later
/// one may. A runtime is there while it has a [`Handle`](super::Handle).
///
/// # Examples
///
/// ```
/// use zokio::runtime::{Handle, Runtime};
///
/// let runtime = Runtime::new()?;
/// let inside = runtime.block_on(async { Handle::current().id() });
/// assert_eq!(inside, runtime.handle().id());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(NonZeroUsize);

impl Id {
    /// Of what it is, by the place in memory that is its own.
    pub(crate) fn of<T>(own: &T) -> Self {
        const { assert!(size_of::<T>() > 0, "it has a place") };
        Self(core::ptr::NonNull::from(own).addr())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0.get() / align_of::<usize>()).fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}
