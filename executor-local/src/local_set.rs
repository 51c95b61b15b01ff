//! Local tasks inside of another executor's task: [`LocalSet`].
//!
//! It is an [`Executor`] like the others, with boxed tasks, whose parker is the task around it: to park is to return
//! `Pending`, and what ends the wait is that task's waker. So a set may be awaited on any runtime, on any worker even (in
//! `block_on`; a set is not `Send` and stays on the thread that made it).
//!
//! # Who runs it
//!
//! Whoever polls the set, or a [`run_until`](LocalSet::run_until) of it, is a *driver* and makes one turn: some polls of local
//! tasks, and then, if more are ready, a wake of itself, else a rest. There may be several drivers, in different tasks of
//! one thread. What wakes the executor wakes them all, and one that leaves wakes the others: else a set whose last driver
//! was somebody else would be run by nobody.
//!
//! *last look*: at the end of each turn, when the drivers can be woken, the queue is looked at once more, as in a parker
//! (`zokio_core::park`): a wake-up before it is seen, one after it wakes the drivers.
//!
//! *once a round*: who wakes the drivers wakes each at most once, those that rested before it began. One that registers
//! later, where its waker polls it at once too, looks at the queue after that and finds what the others are woken for.
//!
//! *let go*: a panic of a driver's waker goes no further, as that of a joiner's does not: who wakes, or spawns, or has an output
//! of this set in hand, has nothing to do with it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::pin::{Pin, pin};
use core::task::{Context as PollContext, Poll, Waker};

use zokio_core::ambient::{Ambient, Context};
use zokio_core::atomic::AtomicBool;
use zokio_core::guard::swallow;
use zokio_core::lock::{DefaultLock, Lock};
use zokio_core::park::Unpark;
use zokio_core::task::{JoinHandle, try_spawn_local_at};

use crate::config::Config;
use crate::context::Current;
use crate::executor::{Executor, POLLS_PER_TURN, Running};
use crate::local::LocalSpawner;
use crate::shared::{SharedSpawner, shut_down};

/// Tasks that need not be `Send`, run by whoever awaits the set, on the thread that made it.
///
/// As a future it is ready when all its tasks are. Dropping it drops them, here. It does not matter which runtime it is
/// awaited on, or whether there is one.
///
/// # Cost
///
/// One allocation a task. A wake, from another thread or from outside of the set, is one push, and where the set rests a wake of
/// every task that drives it: of those in [`run_until`](Self::run_until), and of the one that awaits the set.
pub struct LocalSet {
    executor: Arc<Executor<Drivers>>,
    spawner: LocalSpawner<Drivers>,
    drivers: Drivers,
    _not_send: PhantomData<*const ()>,
}

/// Who polls the set, each with the waker it rests with.
#[derive(Clone)]
pub struct Drivers(Arc<Lock<DefaultLock, Rests>>);

/// Who rests.
struct Rests {
    /// How often the drivers were woken.
    round: u64,
    /// The next driver's number, unless it is taken. The set as a future is driver 0.
    next: usize,
    drivers: Vec<Resting>,
}

/// A driver's number, and what wakes it unless that was done, with the round in which it came.
type Resting = (usize, Option<(u64, Waker)>);

impl Drivers {
    fn new() -> Self {
        let rests = Rests { round: 0, next: 1, drivers: Vec::new() };
        // SAFETY: *unnested*: what runs under it is here, and no foreign code.
        Self(Arc::new(unsafe { Lock::any(rests) }))
    }

    /// Adds a driver, and says its number. Numbers come round, on 32 bits soon: none that is still there is given again.
    fn add(&self) -> usize {
        self.0.with(|Rests { next, drivers, .. }| {
            loop {
                let number = *next;
                *next = number.wrapping_add(1).max(1);
                if drivers.iter().all(|driver| driver.0 != number) {
                    drivers.push((number, None));
                    return number;
                }
            }
        })
    }

