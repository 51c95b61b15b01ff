//! The only place that makes a `RawWaker`.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::task::{RawWaker, RawWakerVTable, Waker};

use super::header::{Owner, TaskPtr};
use super::run::Notified;
use super::schedule::Schedule;
#[cfg(zokio_unicore)]
use crate::lock::Section;
use crate::lock::{Held, RawLock};

/// The table of every slot. It does not know the scheduler: a stale waker wakes the slot's tenant of today, who may belong to
/// an executor of another type. One for all, so that wakers of one task always compare equal.
static UNCOUNTED: RawWakerVTable = RawWakerVTable::new(
    |task| RawWaker::new(task, &UNCOUNTED), // *deaf clone*
    // SAFETY: every waker of this table points to a slot of a static arena.
    |task| unsafe { wake_slot(task) },
    // SAFETY: as above.
    |task| unsafe { wake_slot(task) },
    |_| {},
);

/// # Safety
///
/// `task` must come from `TaskPtr::as_ptr` of a slot of a static arena.
#[inline]
unsafe fn wake_slot(task: *const ()) {
    // SAFETY: by this function's contract.
    let task = unsafe { TaskPtr::from_ptr(task.cast_mut()) };
    // SAFETY: a slot is always alive.
    let header = unsafe { task.header() };
    // SAFETY: `State::wake_slot` runs one of both for the winner of NOTIFIED only, the first one if the word is without ASKED.
    header.state.wake_slot(|| unsafe { task.push_within() }, || unsafe { task.ask_slot() });
}

/// Whether cloning and dropping a waker run no foreign code: it is a slot's (*deaf clone*).
#[inline(always)]
pub(super) fn is_slots(waker: &Waker) -> bool {
    core::ptr::eq(waker.vtable(), &UNCOUNTED)
}

/// Clones a waker, if that may be done with a lock held: it is one of ours, and its clone touches no memory.
#[inline(always)]
pub(crate) fn clone_within(waker: &Waker) -> Option<Waker> {
    // SAFETY: the same pointer and table, of which nothing is counted.
    is_slots(waker).then(|| unsafe { Waker::from_raw(RawWaker::new(waker.data(), &UNCOUNTED)) })
}

/// Clones a waker, without a call if it is one of ours.
#[inline(always)]
pub(crate) fn clone(waker: &Waker) -> Waker {
    match clone_within(waker) {
        Some(clone) => clone,
        None => waker.clone(),
    }
}

/// Drops a waker, if that may be done with a lock held; gives it back if not.
#[inline(always)]
pub(crate) fn drop_within(waker: Waker) -> Option<Waker> {
    if is_slots(&waker) {
        // Nothing is counted.
        core::mem::forget(waker);
        None
    } else {
        Some(waker)
    }
}

/// Whether any waker is ever woken under a lock.
pub(crate) const WAKES_WITHIN: bool = cfg!(zokio_unicore);

/// Wakes under a lock, if that may be done there: the waker is one of ours, and its wake is a push to a queue in a section.
/// Gives the waker back to be woken outside if not.
#[inline(always)]
#[allow(dead_code)] // a wait list needs it
pub(crate) fn wake_within<L: RawLock>(waker: Waker, held: &Held<'_, L>) -> Option<Waker> {
    if wake_by_ref_within(&waker, held) {
        // Nothing is counted.
        core::mem::forget(waker);
        None
    } else {
        Some(waker)
    }
}

/// The task of a waker, if it is a slot's.
#[inline(always)]
pub(crate) fn slot_of(waker: &Waker) -> Option<TaskPtr> {
    // SAFETY: a slot's waker.
    is_slots(waker).then(|| unsafe { TaskPtr::from_ptr(waker.data().cast_mut().cast()) })
}

/// A waker in two words, of which a slot's says so by a table that is not there: no address to load and to compare.
///
/// *one waker*: it was made of a waker, which is the owner's of this. Copies are made to move it only.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    table: Option<&'static RawWakerVTable>,
    data: *const (),
}

impl Kept {
    /// A clone of a waker, without a call if it is one of ours.
    #[inline(always)]
    pub(crate) fn of(waker: &Waker) -> Self {
        if is_slots(waker) {
            return Self { table: None, data: waker.data() };
        }
        let clone = ManuallyDrop::new(waker.clone());
        Self { table: Some(clone.vtable()), data: clone.data() }
    }

