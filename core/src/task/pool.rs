//! What `#[zokio::task]` makes: a future, and the static memory that its function has for it.

use core::alloc::Layout;
use core::future::Future;
use core::marker::PhantomData;
use core::ptr::NonNull;

#[cfg(not(feature = "alloc"))]
use super::arena::without_slots;
use super::arena::{Slots, claim_from};
use super::cell::{HEADER_BYTES, slot_layout_of};
use super::error::SpawnError;
use super::header::{Owner, TaskPtr};
#[cfg(feature = "alloc")]
use super::heap::without_slots;
use super::join::JoinHandle;
use super::spawn::{Need, Refusal, Shape, Spawn, Vacancy, refused, try_spawn_at, try_spawn_local_at};
use crate::ambient::{Ambient, Context};

/// A task that has not been spawned yet: what a function with `#[zokio::task]` gives.
///
/// Spawning it takes a slot of the function's own pool. It does nothing until then, and dropping it drops the arguments.
///
/// An executor that is not in a `static`, as the runtimes of an operating system, takes no task in static memory: there it
/// is an ordinary task, in memory of the executor's, and the size of the pool is no limit.
#[must_use = "the task is not spawned yet: hand it to a spawner, or call `spawn`"]
pub struct SpawnToken<F, A = ()> {
    name: &'static str,
    pool: &'static dyn Slots,
    future: F,
    _ambient: PhantomData<fn() -> A>,
}

impl<F: Future + 'static, A> SpawnToken<F, A> {
    #[doc(hidden)]
    pub fn new(name: &'static str, pool: &'static dyn Slots, future: F) -> Self {
        Self { name, pool, future, _ambient: PhantomData }
    }

    /// Spawns the task at `place`.
    ///
    /// # Errors
    ///
    /// Gives the future back: [`SpawnError::Full`] with the function's name and the size of its pool. Where `place` takes no static
    /// tasks, without an allocator [`SpawnError::NoExecutor`], and with one [`SpawnError::Closed`] if the executor is shut down.
    pub fn try_spawn_at(self, place: &dyn Spawn) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Send,
        F::Output: Send,
    {
        match InPool::new(self.name, self.pool, place) {
            Some(pool) => try_spawn_at(&pool, self.future),
            None => without_slots(self.future, |future| try_spawn_at(place, future)),
        }
    }

    /// Spawns the task at `place`, the executor of the calling thread or core; it need not be `Send`.
    ///
    /// # Errors
    ///
    /// As [`try_spawn_at`](Self::try_spawn_at); and [`SpawnError::NoExecutor`] where `place` is not bound to the calling
    /// thread.
    ///
    /// # Cost
    ///
    /// On a chip an interrupt may not call it with a place of the context that it finds, as at
    /// [`try_spawn_local_at`](super::try_spawn_local_at).
    pub fn try_spawn_local_at(self, place: &dyn Spawn) -> Result<JoinHandle<F::Output>, SpawnError<F>> {
        match InPool::new(self.name, self.pool, place) {
            Some(pool) => try_spawn_local_at(&pool, self.future),
            None => without_slots(self.future, |future| try_spawn_local_at(place, future)),
        }
    }
}

impl<F: Future + 'static, A: Ambient> SpawnToken<F, A> {
    /// Spawns the task on the executor of the current context.
    ///
    /// # Errors
    ///
    /// As [`try_spawn_at`](Self::try_spawn_at).
    pub fn try_spawn(self) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Send,
        F::Output: Send,
    {
        A::with(|context| match context.and_then(Context::spawn) {
            Some(place) => self.try_spawn_at(place),
            None => Err(SpawnError::NoExecutor(self.future)),
        })
    }

    /// Spawns the task on the executor of the current context.
    ///
    /// # Panics
    ///
    /// Panics where [`try_spawn`](Self::try_spawn) gives an error, with its text.
    #[track_caller]
    pub fn spawn(self) -> JoinHandle<F::Output>
    where
        F: Send,
        F::Output: Send,
    {
        match self.try_spawn() {
            Ok(handle) => handle,
            Err(error) => refused(&error),
        }
    }
}

impl<F, A> core::fmt::Debug for SpawnToken<F, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SpawnToken").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a spawner takes: a future, for the executor's own pool, or a [`SpawnToken`], which has one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be spawned",
    label = "neither a future nor what a function with `#[zokio::task]` gives",
    note = "a task is a future that borrows nothing: `async move {{ .. }}`, or the call of an async function"
)]
pub trait IntoTask: Sized {
    /// The task.
    type Future: Future + 'static;

