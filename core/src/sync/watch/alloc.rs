//! A watched value in an `Arc`, with senders and receivers that are counted.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::mem::replace;
use core::task::Poll;
#[cfg(feature = "std")]
use core::time::Duration;

#[cfg(feature = "std")]
use super::access::Press;
use super::cell::{GONE, LANES, Ref, Watch};
use super::error::SendError;
use super::receiver::{Home, ReceiverOf};
use crate::atomic::{AtomicUsize, Ordering};
use crate::lock::DefaultLock;
use crate::sync::blocking;
use crate::sync::waiters::{Protocol, Section, Step};
use crate::task::coop::poll_done;

struct Shared<T> {
    watch: Watch<T>,
    receivers: AtomicUsize,
    senders: AtomicUsize,
}

/// Sees the latest value; see [`ReceiverOf`] for what it can do.
pub type Receiver<T> = ReceiverOf<Subscription<T>>;

/// What makes a receiver count as one.
pub struct Subscription<T>(Arc<Shared<T>>);

impl<T> Home for Subscription<T> {
    type Value = T;
    type Lock = DefaultLock;

    fn watch(&self) -> &Watch<T> {
        &self.0.watch
    }
}

impl<T> Clone for Subscription<T> {
    fn clone(&self) -> Self {
        subscribe(&self.0)
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        // Ordering: releases what this receiver did to whoever finds that none is left, which acquires it of all of them:
        // each takes from the count of the one before. The last one itself only wakes.
        if self.0.receivers.fetch_sub(1, Ordering::Release) == 1 {
            // Ordering: Relaxed: it sees the end of this one, or what came after; who subscribed since then, perhaps within a
            // waker, wakes the rest when it goes.
            self.0.watch.waiters.drain(GONE, (), |_| self.0.receivers.load(Ordering::Relaxed) > 0);
        }
    }
}

fn subscribe<T>(shared: &Arc<Shared<T>>) -> Subscription<T> {
    shared.receivers.fetch_add(1, Ordering::Relaxed);
    Subscription(shared.clone())
}

/// Makes a channel that keeps the latest value. The receiver has seen the first one.
///
/// # Cost
///
/// One allocation.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::watch;
///
/// let (sender, mut receiver) = watch::channel("hello");
/// assert_eq!(*receiver.borrow(), "hello");
/// sender.send("goodbye").expect("there is a receiver");
/// assert!(receiver.has_changed().expect("the sender is there"));
/// assert_eq!(*receiver.borrow_and_update(), "goodbye");
/// # }
/// ```
#[must_use = "a channel without a side does nothing"]
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(init);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// Sends values to the receivers of a channel, and looks at the latest.
///
/// Names and meaning are those of `tokio::sync::watch::Sender`.
///
/// # Blocking
///
/// Whoever changes the value waits on its thread until no receiver looks at it (see the module for why that ends), and
/// whoever looks waits while it is changed in place, and for short times where a sender waits. Without `std` there is nothing to
/// wait with, and both panic.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Makes a channel without a receiver.
    #[must_use]
    pub fn new(init: T) -> Self {
        let (receivers, senders) = (AtomicUsize::new(0), AtomicUsize::new(1));
        Self { shared: Arc::new(Shared { watch: Watch::with_lock(init), receivers, senders }) }
    }

    /// Sends a value: the old one is dropped, every receiver hears of it.
    ///
    /// Where somebody looks at the old one the thread waits until the look ends: for ever if the look is its own. So do all that
    /// change the value.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the value, if there is no receiver; the old value stays then. [`send_replace`](Self::send_replace)
    /// always replaces it.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        drop(self.replace(value, Watch::try_replace));
        Ok(())
    }

    /// Sends a value, whether there are receivers or not, and returns the old one.
    pub fn send_replace(&self, value: T) -> T {
        self.replace(value, Watch::try_replace_kept)
    }

    /// Replaces the value `at_once`, or when nobody looks at it any more.
    fn replace(&self, value: T, at_once: impl FnOnce(&Watch<T>, T) -> Result<T, T>) -> T {
        let watch = &self.shared.watch;
        at_once(watch, value).unwrap_or_else(|value| match presses(watch, watch.replace(value)) {
            Ok(old) => old,
            Err(_) => unreachable!("it is closed by the last sender, when that is dropped"),
        })
    }

    /// Changes the value in place, and every receiver hears of it.
    ///
    /// `modify` must not use the same channel. If it panics the channel stays as usable as before, with the value as it was
    /// left, and nobody is told of a change.
    ///
    /// # Panics
    ///
    /// If `modify` does.
    pub fn send_modify<F: FnOnce(&mut T)>(&self, modify: F) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place; every receiver hears of it if `modify` answers that it has changed. Returns that.
    ///
    /// `modify` must not use the same channel. If it panics the channel stays as usable as before, with the value as it was
    /// left, and nobody is told of a change.
    ///
    /// # Panics
    ///
    /// If `modify` does.
    pub fn send_if_modified<F: FnOnce(&mut T) -> bool>(&self, modify: F) -> bool {
        let watch = &self.shared.watch;
        let mut value = presses(watch, watch.write());
        let modified = modify(&mut value);
        if modified {
            value.modified();
        }
        modified
    }

    /// Looks at the value. Keep the look short: who sends a new one waits for its end.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.watch.borrow()
    }

    /// Whether there is no receiver. One may still subscribe.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// Takes a unit of budget where it begins, so that a loop of it gives way; then it asks for none, and hears of the end
    /// whatever else is done in its task.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn closed(&self) {
        let mut began = false;
        poll_fn(|cx| if replace(&mut began, true) { Poll::Ready(()) } else { poll_done(cx) }).await;
        self.shared.watch.waiters.wait(Gone { receivers: &self.shared.receivers }).await;
    }

    /// Makes a receiver, which has seen the value that is there.
    #[must_use = "a receiver that is dropped hears nothing"]
    pub fn subscribe(&self) -> Receiver<T> {
        ReceiverOf::new(subscribe(&self.shared))
    }

    /// Receivers that there are.
    pub fn receiver_count(&self) -> usize {
        // Ordering: acquires what receivers did that are gone; pairs with the drop of a subscription.
        self.shared.receivers.load(Ordering::Acquire)
    }

    /// Senders that there are.
    pub fn sender_count(&self) -> usize {
        self.shared.senders.load(Ordering::Relaxed)
    }

    /// Whether both send to the same receivers.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> ReceiverOf<Subscription<T>> {
    /// Whether both receive from the same senders.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.home().0, &other.home().0)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // Ordering: what each sender did is before the close that the last one does.
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.watch.close();
        }
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> core::fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sender").field("receivers", &self.receiver_count()).finish_non_exhaustive()
    }
}

