//! What can be cancelled from anywhere: tokens in an `Arc`.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::source::until;
use super::tree::{Bell, Knot, Listen, Tree};
use crate::future::project;
use crate::lock::DefaultLock;
use crate::sync::waiters::{Home, Waiter, Waiters, Waiting};

/// A request to stop, for everybody who has a clone of it or one of its children.
///
/// Names and meaning are those of `tokio_util::sync::CancellationToken`. [`CancellationSource`](super::CancellationSource)
/// is the same without allocation.
///
/// A token whose last clone is dropped is gone; its children are then children of its parent. Nothing recurses: a chain of a
/// million tokens is dropped, or cancelled, by a loop.
///
/// # Cost
///
/// A token is one allocation. To look is one load. To make a child and to drop the last clone of one takes the lock of the
/// tree once, for a handful of instructions; to wait takes the lock of this token. [`cancel`](Self::cancel) is
/// proportional to what hangs below and waits, and takes the lock of the tree once for every few of them. Who makes a child
/// while others are cancelling does a few steps of that, but for the wakes.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::CancellationToken;
///
/// let server = CancellationToken::new();
/// let connection = server.child_token();
/// let request = connection.child_token();
///
/// connection.cancel();
/// assert!(request.is_cancelled());
/// assert!(!server.is_cancelled());
/// # }
/// ```
#[derive(Clone)]
pub struct CancellationToken(Place);

#[derive(Clone)]
enum Place {
    Root(Arc<Tree<DefaultLock>>),
    Below(Arc<Node>),
}

/// A token that is not the first of its tree.
struct Node {
    tree: Arc<Tree<DefaultLock>>,
    knot: Knot<DefaultLock>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.tree.detach(&self.knot);
    }
}

impl core::panic::UnwindSafe for CancellationToken {}
impl core::panic::RefUnwindSafe for CancellationToken {}

impl CancellationToken {
    /// Makes a token that is not cancelled, the first of a tree.
    #[must_use]
    pub fn new() -> Self {
        Self(Place::Root(Arc::new(Tree::new())))
    }

    fn tree(&self) -> &Arc<Tree<DefaultLock>> {
        match &self.0 {
            Place::Root(tree) => tree,
            Place::Below(node) => &node.tree,
        }
    }

    fn knot(&self) -> Option<&Knot<DefaultLock>> {
        match &self.0 {
            Place::Root(_) => None,
            Place::Below(node) => Some(&node.knot),
        }
    }

    fn bell(&self) -> &Bell<DefaultLock> {
        match &self.0 {
            Place::Root(tree) => tree.root(),
            Place::Below(node) => node.knot.bell(),
        }
    }

    /// Makes a token that is cancelled with this one, and can be cancelled alone. Where this one is cancelled it is too.
    #[must_use]
    pub fn child_token(&self) -> Self {
        let tree = self.tree();
        let node = Arc::new(Node { tree: tree.clone(), knot: Knot::new() });
        // SAFETY: it is in an `Arc`, which does not move it and drops it in its place.
        let knot = unsafe { Pin::new_unchecked(&node.knot) };
        // SAFETY: as above.
        let parent = self.knot().map(|knot| unsafe { Pin::new_unchecked(knot) });
        // SAFETY: *alive*: the node's destructor detaches it. *one tree*: the parent was attached to it when it was made.
        unsafe { tree.attach(parent, knot) };
        Self(Place::Below(node))
    }

    /// Cancels all that is below the token, and then the token. For ever; to cancel again does nothing. Whoever sees that the token is
    /// cancelled, or is woken by that, finds all below it cancelled. (Who finds one below cancelled may find the token not yet cancelled,
    /// for a moment: as long as who cancels it takes for what is below.)
    ///
    /// A waker that panics does not keep the others from being woken; the first panic goes on when all are. (Without `std` nobody
    /// catches it: where it is not the end of the program, those who were to be woken after it are not.)
    pub fn cancel(&self) {
        self.tree().cancel(self.knot());
    }

