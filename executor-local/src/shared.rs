//! An executor on the heap, with boxed tasks: the current-thread runtime of the std tier.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::any::Any;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::pin;
use core::ptr::NonNull;
use core::task::{Poll, Waker};
use std::sync::PoisonError;

use zokio_core::ambient::{Ambient, Context};
use zokio_core::atomic::{AtomicBool, Ordering};
use zokio_core::future::__private::Seeded;
use zokio_core::guard::{DEEPEST, in_turn};
use zokio_core::park::{Park, Unpark};
use zokio_core::task::raw::{self, HeapTask};
use zokio_core::task::{Need, Notified, Owner, Refusal, Shape, Spawn, TaskPtr, Vacancy};
use zokio_core::time::Timers;

use crate::config::Config;
use crate::context::Current;
use crate::executor::{Executor, Running, check_nesting, poll_main};
use crate::local::LocalSpawner;
use crate::main_future::NestedBlockOn;
use crate::order::Order;
use crate::pause::{Condvar, Mutex, MutexGuard};
use crate::random::Random;
use crate::step::{self, Seat, Stepper, Steps};

/// A current-thread executor with boxed tasks. Whoever calls [`block_on`](Self::block_on) runs it; where several threads
/// do, one runs the tasks and the others wait for their own future, until the first is done and another takes over.
///
/// Dropping it cancels every task, in its context: where destructors of tasks spawn, that is cancelled too.
pub struct SharedExecutor<P: Park> {
    shared: Arc<Shared<P>>,
}

struct Shared<P: Park> {
    executor: Arc<Executor<P::Unpark>>,
    /// The parker, while nobody runs.
    park: Mutex<Option<P>>,
    /// How far the draws are of an executor whose order is drawn from a seed.
    seed: Option<Mutex<Drawn>>,
    /// Whether a task that panics ends it.
    ends_on_panic: bool,
    /// Rings when the parker is back, and when the main future of a thread that waits for it was woken.
    ring: Condvar,
}

/// What an executor on the heap is made with beside its [`Config`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Draws the order from this seed: which of the ready tasks is polled next, whether one goes before the main future, and
    /// where each fair `select!` begins. Where nothing comes from outside, from another thread or a device or a clock that
    /// runs, a run repeats to the event.
    pub seed: Option<u64>,
    /// Ends the executor as soon as a poll of a task has panicked: its tasks are cancelled, and whoever runs it panics, now
    /// and from then on.
    pub ends_on_panic: bool,
}

/// Spawns tasks on a [`SharedExecutor`], from anywhere.
pub struct SharedSpawner<U: Unpark> {
    pub(crate) executor: Arc<Executor<U>>,
}

impl<U: Unpark> Clone for SharedSpawner<U> {
    fn clone(&self) -> Self {
        Self { executor: self.executor.clone() }
    }
}

// SAFETY: the owner is in an `Arc`, of which `self` has one count and each task will have another (*kept alive*); memory is
// fresh and large enough; no promise about threads.
unsafe impl<U: Unpark> Spawn for SharedSpawner<U> {
    fn owner(&self) -> NonNull<Owner> {
        // Not from a reference to the executor: `released` gives back a count of the `Arc`, which lies before it.
        let executor = NonNull::new(Arc::as_ptr(&self.executor).cast_mut()).expect("an `Arc` is somewhere");
        Owner::of_ptr(executor)
    }

    fn static_owner(&self) -> Option<NonNull<Owner>> {
        None
    }

    fn is_local(&self) -> bool {
        false
    }

    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        // Closed or not: `launch` cancels what comes too late, and the handle says so.
        // The task's count; `memory::released` gives it back.
        let _ = Arc::into_raw(self.executor.clone());
        Ok(Vacancy { memory: HeapTask::allocate(need.extra()), shape: Shape::CountedExtra(0) })
    }

    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: filled as `CountedExtra`, not yet launched; `memory::completed` removes it.
        if unsafe { self.executor.memory.boxes.insert(task) } {
            // SAFETY: filled, and its NOTIFIED handed over.
            unsafe { task.launch() };
        } else {
            // SAFETY: of this executor, and its NOTIFIED handed over.
            let task: Notified<Executor<U>> = unsafe { Notified::from_ptr(task) };
            in_turn(DEEPEST, move || task.cancel());
        }
    }
}

/// The main future of one `block_on`.
struct Main<P: Park> {
    woken: AtomicBool,
    shared: Arc<Shared<P>>,
}

impl<P: Park + Send + 'static> Wake for Main<P> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: release: pairs with the acquire of whoever polls the main future. A swap, so that it carries on what
        // earlier wakes published.
        self.woken.swap(true, Ordering::Release);
        self.shared.executor.wake_up();
        // Taken, so that the ring is not missed by who has just found `woken` unset.
        drop(self.shared.lock());
        self.shared.ring.notify_all();
    }
}

