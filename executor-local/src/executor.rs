//! The executor: a run queue, the timers it expires, the loop.

use core::future::Future;
use core::mem::offset_of;
use core::pin::{Pin, pin};
use core::ptr::NonNull;
use core::task::{Context as PollContext, Poll, Waker};

use zokio_core::ambient::{Ambient, Context};
use zokio_core::atomic::{AtomicBool, Ordering, fence};
use zokio_core::const_fn;
use zokio_core::guard::swallow;
use zokio_core::park::{Park, Unpark};
use zokio_core::run_queue::RunQueue;
use zokio_core::task::{Notified, Owner, Reclaim, Schedule, StaticWake, TaskPtr, raw, static_waker};
use zokio_core::time::{Instant, Timers};

use crate::config::{Config, Setup};
use crate::context::Current;
use crate::main_future::{NestedBlockOn, Never, Woken};
use crate::memory::{Memory, Mode};
use crate::spawner::{SendSpawner, Spawner, StaticOffer};

/// How many polls there are between two looks at timers and devices.
///
/// Bounds how late a task that always yields can make a timer, and costs one clock read each; where a main future always wakes itself there
/// may be twice as many. Not tuned by a bench.
pub const POLLS_PER_TURN: usize = 61;

/// Runs tasks on one core or thread.
///
/// `U` ends the wait of the parker it will run on, `K` says what else it is made with: a [`Config`], if nothing is said.
///
/// *one runner*: `running` is taken by whoever is inside `run` or `block_on`, and only that one pops the queue.
///
/// # Examples
///
/// On a chip:
///
/// ```no_run
/// # use zokio_core::park::Unpark;
/// # use zokio_core::{park::Park, task::Arena, time::Instant};
/// # use zokio_executor_local::{Executor, Config};
/// # #[derive(Clone)] struct Interrupts;
/// # impl Unpark for Interrupts { const NEEDED: bool = false; fn unpark(&self) {} }
/// # struct Idle;
/// # impl Park for Idle {
/// #     type Unpark = Interrupts;
/// #     fn unpark(&self) -> Interrupts { Interrupts }
/// #     fn park(&mut self, _: Option<Instant>, _: impl FnOnce() -> bool) {}
/// #     fn poll(&mut self) {}
/// # }
/// # async fn blink() {}
/// static TASKS: Arena<4, 256> = Arena::new();
/// static EXECUTOR: Executor<Interrupts> = Executor::new(Interrupts, Config::new().pool("tasks", &TASKS));
///
/// fn main() -> ! {
///     EXECUTOR.run(Idle, |spawner| { spawner.spawn(blink()).detach(); })
/// }
/// ```
#[repr(C)]
pub struct Executor<U: Unpark, K = Config> {
    /// First, for a direct one.
    queue: RunQueue<Self>,
    unpark: U,
    sleeping: AtomicBool,
    /// Of the main future of an executor in a `static`.
    pub(crate) main_woken: AtomicBool,
    running: AtomicBool,
    owner: Owner,
    pub(crate) config: K,
    pub(crate) memory: Memory,
}

impl<U: Unpark, K: core::fmt::Debug> core::fmt::Debug for Executor<U, K> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Executor").field("config", &self.config).finish_non_exhaustive()
    }
}

impl<U: Unpark, K: Setup> Executor<U, K> {
    const_fn! {
        /// An executor without tasks.
        pub const fn new(unpark: U, config: K) -> Self {
            Self {
                queue: RunQueue::new(),
                unpark,
                sleeping: AtomicBool::new(false),
                main_woken: AtomicBool::new(false),
                running: AtomicBool::new(false),
                owner: Self::OWNER,
                config,
                memory: Memory::new(),
            }
        }
    }

    /// Makes it fit for spawners, where it is *direct*.
    pub(crate) fn bind(&'static self) {
        self.queue.bind(self);
    }

