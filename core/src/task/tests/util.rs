//! A scheduler that does what it is told, and futures that keep count.
#![allow(dead_code)] // neither the unit tests nor the models use all of it

use core::future::Future;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use crate::run_queue::RunQueue;
use crate::task::raw::{self, Boxes, HeapTask};
use crate::task::{
    Arena, Either, JoinHandle, Need, Notified, Owner, Ready, Refusal, Schedule, Shape, Slots, Spawn, SpawnError,
    Static, TaskPtr, Vacancy, claim_from, try_spawn_at, try_spawn_local_at,
};

/// Where the tasks of a [`Line`] live.
pub(crate) enum Home {
    Boxed,
    Pool(&'static dyn Slots),
    /// As `Pool`; the line starts its tasks as the one runner does.
    Alone(&'static dyn Slots),
    /// As `Pool`; the tasks are those of another scheduler, which does nothing but push.
    Direct(&'static dyn Slots, &'static Direct),
    Nowhere,
}

/// A queue of tasks, run by hand. `PAD` makes schedulers of several types, whose queues lie at different places.
#[repr(C)]
pub(crate) struct Line<const PAD: usize = 0> {
    owner: Owner,
    pad: [usize; PAD],
    queue: RunQueue<Self>,
    home: Home,
    pub(crate) boxes: Boxes,
    /// Runs the tasks.
    thread: ThreadId,
    completed: AtomicUsize,
    released: AtomicUsize,
    /// Whether what is foreign in a scheduler panics: what ends its wait, and what goes with its last task.
    pub(crate) hostile: AtomicBool,
}

impl<const PAD: usize> Line<PAD> {
    pub(crate) fn new(home: Home) -> &'static Self {
        let line = Self {
            owner: Self::OWNER,
            pad: [usize::MAX; PAD],
            queue: RunQueue::new(),
            home,
            boxes: Boxes::new(),
            thread: std::thread::current().id(),
            completed: AtomicUsize::new(0),
            released: AtomicUsize::new(0),
            hostile: AtomicBool::new(false),
        };
        keep(line)
    }

    pub(crate) fn spawn<F>(&'static self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        try_spawn_at(self, future).unwrap()
    }

    pub(crate) fn spawn_local<F: Future + 'static>(&'static self, future: F) -> JoinHandle<F::Output> {
        try_spawn_local_at(self, future).unwrap()
    }

    pub(crate) fn pop(&self) -> Option<Notified<Self>> {
        assert_eq!(self.thread, std::thread::current().id(), "one consumer");
        if let Home::Direct(_, line) = self.home {
            // SAFETY: *one consumer*, as below.
            let task = unsafe { line.queue.pop(line) }?.into_ptr();
            // SAFETY: just popped. Its scheduler has no type that anybody asks for.
            return Some(unsafe { Notified::from_ptr(task) });
        }
        // SAFETY: *one consumer*: the thread that made the line; the models have one real thread and one consumer.
        unsafe { self.queue.pop(self) }
    }

    /// Runs all that is ready, once. Answers how many there were.
    pub(crate) fn turn(&self) -> usize {
        let mut ran = 0;
        if let Home::Direct(_, line) = self.home {
            // SAFETY: *one consumer*, as for `pop`.
            while let Some(ready) = unsafe { line.queue.next(line) } {
                self.run(Some(ready.task), || ready.run());
                ran += 1;
            }
            return ran;
        }
        while let Some(task) = self.pop() {
            let task = task.into_ptr();
            // SAFETY: taken from the queue: alive.
            let slot = (!unsafe { raw::is_counted(task) }).then_some(task);
            // SAFETY: as above.
            let start = unsafe { task.header() }.state.start_by(matches!(self.home, Home::Alone(_)));
            // SAFETY: of this line, and started just now.
            let ready: Ready<Self> = unsafe { Ready::new(task, start) };
            self.run(slot, || ready.run());
            ran += 1;
        }
        ran
    }