impl<P: Park> Shared<P> {
    fn lock(&self) -> MutexGuard<'_, Option<P>> {
        self.park.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the parker back, also when the main future panics.
struct Borrowed<'a, P: Park> {
    shared: &'a Shared<P>,
    park: Option<P>,
}

impl<P: Park> Drop for Borrowed<'_, P> {
    fn drop(&mut self) {
        *self.shared.lock() = self.park.take();
        self.shared.ring.notify_all();
    }
}

impl<P: Park + Send + 'static> SharedExecutor<P> {
    /// An executor that will wait on `park`.
    pub fn new(park: P, config: Config) -> Self {
        Self::with(park, config, Options::default())
    }

    /// An executor that will wait on `park`, and differs from others in what `options` say.
    ///
    /// # Cost
    ///
    /// With any of the options a look at the timers before each poll. They are for tests.
    pub fn with(park: P, config: Config, options: Options) -> Self {
        let seed = options.seed.map(|seed| {
            let mut random = Random::new(seed);
            let selects = (random.next() >> 32) as u32;
            Mutex::new(Drawn { random, selects })
        });
        let executor = Arc::new(Executor::new(park.unpark(), config));
        Self {
            shared: Arc::new(Shared {
                executor,
                park: Mutex::new(Some(park)),
                seed,
                ends_on_panic: options.ends_on_panic,
                ring: Condvar::new(),
            }),
        }
    }

    /// Spawns on this executor, from anywhere.
    #[must_use]
    pub fn spawner(&self) -> SharedSpawner<P::Unpark> {
        SharedSpawner { executor: self.shared.executor.clone() }
    }

    /// How many tasks there are.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.shared.executor.memory.boxes.len()
    }

    /// Runs `future`, and the tasks beside it, until the future is done. `handle` is what the context offers meanwhile.
    ///
    /// # Errors
    ///
    /// Gives [`NestedBlockOn`] where this thread is inside of an executor that polls.
    ///
    /// # Panics
    ///
    /// Panics where the executor is bound to another thread, and where the panic of a task [has ended](Options::ends_on_panic)
    /// it, now or before.
    pub fn block_on<F: Future>(&self, handle: Option<&dyn Any>, future: F) -> Result<F::Output, NestedBlockOn> {
        check_nesting()?;
        let shared = &self.shared;
        let executor = &shared.executor;
        executor.memory.bound.check();
        let main = Arc::new(Main { woken: AtomicBool::new(true), shared: shared.clone() });
        let waker = Waker::from(main.clone());
        let place = shared.place();
        let context = place.context(handle);
        Ok(Current::enter(&context, || {
            // Dropped in the context as well, however this ends: what it owns may spawn in its destructor.
            let mut future = pin!(future);
            loop {
                let mut slot = shared.lock();
                shared.check_panic();
                let Some(park) = slot.take() else {
                    // Ordering: acquire: pairs with the release of the wake. Under the lock, so that no ring is missed.
                    if !main.woken.swap(false, Ordering::Acquire) {
                        drop(shared.ring.wait(slot).unwrap_or_else(PoisonError::into_inner));
                        continue;
                    }
                    drop(slot);
                    if let Poll::Ready(output) = poll_main(future.as_mut(), &waker) {
                        return output;
                    }
                    continue;
                };
                drop(slot);
                let mut borrowed = Borrowed { shared, park: Some(park) };
                let park = borrowed.park.as_mut().expect("it was put there above");
                // The parker is the right to run: nobody else has it.
                assert!(executor.try_start(), "the parker was free and the executor was not");
                let _running = Running(executor);
                let mut poll = || poll_main(future.as_mut(), &waker);
                if shared.seed.is_some() || shared.ends_on_panic {
                    let mut seeded = SeededRun::begin(shared);
                    // SAFETY: *one runner*: started above.
                    let steps = unsafe { Steps::new(&**executor, park, &mut seeded.order) };
                    let mut steps = steps.on_panic(shared.on_panic());
                    return steps.until(&main.woken, poll).0;
                }
                // SAFETY: *one runner*: started above.
                return unsafe { executor.drive(park, &main.woken, &mut poll) };
            }
        }))
    }
}

impl<P: Park + Send + 'static> SharedExecutor<P> {
    /// Takes this executor, to run it step by step; other threads may spawn and wake meanwhile. `handle` is what the
    /// context offers.
    pub fn step<'a>(&'a mut self, handle: Option<&'a dyn Any>) -> Stepper<SharedSeat<'a, P>> {
        let main = Arc::new(Main { woken: AtomicBool::new(false), shared: self.shared.clone() });
        let waker = Waker::from(main.clone());
        Stepper::new(SharedSeat { place: self.shared.place(), main, waker, handle, _executor: PhantomData })
    }
}

