//! A oneshot on the heap: one allocation, freed by the half that is done last.

use alloc::boxed::Box;
use core::ops::Deref;
use core::ptr::NonNull;

use super::{Home, Oneshot, RECEIVER, ReceiverOf, SENDER, SenderOf, Word};

/// Sends one value; see [`SenderOf`] for what it can do.
pub type Sender<T> = SenderOf<Boxed<T>>;
/// Receives one value; see [`ReceiverOf`] for what it can do.
pub type Receiver<T> = ReceiverOf<Boxed<T>>;

/// Makes a channel for one value.
///
/// # Cost
///
/// One allocation, which the half that is done last frees.
///
/// # Examples
///
/// ```
/// # async fn example() {
/// use zokio_core::sync::oneshot;
///
/// let (sender, receiver) = oneshot::channel();
/// sender.send(42).expect("the receiver is there");
/// assert_eq!(receiver.await, Ok(42));
/// # }
/// # let mut example = core::pin::pin!(example());
/// # let cx = &mut core::task::Context::from_waker(core::task::Waker::noop());
/// # assert!(core::future::Future::poll(example.as_mut(), cx).is_ready());
/// ```
///
/// A half may go to another thread where the value may:
///
/// ```compile_fail,E0277
/// fn sent<T: Send>(_: T) {}
/// sent(zokio_core::sync::oneshot::channel::<*const u8>().0);
/// ```
#[inline]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    // Where it is to be, rather than moved there.
    let place = Box::leak(Box::new_uninit());
    let shared = NonNull::from(place.write(Oneshot { word: Word::new(SENDER | RECEIVER), ..Oneshot::new() }));
    (SenderOf::new(Boxed(shared)), ReceiverOf::new(Boxed(shared)))
}

/// A oneshot on the heap.
///
/// *two*: two of these are made for each, one in each half.
pub struct Boxed<T>(NonNull<Oneshot<T>>);

// SAFETY: as a reference to the oneshot, and the last one moves the value.
unsafe impl<T: Send> Send for Boxed<T> {}
// SAFETY: as a reference to the oneshot.
unsafe impl<T: Send> Sync for Boxed<T> {}

impl<T> Deref for Boxed<T> {
    type Target = Oneshot<T>;

    #[inline(always)]
    fn deref(&self) -> &Oneshot<T> {
        // SAFETY: *two* and *last*: it is freed by a `release` that consumes one where the other one is used no more.
        unsafe { self.0.as_ref() }
    }
}

// SAFETY: what is on the heap stays where it is.
unsafe impl<T> Home for Boxed<T> {
    type Value = T;

    #[inline]
    unsafe fn release(self) {
        // SAFETY: it came from a box, and the caller is the *last*.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl<T> core::fmt::Debug for Boxed<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        (**self).fmt(f)
    }
}