    /// Ends the executor's wait, if it waits. The work must be visible before.
    #[inline]
    pub(crate) fn wake_up(&self) {
        if U::NEEDED {
            // Ordering: SeqCst fence: pairs with the one in `is_idle`. Either that one's load sees the work, or this load
            // sees that it sleeps.
            fence(Ordering::SeqCst);
            if self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::Relaxed) {
                self.unpark.unpark();
            }
        }
    }

    /// Whether there is nothing to do before the deadline that it has looked at in `timers`, asked by the parker after it can be
    /// unparked.
    ///
    /// # Safety
    ///
    /// *one runner*.
    pub(crate) unsafe fn is_idle(&self, main_woken: &impl Woken, timers: Option<&Timers<K::Clock>>) -> bool {
        if U::NEEDED {
            // A swap, though a store would do: it comes after the swap of a waker that is late for the wait before, which in
            // the language follows from what that swap read, and to the model only from a change that has read it. With a
            // store the model finds, at three preemptions, an execution that there is not.
            self.sleeping.swap(true, Ordering::Relaxed);
            // Ordering: SeqCst fence: pairs with the one in `wake_up`.
            fence(Ordering::SeqCst);
        }
        // SAFETY: *one runner*, by this function's contract.
        let empty = unsafe { self.queue.is_empty(self) };
        // Asked again: who made an earlier deadline since it was read has found this executor awake, and told nobody.
        let earlier = || timers.is_some_and(|timers| timers.has_moved(self));
        empty && !main_woken.is_set() && !earlier()
    }

    /// Looks at the earliest deadline.
    #[inline]
    pub(crate) fn look(&self, timers: Option<&Timers<K::Clock>>) -> Option<Instant> {
        timers.and_then(|timers| timers.look(self))
    }

    /// Says that the wait is over.
    #[inline]
    pub(crate) fn is_awake(&self) {
        if U::NEEDED {
            self.sleeping.store(false, Ordering::Relaxed);
        }
    }

    /// The first task of the queue.
    ///
    /// # Safety
    ///
    /// *one runner*.
    #[inline]
    pub(crate) unsafe fn pop(&self) -> Option<Notified<Self>> {
        // SAFETY: by this function's contract.
        unsafe { self.queue.pop(self) }
    }

    /// Becomes the one who runs; `false`: somebody else is.
    #[cfg(feature = "std")]
    pub(crate) fn try_start(&self) -> bool {
        // Pairs with `stop`.
        zokio_core::atomic::raise(&self.running)
    }

    /// As [`try_start`](Self::try_start), and as [`bind`](Self::bind) where it succeeds.
    #[inline(always)]
    pub(crate) fn try_start_bound(&'static self) -> bool {
        // Pairs with `stop`.
        self.queue.bind_and_raise(self, &self.running)
    }

    pub(crate) fn stop(&self) {
        // Ordering: release: the next one who runs finds the queue as it was left.
        self.running.store(false, Ordering::Release);
    }

    /// Runs tasks until `main` says that it is done, polling it whenever `main_woken`.
    ///
    /// # Safety
    ///
    /// *one runner*: `try_start` must have succeeded, and `stop` not been called since.
    // In line: there is one for each kind of main future.
    #[inline(always)]
    pub(crate) unsafe fn drive<P: Park, W: Woken, T>(
        &self,
        park: &mut P,
        main_woken: &W,
        mut main: impl FnMut() -> Poll<T>,
    ) -> T {
        // Counted over turns where turns may be short for ever: a main future that always wakes itself, other threads.
        let counts = U::NEEDED || W::MAY_BE;
        let mut left = POLLS_PER_TURN;
        let timers = self.config.timers();
        loop {
            // A main future that has woken itself goes behind what is ready, or so much of it: what is left of the turn may be less.
            let mut more = 0;
            if main_woken.take() {
                left = left.saturating_sub(1);
                more = POLLS_PER_TURN - left;
                if let Poll::Ready(output) = main() {
                    return output;
                }
            }
            // SAFETY: *one runner*.
            let spent = if counts && unsafe { self.queue.is_empty(self) } {
                main_woken.is_set() && left == 0
            } else {
                // SAFETY: *one runner*.
                left = unsafe { self.polls(if counts { left + more } else { POLLS_PER_TURN }) }.saturating_sub(more);
                left == 0
            };
            if spent {
                left = POLLS_PER_TURN;
                park.poll();
            } else if main_woken.is_set() {
                continue;
            }
            // One way for a turn that ends and for one that found nothing to do, which is in every image once. What became due
            // meanwhile ends the wait at once, and what was woken meanwhile, or is left, is seen by `is_idle`. A task that is
            // due alone is started without a look at the queue, and so is the next one: who finds somebody in the queue starts
            // none.
            loop {
                let looked = timers.filter(|_| P::TIMED);
                let deadline = self.look(looked);
                // SAFETY: *one runner*.
                park.park(deadline, || unsafe { self.is_idle(main_woken, looked) });
                self.is_awake();
                // On a chip the clock is read in less time than it takes to ask whether somebody waits, which the turn sees.
                let waits = !Mode::COUNTED_SOMETIMES || !P::TIMED || deadline.is_some();
                let Some(timers) = timers.filter(|_| waits) else { break };
                let mut task = None;
                // A waker of others may panic there, which is not for who runs this.
                // SAFETY: *one runner*.
                swallow(|| task = unsafe { timers.turn(self) });
                let Some(task) = task else { break };
                // Not counted: a turn that began with a wait has polled the devices.
                task.run();
                if main_woken.is_set() {
                    break;
                }
            }
        }
    }

    /// Polls what is in the queue, so often at most, and says how often there was left. A function of its own, so that the
    /// registers are for this loop alone.
    ///
    /// # Safety
    ///
    /// *one runner*.
    #[inline(never)]
    unsafe fn polls(&self, mut left: usize) -> usize {
        while left > 0 {
            // SAFETY: *one runner*, by this function's contract.
            let Some(task) = (unsafe { self.queue.next(self) }) else { break };
            task.run();
            left = left.wrapping_sub(1);
        }
        left
    }

    /// The context of its tasks, without where they spawn.
    pub(crate) fn context<'a>(&self) -> Context<'a> {
        self.offer(Context::EMPTY.with_polling())
    }

    /// Adds what it has to a context.
    pub(crate) fn offer<'a>(&self, context: Context<'a>) -> Context<'a> {
        match self.config.timers() {
            Some(timers) => context.with_timers(timers),
            None => context,
        }
    }

    /// Cancels what is in the queue.
    ///
    /// # Safety
    ///
    /// *one runner*.
    #[cfg_attr(not(feature = "std"), allow(dead_code))] // an executor in a `static` never ends
    pub(crate) unsafe fn cancel_queued(&self) {
        // SAFETY: *one runner*.
        while let Some(task) = unsafe { self.queue.pop(self) } {
            task.cancel();
        }
    }
}

