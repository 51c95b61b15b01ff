//! A cell for one waker: where an interrupt or a reactor finds the task that waits for it.

use core::task::Waker;

use crate::const_fn;
use crate::lock::{DefaultLock, Lock, RawLock};
use crate::task::waker;

/// Holds the waker of one waiting task.
///
/// The waiter registers *first* and looks at its condition *afterwards*; whoever makes the condition true does so first
/// and wakes afterwards. Then no wake-up is lost: if `wake` ran before `register`, the lock between them makes the
/// condition visible to the look that follows; if it ran after, it found the waker.
///
/// One waiter: a second one that registers takes the place of the first, which is woken so that it can look again and
/// is not forgotten. Two tasks that keep waiting on one cell therefore keep waking each other; use a queue for them.
///
/// # Cost
///
/// Every operation takes the lock once, for a handful of instructions; wakers are cloned, woken and dropped outside of
/// it, but for those of static tasks, which on one core are woken in the same section. [`wake`](Self::wake) may be called from an interrupt where `L` may be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use core::sync::atomic::{AtomicBool, Ordering};
/// use core::task::{Context, Poll, Waker};
/// use zokio_core::sync::WaitCell;
///
/// static CELL: WaitCell = WaitCell::new();
/// static READY: AtomicBool = AtomicBool::new(false);
///
/// fn poll_ready(cx: &mut Context<'_>) -> Poll<()> {
///     CELL.register(cx.waker());
///     if READY.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
/// }
///
/// fn interrupt() {
///     READY.store(true, Ordering::Release);
///     CELL.wake();
/// }
///
/// let cx = &mut Context::from_waker(Waker::noop());
/// assert!(poll_ready(cx).is_pending());
/// interrupt();
/// assert!(poll_ready(cx).is_ready());
/// # }
/// ```
pub struct WaitCell<L = DefaultLock> {
    waker: Lock<L, Option<Waker>>,
}

impl<L: RawLock> WaitCell<L> {
    const_fn! {
        /// Makes a cell in which nobody waits.
        #[must_use]
        pub const fn new() -> Self {
            // SAFETY: *unnested*: what runs under it is here, and no foreign code.
            Self { waker: unsafe { Lock::any(None) } }
        }
    }

    /// Stores `waker` as the one to wake. One that would wake the same task already is kept; another one is replaced
    /// and woken.
    pub fn register(&self, waker: &Waker) {
        // Cloned before the lock is known to need it: a clone costs nothing for a static task and one atomic operation
        // for a counted one, a second section costs two.
        let mut waker = Some(waker::clone(waker));
        let replaced = self.waker.with(|stored| {
            let kept = stored.as_ref().is_some_and(|stored| waker.as_ref().is_some_and(|new| stored.will_wake(new)));
            if !kept {
                core::mem::swap(stored, &mut waker);
            }
            !kept
        });
        // What `waker` holds now is the old one, or the clone that was not needed.
        match waker {
            Some(old) if replaced => old.wake(),
            spare => drop(spare.and_then(waker::drop_within)),
        }
    }

    /// Wakes the task that waits and empties the cell. Returns whether there was one.
    pub fn wake(&self) -> bool {
        let (found, foreign) =
            self.waker.with_held(|stored, held| (stored.is_some(), waker::wake_or_take(stored, &held)));
        if let Some(foreign) = foreign {
            foreign.wake(|| self.take());
        }
        found
    }

    /// Empties the cell without waking.
    #[must_use = "the waker is taken out to be woken or dropped"]
    pub fn take(&self) -> Option<Waker> {
        self.waker.with(Option::take)
    }
}

impl Default for WaitCell {
    #[inline] // as `new`
    fn default() -> Self {
        Self::new()
    }
}

impl<L> core::fmt::Debug for WaitCell<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitCell").finish_non_exhaustive()
    }
}
