//! What can be cancelled without allocation: a source in a `static`, scopes pinned where they are used.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use super::tree::{Bell, Knot, Listen, Tree};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// The root of a tree of [`CancellationScope`]s, usually a `static`.
///
/// `CancellationToken` is the same in an `Arc`.
///
/// # Cost
///
/// To look is one load. To wait takes the lock of what is waited for, as any wait does; a scope's first use and its end
/// take the lock of the tree once, for a handful of instructions. [`cancel`](Self::cancel) is proportional to what hangs
/// below and waits; it takes the lock once for every few of them. It may be called from an interrupt where `L` may be taken
/// in one, if the wakes of all who wait may take that long there. The first use of a scope while others are cancelling does a
/// few steps of that, but for the wakes.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use std::pin::pin;
/// use zokio_core::sync::CancellationSource;
///
/// static STOP: CancellationSource = CancellationSource::new();
///
/// async fn serve() {
///     let session = pin!(STOP.child());
///     let session = session.as_ref();
///     let work = std::future::pending::<()>();
///     // `None`: the session, or everything, was cancelled.
///     assert_eq!(session.run_until_cancelled(work).await, None);
/// }
///
/// STOP.cancel();
/// # let mut serve = pin!(serve());
/// # let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(std::future::Future::poll(serve.as_mut(), cx).is_ready());
/// # }
/// ```
pub struct CancellationSource<L: RawLock = DefaultLock> {
    tree: Tree<L>,
}

impl CancellationSource {
    const_fn! {
        /// Makes one that is not cancelled.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[inline] // not generic: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<L: RawLock> CancellationSource<L> {
    const_fn! {
        /// Makes one that is not cancelled. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            Self { tree: Tree::new() }
        }
    }

    /// Makes a scope that is cancelled with this source, and can be cancelled alone. Pin it, and use it.
    pub fn child(&self) -> CancellationScope<'_, L> {
        CancellationScope { tree: &self.tree, parent: None, knot: Knot::new() }
    }

    /// Cancels every scope below the source, and then the source. For ever. An interrupt may find a scope cancelled and what is above
    /// it not yet: it must not spin until that is too.
    ///
    /// A waker that panics does not keep the others from being woken; the first panic goes on when all are. (Without `std` nobody
    /// catches it: where it is not the end of the program, those who were to be woken after it are not.)
    pub fn cancel(&self) {
        self.tree.cancel(None);
    }

    /// Whether it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.tree.root().is_cancelled()
    }

    /// Waits until it is cancelled.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub fn cancelled(&self) -> impl Future<Output = ()> {
        self.tree.root().waiters().wait(Listen)
    }

    /// Runs a future until it is ready or this is cancelled, whichever is first; `None` if it was cancelled.
    ///
    /// Where it is cancelled already the future is not polled; later, if both happen at once, the future wins.
    ///
    /// # Cancel safety
    ///
    /// That of the future, which is dropped when this is.
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        until(self.tree.root(), future).await
    }
}

impl Default for CancellationSource {
    #[inline] // as `new`
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<L: RawLock> core::fmt::Debug for CancellationSource<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CancellationSource").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

/// Something that is cancelled with its parent, and can be cancelled alone: a knot in the tree of a
/// [`CancellationSource`], in its user's memory.
///
/// It is used through a pin, and takes its place in the tree when it is first used; a parent that was cancelled before has
/// cancelled it then. When it is dropped, what is below it stays below its parent.
///
/// ```compile_fail,E0505
/// use zokio_core::{lock::LocalLock, sync::CancellationSource};
/// let source = CancellationSource::<LocalLock>::with_lock();
/// let scope = std::pin::pin!(source.child());
/// drop(source);
/// scope.as_ref().cancel();
/// ```
pub struct CancellationScope<'a, L: RawLock = DefaultLock> {
    tree: &'a Tree<L>,
    parent: Option<Pin<&'a Knot<L>>>,
    knot: Knot<L>,
}

impl<'a, L: RawLock> CancellationScope<'a, L> {
    /// The knot, in its place in the tree.
    fn knot(self: Pin<&Self>) -> Pin<&Knot<L>> {
        let (tree, parent) = (self.tree, self.parent);
        // SAFETY: the knot is pinned with the scope: nothing moves it out.
        let knot = unsafe { self.map_unchecked(|this| &this.knot) };
        if !knot.is_attached() {
            // SAFETY: *alive*: the destructor detaches it. *one tree*: the parent is of the same one, and attached.
            unsafe { tree.attach(parent, knot) };
        }
        knot
    }

    fn bell(self: Pin<&Self>) -> &Bell<L> {
        self.knot().get_ref().bell()
    }

    /// Makes a scope that is cancelled with this one. Pin it, and use it.
    pub fn child(self: Pin<&'a Self>) -> Self {
        Self { tree: self.tree, parent: Some(self.knot()), knot: Knot::new() }
    }

    /// Cancels every scope below this one, and then this one.
    ///
    /// A waker that panics does not keep the others from being woken; the first panic goes on when all are. (Without `std` nobody
    /// catches it: where it is not the end of the program, those who were to be woken after it are not.)
    pub fn cancel(self: Pin<&Self>) {
        self.tree.cancel(Some(self.knot().get_ref()));
    }

    /// Whether it is cancelled.
    pub fn is_cancelled(self: Pin<&Self>) -> bool {
        self.bell().is_cancelled()
    }

    /// Waits until it is cancelled.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub fn cancelled(self: Pin<&Self>) -> impl Future<Output = ()> {
        self.bell().waiters().wait(Listen)
    }

    /// Runs a future until it is ready or this is cancelled; see [`CancellationSource::run_until_cancelled`].
    ///
    /// # Cancel safety
    ///
    /// That of the future, which is dropped when this is.
    pub async fn run_until_cancelled<F: Future>(self: Pin<&Self>, future: F) -> Option<F::Output> {
        until(self.bell(), future).await
    }
}

impl<L: RawLock> Drop for CancellationScope<'_, L> {
    fn drop(&mut self) {
        self.tree.detach(&self.knot);
    }
}

impl<L: RawLock> core::fmt::Debug for CancellationScope<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CancellationScope").field("cancelled", &self.knot.bell().is_cancelled()).finish_non_exhaustive()
    }
}

/// Runs a future until the bell rings.
pub(super) async fn until<L: RawLock, F: Future>(bell: &Bell<L>, future: F) -> Option<F::Output> {
    if bell.is_cancelled() {
        return None;
    }
    let mut future = pin!(future);
    let mut cancelled = pin!(bell.waiters().wait(Listen));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => cancelled.as_mut().poll(cx).map(|()| None),
    })
    .await
}