/// The seat at an executor on the heap, which is borrowed meanwhile.
pub struct SharedSeat<'a, P: Park> {
    place: Place<P::Unpark>,
    main: Arc<Main<P>>,
    waker: Waker,
    handle: Option<&'a dyn Any>,
    _executor: PhantomData<&'a mut P>,
}

impl<P: Park> fmt::Debug for SharedSeat<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSeat").field("executor", &self.place.spawner.executor).finish()
    }
}

impl<P: Park> step::Sealed for SharedSeat<'_, P> {}

impl<P: Park> Seat for SharedSeat<'_, P> {
    type Park = P;

    fn with<R>(&mut self, f: impl FnOnce(Steps<'_, P>, step::Main<'_>) -> R) -> R {
        let shared = &self.main.shared;
        let executor = &shared.executor;
        executor.memory.bound.check();
        shared.check_panic();
        // Nobody else has it: whoever runs borrows the executor, which is borrowed from them.
        let park = shared.lock().take();
        let mut borrowed = Borrowed { shared, park };
        let park = borrowed.park.as_mut().expect("a step is made inside of a step");
        assert!(executor.try_start(), "the parker was free and the executor was not");
        let _running = Running(executor);
        let mut seeded = SeededRun::begin(shared);
        // SAFETY: *one runner*: started above.
        let steps = unsafe { Steps::new(&**executor, park, &mut seeded.order) }.on_panic(shared.on_panic());
        let context = self.place.context(self.handle);
        Current::enter(&context, || f(steps, step::Main { woken: &self.main.woken, waker: &self.waker }))
    }

    fn timers(&self) -> Option<&'static Timers> {
        self.place.spawner.executor.config.timers
    }
}

impl<P: Park> SharedExecutor<P> {
    pub(crate) fn executor(&self) -> &Arc<Executor<P::Unpark>> {
        &self.shared.executor
    }

    /// Takes the tasks of this thread too: from now on only this thread may run the executor, and drop it.
    ///
    /// # Panics
    ///
    /// Panics where it is bound to another thread.
    #[track_caller]
    pub fn bind(&mut self) -> LocalSpawner<P::Unpark> {
        // Nobody runs it now, since `self` is borrowed, and whoever does later, or drops it, checks `bound`.
        assert!(self.shared.executor.memory.bound.bind(), "this executor is bound to another thread");
        let spawner = SharedSpawner { executor: self.shared.executor.clone() };
        spawner.to_local().expect("it was bound to this thread just now")
    }
}

impl<P: Park> Shared<P> {
    /// What its context offers.
    fn place(&self) -> Place<P::Unpark> {
        let spawner = SharedSpawner { executor: self.executor.clone() };
        let local = spawner.to_local();
        Place { spawner, local }
    }

    /// What is to be done as soon as a task has panicked.
    fn on_panic(&self) -> Option<fn(&Executor<P::Unpark>) -> !> {
        self.ends_on_panic.then_some(end_by_panic as _)
    }

    /// Panics where the executor was ended by the panic of a task.
    fn check_panic(&self) {
        if self.ends_on_panic && self.executor.memory.has_panicked() {
            panic!("{ENDED_BY_PANIC}");
        }
    }
}

/// Two streams of numbers: for the order of tasks, and for where each `select!` begins.
#[derive(Clone)]
struct Drawn {
    random: Random,
    selects: u32,
}

/// One run of an executor: its order, and the stream of `select!` on this thread. What is drawn is kept for the next one.
struct SeededRun<'a> {
    order: Order,
    selects: Option<Seeded>,
    home: Option<&'a Mutex<Drawn>>,
}

impl<'a> SeededRun<'a> {
    fn begin<P: Park>(shared: &'a Shared<P>) -> Self {
        let home = shared.seed.as_ref();
        match home.map(|home| home.lock().unwrap_or_else(PoisonError::into_inner).clone()) {
            Some(drawn) => {
                Self { order: Order::drawn(drawn.random), selects: Some(Seeded::enter(drawn.selects)), home }
            }
            None => Self { order: Order::fifo(), selects: None, home },
        }
    }
}

impl Drop for SeededRun<'_> {
    fn drop(&mut self) {
        if let (Some(home), Some(random), Some(selects)) = (self.home, self.order.random(), &self.selects) {
            *home.lock().unwrap_or_else(PoisonError::into_inner) = Drawn { random, selects: selects.state() };
        }
    }
}

/// Where `spawn` and `spawn_local` put tasks.
struct Place<U: Unpark> {
    spawner: SharedSpawner<U>,
    local: Option<LocalSpawner<U>>,
}

