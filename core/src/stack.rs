//! A box that many fill and anyone empties at once: one atomic operation to put a task in, one to take all.
//!
//! Used where tasks come from foreign threads: whoever takes the content gets it oldest first. A closed box takes nothing
//! and hands the task back (*no orphan*: who gets it back finishes it).

use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut, without_provenance_mut};

use crate::atomic::{AtomicPtr, Ordering};
use crate::const_fn;
use crate::task::{Link, Notified, TaskPtr};

/// Stands for "closed". Links are aligned, so none is here.
const CLOSED: *mut Link = without_provenance_mut(1);

/// Tasks for executor `S`, put in one by one and taken all at once.
///
/// *linked*: from the top, each link leads to the one put in before it, the first to null; each is owned by the box.
#[derive(Debug)]
pub struct TakeAll<S> {
    top: AtomicPtr<Link>,
    _tasks: PhantomData<fn(S)>,
}

impl<S> TakeAll<S> {
    const_fn! {
        /// An empty, open box.
        pub const fn new() -> Self {
            Self { top: AtomicPtr::new(null_mut()), _tasks: PhantomData }
        }
    }

    /// Puts a task in. `Ok(true)`: the box was empty.
    ///
    /// # Errors
    ///
    /// Gives the task back where the box is closed.
    ///
    /// # Cost
    ///
    /// A compare-and-swap, again for each other producer or taker that was faster.
    pub fn push(&self, task: Notified<S>) -> Result<bool, Notified<S>> {
        let link = task.into_ptr().link();
        // Ordering: relaxed: only compared, and never followed by a producer.
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            if top == CLOSED {
                // SAFETY: it came from a `Notified<S>` above, and was not published.
                return Err(unsafe { Notified::from_ptr(TaskPtr::from_link(link)) });
            }
            // SAFETY: the pusher owns the link of the task it pushes; relaxed: published by the exchange below.
            unsafe { link.as_ref() }.next.store(top, Ordering::Relaxed);
            // Ordering: the release pairs with the acquire of `swap`: the task and its link are visible to the taker.
            match self.top.compare_exchange_weak(top, link.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(top.is_null()),
                Err(now) => top = now,
            }
        }
    }

    /// Whether there is nothing in it. One load, of no ordering: a hint, unless a fence comes before it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let top = self.top.load(Ordering::Relaxed);
        top.is_null() || top == CLOSED
    }

    /// Takes all that is in it, oldest first.
    pub fn take_all(&self) -> Taken<S> {
        // Ordering: relaxed: only compared; a closed box must stay closed, hence no plain swap.
        let mut top = self.top.load(Ordering::Relaxed);
        while !top.is_null() && top != CLOSED {
            // Ordering: acquire: pairs with the release of `push`, of every task that is taken (the pushes form one
            // release sequence).
            match self.top.compare_exchange_weak(top, null_mut(), Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Taken::of(reverse(top, null_mut())),
                Err(now) => top = now,
            }
        }
        Taken::of(null_mut())
    }

    /// Closes the box and takes all that is in it. From now on it takes nothing.
    pub fn close(&self) -> Taken<S> {
        // Ordering: acquire as in `take_all`. It publishes nothing: who finds CLOSED reads it relaxed, and touches nothing.
        let top = self.top.swap(CLOSED, Ordering::Acquire);
        Taken::of(if top == CLOSED { null_mut() } else { reverse(top, null_mut()) })
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.top.load(Ordering::Relaxed) == CLOSED
    }
}

impl<S> Default for TakeAll<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Turns newest first into oldest first, up to `end`. The chain must be the caller's alone.
#[inline(always)]
pub(crate) fn reverse(mut link: *mut Link, end: *mut Link) -> *mut Link {
    let mut done = null_mut();
    while link != end {
        // SAFETY: *linked*, and taken: the chain is the taker's alone.
        let next = &unsafe { &*link }.next;
        let before = next.load(Ordering::Relaxed);
        next.store(done, Ordering::Relaxed);
        done = link;
        link = before;
    }
    done
}

/// Tasks that were taken from a box, oldest first. Those that are not asked for stay in it: ask for all.
#[must_use = "tasks that are not taken out are lost"]
#[derive(Debug)]
pub struct Taken<S> {
    first: *mut Link,
    _tasks: PhantomData<fn(S)>,
}

// SAFETY: a chain of `Notified<S>`, which are `Send`.
unsafe impl<S> Send for Taken<S> {}

impl<S> Taken<S> {
    fn of(first: *mut Link) -> Self {
        Self { first, _tasks: PhantomData }
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_null()
    }
}

impl<S> Iterator for Taken<S> {
    type Item = Notified<S>;

    fn next(&mut self) -> Option<Notified<S>> {
        let here = NonNull::new(self.first)?;
        // SAFETY: *linked*: the chain is this iterator's alone.
        self.first = unsafe { here.as_ref() }.next.load(Ordering::Relaxed);
        // SAFETY: `push` took a `Notified<S>` for it, and it has been taken out once.
        Some(unsafe { Notified::from_ptr(TaskPtr::from_link(here)) })
    }
}

impl<S> Drop for Taken<S> {
    fn drop(&mut self) {
        debug_assert!(self.first.is_null(), "tasks were left in a batch");
    }
}

#[cfg(all(test, loom, feature = "std"))]
mod models;