    /// Makes `waker` that of driver `number`.
    fn register(&self, number: usize, waker: &Waker) {
        // Foreign code: outside of the lock.
        let waker = waker.clone();
        let before = self.0.with(|Rests { round, drivers, .. }| {
            let rest = (*round, waker);
            match drivers.iter_mut().find(|driver| driver.0 == number) {
                Some(driver) => driver.1.replace(rest),
                None => {
                    drivers.push((number, Some(rest)));
                    None
                }
            }
        });
        drop(before);
    }

    /// Removes driver `number`. Gives its waker, which is foreign code to drop.
    fn remove(&self, number: usize) -> Option<Waker> {
        self.0.with(|Rests { drivers, .. }| {
            let place = drivers.iter().position(|driver| driver.0 == number)?;
            drivers.swap_remove(place).1.map(|(_, waker)| waker)
        })
    }

    /// Removes all drivers, of a set that nobody drives any more.
    fn clear(&self) {
        let left = self.0.with(|Rests { drivers, .. }| core::mem::take(drivers));
        for (_, rest) in left {
            // *let go*
            swallow(|| drop(rest));
        }
    }
}

impl Unpark for Drivers {
    fn unpark(&self) {
        let mut this = None;
        // One at a time: wakers are foreign code, and do not run under the lock. Who was woken registers anew: *once a round*.
        let mut next = || {
            self.0.with(|Rests { round, drivers, .. }| {
                let this = *this.get_or_insert_with(|| {
                    *round += 1;
                    *round
                });
                let mut due = drivers.iter_mut().filter_map(|driver| driver.1.take_if(|(came, _)| *came < this));
                due.next().map(|(_, waker)| waker)
            })
        };
        while let Some(waker) = next() {
            // *let go*
            swallow(|| waker.wake());
        }
    }
}

impl LocalSet {
    /// A set without tasks.
    #[must_use]
    pub fn new() -> Self {
        let drivers = Drivers::new();
        let executor = Arc::new(Executor::new(drivers.clone(), Config::new()));
        // SAFETY: *one thread*: the set runs the executor and drops its tasks, and is not `Send`.
        let spawner = unsafe { LocalSpawner::new(SharedSpawner { executor: executor.clone() }) };
        Self { executor, spawner, drivers, _not_send: PhantomData }
    }

    /// Spawns a task on this set. It runs when the set is awaited.
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match try_spawn_local_at(&self.spawner, future) {
            Ok(handle) => handle,
            Err(error) => panic!("cannot spawn: {error}"),
        }
    }

    /// What spawns on this set, for a context.
    #[must_use]
    pub fn spawner(&self) -> LocalSpawner<Drivers> {
        self.spawner.clone()
    }

    /// What has a place in memory that is this set's own, for as long as there is the set.
    #[must_use]
    pub fn place(&self) -> &impl Sized {
        &*self.executor
    }

    /// How many tasks there are.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.executor.memory.boxes.len()
    }

    /// Runs `future`, and the tasks of the set beside it, until the future is done. `spawn_local` in it spawns here. Tasks
    /// that are left stay, until the set is awaited again.
    ///
    /// # Cancel safety
    ///
    /// Lost if dropped while pending: `future` is dropped; tasks of the set stay.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let driver = Driver { set: self, number: self.drivers.add() };
        let output = {
            let mut future = pin!(future);
            poll_fn(|cx| driver.turn(cx, |cx| future.as_mut().poll(cx))).await
        };
        // *let go*
        swallow(|| drop(driver));
        output
    }

    /// Runs `f` where `spawn_local` spawns on this set. Of the context around it all else stays: timers, `spawn`, the
    /// runtime's handle.
    fn enter<R>(&self, polling: bool, f: impl FnOnce() -> R) -> R {
        Current::with(|context| {
            let context = context.copied().unwrap_or(Context::EMPTY).with_local(&self.spawner);
            Current::enter(&if polling { context.with_polling() } else { context }, f)
        })
    }

    /// Polls what is ready, or a turn's worth of it.
    fn tick(&self) {
        // Inside of one of its own tasks the set is run by whoever polls that task.
        if !self.executor.try_start() {
            return;
        }
        let _running = Running(&*self.executor);
        for _ in 0..POLLS_PER_TURN {
            // SAFETY: *one runner*: started above.
            let Some(task) = (unsafe { self.executor.pop() }) else { break };
            task.run();
        }
    }
}