/// Ends the turn as the one who runs.
pub(crate) struct Running<'a, U: Unpark, K: Setup>(pub(crate) &'a Executor<U, K>);

impl<U: Unpark, K: Setup> Drop for Running<'_, U, K> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Whether this thread is inside of an executor that polls.
pub(crate) fn check_nesting() -> Result<(), NestedBlockOn> {
    if Current::is_polling() { Err(NestedBlockOn::new()) } else { Ok(()) }
}

impl<U: Unpark, K: Setup> Executor<U, K> {
    /// Calls `start` with a spawner, and then runs tasks for ever.
    ///
    /// On a chip at most one core at a time may be inside of this, [`block_on`](Self::block_on) or [`step`](Self::step), of
    /// whichever executors of one image: see [One core](crate::context#one-core).
    ///
    /// # Panics
    ///
    /// Panics where this executor runs already, or this thread is inside of another one that polls. A panic of `start` or
    /// of the parker goes to the caller, and ends the executor for good: its tasks stay where they are. Without `std`, where
    /// panics unwind, so does that of a poll, and of a waker of others that the end of a task or of a sleep wakes.
    #[track_caller]
    pub fn run<P: Park<Unpark = U>>(&'static self, mut park: P, start: impl FnOnce(Spawner)) -> ! {
        if let Err(error) = check_nesting() {
            panic!("{error}");
        }
        let Some(spawner) = Spawner::of_runner(self) else { panic!("this executor runs already") };
        // *never stops*: not even where `start` or the parker panics. There may be tasks that must not run on another
        // thread, so nobody may run this executor again.
        let place = spawner.place();
        let offer = StaticOffer::new(self, place);
        let context = self.context().with_static_place(&place).with_handle(&offer);
        // No closure: a function that never returns is not put in line.
        // SAFETY: the context is left at the end of this function, which is a panic's.
        let _entered = unsafe { Current::enter_raw(NonNull::from(&context).cast()) };
        self.begin(start);
        // SAFETY: *one runner*: started above.
        unsafe { self.drive(&mut park, &Never, || Poll::Pending) }
    }

