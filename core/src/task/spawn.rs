//! How a future becomes a task of an executor whose type is not known: memory of the right shape, then a launch.

use core::alloc::Layout;
use core::future::Future;
use core::ptr::NonNull;

use super::cell::{layout_of, slot_layout_of};
use super::error::SpawnError;
use super::header::{Owner, TaskPtr};
use super::join::JoinHandle;

#[cfg(not(feature = "alloc"))]
use super::arena::fill_vacancy;
#[cfg(feature = "alloc")]
use super::heap::fill_vacancy;

/// What kind of memory a [`Vacancy`] is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A slot of a static arena, whose state word has been claimed for a joined task.
    Slot,
    /// Fresh memory for a counted task without an extra word.
    Counted,
    /// Fresh memory for a counted task whose executor keeps one word beside the header.
    CountedExtra(usize),
}

/// Memory for one task.
#[derive(Debug)]
pub struct Vacancy {
    /// Where it is: at least as large and as aligned as was asked for, with the provenance of the whole.
    pub memory: NonNull<u8>,
    /// What it is.
    pub shape: Shape,
}

/// Sizes and alignments that a future needs, by [`Shape`]. Only who spawns one makes it, so that no memory is asked for that has no room
/// for a task:
///
/// ```compile_fail,E0451
/// let nothing = std::alloc::Layout::new::<()>();
/// let _ = zokio_core::task::Need { slot: nothing, plain: nothing, extra: nothing };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Need {
    pub(super) slot: Layout,
    plain: Layout,
    extra: Layout,
}

impl Need {
    fn of<F: Future>() -> Self {
        Self {
            slot: slot_layout_of::<F>(),
            plain: layout_of::<F, ()>(),
            extra: layout_of::<F, crate::atomic::UnsafeCell<usize>>(),
        }
    }

    /// For [`Shape::Slot`].
    #[must_use]
    pub fn slot(&self) -> Layout {
        self.slot
    }

    /// For [`Shape::Counted`].
    #[must_use]
    pub fn plain(&self) -> Layout {
        self.plain
    }

    /// For [`Shape::CountedExtra`].
    #[must_use]
    pub fn extra(&self) -> Layout {
        self.extra
    }
}

/// Why there is no memory for a task.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Every slot is taken.
    Full {
        /// The pool's name.
        pool: &'static str,
        /// How many slots it has.
        slots: usize,
    },
    /// The slots are too small, or not aligned enough.
    TooLarge {
        /// The pool's name.
        pool: &'static str,
        /// Bytes that a slot has.
        slot: usize,
    },
    /// The executor shuts down.
    Closed,
    /// The executor has no memory for tasks of its own: it has no default arena.
    NoPool,
}

/// A place to spawn at: an executor, as the ambient context shows it.
///
/// # Safety
///
/// `owner` must be that [of](Owner::of) a live [`Schedule`](super::Schedule), whose tasks `vacancy` makes memory for as
/// [`Vacancy`] says. `is_local` may answer `true` only on the one thread that polls and drops the tasks of this owner, and, on a chip,
/// where no interrupt may poll them before the caller goes on (*filled late*).
/// `takes_here` may answer `true` only where this owner takes tasks from its queue, and not while it does: never in an interrupt of
/// there. `static_owner` must be the same owner where it is `'static` and takes uncounted tasks, which may be launched there at once.
pub unsafe trait Spawn {
    /// The scheduler that new tasks belong to.
    fn owner(&self) -> NonNull<Owner>;

    /// The scheduler, where it takes tasks of static arenas.
    fn static_owner(&self) -> Option<NonNull<Owner>>;

    /// Whether the tasks are polled and dropped on the calling thread and on no other.
    ///
    /// On a chip the place that an interrupt finds in the context of what it has interrupted says so too: that no interrupt spawns
    /// what need not be `Send` there is what the program asserts.
    fn is_local(&self) -> bool;

    /// Whether the caller is where the tasks are taken from the queue of the `static_owner`, so that a push need not expect anybody
    /// to take them meanwhile.
    fn takes_here(&self) -> bool {
        false
    }

    /// Memory for a task.
    ///
    /// # Errors
    ///
    /// Says why there is none.
    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal>;