    /// Runs a task, and sees whether it completed, of which nobody is told who has a slot.
    fn run(&self, slot: Option<TaskPtr>, run: impl FnOnce()) {
        let goes_on = |slot: &TaskPtr| {
            // SAFETY: a slot is always alive.
            let now = unsafe { slot.header() }.state.peek();
            now.is_live() && !now.is_complete()
        };
        let slot = slot.filter(goes_on);
        run();
        if slot.is_some_and(|slot| !goes_on(&slot)) {
            self.completed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Does what an executor does that ends, but for waiting for those who are in the middle of a push. Answers whether it
    /// is done.
    pub(crate) fn shut_down(&self) -> bool {
        self.boxes.close();
        let mut place = 0;
        while let Some(task) = self.boxes.from_end(place) {
            // SAFETY: a counted task of this line, completed on this thread only.
            place = if unsafe { raw::shut_down::<Self>(task) } { 0 } else { place + 1 };
        }
        while let Some(task) = self.pop() {
            task.cancel();
        }
        self.boxes.is_empty()
    }

    pub(crate) fn completed(&self) -> usize {
        self.completed.load(Ordering::Relaxed)
    }

    fn foreign(&self) {
        assert!(!self.hostile.load(Ordering::Relaxed) || std::thread::panicking(), "hostile scheduler");
    }

    pub(crate) fn released(&self) -> usize {
        self.released.load(Ordering::Relaxed)
    }
}

/// Keeps a value for ever, where a leak checker finds it. A model's is not used by another real thread.
fn keep<T>(value: T) -> &'static T {
    struct Kept(#[allow(dead_code)] *const ());
    // SAFETY: only kept.
    unsafe impl Send for Kept {}
    static KEPT: Mutex<std::vec::Vec<Kept>> = Mutex::new(std::vec::Vec::new());
    let value = Box::leak(Box::new(value));
    KEPT.lock().unwrap().push(Kept(core::ptr::from_ref(value).cast()));
    value
}

// SAFETY: `repr(C)`, the owner first, leaked, so alive for ever. A scheduled task is in the queue, which one thread runs.
unsafe impl<const PAD: usize> Schedule for Line<PAD> {
    type Reclaim = Either;

    fn schedule(&self, task: Notified<Self>) {
        self.queue.push(task, self);
        self.foreign();
    }

    fn reschedule(&self, task: Notified<Self>) {
        // SAFETY: *one consumer*: by the thread that ran it.
        unsafe { self.queue.push_own(task, self) };
    }

    unsafe fn completed(&self, task: TaskPtr) {
        self.completed.fetch_add(1, Ordering::Relaxed);
        // SAFETY: alive, and inserted by `launch`.
        unsafe { self.boxes.remove(task) };
    }

    unsafe fn released(this: NonNull<Self>, task: TaskPtr) {
        // SAFETY: alive for ever.
        let this = unsafe { this.as_ref() };
        this.released.fetch_add(1, Ordering::Relaxed);
        // SAFETY: released, and made by `vacancy`.
        unsafe { free(task) };
        this.foreign();
    }
}

/// # Safety
///
/// `task` must have been released, and its memory be the allocator's.
#[cfg(not(loom))]
unsafe fn free(task: TaskPtr) {
    // SAFETY: by this function's contract.
    unsafe { HeapTask::free(task) };
}

/// Frees nothing, but is to the model a write to all of the header: whoever still uses it, or is not known to have done with
/// it, is found.
///
/// # Safety
///
/// `task` must have been released.
#[cfg(loom)]
unsafe fn free(task: TaskPtr) {
    // SAFETY: released: nobody has a reference, or the model says so.
    let header = unsafe { &mut *task.0.as_ptr() };
    header.state.retire();
    // SAFETY: as above.
    let vtable = header.vtable.with(|vtable| unsafe { *vtable });
    // SAFETY: as above.
    header.vtable.with_mut(|place| unsafe { place.write(vtable) });
    // SAFETY: as above; it was counted.
    let owner = unsafe { crate::task::cell::owner_cell(task) };
    // SAFETY: as above.
    let kept = owner.with(|owner| unsafe { *owner });
    // SAFETY: as above.
    owner.with_mut(|owner| unsafe { owner.write(kept) });
}

// SAFETY: the owner lives for ever, memory is of the shape it is said to be, and one thread runs the tasks.
unsafe impl<const PAD: usize> Spawn for Line<PAD> {
    fn owner(&self) -> NonNull<Owner> {
        match self.home {
            Home::Direct(_, line) => Owner::of(line),
            _ => Owner::of(self),
        }
    }
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        (!matches!(self.home, Home::Nowhere)).then(|| self.owner())
    }
    fn is_local(&self) -> bool {
        self.thread == std::thread::current().id()
    }
    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        match self.home {
            Home::Boxed if self.boxes.is_closed() => Err(Refusal::Closed),
            Home::Boxed => Ok(Vacancy { memory: HeapTask::allocate(need.extra()), shape: Shape::CountedExtra(0) }),
            Home::Pool(pool) | Home::Alone(pool) | Home::Direct(pool, _) => {
                claim_from("pool", pool, need.slot()).map(|memory| Vacancy { memory, shape: Shape::Slot })
            }
            Home::Nowhere => Err(Refusal::NoPool),
        }
    }
    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: alive, its NOTIFIED is ours.
        if unsafe { raw::is_counted(task) } {
            // SAFETY: a `CountedExtra` task, not yet launched, that `completed` removes.
            if !unsafe { self.boxes.insert(task) } {
                // SAFETY: of this line, its NOTIFIED is ours.
                let task: Notified<Self> = unsafe { Notified::from_ptr(task) };
                return task.cancel();
            }
        }
        match self.static_owner() {
            // SAFETY: filled, its NOTIFIED is ours.
            Some(owner) if !unsafe { raw::is_counted(task) } => unsafe { task.launch_at(owner, false) },
            // SAFETY: as above.
            _ => unsafe { task.launch() },
        }
    }
}