    /// Calls `start`. A function of its own, which returns, so that `start` is put in line, and of an executor in a `static` the address
    /// is known to all that is spawned there.
    fn begin(&'static self, start: impl FnOnce(Spawner)) {
        // SAFETY: `run` has made one.
        start(unsafe { Spawner::bound(self) });
    }

    /// Spawns on this executor from anywhere, before it runs too.
    #[must_use]
    pub fn spawner(&'static self) -> SendSpawner {
        Spawner::new(self).to_send()
    }

    /// Runs `future`, and the tasks beside it, until the future is done. Tasks that are left stay, for the next call. What is left of
    /// the future is dropped in the context that it was polled in.
    ///
    /// On a chip by one core at a time, as [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// Panics where this executor runs already, or this thread is inside of another one that polls. A panic of `future` or of
    /// the parker goes to the caller; without `std` others do too, as in [`run`](Self::run).
    #[track_caller]
    pub fn block_on<P: Park<Unpark = U>, F: Future>(&'static self, park: &mut P, future: F) -> F::Output {
        if let Err(error) = check_nesting() {
            panic!("{error}");
        }
        let Some(spawner) = Spawner::of_runner(self) else { panic!("this executor runs already") };
        let _running = Running(self);
        let place = spawner.place().anywhere();
        let offer = StaticOffer::new(self, place);
        let context = self.context().with_static_place(&place).with_handle(&offer);
        let waker = static_waker(self);
        // Ordering: relaxed: set and looked at by this thread first.
        self.main_woken.store(true, Ordering::Relaxed);
        Current::enter(&context, || {
            // Dropped in the context as well.
            let mut future = pin!(future);
            // SAFETY: *one runner*: started above.
            unsafe { self.drive(park, &self.main_woken, || poll_main(future.as_mut(), &waker)) }
        })
    }
}

pub(crate) fn poll_main<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    raw::in_main(|| future.poll(&mut PollContext::from_waker(waker)))
}

impl<U: Unpark, K: Setup> StaticWake for Executor<U, K> {
    fn wake(&'static self) {
        // Ordering: release: pairs with the acquire in `drive`. A swap, so that it carries on what earlier wakes published.
        self.main_woken.swap(true, Ordering::Release);
        self.wake_up();
    }
}

// SAFETY: `repr(C)` with the queue first, and the owner where it says. An executor with counted tasks is in an `Arc` of which each of them has a count
// (`shared`); one with uncounted tasks is `&'static` (`Spawner`). A scheduled task is in the queue, which is popped by the
// one who runs. Its futures are `Send`, or were spawned by a `Spawner`, which exists only inside of `run`, which never
// leaves its thread, and after which nobody else runs the executor (*never stops*), or by a `LocalSpawner` (*one thread*).
unsafe impl<U: Unpark, K: Setup> Schedule for Executor<U, K> {
    type Reclaim = Mode;

    const OWNER_AT: usize = offset_of!(Self, owner);

    /// Where pushing is all that is to be done.
    const DIRECT: bool = !U::NEEDED && !Mode::COUNTED_SOMETIMES;

    /// Where all are in a `static`: *one runner*.
    const ONE_RUNNER: bool = !Mode::COUNTED_SOMETIMES;

    #[inline]
    fn schedule(&self, task: Notified<Self>) {
        self.queue.push(task, self);
        self.wake_up();
    }

    #[inline]
    fn reschedule(&self, task: Notified<Self>) {
        // SAFETY: *one runner*: by the thread that runs, which does not sleep.
        unsafe { self.queue.push_own(task, self) };
    }

    #[inline]
    unsafe fn completed(&self, task: TaskPtr) {
        // SAFETY: by this function's contract.
        unsafe { self.memory.completed(task) };
    }

    fn panicked(&self) {
        self.memory.panicked();
    }

    unsafe fn released(this: NonNull<Self>, task: TaskPtr) {
        // SAFETY: by this function's contract.
        unsafe { crate::memory::released(this, task) };
    }
}