    /// Takes a new task. Never fails: a closed executor cancels it.
    ///
    /// # Safety
    ///
    /// `task` must have been filled in memory of [`vacancy`](Self::vacancy) (or, where there is a `static_owner`, in a
    /// claimed slot), with this place's owner, and its `NOTIFIED` be the caller's, who gives it up.
    unsafe fn launch(&self, task: TaskPtr);
}

impl Refusal {
    pub(crate) fn with<F: Future>(self, future: F) -> SpawnError<F> {
        match self {
            Self::Full { pool, slots } => SpawnError::Full { future, pool, slots },
            Self::TooLarge { pool, slot } => {
                SpawnError::TooLarge { future, pool, needed: slot_layout_of::<F>().size(), slot }
            }
            Self::Closed => SpawnError::Closed(future),
            Self::NoPool => SpawnError::NoPool(future),
        }
    }
}

/// Spawns a future at `place`.
///
/// # Errors
///
/// Gives the future back where there is no memory for it, or the executor shuts down.
///
/// # Cost
///
/// That of the place: a claim of a slot, or one allocation; then one push.
///
/// # Examples
///
/// A task outlives whoever spawned it, so it owns what it uses:
///
/// ```
/// # fn main() {}
/// fn spawn(place: &dyn zokio_core::task::Spawn) {
///     let local = 5;
///     let _ = zokio_core::task::try_spawn_at(place, async move { assert_eq!(&local, &5) });
/// }
/// ```
pub fn try_spawn_at<F>(place: &dyn Spawn, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // SAFETY: the future may be polled and dropped, and its output taken, on any thread.
    unsafe { spawn_unchecked(place, future) }
}

/// Spawns a future that need not be `Send` at `place`.
///
/// # Errors
///
/// As [`try_spawn_at`]; and [`SpawnError::NoExecutor`] where the place is not bound to the calling thread.
///
/// # Cost
///
/// As [`try_spawn_at`]; but on a chip an interrupt may not call it with a place of the context that it finds: what need not be
/// `Send` may not go from it to the tasks that it interrupts. The program asserts that, since the place cannot tell.
pub fn try_spawn_local_at<F>(place: &dyn Spawn, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
where
    F: Future + 'static,
    F::Output: 'static,
{
    if !place.is_local() {
        return Err(SpawnError::NoExecutor(future));
    }
    // SAFETY: this is the one thread on which the tasks of this place are polled and dropped, and on a chip no interrupt of it
    // (`is_local`). The handle of an output that is not `Send` is not `Send` either.
    unsafe { spawn_unchecked(place, future) }
}

/// # Safety
///
/// The future must be `Send`, or the calling thread be the one that polls the tasks of `place`.
unsafe fn spawn_unchecked<F>(place: &dyn Spawn, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
where
    F: Future + 'static,
{
    let vacancy = match place.vacancy(Need::of::<F>()) {
        Ok(vacancy) => vacancy,
        Err(refusal) => return Err(refusal.with(future)),
    };
    // SAFETY: memory and owner are what `Spawn` promises.
    let task = unsafe { fill_vacancy(vacancy, place.owner(), future) };
    // SAFETY: filled as a joined task with this output, whose `JOIN_INTEREST` nobody else has.
    let handle = unsafe { JoinHandle::new(task) };
    // SAFETY: filled above, in the memory that was asked for.
    unsafe { place.launch(task) };
    Ok(handle)
}

/// Spawns a future at `place`, or says why it could not.
///
/// # Panics
///
/// Panics where [`try_spawn_at`] would give an error, with its text.
#[track_caller]
pub fn spawn_at<F>(place: &dyn Spawn, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match try_spawn_at(place, future) {
        Ok(handle) => handle,
        Err(error) => refused(&error),
    }
}

#[cold]
#[track_caller]
pub(super) fn refused(error: &dyn core::fmt::Display) -> ! {
    panic!("cannot spawn: {error}")
}

/// A task borrows nothing from who spawned it, so no waker ever leads to a stack:
///
/// ```compile_fail,E0373
/// # fn main() {}
/// fn spawn(place: &dyn zokio_core::task::Spawn) {
///     let local = 5;
///     let _ = zokio_core::task::try_spawn_at(place, async { assert_eq!(&local, &5) });
/// }
/// ```
#[cfg(doctest)]
#[allow(non_camel_case_types)] // its name is that of the test
pub struct failure_052_tasks_are_static;
