//! Static memory for tasks: a fixed number of slots of a fixed size, for futures of any type.
//!
//! A slot is free when its state word is not `LIVE`; it is claimed by one transition of that word and freed by another,
//! so a slot can be used again the moment its task is over, needs no pointer back to its arena, and an all-zero arena
//! is an empty one (`.bss`). The first free slot is taken, hence the number of slots ever used is the high-water mark.
//!
//! A bitmap would find a free slot among hundreds faster, and was left out: it is a second place that says "free", and
//! the pools of a chip have a handful of slots.

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::future::Future;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::cell::{Cell, Detached, HEADER_BYTES, Joined, VTable};
use super::error::SpawnError;
use super::header::{Header, Owner, TaskPtr};
use super::join::{AbortHandle, JoinHandle};
use super::spawn::{Refusal, Shape, Spawn, Vacancy, refused};
use crate::ambient::{Ambient, Context};
use crate::run_queue::OWN_PUSHES;

#[repr(C)]
struct Slot<const BYTES: usize, L> {
    _aligned: [L; 0],
    header: Header,
    _room: MaybeUninit<[u8; BYTES]>,
}

/// What is aligned to eight bytes on every target.
#[derive(Debug)]
#[repr(align(8))]
pub struct Eight(());

/// Static memory for up to `SLOTS` tasks at a time, each with up to `BYTES` bytes beside its header.
///
/// Futures of any type fit, in any order. A task needs max(future, output) bytes, and two words more if its output is
/// joined.
///
/// # Examples
///
/// ```
/// use zokio_core::task::Arena;
///
/// static ARENA: Arena<4, 128> = Arena::new();
/// assert_eq!(ARENA.in_use(), 0);
/// ```
/// `A` knows the current context, for [`spawn`](Self::spawn) and its like; the facade fills it in.
///
/// Slots are aligned as an `L`, and as a pointer at least: to eight bytes, if nothing is said. With an `L` of `u32` a slot on a
/// 32-bit target may be four bytes smaller, and futures that hold a `u64` across an `await` do not compile.
pub struct Arena<const SLOTS: usize, const BYTES: usize, A = (), L = Eight> {
    slots: [UnsafeCell<Slot<BYTES, L>>; SLOTS],
    _ambient: PhantomData<fn() -> A>,
}

// SAFETY: a slot's header is atomics and cells under the protocol of its state word; its room belongs to whoever the
// state word says, and futures are put there only under the promises of `Spawn` and of `Table::of`.
unsafe impl<const SLOTS: usize, const BYTES: usize, A, L> Sync for Arena<SLOTS, BYTES, A, L> {}

/// An arena, seen without its sizes.
///
/// # Safety
///
/// `slot_layout` must always answer the size and alignment of the memory that `claim` gives, and that memory be a `static`
/// slot which is nobody else's until its task is over.
pub unsafe trait Slots: Sync {
    /// How many tasks there can be at a time.
    fn slots(&self) -> usize;
    /// Size and alignment of the memory of one task, its header included.
    fn slot_layout(&self) -> Layout;
    /// Claims a slot for a joined task. The slot's state word says `NOTIFIED`, which is the caller's.
    fn claim(&'static self) -> Option<TaskPtr>;
    /// A slot for a joined task of `need`, from the pool of this name. Its code is part of the arenas that are pools, so that
    /// an executor without one has none of it.
    ///
    /// # Errors
    ///
    /// Says why there is none.
    fn vacancy(&'static self, pool: &'static str, need: Layout) -> Result<Vacancy, Refusal>;
    /// How many slots are taken.
    ///
    /// # Cost
    ///
    /// One load a slot.
    fn in_use(&self) -> usize;
    /// How many slots were ever taken at a time.
    ///
    /// # Cost
    ///
    /// One load a slot.
    fn high_water(&self) -> usize;
}

impl<const SLOTS: usize, const BYTES: usize, A, L> Default for Arena<SLOTS, BYTES, A, L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const SLOTS: usize, const BYTES: usize, A, L> core::fmt::Debug for Arena<SLOTS, BYTES, A, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Arena").field("slots", &SLOTS).field("bytes", &BYTES).field("in_use", &self.in_use()).finish()
    }
}

