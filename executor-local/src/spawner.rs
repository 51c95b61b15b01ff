//! The right to spawn on an executor in a `static`: [`Spawner`] on its own core, [`SendSpawner`] from anywhere; and what such an
//! executor offers, to keep: [`StaticOffer`].

use core::future::Future;
use core::marker::PhantomData;
use core::ptr::NonNull;

use zokio_core::ambient::Context;
use zokio_core::park::Unpark;
use zokio_core::task::{
    Arena, IntoTask, JoinHandle, Need, Owner, Refusal, Spawn, SpawnError, StaticPlace, TaskPtr, Vacancy,
};

use crate::config::Setup;
use crate::executor::Executor;

/// Spawns tasks on the executor that runs on this core or thread. It cannot leave it; [`to_send`](Self::to_send) can.
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// fn leak(spawner: zokio_executor_local::Spawner) {
///     send(spawner);
/// }
/// # fn main() {}
/// ```
///
/// What can, takes only what may go there too:
///
/// ```compile_fail,E0277
/// fn leak(spawner: zokio_executor_local::SendSpawner) {
///     let local = std::rc::Rc::new(5);
///     spawner.spawn(async move { drop(local) });
/// }
/// # fn main() {}
/// ```
///
/// and nothing is spawned that is no task:
///
/// ```compile_fail,E0277
/// fn wrong(spawner: zokio_executor_local::Spawner) {
///     spawner.spawn(5);
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Copy)]
pub struct Spawner {
    place: StaticPlace,
    _not_send: PhantomData<*const ()>,
}

/// Spawns tasks on an executor from anywhere, interrupts included. Their futures must be `Send`.
#[derive(Clone, Copy)]
pub struct SendSpawner {
    place: StaticPlace,
}

// SAFETY: *static*: the executor lives for ever and its queue may be pushed to from anywhere; slots may be claimed from
// anywhere.
unsafe impl Send for SendSpawner {}
// SAFETY: as above.
unsafe impl Sync for SendSpawner {}

// SAFETY: *static*: the owner is alive, and slots are claimed as joined. A `Spawner` is made inside `Executor::run`, which
// polls and drops its tasks on this thread for ever, and is not `Send`: whoever has one is there, in no interrupt, and not in the
// middle of a pop, which calls nobody.
unsafe impl Spawn for Spawner {
    #[inline]
    fn owner(&self) -> NonNull<Owner> {
        self.place.owner()
    }
    #[inline]
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        self.place.static_owner()
    }
    #[inline]
    fn is_local(&self) -> bool {
        true
    }
    #[inline]
    fn takes_here(&self) -> bool {
        true
    }
    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        self.place.vacancy(need)
    }
    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: by this function's contract, and as `takes_here` says.
        unsafe { task.launch_at(self.place.owner(), true) };
    }
}

// SAFETY: as for `Spawner`, but for the thread, of which it makes no promise.
unsafe impl Spawn for SendSpawner {
    #[inline]
    fn owner(&self) -> NonNull<Owner> {
        self.place.owner()
    }
    #[inline]
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        self.place.static_owner()
    }
    #[inline]
    fn is_local(&self) -> bool {
        false
    }
    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        self.place.vacancy(need)
    }
    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: by this function's contract.
        unsafe { self.place.launch(task) };
    }
}

impl Spawner {
    /// Of an executor that is in `run` on this thread, or about to give only the `Send` half away.
    pub(crate) fn new<U: Unpark, K: Setup>(executor: &'static Executor<U, K>) -> Self {
        executor.bind();
        // SAFETY: bound just now.
        unsafe { Self::bound(executor) }
    }

    /// Of an executor that is run from now on, on this thread; nothing where somebody else runs it.
    #[inline(always)]
    pub(crate) fn of_runner<U: Unpark, K: Setup>(executor: &'static Executor<U, K>) -> Option<Self> {
        // SAFETY: bound where the start has succeeded.
        executor.try_start_bound().then(|| unsafe { Self::bound(executor) })
    }

    /// As [`new`](Self::new), of an executor of which there is a spawner already.
    ///
    /// # Safety
    ///
    /// There must be one.
    #[inline(always)]
    pub(crate) unsafe fn bound<U: Unpark, K: Setup>(executor: &'static Executor<U, K>) -> Self {
        // SAFETY: *static*, and direct or not, the owner is the executor's, bound before. Who gets a `Spawner` is on its thread.
        let place = unsafe { StaticPlace::new(Owner::of(executor), executor.config.pool(), true) };
        Self { place, _not_send: PhantomData }
    }

