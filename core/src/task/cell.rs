//! A task with its future: header, join waker, of a counted task its owner and one extra word where the executor wants one, and
//! the stage.

use core::alloc::Layout;
use core::mem::{ManuallyDrop, offset_of};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};

use super::header::{Header, Owner, TaskPtr};
use super::scope::{self, Budget, Scope};
use super::state::{Polled, Snapshot, Start, State};
use super::{run, waker};
use crate::atomic::{LAYOUT_IS_REAL, UnsafeCell};
use crate::guard::{self, Payload};

/// Where a join handle keeps its waker.
pub type Joined = UnsafeCell<Option<Waker>>;
/// Nothing, for a task whose output nobody asks for.
pub type Detached = ();

/// Whether there may be counted tasks at all.
pub(super) const COUNTED: bool = cfg!(feature = "alloc");

/// What a counted task has besides: its owner, for which a slot has no word of its own (*owner or link*), and what the executor
/// keeps there.
#[repr(C)]
pub(crate) struct Besides<X> {
    pub(crate) owner: UnsafeCell<NonNull<Owner>>,
    pub(crate) extra: X,
}

/// The cell of a task: `J` is [`Joined`] or [`Detached`], `X` nothing, or the [`Besides`] of a counted task.
#[repr(C)]
pub(crate) struct Cell<F: Future, J, X> {
    pub(crate) header: Header,
    pub(crate) join: J,
    pub(crate) extra: X,
    pub(crate) stage: Stage<F>,
}

/// What a future left.
type Left<F> = Result<<F as Future>::Output, Payload>;

/// The future, then what it left, both at the start.
#[repr(C)]
pub(crate) union Stage<F: Future> {
    _future: ManuallyDrop<F>,
    _left: ManuallyDrop<Left<F>>,
}

/// Which part of the stage to drop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Future,
    Output,
}

/// What differs from one type of future to another, and nothing else.
pub(crate) struct VTable {
    /// Polls the future.
    pub(crate) poll: PollFn,
    /// What only who holds the task needs; `None`: nobody does (*lone*).
    pub(crate) held: Option<&'static Held>,
}

impl VTable {
    /// Of a task that is not *lone*.
    #[inline(always)]
    pub(crate) fn held(&self) -> &'static Held {
        #[cold]
        fn lone() -> ! {
            panic!("nobody holds this task")
        }
        match self.held {
            Some(held) => held,
            None => lone(),
        }
    }
}

/// What differs from one type of future to another and is used by who holds the task.
pub(crate) struct Held {
    /// Does what a start asks for other than a poll, of a slot. Found here, so that the code for it is in images with tasks
    /// to which it can happen.
    pub(crate) end: fn(TaskPtr, Start),
    /// Drops a part of the stage. `true`: dropping the future panicked, and the panic is the output now.
    pub(crate) drop: unsafe fn(TaskPtr, Part) -> bool,
    /// Bytes from the header to the stage.
    pub(crate) stage: usize,
    /// Size and alignment of the whole cell.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // a slot knows its own
    pub(crate) layout: Layout,
}

/// How a future came to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    WithOutput,
    ByPanic,
}

