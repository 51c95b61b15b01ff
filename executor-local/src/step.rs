//! An executor that is run step by step: [`Stepper`].
//!
//! The loop of [`Executor::run`] is made for speed and never comes back. A test wants the opposite: one poll, or all there are
//! to make, then to look at the world, move a clock by hand, and go on. Each call says how many polls it made, so that
//! "it was not polled for nothing" is something a test can assert. It is the same executor and the same queue: what differs
//! is who holds the loop.
//!
//! These loops look at the timers before each poll, so a step is exact and slower than a poll of `run`.

use core::future::Future;
use core::marker::PhantomData;
use core::pin::pin;
use core::task::{Context as PollContext, Poll, Waker};
use core::time::Duration;

use zokio_core::ambient::Ambient;
use zokio_core::atomic::{AtomicBool, Ordering};
use zokio_core::guard::swallow;
use zokio_core::park::{Park, Unpark};
use zokio_core::task::static_waker;
use zokio_core::time::{Timers, sleep};

use crate::config::Setup;
use crate::context::Current;
use crate::executor::{Executor, POLLS_PER_TURN, check_nesting, poll_main};
use crate::main_future::Woken;
use crate::order::Order;
use crate::spawner::{Spawner, StaticOffer};

/// The loops, over what they need.
///
/// *started*: made by who has started `executor` and has not stopped it since, so it is the one runner.
pub struct Steps<'a, P: Park> {
    executor: &'a Executor<P::Unpark>,
    park: &'a mut P,
    order: &'a mut Order,
    /// What is done as soon as a task has panicked, where that ends the executor.
    on_panic: Option<fn(&Executor<P::Unpark>) -> !>,
}

impl<P: Park> Drop for Steps<'_, P> {
    fn drop(&mut self) {
        self.order.put_back(self.executor);
    }
}

impl<'a, P: Park> Steps<'a, P> {
    /// # Safety
    ///
    /// *one runner*: `try_start` of this executor must have succeeded, and `stop` not be called while this lives.
    pub(crate) unsafe fn new(executor: &'a Executor<P::Unpark>, park: &'a mut P, order: &'a mut Order) -> Self {
        Self { executor, park, order, on_panic: None }
    }

    /// As soon as a task has panicked, calls `end`, which may drop all tasks: this is the one runner.
    #[cfg(feature = "std")]
    pub(crate) fn on_panic(mut self, end: Option<fn(&Executor<P::Unpark>) -> !>) -> Self {
        self.on_panic = end;
        self
    }

    /// Polls tasks until there is none, or until so many polls were made, and says how many.
    fn polls(&mut self, limit: usize) -> usize {
        let mut polls = 0;
        while polls < limit {
            if let Some(timers) = self.executor.config.timers {
                // A waker of others may panic there, which is not for who runs this.
                swallow(|| {
                    timers.expire();
                });
            }
            // SAFETY: *started*.
            let Some(task) = (unsafe { self.order.next(self.executor) }) else { break };
            polls += usize::from(task.run());
            if let Some(end) = self.on_panic.filter(|_| self.executor.memory.has_panicked()) {
                // What was drawn is in the queue again, where it is found.
                self.order.put_back(self.executor);
                end(self.executor);
            }
        }
        polls
    }

    /// As `polls`, with the events of devices delivered before, and after each batch.
    fn batches(&mut self, limit: usize) -> usize {
        let mut polls = 0;
        while polls < limit {
            self.park.poll();
            match self.polls(POLLS_PER_TURN.min(limit - polls)) {
                0 => break,
                batch => polls += batch,
            }
        }
        polls
    }

    /// Waits for the next event.
    fn wait(&mut self, main_woken: &AtomicBool) {
        let executor = self.executor;
        let timers = Setup::timers(&executor.config);
        let deadline = executor.look(timers);
        // SAFETY: *started*.
        self.park.park(deadline, || unsafe { executor.is_idle(main_woken, timers) });
        executor.is_awake();
    }

    /// Polls `main` whenever `main_woken`, and tasks in between, until `main` is done: one, or where `main` has woken itself what
    /// it then *stands behind* (`order`). Says how many [polls](Count) there were.
    pub(crate) fn until<T>(&mut self, main_woken: &AtomicBool, mut main: impl FnMut() -> Poll<T>) -> (T, usize) {
        let (mut polls, mut since_poll) = (Count::default(), 0);
        loop {
            let before = polls;
            let tasks_first = self.order.is_tasks_turn() || !self.order.is_mains_turn();
            if tasks_first {
                polls.add(self.polls(1));
            }
            let is_turn = self.order.is_mains_turn() && main_woken.load(Ordering::Relaxed);
            // Ordering: acquire: pairs with the release of whoever woke the main future, as in `Executor::drive`.
            if is_turn && main_woken.swap(false, Ordering::Acquire) {
                polls.add(1);
                if let Poll::Ready(output) = main() {
                    return (output, polls.0);
                }
                if main_woken.is_set() {
                    // SAFETY: *started*.
                    unsafe { self.order.stand_behind(self.executor) };
                }
            }
            if !tasks_first {
                polls.add(self.polls(1));
            }
            since_poll += 1;
            if since_poll == POLLS_PER_TURN {
                since_poll = 0;
                self.park.poll();
            }
            if polls == before && !main_woken.is_set() {
                self.wait(main_woken);
            }
        }
    }