/// One who polls the set.
struct Driver<'a> {
    set: &'a LocalSet,
    number: usize,
}

impl Driver<'_> {
    /// Polls `first`, and tasks if that is pending.
    fn turn<T>(&self, cx: &mut PollContext<'_>, first: impl FnOnce(&mut PollContext<'_>) -> Poll<T>) -> Poll<T> {
        let set = self.set;
        // Before the first look at anything: who is woken by it finds the others woken too.
        set.drivers.register(self.number, cx.waker());
        let _rest = Rest(set);
        set.executor.is_awake();
        set.enter(true, || {
            let output = first(cx);
            if output.is_pending() {
                set.tick();
            }
            output
        })
    }
}

/// Ends a turn, also by a panic: takes the *last look*.
struct Rest<'a>(&'a LocalSet);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        let executor = &self.0.executor;
        // A turn inside of a turn: the one around it looks.
        if !executor.try_start() {
            return;
        }
        let never = AtomicBool::new(false);
        // SAFETY: *one runner*: started above.
        let idle = unsafe { executor.is_idle(&never, None) };
        executor.stop();
        if !idle {
            executor.is_awake();
            self.0.drivers.unpark();
        }
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        let _waker = self.set.drivers.remove(self.number);
        // Whatever this one was woken for, the others see to now.
        self.set.drivers.unpark();
    }
}

impl Future for LocalSet {
    type Output = ();

    /// Runs tasks; ready when there is none.
    fn poll(self: Pin<&mut Self>, cx: &mut PollContext<'_>) -> Poll<()> {
        let set = &*self;
        let driver = ManuallyDrop::new(Driver { set, number: 0 });
        // It stays registered from turn to turn, and leaves when it is done.
        let _pending: Poll<()> = driver.turn(cx, |_| Poll::Pending);
        if set.tasks() > 0 {
            return Poll::Pending;
        }
        // *let go*
        swallow(|| drop(ManuallyDrop::into_inner(driver)));
        Poll::Ready(())
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        // What a task's destructor spawns here is cancelled at once.
        self.enter(false, || shut_down(&self.executor));
        // What the executor has from others goes now: who keeps the executor, with a waker or a handle, has nothing to do with it.
        self.drivers.clear();
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").field("tasks", &self.tasks()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drivers")
    }
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use alloc::boxed::Box;
    use core::future::pending;
    use std::task::Wake;

    use zokio_core::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    // Mutant: executor-local/src/local_set.rs :: drivers.iter().all(|driver| driver.0 != number) => true
    #[test]
    fn numbers_that_come_round_are_not_given_to_two_at_a_time() {
        let set = LocalSet::new();
        let mut drivers = [(); 3].map(|()| Box::pin(set.run_until(pending::<()>())));
        let wakes = [(); 3].map(|()| Arc::new(Wakes::default()));
        for (driver, wakes) in drivers.iter_mut().zip(&wakes) {
            let waker = wakes.clone().into();
            assert!(driver.as_mut().poll(&mut PollContext::from_waker(&waker)).is_pending());
            // As after so many calls as there are numbers.
            set.drivers.0.with(|rests| rests.next = 1);
        }
        set.drivers.unpark();
        assert_eq!(wakes.map(|wakes| wakes.0.load(Ordering::Relaxed)), [1; 3]);
    }
}
