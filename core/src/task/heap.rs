//! Counted tasks: memory from the global allocator, and a registry from which an executor cancels them.

use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::future::Future;
use core::mem::offset_of;
use core::ptr::{self, NonNull};

use super::arena::fill_slot;
use super::cell::{Besides, Cell, Joined};
use super::error::SpawnError;
use super::header::{Owner, TaskPtr};
use super::join::AbortHandle;
use super::spawn::{Shape, Vacancy};
use crate::atomic::UnsafeCell;
use crate::lock::{DefaultLock, Lock};

/// Fills a vacancy of any shape.
///
/// # Safety
///
/// Vacancy and owner must be what `Spawn` promises.
pub(super) unsafe fn fill_vacancy<F: Future + 'static>(vacancy: Vacancy, owner: NonNull<Owner>, future: F) -> TaskPtr {
    match vacancy.shape {
        Shape::Slot => {
            let task = TaskPtr(vacancy.memory.cast());
            // SAFETY: a claimed slot, by this function's contract.
            unsafe { fill_slot(task, owner, future) };
            task
        }
        Shape::Counted => {
            let cell = vacancy.memory.cast::<Cell<F, Joined, Besides<()>>>();
            // SAFETY: fresh memory of this layout, by this function's contract.
            unsafe { Cell::fill_counted(cell, owner, UnsafeCell::new(None), (), future, true) }
        }
        Shape::CountedExtra(extra) => {
            let cell = vacancy.memory.cast::<Cell<F, Joined, Besides<UnsafeCell<usize>>>>();
            // SAFETY: fresh memory of this layout, by this function's contract.
            unsafe { Cell::fill_counted(cell, owner, UnsafeCell::new(None), UnsafeCell::new(extra), future, true) }
        }
    }
}

/// Spawns a task that has a pool of its own where no static tasks are taken: in memory of the executor's.
pub(super) fn without_slots<F, R>(
    future: F,
    spawn: impl FnOnce(F) -> Result<R, SpawnError<F>>,
) -> Result<R, SpawnError<F>> {
    spawn(future)
}

/// What an executor may do with the memory of a counted task.
#[derive(Debug)]
pub struct HeapTask(());

impl HeapTask {
    /// Fresh memory from the global allocator; of no size, which no task has, it is nowhere.
    #[must_use]
    pub fn allocate(layout: Layout) -> NonNull<u8> {
        let memory = match layout.size() {
            0 => ptr::without_provenance_mut(layout.align()),
            // SAFETY: the size is not zero.
            _ => unsafe { alloc(layout) },
        };
        NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// Gives the memory back to the global allocator.
    ///
    /// # Safety
    ///
    /// `task` must have been made in memory of [`allocate`](Self::allocate), and have been released.
    pub unsafe fn free(task: TaskPtr) {
        // SAFETY: nobody uses a released task.
        let layout = unsafe { task.vtable() }.held().layout;
        // SAFETY: allocated with the layout of its cell.
        unsafe { dealloc(task.as_ptr().cast(), layout) };
    }

    /// The extra word of a [`Shape::CountedExtra`] task.
    ///
    /// # Safety
    ///
    /// `task` must be such a task, and alive for as long as the reference is used.
    pub unsafe fn extra<'a>(task: TaskPtr) -> &'a UnsafeCell<usize> {
        const OFFSET: usize = offset_of!(Cell<core::future::Ready<()>, Joined, Besides<UnsafeCell<usize>>>, extra)
            + offset_of!(Besides<UnsafeCell<usize>>, extra);
        // SAFETY: *whole pointer*: the extra word follows join slot and owner.
        let extra = unsafe { task.0.byte_add(OFFSET) };
        // SAFETY: initialised when the cell was filled; a cell.
        unsafe { extra.cast::<UnsafeCell<usize>>().as_ref() }
    }
}

/// The boxed tasks of one executor that are not complete: where a task is in the list is its extra word.
///
/// *registered*: a task in the list is alive (the executor has a reference), and its extra word, which is its index, is
/// touched under the lock only.
#[derive(Debug)]
pub struct Boxes {
    list: Lock<DefaultLock, List>,
}

#[derive(Debug)]
struct List {
    tasks: Vec<TaskPtr>,
    closed: bool,
}

impl Boxes {
    crate::const_fn! {
        /// An empty, open registry.
        pub const fn new() -> Self {
            // SAFETY: *unnested*: what runs under it is here, and no foreign code.
            Self { list: unsafe { Lock::any(List { tasks: Vec::new(), closed: false }) } }
        }
    }

    /// Adds a task. `false`: the registry is closed, and the task is not in it.
    ///
    /// # Safety
    ///
    /// `task` must be a [`Shape::CountedExtra`] task, not yet launched, whose executor calls [`remove`](Self::remove) when
    /// it completes.
    pub unsafe fn insert(&self, task: TaskPtr) -> bool {
        self.list.with(|list| {
            if list.closed {
                return false;
            }
            // SAFETY: *registered*: under the lock, and alive.
            unsafe { set_index(task, list.tasks.len()) };
            list.tasks.push(task);
            true
        })
    }

    /// Removes a task that has completed.
    ///
    /// # Safety
    ///
    /// `task` must be alive, and have been given to [`insert`](Self::insert).
    pub unsafe fn remove(&self, task: TaskPtr) {
        self.list.with(|list| {
            // SAFETY: *registered*: under the lock, and alive.
            let index = unsafe { Self::index(task) };
            // A task that a closed registry refused is not in it.
            if list.tasks.get(index) == Some(&task) {
                list.tasks.swap_remove(index);
                if let Some(moved) = list.tasks.get(index) {
                    // SAFETY: *registered*: under the lock, and alive since it is in the list.
                    unsafe { set_index(*moved, index) };
                }
            }
        });
    }

    /// # Safety
    ///
    /// `task` must be alive and the lock held.
    unsafe fn index(task: TaskPtr) -> usize {
        // SAFETY: alive, by this function's contract.
        let extra = unsafe { HeapTask::extra(task) };
        // SAFETY: *registered*: the lock is held.
        extra.with(|index| unsafe { *index })
    }

    /// Refuses tasks from now on.
    pub fn close(&self) {
        self.list.with(|list| list.closed = true);
    }

    /// Whether tasks are refused.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.list.with(|list| list.closed)
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.with(|list| list.tasks.len())
    }

    /// Whether there is no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reference to each task, for an executor whose tasks other threads may complete meanwhile.
    #[must_use]
    pub fn abort_handles(&self) -> Vec<AbortHandle> {
        // SAFETY: *registered*: under the lock, and alive.
        self.list.with(|list| list.tasks.iter().map(|task| unsafe { AbortHandle::of(*task) }).collect())
    }

    /// The task at a place of the list, counted from its end; to be cancelled by the executor's own thread, which keeps
    /// it alive.
    #[must_use]
    pub fn from_end(&self, place: usize) -> Option<TaskPtr> {
        self.list.with(|list| list.tasks.iter().rev().nth(place).copied())
    }
}

impl Default for Boxes {
    fn default() -> Self {
        Self::new()
    }
}

/// # Safety
///
/// `task` must be alive and the lock held.
unsafe fn set_index(task: TaskPtr, to: usize) {
    // SAFETY: alive, by this function's contract.
    let extra = unsafe { HeapTask::extra(task) };
    // SAFETY: *registered*: the lock is held.
    extra.with_mut(|index| unsafe { *index = to });
}