    /// Drops the waker.
    ///
    /// # Safety
    ///
    /// *one waker*: no copy may be used again.
    #[inline(always)]
    pub(crate) unsafe fn discard(self) {
        // SAFETY: by this function's contract.
        drop(self.table.map(|_| unsafe { self.waker() }));
    }

    #[inline(always)]
    pub(crate) fn new(waker: Waker) -> Self {
        let waker = ManuallyDrop::new(waker);
        Self { table: if is_slots(&waker) { None } else { Some(waker.vtable()) }, data: waker.data() }
    }

    /// The waker.
    ///
    /// # Safety
    ///
    /// *one waker*: no copy may be used again, unless what this gives is never dropped nor woken by value.
    #[inline(always)]
    pub(crate) unsafe fn waker(self) -> Waker {
        // SAFETY: data and table of a waker, which is the caller's.
        unsafe { Waker::from_raw(RawWaker::new(self.data, self.table.unwrap_or(&UNCOUNTED))) }
    }

    /// Runs `f` on the waker, which stays.
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&Waker) -> R) -> R {
        // SAFETY: *one waker*: it is borrowed and not dropped.
        f(&ManuallyDrop::new(unsafe { self.waker() }))
    }

    /// The task, where the waker is a slot's.
    #[inline(always)]
    fn slot(&self) -> Option<TaskPtr> {
        match self.table {
            Some(_) => None,
            // SAFETY: a slot's waker.
            None => Some(unsafe { TaskPtr::from_ptr(self.data.cast_mut().cast()) }),
        }
    }
}

/// An owner that is *direct*, as its *one runner* knows it, who runs at once what is started for it; null: nobody.
#[derive(Clone, Copy)]
pub(crate) struct Runner(*const Owner);

impl Runner {
    /// # Safety
    ///
    /// As said, for as long as this is used.
    #[inline(always)]
    pub(crate) const unsafe fn of(owner: *const Owner) -> Self {
        Self(owner)
    }

    #[inline(always)]
    pub(crate) fn is_nobody(self) -> bool {
        self.0.is_null()
    }
}

/// What became of a waker that was fired: of one that was woken or started nothing may be used again.
pub(crate) enum Fired {
    /// It was woken.
    Woken,
    /// The task was started, to be run at once.
    Started(TaskPtr),
    /// Its `NOTIFIED` was won, and its owner is to be asked, with no lock held ([`TaskPtr::ask_slot`]).
    #[cfg_attr(not(zokio_unicore), allow(dead_code))]
    Won(TaskPtr),
    /// It must be woken with no lock held, and is still there.
    Foreign,
}

/// Wakes under a lock, where that may be done. A task of `runner` whose queue is empty is started at once instead, as if it had
/// been pushed there and taken out, where `may_start` says so.
#[cfg(zokio_unicore)]
#[inline(always)]
pub(crate) fn fire_within<L: RawLock>(
    waker: &Kept,
    held: &Held<'_, L>,
    runner: Runner,
    may_start: impl FnOnce() -> bool,
) -> Fired {
    let Some(task) = waker.slot() else { return Fired::Foreign };
    let _section = Section::under(held);
    // SAFETY: a slot is always alive.
    let state = unsafe { &task.header().state };
    let now = state.load();
    if !now.waits() {
        // Queued, or over, or started for its end, so that nobody polls it again; or another's, who must be asked. Not by the table
        // of wakers, which an image has where somebody needs it.
        if !now.waits_to_ask() {
            return Fired::Woken;
        }
        state.notify_within(now);
        return Fired::Won(task);
    }
    // SAFETY: it waits, and the owner is *direct*.
    if unsafe { task.is_next(runner.0) } && may_start() {
        return Fired::Started(task);
    }
    state.notify_within(now);
    // SAFETY: NOTIFIED was won, and the word is without ASKED.
    unsafe { task.push_within() };
    Fired::Woken
}

/// As on one core, where nothing is woken under a lock.
#[cfg(not(zokio_unicore))]
#[inline(always)]
pub(crate) fn fire_within<L: RawLock>(_: &Kept, _: &Held<'_, L>, _: Runner, _: impl FnOnce() -> bool) -> Fired {
    Fired::Foreign
}

