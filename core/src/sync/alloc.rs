//! Waiters that own what they wait in, and what of the heap the primitives of this module use.

pub(super) use alloc::collections::VecDeque;
pub(super) use alloc::sync::Arc;
pub(super) use alloc::vec::Vec;

use super::waiters::{Home, Tag, Waiters};
use crate::lock::RawLock;

/// A primitive that is made of one wait list.
///
/// # Safety
///
/// `waiters` must answer the same part of `self` at every call.
pub(super) unsafe trait Houses<const LANES: usize> {
    /// The lock of the queue.
    type Lock: RawLock;
    /// The primitive's state.
    type State: ?Sized;
    /// What others tell a waiter.
    type Tag: Tag;

    /// The queue.
    fn waiters(&self) -> &Waiters<Self::Lock, Self::State, Self::Tag, LANES>;
}

// SAFETY: a part of what the count keeps alive; what is in an `Arc` does not move.
unsafe impl<T: Houses<LANES> + ?Sized, const LANES: usize> Home<LANES> for Arc<T> {
    type Lock = T::Lock;
    type State = T::State;
    type Tag = T::Tag;

    #[inline]
    fn waiters(&self) -> &Waiters<T::Lock, T::State, T::Tag, LANES> {
        (**self).waiters()
    }
}