    /// What it spawns at, for a context.
    #[inline]
    pub(crate) fn place(self) -> StaticPlace {
        self.place
    }

    /// A spawner that can go to another thread or into an interrupt.
    #[must_use]
    pub fn to_send(self) -> SendSpawner {
        SendSpawner { place: self.place.anywhere() }
    }

    /// Spawns a future into the executor's pool, or what a function with `#[zokio::task]` gives into that function's.
    ///
    /// # Panics
    ///
    /// Panics where [`try_spawn`](Self::try_spawn) gives an error, with its text.
    #[track_caller]
    pub fn spawn<T: IntoTask>(&self, task: T) -> JoinHandle<<T::Future as Future>::Output> {
        match self.try_spawn(task) {
            Ok(handle) => handle,
            Err(error) => panic!("cannot spawn: {error}"),
        }
    }

    /// Spawns a future into the executor's pool, or what a function with `#[zokio::task]` gives into that function's.
    ///
    /// # Errors
    ///
    /// Gives the future back where the pool is full, its slots are too small, or there is none.
    pub fn try_spawn<T: IntoTask>(
        &self,
        task: T,
    ) -> Result<JoinHandle<<T::Future as Future>::Output>, SpawnError<T::Future>> {
        task.try_into_local_task_at(self)
    }

    /// Spawns a future into an arena of one's own. That it fits is checked at compile time.
    ///
    /// # Errors
    ///
    /// Gives the future back where the arena is full.
    pub fn try_spawn_in<F, A: 'static, L: 'static, const SLOTS: usize, const BYTES: usize>(
        &self,
        arena: &'static Arena<SLOTS, BYTES, A, L>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        arena.try_spawn_local_at(self, future)
    }
}

impl SendSpawner {
    /// Spawns a future into the executor's pool, or what a function with `#[zokio::task]` gives into that function's.
    ///
    /// # Panics
    ///
    /// Panics where [`try_spawn`](Self::try_spawn) gives an error, with its text.
    #[track_caller]
    pub fn spawn<T: IntoTask>(&self, task: T) -> JoinHandle<<T::Future as Future>::Output>
    where
        T::Future: Send,
        <T::Future as Future>::Output: Send,
    {
        match self.try_spawn(task) {
            Ok(handle) => handle,
            Err(error) => panic!("cannot spawn: {error}"),
        }
    }

    /// Spawns a future into the executor's pool, or what a function with `#[zokio::task]` gives into that function's.
    ///
    /// # Errors
    ///
    /// Gives the future back where the pool is full, its slots are too small, or there is none.
    pub fn try_spawn<T: IntoTask>(
        &self,
        task: T,
    ) -> Result<JoinHandle<<T::Future as Future>::Output>, SpawnError<T::Future>>
    where
        T::Future: Send,
        <T::Future as Future>::Output: Send,
    {
        task.try_into_task_at(self)
    }

    /// Spawns a future into an arena of one's own. That it fits is checked at compile time.
    ///
    /// # Errors
    ///
    /// Gives the future back where the arena is full.
    pub fn try_spawn_in<F, A: 'static, L: 'static, const SLOTS: usize, const BYTES: usize>(
        &self,
        arena: &'static Arena<SLOTS, BYTES, A, L>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        arena.try_spawn_at(self, future)
    }
}

impl core::fmt::Debug for Spawner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Spawner").field("pool", &self.place.pool_name()).finish()
    }
}

impl core::fmt::Debug for SendSpawner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SendSpawner").field("pool", &self.place.pool_name()).finish()
    }
}

/// What an executor in a `static` offers to its tasks, for who keeps it longer than a poll: it is there for ever. The handle of its
/// context is one.
#[derive(Clone, Copy, Debug)]
pub struct StaticOffer {
    timers: Context<'static>,
    place: StaticPlace,
}

impl StaticOffer {
    #[inline]
    pub(crate) fn new<U: Unpark, K: Setup>(executor: &'static Executor<U, K>, place: StaticPlace) -> Self {
        Self { timers: executor.offer(Context::EMPTY), place }
    }

    /// The context of its tasks, but for that it polls.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        self.timers.with_static_place(&self.place).with_handle(self)
    }
}