/// Wakes with no lock held, if the waker is a slot's. A task of `runner` whose queue is empty is started at once instead, as if it
/// had been pushed there and taken out.
#[cfg(not(zokio_unicore))]
#[inline(always)]
pub(crate) fn fire_apart(waker: &Kept, runner: Runner) -> Fired {
    let Some(task) = waker.slot() else { return Fired::Foreign };
    // SAFETY: a slot is always alive.
    let state = unsafe { &task.header().state };
    // SAFETY: the consumer is here (`Runner`), and somebody.
    if state.start_resting(|| unsafe { task.is_next(runner.0) }) {
        return Fired::Started(task);
    }
    // SAFETY: `State::wake_slot` runs one of both for the winner of NOTIFIED only, the first one if the word is without ASKED.
    state.wake_slot(|| unsafe { task.push_within() }, || unsafe { task.ask_slot() });
    Fired::Woken
}

/// As elsewhere. On one core wakers are fired under the lock.
#[cfg(zokio_unicore)]
#[inline(always)]
pub(crate) fn fire_apart(_: &Kept, _: Runner) -> Fired {
    Fired::Foreign
}

/// A waker that must be woken with no lock held.
pub(crate) enum Foreign {
    /// Here it is.
    Taken(Waker),
    /// Where it was: one that is not ours is rare where ours are woken under the lock, and carrying it out would cost them.
    Left,
}