/// An arena for ever.
pub(crate) fn arena<const SLOTS: usize, const BYTES: usize>() -> &'static Arena<SLOTS, BYTES> {
    keep(Arena::new())
}

/// Lines of both kinds, each with a name.
pub(crate) fn lines() -> [(&'static str, &'static Line); 2] {
    [("boxed", Line::new(Home::Boxed)), ("slots", Line::new(Home::Pool(arena::<4, 256>())))]
}

/// Polls once.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls once what is ready.
pub(crate) fn ready<F: Future + Unpin>(future: &mut F) -> F::Output {
    match poll(future, Waker::noop()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("pending"),
    }
}

/// Counts its drops, and panics in them if it is told.
#[derive(Debug)]
pub(crate) struct Dropped {
    pub(crate) count: Arc<AtomicUsize>,
    pub(crate) panics: bool,
}

impl Dropped {
    pub(crate) fn new(count: &Arc<AtomicUsize>) -> Self {
        Self { count: count.clone(), panics: false }
    }

    pub(crate) fn panicking(count: &Arc<AtomicUsize>) -> Self {
        Self { count: count.clone(), panics: true }
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics || std::thread::panicking(), "as planned");
    }
}

/// Where tasks leave their wakers.
#[derive(Clone, Default)]
pub(crate) struct Wakers(Arc<Mutex<std::vec::Vec<Waker>>>);

impl Wakers {
    pub(crate) fn take(&self) -> std::vec::Vec<Waker> {
        core::mem::take(&mut self.0.lock().unwrap())
    }

    /// Leaves a waker in the place of those that are there.
    pub(crate) fn replace(&self, waker: Waker) -> std::vec::Vec<Waker> {
        core::mem::replace(&mut *self.0.lock().unwrap(), [waker].into())
    }

    /// A clone of the last waker.
    pub(crate) fn one(&self) -> Waker {
        let mut wakers = self.take();
        let waker = wakers.pop().unwrap();
        let clone = waker.clone();
        drop(self.replace(waker));
        clone
    }

    /// Leaves a waker at each poll, and is never ready.
    pub(crate) fn wait(&self) -> impl Future<Output = ()> + Send + 'static {
        let wakers = self.clone();
        core::future::poll_fn(move |cx| {
            let waker = cx.waker().clone();
            wakers.0.lock().unwrap().push(waker);
            Poll::Pending
        })
    }

    /// Leaves a waker at the first poll, and is ready at the second.
    pub(crate) fn once(&self) -> impl Future<Output = ()> + Send + 'static {
        let wakers = self.clone();
        let mut polled = false;
        core::future::poll_fn(move |cx| {
            if core::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            wakers.0.lock().unwrap().push(waker);
            Poll::Pending
        })
    }
}

/// The error's future is given back.
pub(crate) fn refused<F, T>(result: Result<T, SpawnError<F>>) -> SpawnError<F> {
    match result {
        Ok(_) => panic!("it was spawned"),
        Err(error) => error,
    }
}

/// A scheduler that does nothing but push: whoever wakes its tasks does so himself.
#[repr(C)]
pub(crate) struct Direct {
    queue: RunQueue<Self>,
}

// SAFETY: `repr(C)`, the queue first, kept for ever. A scheduled task is in the queue, which one thread of a test runs.
unsafe impl Schedule for Direct {
    type Reclaim = Static;
    const DIRECT: bool = true;
    const ONE_RUNNER: bool = true;

    fn schedule(&self, task: Notified<Self>) {
        self.queue.push(task, self);
    }
}

// SAFETY: kept for ever; claims are the arena's; one thread of a test runs the tasks, which are `Send` all.
unsafe impl Spawn for Direct {
    fn owner(&self) -> NonNull<Owner> {
        Owner::of(self)
    }
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        Some(Owner::of(self))
    }
    fn is_local(&self) -> bool {
        true
    }
    fn vacancy(&self, _: Need) -> Result<Vacancy, Refusal> {
        Err(Refusal::NoPool)
    }
    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: by this function's contract.
        unsafe { task.launch_at(Owner::of(self), false) };
    }
}

impl Direct {
    pub(crate) fn new() -> &'static Self {
        let line: &'static Self = crate::test_util::forever(Self { queue: RunQueue::new() });
        line.queue.bind(line);
        line
    }

    pub(crate) fn queue(&self) -> &RunQueue<Self> {
        &self.queue
    }

    pub(crate) fn turn(&self) -> usize {
        let mut ran = 0;
        // SAFETY: *one consumer*: the thread of the test.
        while let Some(task) = unsafe { self.queue.next(self) } {
            task.run();
            ran += 1;
        }
        ran
    }
}