/// How a task is polled, by what its wakers are. A slot's is known where the future is, so that waking, cloning and
/// dropping it needs no table there, and all that follows the poll is done in the same call.
pub(crate) union PollFn {
    /// On `Ready` the future has been dropped and the output written.
    pub(crate) counted: unsafe fn(TaskPtr, &mut Context<'_>) -> Poll<Ended>,
    /// Does what follows the poll, but for what its answer says.
    pub(crate) slot: unsafe fn(TaskPtr) -> Polled,
}

/// Size and alignment of the cell of a joined task in a slot.
#[must_use]
pub const fn slot_layout_of<F: Future>() -> Layout {
    Layout::new::<Cell<F, Joined, ()>>()
}

/// Size and alignment of the cell of a joined counted task with extra `X`.
#[must_use]
pub const fn layout_of<F: Future, X>() -> Layout {
    Layout::new::<Cell<F, Joined, Besides<X>>>()
}

/// Bytes of a detached static task beside max(future, output).
pub const HEADER_BYTES: usize = size_of::<Header>();
/// Bytes of a joined static task beside max(future, output).
pub const JOINED_BYTES: usize = HEADER_BYTES + size_of::<Joined>();

// 12 and 20 bytes, aligned to 4, on a 32-bit target.
const _: () = assert!(!LAYOUT_IS_REAL || HEADER_BYTES == 3 * size_of::<usize>());
const _: () = assert!(!LAYOUT_IS_REAL || JOINED_BYTES == 5 * size_of::<usize>());
const _: () = assert!(!LAYOUT_IS_REAL || align_of::<Header>() == align_of::<usize>());
// A boxed task on a 64-bit target: 56 of the 64 bytes it may have.
const _: () = assert!(
    !LAYOUT_IS_REAL
        || offset_of!(Cell<core::future::Ready<()>, Joined, Besides<usize>>, stage) == 7 * size_of::<usize>()
);

/// Of a slot without a handle whose future is gone, and which is in its queue once more: its poll frees it.
pub(super) static OVER: VTable = VTable { poll: PollFn { slot: run::complete_lone }, held: None };

impl<F: Future, J, X> Cell<F, J, X> {
    const COUNTED: VTable = Self::table(PollFn { counted: Self::poll });
    pub(crate) const SLOT: VTable = Self::table(PollFn { slot: Self::run_slot::<false> });
    /// Of a task without a handle: nobody can abort it, nor ask for its output.
    pub(crate) const LONE: VTable = VTable { poll: PollFn { slot: Self::run_slot::<true> }, held: None };

    const fn table(poll: PollFn) -> VTable {
        VTable { poll, held: Some(&Self::HELD) }
    }

    const HELD: Held = Held {
        end: run::end_slot,
        drop: Self::drop_part,
        stage: offset_of!(Self, stage),
        layout: Layout::new::<Self>(),
    };

    /// Polls a slot, and does what follows but for what the answer says; `LONE`: of a task that nobody holds.
    ///
    /// # Safety
    ///
    /// `task` must be a started slot, and a live `Self` whose stage holds a future that is the caller's.
    unsafe fn run_slot<const LONE: bool>(task: TaskPtr) -> Polled {
        // SAFETY: a slot, by this function's contract.
        let waker = unsafe { waker::of_slot(task) };
        let scope = scope::enter(Scope::new(Some(task), Budget::FULL));
        // SAFETY: by this function's contract.
        let polled = unsafe { Self::poll(task, &mut Context::from_waker(&waker)) };
        drop(scope);
        match polled {
            Poll::Pending => Polled::pending(task),
            Poll::Ready(_) if LONE => {
                // SAFETY: the stage holds an output, which is the caller's.
                unsafe { Self::drop_part(task, Part::Output) };
                run::complete_lone(task)
            }
            Poll::Ready(_) => run::complete_slot(task, !core::mem::needs_drop::<Left<F>>()),
        }
    }

    /// # Safety
    ///
    /// `task` must be a live `Self`.
    #[inline(always)]
    unsafe fn stage(task: TaskPtr) -> *mut Stage<F> {
        // SAFETY: live, by this function's contract.
        unsafe { task.header() }.stage.with_mut(|_| ());
        let cell: *mut Self = task.0.as_ptr().cast();
        // SAFETY: *whole pointer*: in bounds of a live cell.
        unsafe { &raw mut (*cell).stage }
    }

