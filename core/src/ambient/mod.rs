//! The context a poll runs in: clock and timers, who spawns, whose handle.
//!
//! Core has no globals, so the pointer to the current [`Context`] lives elsewhere: in a `static` (one core) or in a
//! thread-local (std), both in `executor-local`. An [`Ambient`] is a type that knows where. Executors set it around a
//! batch of polls and restore what was there before, so nested priorities and several runtimes in one process work.

#[cfg(feature = "std")]
mod alloc;
mod local;

#[cfg(feature = "std")]
pub use self::alloc::{Held, Offer};

use core::any::Any;
use core::ptr::NonNull;

use crate::task::{Spawn, StaticPlace};
use crate::time::{Place, Timers};

use self::local::{Handle, Local};

/// A flag as large as a word, so that there is no padding beside it to copy, and it is written as words are.
#[derive(Clone, Copy, Debug, Default)]
struct Flag(usize);

impl Flag {
    const DOWN: Self = Self(0);
    const UP: Self = Self(1);

    const fn is_up(self) -> bool {
        self.0 != 0
    }
}

/// What a running task can reach without being handed it.
///
/// Borrowed for the time an executor polls. Every part may be missing; what needs it says so by name.
///
/// In this order, in which an executor's own is written with the fewest stores.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Context<'a> {
    polling: Flag,
    timers: Option<Place>,
    static_place: Option<&'a StaticPlace>,
    spawn: Option<&'a dyn Spawn>,
    local: Local<'a>,
    handle: Handle<'a>,
}

impl<'a> Context<'a> {
    /// A context that offers nothing.
    pub const EMPTY: Self = Self {
        timers: None,
        spawn: None,
        static_place: None,
        local: Local::NONE,
        handle: Handle::NONE,
        polling: Flag::DOWN,
    };

    /// Adds a clock and its timer queue.
    #[must_use]
    pub const fn with_timers<C: ?Sized>(mut self, timers: &'static Timers<C>) -> Self {
        self.timers = Some(Place::of(timers));
        self
    }

    /// Adds where `spawn` puts tasks.
    #[must_use]
    pub const fn with_spawn(mut self, spawn: &'a dyn Spawn) -> Self {
        self.spawn = Some(spawn);
        self
    }

    /// As [`with_spawn`](Self::with_spawn), of an executor in a `static`; a program that does not spawn by its context has no
    /// code for it then.
    #[must_use]
    pub const fn with_static_place(mut self, place: &'a StaticPlace) -> Self {
        self.static_place = Some(place);
        self
    }

    /// Adds where `spawn_local` puts tasks, where that is not where `spawn` puts them. Without `alloc` there is no such place,
    /// and this does nothing.
    #[must_use]
    pub const fn with_local<S: Spawn + 'static>(mut self, local: &'a S) -> Self {
        self.local = Local::new(local);
        self
    }

    /// Adds the runtime's own handle, which the facade knows how to read. Without `alloc` there is no such handle, and this does
    /// nothing.
    #[must_use]
    pub const fn with_handle(mut self, handle: &'a dyn Any) -> Self {
        self.handle = Handle::new(handle);
        self
    }

    /// Marks the context as that of an executor that polls: blocking in it would stop the executor.
    #[must_use]
    pub const fn with_polling(mut self) -> Self {
        self.polling = Flag::UP;
        self
    }

    /// Whether this is the context of an executor that polls, so that `block_on` must be refused.
    #[must_use]
    pub fn is_polling(&self) -> bool {
        self.polling.is_up()
    }

    /// The clock and its timer queue.
    #[must_use]
    pub fn timers(&self) -> Option<Place> {
        self.timers
    }

    /// Where `spawn` puts tasks.
    #[must_use]
    pub fn spawn(&self) -> Option<&'a dyn Spawn> {
        match (self.spawn, self.static_place) {
            (None, Some(place)) => Some(place),
            (spawn, _) => spawn,
        }
    }

    /// Where `spawn_local` puts tasks; whether it takes them is that place's to say.
    #[must_use]
    pub fn local(&self) -> Option<&'a dyn Spawn> {
        self.local.place().or_else(|| self.spawn())
    }

    /// Where `spawn_local` puts tasks, where that is an `S` that was [added](Self::with_local) as such.
    #[must_use]
    pub fn local_as<S: 'static>(&self) -> Option<&'a S> {
        self.local.downcast()
    }

    /// The runtime's own handle.
    #[must_use]
    pub fn handle(&self) -> Option<&'a dyn Any> {
        self.handle.get()
    }
}

