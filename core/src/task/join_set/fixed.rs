//! A set with so many places.

use core::marker::PhantomData;
use core::task::Waker;

use super::{JoinSetOf, Places, wake_with};
use crate::task::{AbortHandle, JoinHandle};

/// Join handles of up to `N` tasks, given back as the tasks end; without an allocator.
///
/// Of tasks that have ended between two looks any may come first, and none is passed over more than once by each other place.
///
/// # Cost
///
/// `N` handles in the set itself. No allocation, no lock of its own. A look that finds nothing writes the waker down at each
/// task, so it is for a handful of tasks; the growing `JoinSet` asks none but those that ended.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::task::{FixedJoinSet, JoinHandle};
///
/// async fn sum(mut parts: FixedJoinSet<u32, 4>) -> u32 {
///     let mut sum = 0;
///     while let Some(part) = parts.join_next().await {
///         sum += part.unwrap_or(0);
///     }
///     sum
/// }
///
/// fn gather(handles: [JoinHandle<u32>; 2]) -> impl Future<Output = u32> {
///     let mut parts = FixedJoinSet::new();
///     for handle in handles {
///         // Not more than four.
///         let _ = parts.insert(handle);
///     }
///     sum(parts)
/// }
/// # let _ = gather;
/// # }
/// ```
pub type FixedJoinSet<T, const N: usize> = JoinSetOf<T, Fixed<T, N>>;

/// So many places.
#[derive(Debug)]
pub struct Fixed<T, const N: usize> {
    handles: [Option<JoinHandle<T>>; N],
    len: usize,
    /// Where the next look begins: behind the task that was given last, so that none is passed over for ever.
    from: usize,
    /// Who found nothing at the last look: for tasks that come in after it.
    waiter: Option<Waker>,
}

impl<T, const N: usize> Fixed<T, N> {
    const NONE: Self = Self { handles: [const { None }; N], len: 0, from: 0, waiter: None };

    /// The first place, from where a look begins, that `ended` says so of.
    fn find(&mut self, mut ended: impl FnMut(&mut JoinHandle<T>) -> bool) -> Option<usize> {
        let (before, after) = self.handles.split_at_mut(self.from);
        let after = (self.from..).zip(after);
        after.chain((0..).zip(before)).find_map(|(place, handle)| ended(handle.as_mut()?).then_some(place))
    }
}

impl<T, const N: usize> Places<T> for Fixed<T, N> {
    fn all(&mut self) -> &mut [Option<JoinHandle<T>>] {
        &mut self.handles
    }

    fn len(&self) -> usize {
        self.len
    }

    fn ended(&mut self) -> Option<usize> {
        self.find(|handle| handle.is_finished())
    }

    fn ended_or_wake(&mut self, waker: &Waker) -> Option<usize> {
        if let Some(place) = self.ended() {
            return Some(place);
        }
        if !self.waiter.as_ref().is_some_and(|waiter| waiter.will_wake(waker)) {
            self.waiter = Some(waker.clone());
        }
        // Who ended after the first look is found by this one, or wakes.
        self.find(|handle| !handle.wake_with(waker))
    }

    fn vacate(&mut self, place: usize) -> Option<JoinHandle<T>> {
        let handle = self.handles.get_mut(place)?.take()?;
        self.len -= 1;
        self.from = (place + 1) % N;
        Some(handle)
    }

    fn renew(&mut self) -> Self {
        let waiter = self.waiter.take();
        core::mem::replace(self, Self { waiter, ..Self::NONE })
    }
}

impl<T, const N: usize> JoinSetOf<T, Fixed<T, N>> {
    /// An empty set. With `N` zero it takes no task.
    #[must_use]
    pub const fn new() -> Self {
        Self { places: Fixed::NONE, _output: PhantomData }
    }

    /// Tasks that the set can hold: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Adds a task by its handle, and returns one that can abort it.
    ///
    /// # Errors
    ///
    /// The handle, if the set is full. The task goes on.
    ///
    /// # Panics
    ///
    /// Panics where the handle has given its output already. A panic of a waker goes on, and leaves the task in the set.
    #[track_caller]
    pub fn insert(&mut self, handle: JoinHandle<T>) -> Result<AbortHandle, JoinHandle<T>> {
        let abort = handle.abort_handle();
        let Fixed { handles, len, waiter, .. } = &mut self.places;
        let Some(place) = handles.iter_mut().find(|place| place.is_none()) else { return Err(handle) };
        // In its place first: clone and wake of the waiter are foreign code, and the drop of a waker that the handle had.
        let handle = place.insert(handle);
        *len += 1;
        if let Some(waiter) = waiter {
            wake_with(handle, waiter, || waiter.wake_by_ref());
        }
        Ok(abort)
    }
}

impl<T, const N: usize> Default for JoinSetOf<T, Fixed<T, N>> {
    fn default() -> Self {
        Self::new()
    }
}