    /// Polls what is ready, and waits, until `duration` has passed by `timers`, those of the context. Says how many polls there
    /// were.
    fn for_time(&mut self, timers: &Timers, duration: Duration) -> usize {
        let never = AtomicBool::new(false);
        // Who moves a paused clock asks the timers how far, and nobody else: so the end is among them.
        let mut alarm = pin!(sleep::<Current>(duration));
        let _ = alarm.as_mut().poll(&mut PollContext::from_waker(Waker::noop()));
        let end = alarm.deadline();
        let mut polls = Count::default();
        loop {
            // Asked before the polls: what is due at the end is polled too.
            let over = end.is_due(timers.now());
            self.park.poll();
            if over {
                polls.add(self.last(timers));
                return polls.0;
            }
            let batch = self.polls(POLLS_PER_TURN);
            polls.add(batch);
            if batch == 0 {
                self.wait(&never);
            }
        }
    }

    /// Polls all that is due now, and what is ready beside it: a turn's worth, or where the order is drawn all of it.
    fn last(&mut self, timers: &Timers) -> usize {
        let mut limit = POLLS_PER_TURN;
        // As in `polls`.
        swallow(|| limit += timers.expire());
        // SAFETY: *started*.
        unsafe { self.order.stand_behind(self.executor) };
        let mut polls = 0;
        while (polls < limit || !self.order.is_mains_turn()) && self.polls(1) == 1 {
            polls += 1;
        }
        polls
    }
}

/// How many polls there were in a loop that may go on for ever: it begins anew at zero where it does not fit, which on 32 bits
/// a runtime sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count(usize);

impl Count {
    fn add(&mut self, made: usize) {
        self.0 = self.0.wrapping_add(made);
    }
}

/// The main future of `run_until`, as the loop sees it.
pub struct Main<'a> {
    pub(crate) woken: &'a AtomicBool,
    pub(crate) waker: &'a Waker,
}

mod sealed {
    pub trait Sealed {}
}
pub(crate) use sealed::Sealed;

/// What a [`Stepper`] runs, and how it got the right to.
#[doc(hidden)]
pub trait Seat: sealed::Sealed {
    /// How it waits.
    type Park: Park;

    /// Runs `f` as the one runner, in the executor's context.
    fn with<R>(&mut self, f: impl FnOnce(Steps<'_, Self::Park>, Main<'_>) -> R) -> R;

    /// The executor's timers.
    fn timers(&self) -> Option<&'static Timers>;
}

/// The seat at an executor in a `static`, taken for good.
#[derive(Debug)]
pub struct Static<P: Park> {
    executor: &'static Executor<P::Unpark>,
    park: P,
    order: Order,
    spawner: Spawner,
}

impl<P: Park> Sealed for Static<P> {}

impl<P: Park> Seat for Static<P> {
    type Park = P;

    fn with<R>(&mut self, f: impl FnOnce(Steps<'_, P>, Main<'_>) -> R) -> R {
        let executor = self.executor;
        let place = self.spawner.place();
        let offer = StaticOffer::new(executor, place);
        let context = executor.context().with_static_place(&place).with_handle(&offer);
        let waker = static_waker(executor);
        // SAFETY: *one runner*: started in `Executor::step`, and never stopped.
        let steps = unsafe { Steps::new(executor, &mut self.park, &mut self.order) };
        Current::enter(&context, || f(steps, Main { woken: &executor.main_woken, waker: &waker }))
    }

    fn timers(&self) -> Option<&'static Timers> {
        self.executor.config.timers
    }
}

/// Runs an executor step by step, and counts the polls.
///
/// Of an executor in a `static` it is made by [`Executor::step`], of one on the heap by `SharedExecutor::step`, of a
/// current-thread runtime by `Runtime::stepper`. It stays on its thread, since tasks may be on it that must.
///
/// # Cost
///
/// No allocation. Before each poll a look at the timers.
///
/// # Examples
///
/// ```
/// # use zokio_core::{park::{Park, Unpark}, task::Arena, time::Instant};
/// # use zokio_executor_local::{Config, Executor};
/// # #[derive(Clone)] struct Nobody;
/// # impl Unpark for Nobody { const NEEDED: bool = false; fn unpark(&self) {} }
/// # struct Never;
/// # impl Park for Never {
/// #     type Unpark = Nobody;
/// #     fn unpark(&self) -> Nobody { Nobody }
/// #     fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) { assert!(!is_idle()) }
/// #     fn poll(&mut self) {}
/// # }
/// static TASKS: Arena<2, 128> = Arena::new();
/// static EXECUTOR: Executor<Nobody> = Executor::new(Nobody, Config::new().pool("tasks", &TASKS));
///
/// let mut stepper = EXECUTOR.step(Never);
/// stepper.spawner().spawn(zokio_core::future::yield_now()).detach();
/// assert_eq!(stepper.run_once(), 1); // it has yielded
/// assert_eq!(stepper.run_until_idle(), 1); // and it is done
/// assert_eq!(stepper.run_once(), 0);
/// ```
#[derive(Debug)]
pub struct Stepper<S> {
    seat: S,
    polls: Count,
    _not_send: PhantomData<*const ()>,
}