    /// Spawns it at `place`.
    ///
    /// # Errors
    ///
    /// Gives the future back where there is no room for it.
    fn try_into_task_at(self, place: &dyn Spawn) -> Result<Handle<Self>, SpawnError<Self::Future>>
    where
        Self::Future: Send,
        <Self::Future as Future>::Output: Send;

    /// Spawns it at `place`, on the calling thread.
    ///
    /// # Errors
    ///
    /// Gives the future back where there is no room for it, or `place` is not bound to the calling thread.
    fn try_into_local_task_at(self, place: &dyn Spawn) -> Result<Handle<Self>, SpawnError<Self::Future>>;
}

/// The handle of a task.
type Handle<T> = JoinHandle<<<T as IntoTask>::Future as Future>::Output>;

impl<F: Future + 'static> IntoTask for F {
    type Future = F;

    fn try_into_task_at(self, place: &dyn Spawn) -> Result<Handle<Self>, SpawnError<F>>
    where
        F: Send,
        F::Output: Send,
    {
        try_spawn_at(place, self)
    }

    fn try_into_local_task_at(self, place: &dyn Spawn) -> Result<Handle<Self>, SpawnError<F>> {
        try_spawn_local_at(place, self)
    }
}

impl<F: Future + 'static, A> IntoTask for SpawnToken<F, A> {
    type Future = F;

    fn try_into_task_at(self, place: &dyn Spawn) -> Result<Handle<Self>, SpawnError<F>>
    where
        F: Send,
        F::Output: Send,
    {
        self.try_spawn_at(place)
    }

    fn try_into_local_task_at(self, place: &dyn Spawn) -> Result<Handle<Self>, SpawnError<F>> {
        self.try_spawn_local_at(place)
    }
}

/// A place whose tasks get memory of a pool of their own.
struct InPool<'a> {
    name: &'static str,
    pool: &'static dyn Slots,
    owner: NonNull<Owner>,
    place: &'a dyn Spawn,
}

impl<'a> InPool<'a> {
    fn new(name: &'static str, pool: &'static dyn Slots, place: &'a dyn Spawn) -> Option<Self> {
        place.static_owner().map(|owner| Self { name, pool, owner, place })
    }
}

// SAFETY: owner and thread are the place's; a slot is claimed as joined, of a static arena, and the place takes static
// tasks.
unsafe impl Spawn for InPool<'_> {
    fn owner(&self) -> NonNull<Owner> {
        self.owner
    }

    fn static_owner(&self) -> Option<NonNull<Owner>> {
        Some(self.owner)
    }

    fn is_local(&self) -> bool {
        self.place.is_local()
    }

    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        claim_from(self.name, self.pool, need.slot).map(|memory| Vacancy { memory, shape: Shape::Slot })
    }

    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: in a claimed slot, with the place's static owner, and its NOTIFIED handed over.
        unsafe { self.place.launch(task) };
    }
}

/// An async function, by its arguments. For `#[zokio::task]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this function cannot be a task",
    note = "a task of a static pool takes at most 12 arguments, and neither they nor its future borrow anything"
)]
pub trait TaskFn<Arguments> {
    /// What it gives.
    type Future: Future + 'static;
}

macro_rules! task_fn {
    ($($argument:ident)*) => {
        impl<F, Future, $($argument),*> TaskFn<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Future,
            Future: core::future::Future + 'static,
        {
            type Future = Future;
        }
    };
}
task_fn! {}
task_fn! { A1 }
task_fn! { A1 A2 }
task_fn! { A1 A2 A3 }
task_fn! { A1 A2 A3 A4 }
task_fn! { A1 A2 A3 A4 A5 }
task_fn! { A1 A2 A3 A4 A5 A6 }
task_fn! { A1 A2 A3 A4 A5 A6 A7 }
task_fn! { A1 A2 A3 A4 A5 A6 A7 A8 }
task_fn! { A1 A2 A3 A4 A5 A6 A7 A8 A9 }
task_fn! { A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 }
task_fn! { A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 }
task_fn! { A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 }

/// How many bytes a slot must have beside its header, for the tasks of a function. For `#[zokio::task]`.
///
/// # Panics
///
/// Panics, which stops the build, where the future needs a larger alignment than slots have.
#[doc(hidden)]
#[must_use]
pub const fn pool_bytes<Arguments, F: TaskFn<Arguments>>(_: &F) -> usize {
    let layout: Layout = slot_layout_of::<F::Future>();
    assert!(layout.align() <= 8, "the future of this task needs a larger alignment than slots have: 8 bytes");
    layout.size() - HEADER_BYTES
}
