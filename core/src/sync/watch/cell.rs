//! The watched value.

use core::future::Future;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use super::access::Access;
#[cfg(feature = "std")]
use super::access::Press;
use super::error::{SendError, TrySendError};
use super::here;
use super::receiver::BorrowedReceiver;
use crate::atomic::{AtomicUsize, Ordering, UnsafeCell};
use crate::const_fn;
#[cfg(feature = "std")]
use crate::guard;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::blocking;
use crate::sync::waiters::{Batch, Protocol, Section, Step, Waiters, Wakes};

/// Those who wait for a change.
pub(super) const WAITING: usize = 0;
/// Those whom a change reached, or who may look for access, and who have yet to be woken.
const LEAVING: usize = 1;
/// Those who wait for access to the value.
const ACCESS: usize = 2;
/// Those who wait until nobody is subscribed.
#[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
pub(super) const GONE: usize = 3;
pub(super) const LANES: usize = 4;

/// In a version: nothing will be sent any more. What counts changes is above it.
const CLOSED: usize = 1;
/// One change.
const CHANGE: usize = 2;

/// A value of which every subscriber sees the latest state, though not every state in between.
///
/// # Units
///
/// Changes are counted in a word less one bit: a receiver that did not look for exactly 2^31 changes (on a 32-bit target)
/// takes the value for the one it has seen.
///
/// # Cost
///
/// [`try_send`](Self::try_send) takes the lock once, and once more for every 8 who wait; [`send`](Self::send) once more than that,
/// or twice where somebody waits. To look is two read-modify-writes and no lock; to wait takes the lock as any wait. `try_send`,
/// which drops the old value there, and [`try_borrow`](Self::try_borrow) may be called from an interrupt where `L` may be taken in
/// one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Watch;
///
/// static LEVEL: Watch<u32> = Watch::new(0);
///
/// async fn follow() {
///     let mut level = LEVEL.subscribe();
///     while level.changed().await.is_ok() {
///         let now = *level.borrow_and_update();
///         // use `now`
///         # let _ = now;
///     }
/// }
///
/// LEVEL.try_send(7).expect("nobody is looking");
/// assert_eq!(*LEVEL.borrow(), 7);
/// # let _ = follow();
/// # }
/// ```
///
/// It may be shared between threads where its value may be sent and shared:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<zokio_core::sync::Watch<core::cell::Cell<u8>>>();
/// ```
pub struct Watch<T, L: RawLock = DefaultLock> {
    pub(super) waiters: Waiters<L, usize, (), LANES>,
    /// The version, which is the state of `waiters`, for those who only look.
    version: AtomicUsize,
    access: Access,
    value: UnsafeCell<T>,
}

// SAFETY: *shared* and *exclusive*: threads look at the value at once, and one of them may move it out.
unsafe impl<T: Send + Sync, L: RawLock + Sync> Sync for Watch<T, L> {}

// What is changed in place when a closure panics is the value, which stays as it was left; that is said there.
impl<T, L: RawLock> core::panic::UnwindSafe for Watch<T, L> {}
impl<T, L: RawLock> core::panic::RefUnwindSafe for Watch<T, L> {}

type Inner<'s> = Section<'s, usize, (), LANES>;

impl<T> Watch<T> {
    const_fn! {
        /// Makes one with a value that nobody has to hear of.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self::with_lock(value)
        }
    }
}

impl<T, L: RawLock> Watch<T, L> {
    const_fn! {
        /// Makes one with a value that nobody has to hear of. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock(value: T) -> Self {
            Self {
                waiters: Waiters::new(0),
                version: AtomicUsize::new(0),
                access: Access::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// Subscribes: the value that is there counts as seen.
    pub fn subscribe(&self) -> BorrowedReceiver<'_, T, L> {
        BorrowedReceiver::new(self)
    }

    /// Sends a new value, once nobody looks at the old one, which is dropped.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the value, if it is closed, also while this waits.
    ///
    /// # Cancel safety
    ///
    /// The value is in the future until it is sent: dropping the future before that drops it.
    pub async fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.replace(value).await.map(drop).map_err(SendError)
    }