impl<const SLOTS: usize, const BYTES: usize, A, L> Arena<SLOTS, BYTES, A, L> {
    /// An empty arena: all zero.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: [const { UnsafeCell::new(Slot { _aligned: [], header: Header::free(), _room: MaybeUninit::zeroed() }) };
                SLOTS],
            _ambient: PhantomData,
        }
    }

    /// An empty arena.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            slots: core::array::from_fn(|_| {
                UnsafeCell::new(Slot { _aligned: [], header: Header::free(), _room: MaybeUninit::zeroed() })
            }),
            _ambient: PhantomData,
        }
    }

    /// How many slots are taken. One load a slot.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.count(|header| header.state.peek().is_live())
    }

    /// How many slots were ever taken at a time. One load a slot.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.count(|header| header.state.peek().was_used())
    }

    fn count(&self, what: impl Fn(&Header) -> bool) -> usize {
        // SAFETY: a slot begins with its header, which is cells and atomics only (*quiet header*).
        self.slots.iter().filter(|slot| what(unsafe { &*slot.get().cast::<Header>() })).count()
    }

    /// Claims the first free slot, and does `then` with it, on one core in the same section. One load a slot passed over, and one
    /// read-modify-write.
    #[inline(always)]
    fn claim(&'static self, joined: bool, then: impl Fn(TaskPtr)) -> Option<TaskPtr> {
        self.slots.iter().find_map(|slot| {
            // *whole pointer*: from the cell of the whole slot.
            let task = TaskPtr(NonNull::from(slot).cast::<Header>());
            // SAFETY: a slot is always alive.
            unsafe { task.header() }.state.claim(joined, || then(task)).then_some(task)
        })
    }

    /// Claims the first free slot for a task of this owner; where the place is `local`, and the owner *direct*, the task is pushed
    /// already, if `own` as one that the caller takes too. It does not know the future, so an image has it once. For `put`, which writes the rest at once.
    fn take(
        &'static self,
        joined: bool,
        table: Table,
        owner: NonNull<Owner>,
        (local, own): (bool, bool),
    ) -> Option<TaskPtr> {
        self.claim(joined, |task| {
            // SAFETY: claimed just now; table and owner as `put` knows them.
            unsafe { task.entitle(table.0, owner) };
            if local && Owner::is_direct(owner) {
                // SAFETY: *filled late*; claimed, so its NOTIFIED is ours, and of this owner.
                unsafe { task.push_to(owner, own) };
            }
        })
    }

    /// Spawns a future; `local`: this is where the tasks of `place` are polled. Gives what `handle` makes of the task, which is of
    /// this generation until it is run.
    #[inline(always)]
    fn put<F, J, R>(
        &'static self,
        (place, local): (&dyn Spawn, bool),
        table: Table,
        (joined, join): (bool, J),
        future: F,
        handle: impl FnOnce(TaskPtr) -> R,
    ) -> Result<R, SpawnError<F>>
    where
        F: Future + 'static,
    {
        const {
            assert!(Self::fits::<F, J>(), "a slot of this arena is too small, or not aligned enough, for this future");
        }
        let Some(owner) = place.static_owner() else { return Err(SpawnError::NoExecutor(future)) };
        let own = OWN_PUSHES && place.takes_here();
        let Some(task) = self.take(joined, table, owner, (local, own)) else { return Err(Self::full(future)) };
        // SAFETY: claimed, and large enough (checked above).
        unsafe { Cell::furnish(task.0.cast::<Cell<F, J, ()>>(), join, (), future) };
        let handle = handle(task);
        if !local || !Owner::is_direct(owner) {
            // SAFETY: a claimed slot of this arena, filled for the place's owner, and not pushed by `take`.
            unsafe { task.launch_at(owner, false) };
        }
        Ok(handle)
    }

    const fn fits<F: Future, J>() -> bool {
        size_of::<Cell<F, J, ()>>() <= HEADER_BYTES + BYTES
            && align_of::<Cell<F, J, ()>>() <= align_of::<Slot<BYTES, L>>()
    }

    const fn full<F>(future: F) -> SpawnError<F> {
        SpawnError::Full { future, pool: "static arena", slots: SLOTS }
    }

    /// Spawns a future in this arena, at an executor in a `static`. That it fits is checked at compile time.
    ///
    /// # Errors
    ///
    /// Gives the future back: [`SpawnError::Full`], or [`SpawnError::NoExecutor`] where `place` takes no static tasks.
    ///
    /// # Cost
    ///
    /// One load for each slot before the first free one, one read-modify-write, one push. May be called from an interrupt.
    pub fn try_spawn_at<F>(&'static self, place: &dyn Spawn, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // SAFETY: the future may be polled and dropped, and its output taken, on any thread.
        let table = unsafe { Table::of(const { &Cell::<F, Joined, ()>::SLOT }) };
        self.put_joined((place, place.is_local()), table, future)
    }

    /// As [`try_spawn_at`](Self::try_spawn_at), for a future that need not be `Send`, at the executor of the calling
    /// thread or core.
    ///
    /// # Errors
    ///
    /// As `try_spawn_at`; and [`SpawnError::NoExecutor`] where `place` is not bound to the calling thread.
    ///
    /// # Cost
    ///
    /// As `try_spawn_at`; but on a chip an interrupt may not call it with a place of the context that it finds: what need not be
    /// `Send` may not go from it to the tasks that it interrupts. The program asserts that, since the place cannot tell.
    pub fn try_spawn_local_at<F>(
        &'static self,
        place: &dyn Spawn,
        future: F,
    ) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if !place.is_local() {
            return Err(SpawnError::NoExecutor(future));
        }
        // SAFETY: this is the thread that polls and drops the tasks of `place`, and on a chip no interrupt of it (`Spawn::is_local`).
        let table = unsafe { Table::of(const { &Cell::<F, Joined, ()>::SLOT }) };
        self.put_joined((place, true), table, future)
    }

    #[inline(always)]
    fn put_joined<F>(
        &'static self,
        place: (&dyn Spawn, bool),
        table: Table,
        future: F,
    ) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + 'static,
    {
        let join: Joined = crate::atomic::UnsafeCell::new(None);
        // SAFETY: claimed as joined, and filled with a future of this output.
        self.put(place, table, (true, join), future, |task| unsafe { JoinHandle::new(task) })
    }

    /// Spawns a future whose output nobody asks for: two words less, and a handle that can only abort.
    ///
    /// # Errors
    ///
    /// As [`try_spawn_local_at`](Self::try_spawn_local_at).
    ///
    /// # Cost
    ///
    /// As `try_spawn_local_at`, also in what an interrupt may not do.
    pub fn try_spawn_detached_at<F>(&'static self, place: &dyn Spawn, future: F) -> Result<AbortHandle, SpawnError<F>>
    where
        F: Future<Output = ()> + 'static,
    {
        let handle = |task| {
            // SAFETY: claimed, so of this generation until it is run.
            unsafe { AbortHandle::of_slot(task) }
        };
        self.put_detached(place, const { &Cell::<F, Detached, ()>::SLOT }, future, handle)
    }

    /// Spawns a future that nobody can abort and whose output nobody asks for: there is no handle. For tasks that go on for
    /// ever: an image in which all tasks are of this kind has no code for what cannot happen to them, some 400 bytes on a
    /// Cortex-M3.
    ///
    /// # Errors
    ///
    /// As [`try_spawn_local_at`](Self::try_spawn_local_at).
    ///
    /// # Cost
    ///
    /// As `try_spawn_local_at`, also in what an interrupt may not do.
    ///
    /// # Examples
    ///
    /// ```
    /// # use zokio_core::task::{Arena, Spawn};
    /// static ARENA: Arena<1, 64> = Arena::new();
    ///
    /// fn start(on: &dyn Spawn) {
    ///     let blink = async { /* toggles a pin, and sleeps */ };
    ///     ARENA.try_spawn_unabortable_at(on, blink).ok();
    /// }
    /// ```
    pub fn try_spawn_unabortable_at<F>(&'static self, place: &dyn Spawn, future: F) -> Result<(), SpawnError<F>>
    where
        F: Future<Output = ()> + 'static,
    {
        self.put_detached(place, const { &Cell::<F, Detached, ()>::LONE }, future, |_| ())
    }

    /// As `put`, of a future whose output nobody asks for; this is a table of it.
    #[inline(always)]
    fn put_detached<F, R>(
        &'static self,
        place: &dyn Spawn,
        table: &'static VTable,
        future: F,
        handle: impl FnOnce(TaskPtr) -> R,
    ) -> Result<R, SpawnError<F>>
    where
        F: Future<Output = ()> + 'static,
    {
        if !place.is_local() {
            return Err(SpawnError::NoExecutor(future));
        }
        let detached: Detached = ();
        // SAFETY: this is the thread that polls and drops the tasks of `place`, and on a chip no interrupt of it (`Spawn::is_local`).
        self.put((place, true), unsafe { Table::of(table) }, (false, detached), future, handle)
    }
}

/// The table of a future that is to be spawned.
#[derive(Clone, Copy)]
struct Table(&'static VTable);

impl Table {
    /// # Safety
    ///
    /// It must be the table of the future and the join slot that it is given with; and that future be `Send`, or the calling thread
    /// be the one that polls the tasks of the place that it is given with.
    #[inline(always)]
    unsafe fn of(table: &'static VTable) -> Self {
        Self(table)
    }
}

impl<const SLOTS: usize, const BYTES: usize, A: Ambient, L> Arena<SLOTS, BYTES, A, L> {
    /// Spawns a future in this arena, on the executor of the current context. That it fits is checked at compile time.
    ///
    /// # Panics
    ///
    /// Panics where [`try_spawn`](Self::try_spawn) gives an error, with its text.
    #[track_caller]
    pub fn spawn<F>(&'static self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.try_spawn(future) {
            Ok(handle) => handle,
            Err(error) => refused(&error),
        }
    }

    /// Spawns a future in this arena, on the executor of the current context. That it fits is checked at compile time.
    ///
    /// # Errors
    ///
    /// Gives the future back: [`SpawnError::Full`], or [`SpawnError::NoExecutor`] where the context has no executor in a
    /// `static`.
    ///
    /// # Cost
    ///
    /// As [`try_spawn_at`](Self::try_spawn_at).
    pub fn try_spawn<F>(&'static self, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        A::with(|context| match context.and_then(Context::spawn) {
            Some(place) => self.try_spawn_at(place, future),
            None => Err(SpawnError::NoExecutor(future)),
        })
    }

    /// As [`try_spawn`](Self::try_spawn), for a future that need not be `Send`, where the executor never leaves this
    /// thread or core.
    ///
    /// # Errors
    ///
    /// As `try_spawn`; and [`SpawnError::NoExecutor`] where the tasks of the executor may run elsewhere.
    ///
    /// # Cost
    ///
    /// As `try_spawn`; but on a chip no interrupt may call it, save in a task of an executor that it itself runs. The program asserts
    /// that, as at [`try_spawn_local_at`](Self::try_spawn_local_at).
    pub fn try_spawn_local<F>(&'static self, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        A::with(|context| match context.and_then(Context::spawn) {
            Some(place) => self.try_spawn_local_at(place, future),
            None => Err(SpawnError::NoExecutor(future)),
        })
    }
}