impl core::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Context")
            .field("timers", &self.timers.is_some())
            .field("spawn", &(self.spawn.is_some() || self.static_place.is_some()))
            .field("handle", &self.handle().is_some())
            .finish()
    }
}

/// A pointer to a context whose lifetime has been erased; `None` outside of every executor.
pub type Current = Option<NonNull<Context<'static>>>;

/// Knows where the pointer to the current context is kept: one per core, or one per thread.
///
/// # Safety
///
/// `swap` and `get` must act on one variable that only the current thread (or core, nested interrupts included) can
/// reach, and must do nothing else with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not know the current context",
    note = "use the facade's types: `zokio::task::Arena`, `zokio::task::SpawnToken`, the functions of `zokio::time`"
)]
pub unsafe trait Ambient: Sized + 'static {
    /// The current pointer.
    fn get() -> Current;

    /// Stores `next` and returns what was there.
    ///
    /// # Safety
    ///
    /// For [`enter_raw`](Self::enter_raw) and the guard that it gives only: what is stored must be alive until something
    /// else is.
    unsafe fn swap(next: Current) -> Current;

    /// Runs `f` with `context` current, and restores what was current before, also when `f` panics.
    fn enter<R>(context: &Context<'_>, f: impl FnOnce() -> R) -> R {
        // SAFETY: the guard is dropped before this function returns, so the context outlives its time as the current
        // one; it is the innermost guard then, since `f` can only nest further guards inside itself.
        let _restore = unsafe { Self::enter_raw(NonNull::from(context).cast()) };
        f()
    }

    /// Makes `context` current until the guard is dropped.
    ///
    /// # Safety
    ///
    /// The context must outlive the guard, and guards must be dropped in the reverse order of their making, on the
    /// thread or core that made them.
    unsafe fn enter_raw(context: NonNull<Context<'static>>) -> Entered<Self>
    where
        Self: Sized,
    {
        // SAFETY: the context outlives the guard, by this function's contract.
        Entered { before: unsafe { Self::swap(Some(context)) }, _ambient: core::marker::PhantomData }
    }

    /// A copy of the current context, if there is one.
    ///
    /// # Safety
    ///
    /// What it borrows may go with the guard of the context: no foreign code may run while the copy is in use.
    unsafe fn peek<'a>() -> Option<Context<'a>> {
        // SAFETY: *entered*: the pointer was stored by `enter` or `enter_raw`, whose guard still lives (it would have
        // restored the pointer otherwise), and the context outlives its guard. Contexts are only read.
        Self::get().map(|context| *unsafe { context.as_ref() })
    }

    /// Runs `f` on the current context, if there is one.
    ///
    /// It is entered once more meanwhile: a guard that `f` drops, if it is the guard of this very context, is dropped out of
    /// order and leaves what `f` looks at where it is.
    fn with<R>(f: impl FnOnce(Option<&Context<'_>>) -> R) -> R {
        // SAFETY: the guard of the current context can only be dropped in `f`, and does not go there, since the current
        // context is another one then (*own or leaked*).
        match unsafe { Self::peek() } {
            None => f(None),
            Some(context) => Self::enter(&context, || f(Some(&context))),
        }
    }

    /// The timers of the current context: `None` outside of every context, `Some(None)` where it has no clock.
    #[inline]
    fn timers() -> Option<Option<Place>> {
        // SAFETY: *entered*, as in `peek`; no foreign code runs in between.
        Self::get().map(|context| unsafe { context.as_ref() }.timers())
    }

    /// Whether an executor polls in the current context, so that `block_on` must be refused.
    fn is_polling() -> bool {
        // SAFETY: no foreign code runs in between.
        unsafe { Self::peek() }.is_some_and(|context| context.is_polling())
    }
}

/// Restores the context that was current before.
#[derive(Debug)]
pub struct Entered<A: Ambient> {
    before: Current,
    _ambient: core::marker::PhantomData<(A, *const ())>,
}

impl<A: Ambient> Drop for Entered<A> {
    fn drop(&mut self) {
        // SAFETY: guards are dropped in reverse order (`enter_raw`), so the guard of the context before this one still lives.
        unsafe { A::swap(self.before) };
    }
}