    /// Sends a new value, if nobody looks at the old one, which is dropped.
    ///
    /// # Errors
    ///
    /// With the value: [`TrySendError::Borrowed`] if somebody looks, [`TrySendError::Closed`] if it is closed.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.try_replace(value).map(drop).map_err(|value| match self.is_closed() {
            true => TrySendError::Closed(value),
            false => TrySendError::Borrowed(value),
        })
    }

    /// Looks at the value. On `std` it may have to give way to a thread that waits to send; see the module.
    ///
    /// # Panics
    ///
    /// Without `std`, if the value is being changed in place, which only `send_modify` and its like do.
    pub fn borrow(&self) -> Ref<'_, T, L> {
        if self.look() {
            return Ref::new(self);
        }
        blocking::wait(self.read(), "a watched value is looked at while it is changed")
    }

    /// Begins to look, if there is nobody to wait for. Who has a look already gives way to nobody: the sender would wait for that.
    fn look(&self) -> bool {
        self.access.try_read() || here::looks() && self.access.try_read_at_once()
    }

    /// Looks at the value, unless it is being changed in place. Gives way to nobody.
    pub fn try_borrow(&self) -> Option<Ref<'_, T, L>> {
        if self.access.try_read_at_once() {
            return Some(Ref::new(self));
        }
        // A value that is only being replaced is there when the lock is.
        self.waiters.with(|_| self.access.try_read_at_once()).then(|| Ref::new(self))
    }

    /// Says that nothing will be sent any more, which wakes everybody who waits for a change, or to send. Returns whether it
    /// was open.
    pub fn close(&self) -> bool {
        let open = self.waiters.with(|section| {
            let open = *section.state & CLOSED == 0;
            self.set_version(section, |version| version | CLOSED);
            section.append(WAITING, LEAVING);
            self.call(section);
            open
        });
        // Nobody begins to wait for a change of a closed one, so this ends.
        self.waiters.drain(LEAVING, (), |_| false);
        open
    }

    /// Whether it is closed. The last value is still there.
    pub fn is_closed(&self) -> bool {
        self.load() & CLOSED != 0
    }

    /// The version of the value, and whether it is closed.
    pub(super) fn load(&self) -> usize {
        // Ordering: acquires what was done before the change; pairs with `set_version`.
        self.version.load(Ordering::Acquire)
    }

    /// Changes the version: *version*.
    fn set_version(&self, section: &mut Inner<'_>, change: impl FnOnce(usize) -> usize) {
        *section.state = change(*section.state);
        // Ordering: releases the change to those who only look at the version.
        self.version.store(*section.state, Ordering::Release);
    }

    /// Puts a value in the place of the old one, if it is open and nobody looks at it.
    fn put(&self, section: &mut Inner<'_>, value: T) -> Result<T, T> {
        if *section.state & CLOSED != 0 || !self.access.try_write() {
            return Err(value);
        }
        // SAFETY: *exclusive*.
        let old = self.value.with_mut(|place| core::mem::replace(unsafe { &mut *place }, value));
        self.changed(section);
        // Those who gave way.
        if self.access.end_write() {
            self.call(section);
        }
        Ok(old)
    }

    /// The value has changed: those who wait for that are to leave.
    fn changed(&self, section: &mut Inner<'_>) {
        self.set_version(section, |version| version.wrapping_add(CHANGE));
        section.append(WAITING, LEAVING);
    }

    /// Wakes those who are to leave, and whom `step` takes out in the same section.
    fn wake_leaving(&self, mut step: impl FnMut(&mut Inner<'_>) -> bool) -> Wakes {
        let mut wakes = Wakes::new();
        while {
            let mut batch = Batch::new();
            let more = self.waiters.collect(&mut batch, &mut step);
            wakes.wake(batch);
            more
        } {}
        wakes
    }

    /// Replaces the value at once, if it is open and nobody looks at it, for who does not keep the old one.
    pub(super) fn try_replace(&self, value: T) -> Result<T, T> {
        let (answer, wakes) = self.replace_now(value);
        wakes.finish();
        answer
    }

    /// As [`try_replace`](Self::try_replace), for who gets the old value, and keeps it where a waker panics.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
    pub(super) fn try_replace_kept(&self, value: T) -> Result<T, T> {
        let (answer, wakes) = self.replace_now(value);
        wakes.discard();
        answer
    }

    fn replace_now(&self, value: T) -> (Result<T, T>, Wakes) {
        let mut value = Some(value);
        let mut answer = None;
        let mut version = 0;
        let wakes = self.wake_leaving(|section| {
            if let Some(value) = value.take() {
                let put = answer.insert(self.put(section, value));
                if put.is_err() {
                    // Those in that lane are of an earlier change or end, whose author goes on: the version is what it was.
                    return false;
                }
                version = *section.state;
            }
            // A later change owns everybody in that lane: it has put its own behind ours, and wakes them all.
            *section.state == version && section.pop(LEAVING, ())
        });
        (answer.expect("the first step has put it"), wakes)
    }

    /// Replaces the value once nobody looks at it; gives it back where it is closed before.
    pub(super) fn replace(&self, value: T) -> impl Future<Output = Result<T, T>> {
        self.waiters.wait(Replace { watch: self, value: Some(value) })
    }

    /// Looks at the value once nobody changes it or presses for it.
    pub(super) fn read(&self) -> impl Future<Output = Ref<'_, T, L>> {
        self.waiters.wait(Read { watch: self })
    }

    /// Takes the value alone once nobody looks at it or changes it.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
    pub(super) fn write(&self) -> impl Future<Output = Writing<'_, T, L>> {
        self.waiters.wait(Write { watch: self })
    }

    /// Has those who come to look give way for so long: until [`ease`](Self::ease), or until somebody has had the value alone.
    /// Nothing where another press that is as long is not over.
    #[cfg(feature = "std")]
    pub(super) fn press(&self, millis: u8) -> Option<Press> {
        self.waiters.with(|_| self.access.press(millis))
    }

    /// Those who come to look give way no more, unless the press is over already.
    #[cfg(feature = "std")]
    pub(super) fn ease(&self, press: Press) {
        if self.waiters.with(|_| self.access.ease(press)) {
            // A sender goes on, whatever they do when they are woken.
            guard::swallow(|| self.let_in());
        }
    }

    /// Lets those in who wait for access.
    #[cold]
    fn let_in(&self) {
        let mut first = true;
        self.wake_leaving(|section| {
            if core::mem::take(&mut first) {
                self.call(section);
            }
            section.pop(LEAVING, ())
        })
        .finish();
    }

    /// Has those leave who wait for access. Who begins to wait again, also within a waker, says so again: it waits for whoever has
    /// access then, and is not among them.
    fn call(&self, section: &mut Inner<'_>) {
        self.access.waited();
        section.append(ACCESS, LEAVING);
    }
}