// SAFETY: the slots are part of a `static`, all of one layout; a claim is won by one transition of the state word.
unsafe impl<const SLOTS: usize, const BYTES: usize, A: 'static, L: 'static> Slots for Arena<SLOTS, BYTES, A, L> {
    fn slots(&self) -> usize {
        SLOTS
    }
    fn slot_layout(&self) -> Layout {
        Layout::new::<Slot<BYTES, L>>()
    }
    fn claim(&'static self) -> Option<TaskPtr> {
        Self::claim(self, true, |_| ())
    }
    fn vacancy(&'static self, pool: &'static str, need: Layout) -> Result<Vacancy, Refusal> {
        claim_from(pool, self, need).map(|memory| Vacancy { memory, shape: Shape::Slot })
    }
    fn in_use(&self) -> usize {
        Self::in_use(self)
    }
    fn high_water(&self) -> usize {
        Self::high_water(self)
    }
}

/// Memory of a named pool for a joined task of `need`.
///
/// # Errors
///
/// Says why there is none.
pub fn claim_from(pool: &'static str, slots: &'static dyn Slots, need: Layout) -> Result<NonNull<u8>, Refusal> {
    let slot = slots.slot_layout();
    if need.size() > slot.size() || need.align() > slot.align() {
        return Err(Refusal::TooLarge { pool, slot: slot.size() });
    }
    slots.claim().map(|task| task.0.cast()).ok_or(Refusal::Full { pool, slots: slots.slots() })
}