impl<U: Unpark> Place<U> {
    /// The context of its tasks.
    fn context<'a>(&'a self, handle: Option<&'a dyn Any>) -> Context<'a> {
        self.offer(Context::EMPTY.with_polling(), handle)
    }

    /// Adds what there is here to a context.
    fn offer<'a>(&'a self, context: Context<'a>, handle: Option<&'a dyn Any>) -> Context<'a> {
        let mut context = self.spawner.executor.offer(context).with_spawn(&self.spawner);
        if let Some(handle) = handle {
            context = context.with_handle(handle);
        }
        match &self.local {
            Some(local) => context.with_local(local),
            None => context,
        }
    }
}

const ENDED_BY_PANIC: &str = "a task panicked, and this runtime was told to shut down where one does";

/// Ends an executor of which a task has panicked. The caller is its one runner.
#[cold]
fn end_by_panic<U: Unpark>(executor: &Executor<U>) -> ! {
    close(executor);
    cancel_all(executor);
    panic!("{ENDED_BY_PANIC}");
}

/// Refuses new tasks and cancels all there are. The caller is where they may be dropped, and nobody else runs the executor.
pub(crate) fn shut_down<U: Unpark>(executor: &Executor<U>) {
    close(executor);
    if !executor.try_start() {
        return; // a runner panicked inside; its tasks are lost with it
    }
    let _running = Running(executor);
    cancel_all(executor);
}

/// Refuses new tasks.
fn close<U: Unpark>(executor: &Executor<U>) {
    let boxes = &executor.memory.boxes;
    boxes.close();
}

/// Cancels all tasks of an executor that takes no new ones. The caller is its one runner.
fn cancel_all<U: Unpark>(executor: &Executor<U>) {
    let boxes = &executor.memory.boxes;
    loop {
        // SAFETY: *one runner*.
        unsafe { executor.cancel_queued() };
        let mut place = 0;
        while let Some(task) = boxes.from_end(place) {
            // SAFETY: a counted task of this executor, which only its runner completes, and that is us; its future is
            // `Send`, or this is its thread.
            let cancelled = unsafe { raw::shut_down::<Executor<U>>(task) };
            // Where one goes, the last in the list takes its place: one that was held already.
            place += usize::from(!cancelled);
        }
        if boxes.is_empty() {
            return;
        }
        // Somebody has won NOTIFIED of a task and is about to push it.
        crate::pause::yield_now();
    }
}

impl<P: Park> SharedExecutor<P> {
    /// Drops it; its context, in which the tasks are dropped, offers `handle`.
    ///
    /// # Panics
    ///
    /// Panics where it is bound to another thread. Its tasks are left where they are then, for ever.
    pub fn end(mut self, handle: Option<&dyn Any>) {
        self.stop(handle);
    }

    fn stop(&mut self, handle: Option<&dyn Any>) {
        if !self.shared.executor.memory.bound.admits() {
            // Tasks that must not be dropped here are left where they are, for ever.
            assert!(std::thread::panicking(), "an executor that is bound to one thread was dropped on another");
            return;
        }
        // Destructors of tasks find the context that the tasks had: what they spawn is cancelled at once. It is that of an
        // executor that polls only where there is one around it.
        let place = self.shared.place();
        let context = place.offer(Context::EMPTY, handle);
        let context = if Current::is_polling() { context.with_polling() } else { context };
        // Where another thread is in `block_on`, that cannot be: it borrows `self`.
        Current::enter(&context, || shut_down(&self.shared.executor));
        // Wakers of a main future may keep the rest; what the parker holds of the machine goes now. Outside of the lock:
        // a reactor that ends wakes who waits for it, a main future perhaps.
        let park = self.shared.lock().take();
        drop(park);
    }
}

impl<P: Park> Drop for SharedExecutor<P> {
    fn drop(&mut self) {
        self.stop(None);
    }
}

impl<P: Park> fmt::Debug for SharedExecutor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedExecutor").field("executor", &self.shared.executor).finish()
    }
}

impl<U: Unpark> SharedSpawner<U> {
    /// Whether the executor is gone: what is spawned now is cancelled at once.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.executor.memory.boxes.is_closed()
    }

    /// Spawns tasks that need not be `Send`, where the executor is [bound](SharedExecutor::bind) to this thread. That it is gone
    /// does not matter: what is spawned then is cancelled at once, here.
    #[must_use]
    pub fn to_local(&self) -> Option<LocalSpawner<U>> {
        // SAFETY: *one thread*: bound to this one, once and for all.
        self.executor.memory.bound.is_here().then(|| unsafe { LocalSpawner::new(self.clone()) })
    }
}

impl<U: Unpark> fmt::Debug for SharedSpawner<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSpawner").field("executor", &self.executor).finish()
    }
}