impl<T: Default> Default for Watch<T> {
    fn default() -> Self {
        Self::with_lock(T::default())
    }
}

impl<T, L: RawLock> core::fmt::Debug for Watch<T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let version = self.load();
        f.debug_struct("Watch")
            .field("version", &(version / CHANGE))
            .field("closed", &(version & CLOSED != 0))
            .finish_non_exhaustive()
    }
}

/// A look at the watched value, which is not changed meanwhile. Keep it short: who sends a new value waits for its end.
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// fn sent<T: Send>() {}
/// sent::<zokio_core::sync::watch::Ref<'_, u8>>();
/// ```
#[must_use = "the look ends as soon as it is dropped"]
pub struct Ref<'a, T, L: RawLock = DefaultLock> {
    watch: &'a Watch<T, L>,
    changed: bool,
    _stays: PhantomData<*const ()>,
}

// SAFETY: a shared one gives a shared value.
unsafe impl<T: Sync, L: RawLock> Sync for Ref<'_, T, L> {}

impl<'a, T, L: RawLock> Ref<'a, T, L> {
    /// *shared*: called by who was just counted.
    fn new(watch: &'a Watch<T, L>) -> Self {
        here::begin();
        Self { watch, changed: false, _stays: PhantomData }
    }

    /// The same, of a receiver that has seen version `seen`. Answers the version of this value too.
    pub(super) fn seen(mut self, seen: usize) -> (Self, usize) {
        let version = self.watch.load() & !CLOSED;
        self.changed = version != seen;
        (self, version)
    }

    /// Whether the receiver that was asked had not seen this value. Never so for a value borrowed from the sender.
    pub fn has_changed(&self) -> bool {
        self.changed
    }
}

impl<T, L: RawLock> Deref for Ref<'_, T, L> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: *shared*, as long as this one is there.
        self.watch.value.with(|value| unsafe { &*value })
    }
}