/// Fills a slot that has been claimed for a joined task.
///
/// # Safety
///
/// `task` must have been claimed as joined and have room for the cell, and `owner` be a live, static scheduler.
#[inline(always)]
pub(super) unsafe fn fill_slot<F: Future + 'static>(task: TaskPtr, owner: NonNull<Owner>, future: F) {
    let cell = task.0.cast::<Cell<F, Joined, ()>>();
    // SAFETY: by this function's contract.
    unsafe {
        Cell::fill(
            cell,
            const { &Cell::<F, Joined, ()>::SLOT },
            owner,
            crate::atomic::UnsafeCell::new(None),
            (),
            future,
        )
    };
}

/// Fills a vacancy; without an allocator there are only slots.
///
/// # Safety
///
/// Vacancy and owner must be what `Spawn` promises.
#[cfg(not(feature = "alloc"))]
#[inline(always)]
pub(super) unsafe fn fill_vacancy<F: Future + 'static>(vacancy: Vacancy, owner: NonNull<Owner>, future: F) -> TaskPtr {
    let task = TaskPtr(vacancy.memory.cast());
    // SAFETY: by this function's contract.
    unsafe { fill_slot(task, owner, future) };
    task
}

/// Spawns a task that has a pool of its own where no static tasks are taken; without an allocator it cannot be.
#[cfg(not(feature = "alloc"))]
#[inline(always)]
pub(super) fn without_slots<F, R>(
    future: F,
    _spawn: impl FnOnce(F) -> Result<R, SpawnError<F>>,
) -> Result<R, SpawnError<F>> {
    Err(SpawnError::NoExecutor(future))
}