    /// # Safety
    ///
    /// `task` must be a live `Self` whose stage holds a future that is the caller's.
    #[inline(always)]
    unsafe fn poll(task: TaskPtr, cx: &mut Context<'_>) -> Poll<Ended> {
        // SAFETY: live, by this function's contract.
        let stage = unsafe { Self::stage(task) };
        // SAFETY: the stage holds a future (at its start: `repr(C)`), which is the caller's alone.
        let future = unsafe { &mut *stage.cast::<F>() };
        // SAFETY: a cell never moves while its future lives, and the future is dropped in place.
        let future = unsafe { Pin::new_unchecked(future) };
        // Without `std` a panic that unwinds leaves the task as a pending poll does.
        let output = match guard::run(|| future.poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        // SAFETY: as above; the future is not touched again, whatever its drop does.
        let dropped = guard::contain(|| unsafe { stage.cast::<F>().drop_in_place() });
        let output = match dropped {
            Ok(()) => output,
            Err(panic) => {
                guard::swallow(|| drop(output));
                Err(panic)
            }
        };
        let ended = if output.is_ok() { Ended::WithOutput } else { Ended::ByPanic };
        // SAFETY: the future is gone, the stage is the caller's, and has room for an output.
        unsafe { stage.cast::<Left<F>>().write(output) };
        Poll::Ready(ended)
    }

    /// # Safety
    ///
    /// `task` must be a live `Self` whose stage holds `part`, which is the caller's.
    unsafe fn drop_part(task: TaskPtr, part: Part) -> bool {
        // SAFETY: live, by this function's contract.
        let stage = unsafe { Self::stage(task) };
        let dropped = guard::contain(|| match part {
            // SAFETY: the stage holds a future, which is the caller's and is not touched again.
            Part::Future => unsafe { stage.cast::<F>().drop_in_place() },
            // SAFETY: the stage holds an output, which is the caller's and is not touched again.
            Part::Output => unsafe { stage.cast::<Left<F>>().drop_in_place() },
        });
        match (part, dropped) {
            (Part::Future, Err(panic)) => {
                // SAFETY: the future is gone, the stage is the caller's, and has room for an output.
                unsafe { stage.cast::<Left<F>>().write(Err(panic)) };
                true
            }
            // A panic of an output that nobody asked for goes nowhere: the panic hook has told of it.
            (Part::Output, Err(panic)) => {
                guard::discard(panic);
                false
            }
            (_, Ok(())) => false,
        }
    }

    /// Writes table, owner, join slot, extra and future of a slot whose state word the caller has claimed.
    ///
    /// # Safety
    ///
    /// The table must be `Self::SLOT` or `Self::LONE`, or `Self::COUNTED` for a counted task. `cell` must be valid for a `Self`
    /// but for its link and state, which are initialised; the caller must have claimed the state, so that nobody reads the rest.
    #[inline(always)]
    pub(crate) unsafe fn fill(
        cell: NonNull<Self>,
        table: &'static VTable,
        owner: NonNull<Owner>,
        join: J,
        extra: X,
        future: F,
    ) -> TaskPtr
    where
        F: 'static,
    {
        let task = TaskPtr(cell.cast());
        // SAFETY: claimed, by this function's contract. A counted task leads to its owner too, though nobody asks.
        unsafe { task.entitle(table, owner) };
        // SAFETY: by this function's contract.
        unsafe { Self::furnish(cell, join, extra, future) };
        task
    }

    /// Writes what does not belong to the header.
    ///
    /// # Safety
    ///
    /// As for [`fill`](Self::fill), of a task that has been [entitled](TaskPtr::entitle); or *filled late*.
    #[inline(always)]
    pub(crate) unsafe fn furnish(cell: NonNull<Self>, join: J, extra: X, future: F) {
        let task = TaskPtr(cell.cast());
        let cell = cell.as_ptr();
        // SAFETY: in bounds, by this function's contract.
        let slot = unsafe { &raw mut (*cell).join };
        // SAFETY: valid and ours, by this function's contract.
        unsafe { slot.write(join) };
        // SAFETY: in bounds, by this function's contract.
        let word = unsafe { &raw mut (*cell).extra };
        // SAFETY: valid and ours, by this function's contract.
        unsafe { word.write(extra) };
        // SAFETY: a live cell, by this function's contract.
        let stage = unsafe { Self::stage(task) }.cast::<F>();
        // SAFETY: valid and ours. Written in place: a large future is copied once.
        unsafe { stage.write(future) };
    }
}

impl<F: Future, J, X> Cell<F, J, Besides<X>> {
    /// Writes a whole counted task into fresh memory.
    ///
    /// # Safety
    ///
    /// `cell` must be valid for writes of a `Self`, and owned by the caller.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // only slots
    pub(crate) unsafe fn fill_counted(
        cell: NonNull<Self>,
        owner: NonNull<Owner>,
        join: J,
        extra: X,
        future: F,
        joined: bool,
    ) -> TaskPtr
    where
        F: 'static,
    {
        let header = Header { state: State::new(Snapshot::counted(joined)), ..Header::free() };
        // SAFETY: valid for writes, by this function's contract; the header is the first field.
        unsafe { cell.cast::<Header>().write(header) };
        let besides = Besides { owner: UnsafeCell::new(owner), extra };
        // SAFETY: link and state have just been written, and nobody else knows the memory.
        unsafe { Self::fill(cell, const { &Self::COUNTED }, owner, join, besides, future) }
    }
}

/// The scheduler of a counted task.
///
/// # Safety
///
/// `task` must be counted and alive. The owner is alive while the task is (*kept alive*).
#[inline(always)]
pub(crate) unsafe fn counted_owner(task: TaskPtr) -> NonNull<Owner> {
    // SAFETY: by this function's contract.
    let owner = unsafe { owner_cell(task) };
    // SAFETY: written before the task was known to anybody, and then only read.
    owner.with(|owner| unsafe { *owner })
}

/// Where that is.
///
/// # Safety
///
/// As for [`counted_owner`].
#[inline(always)]
pub(crate) unsafe fn owner_cell<'a>(task: TaskPtr) -> &'a UnsafeCell<NonNull<Owner>> {
    const OFFSET: usize = offset_of!(Cell<core::future::Ready<()>, Joined, Besides<()>>, extra);
    // SAFETY: *whole pointer*: it follows the join slot of a counted cell, whatever comes behind.
    let besides = unsafe { task.0.byte_add(OFFSET) };
    // SAFETY: initialised when the cell was filled; `repr(C)`, a cell first.
    unsafe { besides.cast::<UnsafeCell<NonNull<Owner>>>().as_ref() }
}

/// The join waker of a joined task.
///
/// # Safety
///
/// `task` must be alive and joined.
pub(crate) unsafe fn join_slot<'a>(task: TaskPtr) -> &'a Joined {
    const OFFSET: usize = offset_of!(Cell<core::future::Ready<()>, Joined, ()>, join);
    // SAFETY: *whole pointer*: the join slot of a joined cell follows its header, whatever comes behind.
    let slot = unsafe { task.0.byte_add(OFFSET) };
    // SAFETY: initialised when the cell was filled; a cell.
    unsafe { slot.cast::<Joined>().as_ref() }
}

/// The output of a task.
///
/// # Safety
///
/// `task` must be alive, its future's output a `T`, and the stage hold that output, which is the caller's; it is moved
/// out.
pub(crate) unsafe fn take_output<T>(task: TaskPtr) -> Result<T, Payload> {
    // SAFETY: who may take the output keeps the task from being used again.
    let offset = unsafe { task.vtable() }.held().stage;
    // SAFETY: as above.
    unsafe { task.header() }.stage.with_mut(|_| ());
    // SAFETY: *whole pointer*: in bounds of the cell.
    let stage = unsafe { task.0.byte_add(offset) };
    // SAFETY: the stage holds a `Result<T, Payload>` at its start (`repr(C)` union), and it is the caller's.
    unsafe { stage.cast::<Result<T, Payload>>().read() }
}
