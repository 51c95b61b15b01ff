//! [`scope`]: futures that run beside each other inside of one task, need not be `Send`, and may borrow.
//!
//! A scope is a future, and owns what is spawned in it: they are polled by its own poll, each when it was woken
//! ([`Children`]), and dropped with it. No pointer to one of them leaves the scope: a waker holds a number and a queue. So a
//! scope that is forgotten takes its futures with it, and they are never polled after what they borrow has gone. There is no
//! unsafe code here.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use crate::future::Children;
use crate::guard;
use crate::task::coop;

/// Runs `body` with a scope in which it can spawn futures that borrow; ends when `body` and all of them have.
///
/// The futures run in the task that awaits the scope, one at a time, each when it was woken. They may borrow what outlives
/// the scope, and need not be `Send`. What is spawned cannot borrow from `body` itself, nor leave the scope.
///
/// # Panics
///
/// A panic of `body` or of a future goes to who awaits the scope, and drops the others.
///
/// # Cancel safety
///
/// `body` is dropped, then what was spawned: nothing is left running. What had been computed is lost.
///
/// # Cost
///
/// A spawn allocates the future, what its handle reads, and, at a place that was not used before, its waker.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use zokio_core::task::scope;
///
/// # async fn example() {
/// let words = vec!["one".to_owned(), "two".to_owned()];
/// let letters = Cell::new(0);
/// scope(async |scope| {
///     for word in &words {
///         scope.spawn(async { letters.set(letters.get() + word.len()) });
///     }
/// })
/// .await;
/// assert_eq!(letters.get(), 6);
/// # }
/// ```
pub async fn scope<'env, T, B>(body: B) -> T
where
    B: AsyncFnOnce(&LocalScope<'env>) -> T,
{
    let scope = LocalScope::new();
    let mut body = pin!(body(&scope));
    let mut output = None;
    poll_fn(|cx| {
        scope.turn(cx, |cx| match &output {
            Some(_) => {}
            None => {
                if let Poll::Ready(done) = body.as_mut().poll(cx) {
                    output = Some(done);
                }
            }
        });
        match output.take() {
            Some(output) if scope.left.get() == 0 => Poll::Ready(output),
            running => {
                output = running;
                Poll::Pending
            }
        }
    })
    .await
}

/// The number of the body among the children.
const BODY: usize = 0;

type Part<'env> = Pin<Box<dyn Future<Output = ()> + 'env>>;

/// Where futures are spawned that may borrow for `'env`. Given by [`scope`] to its body.
pub struct LocalScope<'env> {
    children: RefCell<Children>,
    /// By their numbers; the body is not here.
    parts: RefCell<Vec<Option<Part<'env>>>>,
    free: RefCell<Vec<usize>>,
    left: Cell<usize>,
}

impl<'env> LocalScope<'env> {
    fn new() -> Self {
        let parts = RefCell::new(Vec::from([None]));
        Self { children: RefCell::new(Children::woken(1)), parts, free: RefCell::default(), left: Cell::new(0) }
    }

    /// Starts a future. It is polled for the first time after who spawned it has let go of the task.
    ///
    /// Dropping the handle lets the future go on; the scope waits for it.
    pub fn spawn<F>(&self, future: F) -> ScopedJoinHandle<F::Output>
    where
        F: Future<Output: 'env> + 'env,
    {
        let shared = Rc::new(Shared { output: Cell::new(None), joiner: Cell::new(None) });
        let handle = ScopedJoinHandle { shared: shared.clone() };
        let end = End { shared: Some(shared) };
        let part = Box::pin(async move {
            let output = future.await;
            end.with(output);
        });
        let free = self.free.borrow_mut().pop();
        let number = free.unwrap_or_else(|| {
            self.parts.borrow_mut().push(None);
            self.children.borrow_mut().add()
        });
        self.parts.borrow_mut()[number] = Some(part);
        self.left.set(self.left.get() + 1);
        self.children.borrow().wake(number);
        handle
    }

    /// Polls who was woken.
    fn turn(&self, cx: &mut Context<'_>, mut body: impl FnMut(&mut Context<'_>)) {
        self.children.borrow().register(cx.waker());
        let ready = self.children.borrow().ready();
        // Who is woken meanwhile, and what is spawned, has its turn at the next poll.
        for _ in 0..ready {
            // Gives the unit back at once, but counts a refusal: one that polls again without returning is heard some time.
            if coop::poll_proceed(cx).is_pending() {
                break;
            }
            let Some(number) = self.children.borrow().next() else { break };
            let waker: Waker = self.children.borrow().waker(number).clone();
            let mut cx = Context::from_waker(&waker);
            if number == BODY {
                body(&mut cx);
                continue;
            }
            // Out of its place while it is polled; in a panic it is dropped by the unwinding.
            let Some(mut part) = self.parts.borrow_mut()[number].take() else { continue };
            if part.as_mut().poll(&mut cx).is_pending() {
                self.parts.borrow_mut()[number] = Some(part);
            } else {
                self.free.borrow_mut().push(number);
                self.left.set(self.left.get() - 1);
            }
        }
        if self.children.borrow().ready() > 0 {
            cx.waker().wake_by_ref();
        }
    }
}

impl fmt::Debug for LocalScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalScope").field("left", &self.left.get()).finish_non_exhaustive()
    }
}

struct Shared<T> {
    output: Cell<Option<T>>,
    joiner: Cell<Option<Waker>>,
}

/// The future's own hold on what its handle reads. Dropped, whether the future has ended or not, it wakes who waits.
struct End<T> {
    shared: Option<Rc<Shared<T>>>,
}

impl<T> End<T> {
    fn with(self, output: T) {
        if let Some(shared) = &self.shared {
            shared.output.set(Some(output));
        }
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        let joiner = self.shared.as_ref().and_then(|shared| shared.joiner.take());
        // First: who is woken may look at once, and is to find that it is finished.
        self.shared = None;
        if let Some(joiner) = joiner {
            // In an unwinding a second panic would end the program.
            guard::swallow(|| joiner.wake());
        }
    }
}

/// Waits for a future of a [`scope`].
///
/// # Cancel safety
///
/// Awaiting `&mut handle` loses nothing when dropped. Dropping the handle lets the future go on.
#[must_use = "the scope waits for its futures without it; `drop` it to say so"]
pub struct ScopedJoinHandle<T> {
    shared: Rc<Shared<T>>,
}

impl<T> ScopedJoinHandle<T> {
    /// Whether the future is gone: complete, or dropped with its scope.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        Rc::strong_count(&self.shared) == 1
    }
}

impl<T> Future for ScopedJoinHandle<T> {
    type Output = T;

    /// # Panics
    ///
    /// Panics when polled after it was ready, and when the scope was dropped before the future was.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let Some(output) = self.shared.output.take() {
            return Poll::Ready(output);
        }
        assert!(!self.is_finished(), "the output of a scoped future was given already, or its scope is gone");
        self.shared.joiner.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").field("is_finished", &self.is_finished()).finish()
    }
}