impl<T> core::fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// Waits on this thread for `alone`, which needs the value while nobody looks at it, and presses for that from time to time.
#[cfg(feature = "std")]
fn presses<T, F: Future>(watch: &Watch<T>, alone: F) -> F::Output {
    /// For how many milliseconds it waits first, and lets others wait first.
    const SHORTEST: u8 = 1;
    const LONGEST: u8 = 128;

    struct Turns<'a, T> {
        watch: &'a Watch<T>,
        presses: bool,
        /// Where this one is who presses: of several one that is as long as any, so that its turn is a whole one.
        press: Option<Press>,
        millis: u8,
    }
    impl<T> Turns<'_, T> {
        /// The other turn: how long it is.
        fn next(&mut self) -> Duration {
            let millis = self.millis;
            self.presses = !self.presses;
            if self.presses {
                self.press = self.watch.press(millis);
            } else {
                self.ease();
                self.millis = LONGEST.min(millis.saturating_mul(2));
            }
            Duration::from_millis(millis.into())
        }

        fn ease(&mut self) {
            if let Some(press) = self.press.take() {
                self.watch.ease(press);
            }
        }
    }
    impl<T> Drop for Turns<'_, T> {
        fn drop(&mut self) {
            self.ease();
        }
    }
    let mut turns = Turns { watch, presses: false, press: None, millis: SHORTEST };
    blocking::wait_in_turns(alone, Duration::from_millis(SHORTEST.into()), || turns.next())
}

/// Waits for `alone`, without a thread that could.
#[cfg(not(feature = "std"))]
fn presses<T, F: Future>(_: &Watch<T>, alone: F) -> F::Output {
    blocking::wait(alone, "a watched value is borrowed while a new one is sent")
}

/// A sender that waits until nobody is subscribed.
struct Gone<'a> {
    receivers: &'a AtomicUsize,
}

impl Protocol<LANES> for Gone<'_> {
    type State = usize;
    type Tag = ();
    type Output = ();
    const LANE: usize = GONE;
    const FREE: bool = true;

    fn poll(&mut self, _: &mut Section<'_, usize, (), LANES>, _: Option<()>) -> Step<(), ()> {
        // Ordering: acquires what receivers did that are gone. The last one looks for those who wait under the lock, which
        // is held here: it finds this one, or this one finds that it is gone.
        if self.receivers.load(Ordering::Acquire) == 0 { Step::Ready(()) } else { Step::Wait(()) }
    }

    fn cancel(&mut self, _: &mut Section<'_, usize, (), LANES>, (): ()) {}
}
