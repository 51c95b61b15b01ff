//! Handles that end their task with themselves: [`AbortOnDropHandle`] waits for it too, [`AbortOnDrop`] does not.

use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::error::JoinError;
use super::join::{AbortHandle, JoinHandle};

/// Waits for a task as a [`JoinHandle`] does, and aborts it when dropped.
///
/// # Cancel safety
///
/// Awaiting `&mut handle` loses nothing when dropped; dropping the handle itself aborts the task.
///
/// # Examples
///
/// ```
/// use zokio_core::task::{AbortOnDropHandle, JoinHandle};
///
/// /// The work ends with whoever waits for it.
/// async fn bounded(work: JoinHandle<u32>) -> Option<u32> {
///     AbortOnDropHandle::new(work).await.ok()
/// }
/// # let _ = bounded;
/// ```
#[must_use = "dropping it aborts the task"]
pub struct AbortOnDropHandle<T> {
    /// `None` after `detach` only.
    handle: Option<JoinHandle<T>>,
}

impl<T> AbortOnDropHandle<T> {
    /// Ends the task of `handle` with itself.
    pub fn new(handle: JoinHandle<T>) -> Self {
        Self { handle: Some(handle) }
    }

    /// Asks for the task to be cancelled; see [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.as_ref().abort();
    }

    /// Whether the task has completed, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.as_ref().is_finished()
    }

    /// A handle that can abort the task too.
    ///
    /// # Panics
    ///
    /// Panics where the output has been given already.
    #[track_caller]
    pub fn abort_handle(&self) -> AbortHandle {
        self.as_ref().abort_handle()
    }

    /// The plain handle: dropping it lets the task go on.
    pub fn detach(mut self) -> JoinHandle<T> {
        let handle = self.handle.take();
        mem::forget(self);
        handle.expect("only taken here")
    }
}

impl<T> AsRef<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn as_ref(&self) -> &JoinHandle<T> {
        self.handle.as_ref().expect("only taken by `detach`")
    }
}

impl<T> From<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn from(handle: JoinHandle<T>) -> Self {
        Self::new(handle)
    }
}

impl<T> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.handle.as_mut().expect("only taken by `detach`")).poll(cx)
    }
}

impl<T> Drop for AbortOnDropHandle<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}

impl<T> core::fmt::Debug for AbortOnDropHandle<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("AbortOnDropHandle").field(self.as_ref()).finish()
    }
}

/// Aborts a task when dropped: an [`AbortOnDropHandle`] for who does not wait for the output, of which its type says nothing.
///
/// # Examples
///
/// ```
/// use zokio_core::task::{AbortOnDrop, JoinHandle};
///
/// /// A device, and what runs for it while there is one.
/// struct Device {
///     _refresh: AbortOnDrop,
/// }
///
/// fn device(refresh: &JoinHandle<u32>) -> Device {
///     Device { _refresh: AbortOnDrop::new(refresh.abort_handle()) }
/// }
/// # let _ = device;
/// ```
#[must_use = "dropping it aborts the task"]
pub struct AbortOnDrop {
    /// `None` after `detach` only.
    handle: Option<AbortHandle>,
}

impl AbortOnDrop {
    /// Ends the task of `handle` with itself.
    pub fn new(handle: AbortHandle) -> Self {
        Self { handle: Some(handle) }
    }

    /// Asks for the task to be cancelled; see [`AbortHandle::abort`].
    pub fn abort(&self) {
        self.handle().abort();
    }

    /// Whether the task has completed, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle().is_finished()
    }

    /// The plain handle: dropping it lets the task go on.
    pub fn detach(mut self) -> AbortHandle {
        let handle = self.handle.take();
        mem::forget(self);
        handle.expect("only taken here")
    }

    fn handle(&self) -> &AbortHandle {
        self.handle.as_ref().expect("only taken by `detach`")
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}

impl core::fmt::Debug for AbortOnDrop {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("AbortOnDrop").field(self.handle()).finish()
    }
}