    /// Whether the token is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.bell().is_cancelled()
    }

    /// Waits until the token is cancelled; ready at once if it is.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        WaitForCancellationFuture { wait: self.bell().waiters().wait(Listen) }
    }

    /// As [`cancelled`](Self::cancelled), with a future that borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped; this clone of the token goes with it.
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        WaitForCancellationFutureOwned { wait: Waiter::new(self, Listen) }
    }

    /// Makes a guard that cancels the token when it is dropped.
    pub fn drop_guard(self) -> DropGuard {
        DropGuard(Some(self))
    }

    /// Makes a guard that borrows the token and cancels it when it is dropped.
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef(Some(self))
    }

    /// Runs a future until it is ready or the token is cancelled, whichever is first; `None` if it was cancelled.
    ///
    /// Where the token is cancelled already the future is not polled; later, if both happen at once, the future wins.
    ///
    /// # Cancel safety
    ///
    /// That of the future, which is dropped when this is.
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        until(self.bell(), future).await
    }

    /// As [`run_until_cancelled`](Self::run_until_cancelled), with a future that borrows nothing of the token.
    ///
    /// # Cancel safety
    ///
    /// That of the future, which is dropped when this is.
    pub async fn run_until_cancelled_owned<F: Future>(self, future: F) -> Option<F::Output> {
        until(self.bell(), future).await
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

/// Clones of one token are equal; a child is another token.
impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Place::Root(left), Place::Root(right)) => Arc::ptr_eq(left, right),
            (Place::Below(left), Place::Below(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl Eq for CancellationToken {}

impl core::hash::Hash for CancellationToken {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        match &self.0 {
            Place::Root(tree) => Arc::as_ptr(tree).hash(state),
            Place::Below(node) => Arc::as_ptr(node).hash(state),
        }
    }
}

impl core::fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

// SAFETY: one bell, in an `Arc`, which this keeps and which does not move.
unsafe impl Home<1> for CancellationToken {
    type Lock = DefaultLock;
    type State = bool;
    type Tag = ();

    fn waiters(&self) -> &Waiters<DefaultLock, bool, ()> {
        self.bell().waiters()
    }
}

/// Waits until a token is cancelled; see [`CancellationToken::cancelled`]. Once it has been ready it stays ready.
#[must_use = "futures do nothing unless polled"]
pub struct WaitForCancellationFuture<'a> {
    wait: Waiting<'a, DefaultLock, Listen, 1>,
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (wait,) = project!(self => wait);
        wait.poll(cx)
    }
}

impl core::fmt::Debug for WaitForCancellationFuture<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitForCancellationFuture").finish_non_exhaustive()
    }
}

/// Waits until a token is cancelled; see [`CancellationToken::cancelled_owned`]. Once it has been ready it stays ready.
#[must_use = "futures do nothing unless polled"]
pub struct WaitForCancellationFutureOwned {
    wait: Waiter<CancellationToken, Listen, 1>,
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (wait,) = project!(self => wait);
        wait.poll(cx)
    }
}

impl core::fmt::Debug for WaitForCancellationFutureOwned {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WaitForCancellationFutureOwned").finish_non_exhaustive()
    }
}

/// Cancels a token when it is dropped.
#[derive(Debug)]
#[must_use = "the token is cancelled as soon as the guard is dropped"]
pub struct DropGuard(Option<CancellationToken>);

impl DropGuard {
    /// Returns the token, which is not cancelled by the guard any more.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn disarm(mut self) -> CancellationToken {
        self.0.take().expect("only `disarm` takes it")
    }
}

impl DropGuard {
    /// The token.
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        self.0.as_ref().expect("only `disarm` takes it")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.0 {
            token.cancel();
        }
    }
}

/// Cancels a token, which it borrows, when it is dropped.
#[derive(Debug)]
#[must_use = "the token is cancelled as soon as the guard is dropped"]
pub struct DropGuardRef<'a>(Option<&'a CancellationToken>);

impl<'a> DropGuardRef<'a> {
    /// Returns the token, which is not cancelled by the guard any more.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn disarm(mut self) -> &'a CancellationToken {
        self.0.take().expect("only `disarm` takes it")
    }
}

impl DropGuardRef<'_> {
    /// The token.
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        self.0.expect("only `disarm` takes it")
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.0 {
            token.cancel();
        }
    }
}