impl<S> Stepper<S> {
    #[cfg(feature = "std")]
    pub(crate) fn new(seat: S) -> Self {
        Self { seat, polls: Count::default(), _not_send: PhantomData }
    }

    /// How many polls there have been in all, of tasks and of the futures of [`run_until`](Self::run_until). Counted anew from
    /// zero where they do not fit, as a number of polls that any of these functions gives.
    #[must_use]
    pub fn polls(&self) -> usize {
        self.polls.0
    }
}

impl<S: Seat> Stepper<S> {
    /// Makes one poll, if a task is ready. Says whether there was one: 1 or 0.
    pub fn run_once(&mut self) -> usize {
        self.run_at_most(1)
    }

    /// Makes so many polls, or as many as there are to make. Says how many.
    pub fn run_at_most(&mut self, polls: usize) -> usize {
        let made = self.seat.with(|mut steps, _| steps.batches(polls));
        self.polls.add(made);
        made
    }

    /// Polls until nothing is ready, and does not wait: a timer that is not due yet stays where it is. Says how many polls
    /// it took.
    ///
    /// Tasks that wake themselves or each other for ever keep it for ever; [`run_at_most`](Self::run_at_most) comes back.
    pub fn run_until_idle(&mut self) -> usize {
        self.run_at_most(usize::MAX)
    }

    /// Runs `future`, and the tasks beside it, until the future is done; waits where nothing is ready. Gives its output, and
    /// how many polls there were, those of the future among them.
    ///
    /// # Panics
    ///
    /// Panics inside of an executor that polls, which it would stop.
    #[track_caller]
    pub fn run_until<F: Future>(&mut self, future: F) -> (F::Output, usize) {
        if let Err(error) = check_nesting() {
            panic!("{error}");
        }
        let (output, made) = self.seat.with(|mut steps, main| {
            // Dropped in the context as well.
            let mut future = pin!(future);
            // Ordering: relaxed: set and looked at by this thread first.
            main.woken.store(true, Ordering::Relaxed);
            steps.until(main.woken, || poll_main(future.as_mut(), main.waker))
        });
        self.polls.add(made);
        (output, made)
    }

    /// Runs tasks for so long by the executor's clock; waits where nothing is ready. What is due at the end is polled too;
    /// with a duration of zero that is all. Says how many polls there were.
    ///
    /// # Panics
    ///
    /// Panics inside of an executor that polls, which it would stop, and where the executor has no timers.
    #[track_caller]
    pub fn run_for(&mut self, duration: Duration) -> usize {
        if let Err(error) = check_nesting() {
            panic!("{error}");
        }
        let Some(timers) = self.seat.timers() else { panic!("this executor has no timers to tell the time by") };
        let made = self.seat.with(|mut steps, _| steps.for_time(timers, duration));
        self.polls.add(made);
        made
    }
}

impl<P: Park> Stepper<Static<P>> {
    /// Spawns on this executor; the futures need not be `Send`.
    #[must_use]
    pub fn spawner(&self) -> Spawner {
        self.seat.spawner
    }

    /// The parker, to move a clock of its own by hand.
    pub fn park(&mut self) -> &mut P {
        &mut self.seat.park
    }
}

impl<U: Unpark> Executor<U> {
    /// Takes this executor, to run it step by step. As [`run`](Self::run), it is for good: there may be tasks that must not
    /// run on another thread. On a chip one core at a time steps or runs, as with `run`.
    ///
    /// # Panics
    ///
    /// Panics where this executor runs already, or was taken before.
    #[track_caller]
    pub fn step<P: Park<Unpark = U>>(&'static self, park: P) -> Stepper<Static<P>> {
        let Some(spawner) = Spawner::of_runner(self) else { panic!("this executor runs already") };
        // *never stops*, as in `run`.
        let seat = Static { executor: self, park, order: Order::fifo(), spawner };
        Stepper { seat, polls: Count::default(), _not_send: PhantomData }
    }
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use super::*;

    // Mutant: executor-local/src/step.rs :: self.0.wrapping_add(made); => self.0 + made;
    #[test]
    fn a_number_of_polls_that_does_not_fit_begins_anew() {
        let mut polls = Count(usize::MAX);
        polls.add(0);
        assert_eq!(polls, Count(usize::MAX));
        polls.add(2);
        assert_eq!(polls, Count(1));
    }
}