impl<T, L: RawLock> Drop for Ref<'_, T, L> {
    #[inline]
    fn drop(&mut self) {
        here::end();
        if self.watch.access.end_read() {
            self.watch.let_in();
        }
    }
}

impl<T: core::fmt::Debug, L: RawLock> core::fmt::Debug for Ref<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ref").field("value", &**self).field("has_changed", &self.changed).finish()
    }
}

/// The value, had alone. Dropped without a word, also by a panic, it has not changed as far as others are told.
#[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
pub(super) struct Writing<'a, T, L: RawLock> {
    watch: &'a Watch<T, L>,
    modified: bool,
}

impl<T, L: RawLock> Writing<'_, T, L> {
    /// The value was changed: whoever waits for that is woken when this is dropped.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
    pub(super) fn modified(mut self) {
        self.modified = true;
    }
}

impl<T, L: RawLock> Deref for Writing<'_, T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: *exclusive*, as long as this one is there.
        self.watch.value.with(|value| unsafe { &*value })
    }
}

impl<T, L: RawLock> DerefMut for Writing<'_, T, L> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: *exclusive*, as long as this one is there.
        self.watch.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T, L: RawLock> Drop for Writing<'_, T, L> {
    fn drop(&mut self) {
        let (mut ended, mut version) = (false, 0);
        let wakes = self.watch.wake_leaving(|section| {
            if !core::mem::replace(&mut ended, true) {
                if self.modified {
                    self.watch.changed(section);
                }
                version = *section.state;
                if self.watch.access.end_write() {
                    self.watch.call(section);
                }
            }
            *section.state == version && section.pop(LEAVING, ())
        });
        wakes.finish();
    }
}

/// One who waits to replace the value.
struct Replace<'a, T, L: RawLock> {
    watch: &'a Watch<T, L>,
    value: Option<T>,
}

impl<T, L: RawLock> Protocol<LANES> for Replace<'_, T, L> {
    type State = usize;
    type Tag = ();
    type Output = Result<T, T>;
    const LANE: usize = ACCESS;
    const SETTLES: bool = true;

    fn poll(&mut self, section: &mut Inner<'_>, _: Option<()>) -> Step<Self::Output, ()> {
        let Some(mut value) = self.value.take() else { return Step::Wait(()) };
        for last in [false, true] {
            match self.watch.put(section, value) {
                Err(back) if *section.state & CLOSED == 0 => value = back,
                outcome => return Step::Ready(outcome),
            }
            if !last {
                self.watch.access.wait();
            }
        }
        self.value = Some(value);
        Step::Wait(())
    }

    fn cancel(&mut self, _: &mut Inner<'_>, (): ()) {}

    fn settle(&mut self, section: &mut Inner<'_>) -> bool {
        section.pop(LEAVING, ())
    }
}

/// One who waits to look.
struct Read<'a, T, L: RawLock> {
    watch: &'a Watch<T, L>,
}

impl<'a, T, L: RawLock> Protocol<LANES> for Read<'a, T, L> {
    type State = usize;
    type Tag = ();
    type Output = Ref<'a, T, L>;
    const LANE: usize = ACCESS;

    fn poll(&mut self, _: &mut Inner<'_>, _: Option<()>) -> Step<Self::Output, ()> {
        if self.watch.look() {
            return Step::Ready(Ref::new(self.watch));
        }
        self.watch.access.wait();
        if self.watch.look() { Step::Ready(Ref::new(self.watch)) } else { Step::Wait(()) }
    }

    fn cancel(&mut self, _: &mut Inner<'_>, (): ()) {}
}

/// One who waits to have the value alone.
#[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
struct Write<'a, T, L: RawLock> {
    watch: &'a Watch<T, L>,
}

impl<'a, T, L: RawLock> Protocol<LANES> for Write<'a, T, L> {
    type State = usize;
    type Tag = ();
    type Output = Writing<'a, T, L>;
    const LANE: usize = ACCESS;

    fn poll(&mut self, _: &mut Inner<'_>, _: Option<()>) -> Step<Self::Output, ()> {
        let access = &self.watch.access;
        if access.try_write() {
            return Step::Ready(Writing { watch: self.watch, modified: false });
        }
        access.wait();
        if access.try_write() { Step::Ready(Writing { watch: self.watch, modified: false }) } else { Step::Wait(()) }
    }

    fn cancel(&mut self, _: &mut Inner<'_>, (): ()) {}
}