impl Foreign {
    /// Wakes it. `take` takes it out, under the lock, if it is still there: if not, who took it has woken it.
    #[inline(always)]
    pub(crate) fn wake(self, take: impl FnOnce() -> Option<Waker>) {
        let waker = match self {
            Self::Taken(waker) => Some(waker),
            Self::Left => take(),
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Wakes who waits, if there is one, and empties the place; says what is left to do outside of the lock.
#[inline(always)]
pub(crate) fn wake_or_take<L: RawLock>(place: &mut Option<Waker>, held: &Held<'_, L>) -> Option<Foreign> {
    if !WAKES_WITHIN {
        return place.take().map(Foreign::Taken);
    }
    match place {
        None => None,
        Some(waker) if wake_by_ref_within(waker, held) => {
            // It was woken, and there is nothing to drop.
            core::mem::forget(place.take());
            None
        }
        Some(_) => Some(Foreign::Left),
    }
}

/// As [`wake_within`], of a waker that stays where it is. `true`: it was woken, and may be forgotten.
#[cfg(not(zokio_unicore))]
#[inline(always)]
pub(crate) fn wake_by_ref_within<L: RawLock>(_: &Waker, _: &Held<'_, L>) -> bool {
    false
}

/// As [`wake_within`], of a waker that stays where it is. `true`: it was woken, and may be forgotten.
#[cfg(zokio_unicore)]
#[inline(always)]
pub(crate) fn wake_by_ref_within<L: RawLock>(waker: &Waker, held: &Held<'_, L>) -> bool {
    let _section = Section::under(held);
    try_wake(waker)
}

/// Wakes, if the waker is one of ours.
#[cfg(not(zokio_unicore))]
#[inline(always)]
pub(super) fn try_wake(waker: &Waker) -> bool {
    let ours = is_slots(waker);
    if ours {
        waker.wake_by_ref();
    }
    ours
}

/// Wakes in a section that the caller has entered, if the waker is one of ours and its owner need not be asked: on one core what
/// the section holds does not matter.
#[cfg(zokio_unicore)]
#[inline(always)]
pub(super) fn try_wake(waker: &Waker) -> bool {
    let Some(task) = slot_of(waker) else { return false };
    // SAFETY: a slot is always alive.
    let state = unsafe { &task.header().state };
    // SAFETY: run for the winner of NOTIFIED only, where the word is without ASKED.
    state.try_wake_within(|| unsafe { task.push_within() })
}

/// The reference of a waker that is used up: to a counted task of scheduler `S`, which is alive by it; nobody else has it.
struct Reference<S: Schedule>(*const (), PhantomData<S>);

impl<S: Schedule> Drop for Reference<S> {
    fn drop(&mut self) {
        // SAFETY: the reference is this one's, and it goes here.
        unsafe { drop_reference::<S>(self.0) };
    }
}

/// The waker table of a scheduler's counted tasks.
struct Table<S>(PhantomData<S>);

impl<S: Schedule> Table<S> {
    const COUNTED: RawWakerVTable = RawWakerVTable::new(
        |task| {
            // SAFETY: every waker of this table was made of a `TaskPtr`.
            let pointer = unsafe { TaskPtr::from_ptr(task.cast_mut()) };
            // SAFETY: the waker that is cloned is a reference, so the task is alive.
            unsafe { pointer.header() }.state.add_reference();
            RawWaker::new(task, const { &Self::COUNTED })
        },
        |task| {
            // Given up after the push (*publish last*), also where that panics: what ends a wait may be foreign.
            let _own = Reference::<S>(task, PhantomData);
            // SAFETY: the waker is a reference.
            unsafe { wake::<S>(task) };
        },
        // SAFETY: the waker is a reference.
        |task| unsafe { wake::<S>(task) },
        // SAFETY: the waker's own reference, used up here.
        |task| unsafe { drop_reference::<S>(task) },
    );
}

/// # Safety
///
/// `task` must come from `TaskPtr::as_ptr`, be counted, alive and of scheduler `S`.
#[inline]
unsafe fn wake<S: Schedule>(task: *const ()) {
    // SAFETY: by this function's contract.
    let task = unsafe { TaskPtr::from_ptr(task.cast_mut()) };
    // SAFETY: alive, by this function's contract.
    let header = unsafe { task.header() };
    header.state.wake(|| {
        // SAFETY: counted, and alive.
        let owner = unsafe { task.scheduler::<S>() };
        // SAFETY: the owner is alive while the task is, and is an `S` by this function's contract.
        let owner = unsafe { owner.as_ref() };
        // SAFETY: NOTIFIED has been won.
        owner.schedule(unsafe { Notified::from_ptr(task) });
    });
}

/// # Safety
///
/// `task` must come from `TaskPtr::as_ptr`; the caller must own a reference of this counted task of scheduler `S`, and
/// not use it again.
unsafe fn drop_reference<S: Schedule>(task: *const ()) {
    // SAFETY: by this function's contract.
    let task = unsafe { TaskPtr::from_ptr(task.cast_mut()) };
    // SAFETY: alive: the reference is still there.
    if unsafe { task.header() }.state.drop_reference() {
        // SAFETY: counted, and no reference is left.
        let owner = unsafe { task.scheduler::<S>() };
        // SAFETY: *kept alive*; the last reference is gone.
        unsafe { S::released(owner, task) };
    }
}

/// The waker of a slot. There is nothing to drop.
///
/// # Safety
///
/// `task` must be a slot of a static arena.
#[inline(always)]
pub(crate) unsafe fn of_slot(task: TaskPtr) -> ManuallyDrop<Waker> {
    // SAFETY: the functions of the table keep `Waker`'s contract for a slot: all of them may be called from any thread, and
    // it is always alive.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(task.as_ptr(), &UNCOUNTED)) })
}

/// The waker for one poll of a counted task, without a reference of its own: the poll is one.
///
/// # Safety
///
/// `task` must be counted, of scheduler `S`, and alive for as long as the waker is used.
#[inline(always)]
pub(crate) unsafe fn for_poll<S: Schedule>(task: TaskPtr) -> ManuallyDrop<Waker> {
    // SAFETY: the functions of the table keep `Waker`'s contract for a task of `S`: all of them may be called from any
    // thread, and the reference that a clone takes keeps the task alive.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(task.as_ptr(), const { &Table::<S>::COUNTED })) })
}

/// Something in a `static` that can be woken: the main future of an executor, a flag.
pub trait StaticWake: Sync + 'static {
    /// Wakes it, from any thread or interrupt.
    fn wake(&'static self);
}

/// A waker of something static. Cloning and dropping it touch no memory.
pub fn static_waker<T: StaticWake>(target: &'static T) -> Waker {
    struct Of<T>(PhantomData<T>);
    impl<T: StaticWake> Of<T> {
        const TABLE: RawWakerVTable = RawWakerVTable::new(
            |target| RawWaker::new(target, const { &Self::TABLE }),
            // SAFETY: the pointer of every waker of this table was made of a `&'static T`.
            |target| unsafe { &*target.cast::<T>() }.wake(),
            // SAFETY: as above.
            |target| unsafe { &*target.cast::<T>() }.wake(),
            |_| {},
        );
    }
    let target: *const T = target;
    // SAFETY: the target is static and `Sync`, and there is nothing to count.
    unsafe { Waker::from_raw(RawWaker::new(target.cast(), const { &Of::<T>::TABLE })) }
}
