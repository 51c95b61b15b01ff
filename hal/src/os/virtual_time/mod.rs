//! The time of a runtime, where a program may stop it, move it on, or make it run faster.
//!
//! A paused clock is moved to the next deadline by whoever finds that nothing else can happen. For that is counted who
//! is *awake*: workers that run or have been unparked, blocking work that has begun or waits for its thread, and
//! threads in `block_on` of a handle or of a runtime of workers, whose future runs or has been woken. (Of several threads in
//! `block_on` of one current-thread runtime only the one that runs it is counted.) When the last of them comes to rest, there is nobody left who
//! could make anything ready but the clock (and the world outside, which a paused clock does not wait for). Where workers
//! run on threads of their own, a runtime that no thread attends to in `block_on` counts as one more that is awake: as on
//! the current-thread flavour, the time stands between two `block_on`s.
//!
//! # Invariants
//!
//! *counted before told*: whoever is woken is counted as awake before it is told, and until it rests again: the count is
//! never zero while a wake-up is on its way.
//!
//! *looked at before*: a paused clock is moved only when somebody has looked into the reactor who began after the last one came to rest,
//! so that what was there by then holds the time where it is. A worker looks before it asks ([`Look`]). Who has looked too early does
//! not move the clock but looks again; who cannot look, since he is no worker or found another one in the reactor, wakes a worker that
//! rests, which looks, and moves the clock when it rests again. Whoever leaves the reactor is counted as awake before another one may look
//! (*told within*, `park`): what he has fetched holds the time as well. Where there is no source there is nothing to look at.
//!
//! *rest last*: a worker rests after its question whether it is idle was answered yes, and only if nobody has told it
//! anything since before it asked: who did found it awake, and counted nobody.
//!
//! *one holder*: a clock follows a `VirtualTime` only from when a seat of it was taken until that is left, so a lease
//! that ends leaves nothing behind.
//!
//! *in this order*: the lock of the reactor, then that of this module, then that of a clock or of a queue of timers. Neither of these
//! calls back.

mod attend;
mod clock;
mod park;

use core::fmt;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc; // not the model's, which is no receiver of methods
use std::vec::Vec;

use zokio_core::atomic::{AtomicBool, Ordering};
use zokio_core::guard::keep_first;
use zokio_core::park::Unpark;
use zokio_core::time::{Clock, ControlError, Instant, Timers, VirtualClock};

use super::clock::SystemClock;
use super::park::{Answer, WorkerUnpark};
use super::sync::{Mutex, lock};

pub use attend::Attending;
pub use clock::RuntimeClock;
pub use park::{VirtualPark, VirtualUnpark};

/// The time of one runtime, and who may move it.
///
/// Until it is told something, the clocks of its workers say what the system's says and do not ask here.
///
/// # Cost
///
/// Untold: a load per reading of the clock, per wait and per unpark. Told: its lock each.
pub struct VirtualTime {
    clock: VirtualClock<SystemClock>,
    told: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    seats: Vec<Option<Seat>>,
    /// See the module.
    awake: usize,
    /// How often somebody came to rest.
    rests: u64,
    /// Threads in `block_on`, where there are workers beside them.
    attending: Option<usize>,
    auto_advance: bool,
}

/// One worker.
#[derive(Debug)]
struct Seat {
    unpark: WorkerUnpark,
    clock: &'static RuntimeClock,
    timers: &'static Timers,
    resting: bool,
    /// It sleeps apart from the reactor, since it wanted another one to look there.
    apart: bool,
    /// *rest last*.
    told: bool,
}

/// What a worker has seen of the world outside when it comes to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Nothing.
    None,
    /// That another worker is in the reactor.
    Refused,
    /// All that was there when somebody had come to rest so many times.
    After(u64),
}

impl Look {
    /// `look` says whether it saw all.
    fn by(time: &VirtualTime, look: impl FnOnce() -> bool) -> Self {
        let rests = time.state().rests;
        if look() { Self::After(rests) } else { Self::Refused }
    }
}

impl State {
    /// One less is awake.
    fn come_to_rest(&mut self) {
        self.awake -= 1;
        self.rests += 1;
    }

    /// The worker `index`, `apart` from the reactor or not.
    fn sit_down(&mut self, index: usize, apart: bool) {
        if let Some(seat) = &mut self.seats[index] {
            (seat.resting, seat.apart) = (true, apart);
            self.come_to_rest();
        }
    }

    /// Asked now and not when they came to rest: a sleep that has been dropped since is no reason to jump.
    fn next_deadline(&self) -> Option<Instant> {
        self.seats.iter().flatten().filter_map(|seat| seat.timers.next_deadline()).min()
    }

    /// Whether there is something to look at, and a reason to.
    fn wants_a_look(&self) -> bool {
        self.seats.iter().flatten().any(|seat| seat.unpark.has_sources()) && self.next_deadline().is_some()
    }

    /// Counts a resting worker other than `index` as awake, which is to look into the reactor; the caller owes it an unpark. It is
    /// the one that waits there, if that is seen; else one that may be about to, which is refused and sleeps apart if it was not that
    /// one. Those that sleep apart come last, so there are ever less to choose from.
    fn choose(&mut self, index: Option<usize>) -> Option<(usize, WorkerUnpark)> {
        let others = self.seats.iter_mut().enumerate().filter(|(other, _)| Some(*other) != index);
        let resting = others.filter_map(|(other, seat)| Some((other, seat.as_mut().filter(|seat| seat.resting)?)));
        let (other, seat) = resting.max_by_key(|(_, seat)| (!seat.apart, seat.unpark.is_driving()))?;
        seat.resting = false;
        self.awake += 1;
        Some((other, seat.unpark.clone()))
    }
}

/// Holds a paused clock where it is, until it is dropped.
#[derive(Debug)]
#[must_use = "time may move on again when this is dropped"]
pub struct Inhibit(Arc<VirtualTime>);

impl VirtualTime {
    /// The system's time, for now, of a runtime that runs its tasks in `block_on`.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Self::with(State { seats: Vec::new(), awake: 0, rests: 0, attending: None, auto_advance: true })
    }

    /// The system's time, for now, of a runtime whose workers have threads of their own.
    #[must_use]
    pub fn of_workers() -> Arc<Self> {
        Self::with(State { seats: Vec::new(), awake: 1, rests: 0, attending: Some(0), auto_advance: true })
    }

    fn with(state: State) -> Arc<Self> {
        Arc::new(Self {
            clock: VirtualClock::new(SystemClock::new()),
            told: AtomicBool::new(false),
            state: Mutex::new(state),
        })
    }

    /// Whether the time stands.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_told() && self.clock.is_paused()
    }

    /// The time now, for who has no timers to ask.
    #[must_use]
    pub fn now(&self) -> Instant {
        if self.is_told() { self.clock.now() } else { SystemClock::new().now() }
    }

    /// Stops the time.
    ///
    /// # Errors
    ///
    /// [`ControlError::Paused`] if it stands already.
    pub fn pause(self: &Arc<Self>) -> Result<(), ControlError> {
        self.take_over();
        self.clock.pause()?;
        self.look_again();
        Ok(())
    }

    /// Lets the time run on from where it stands.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotPaused`] if it runs.
    pub fn resume(&self) -> Result<(), ControlError> {
        self.clock.resume()?;
        self.look_again();
        Ok(())
    }

    /// Moves the time on and wakes everything that is due then, in the order of the deadlines of each worker. Says how much that was.
    /// Where wakers panic, the first panic goes on when all workers' are woken.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotPaused`] if it runs.
    pub fn advance(&self, duration: Duration) -> Result<usize, ControlError> {
        self.clock.advance(duration)?;
        let timers: Vec<_> = self.state().seats.iter().flatten().map(|seat| seat.timers).collect();
        let (mut woken, mut panicked) = (0, None);
        for timers in timers {
            // Nothing else may wake those of the others: the time stands.
            keep_first(&mut panicked, catch_unwind(AssertUnwindSafe(|| woken += timers.expire())));
        }
        panicked.map_or(Ok(woken), |payload| resume_unwind(payload))
    }

    /// Lets the time run `times` as fast as the system's.
    ///
    /// # Panics
    ///
    /// If `times` is zero.
    #[track_caller]
    pub fn set_scale(self: &Arc<Self>, times: u32) {
        assert!(times > 0, "time that runs zero times as fast is paused: call `pause`");
        self.take_over();
        self.clock.set_scale(times);
        self.look_again();
    }

    /// Sets whether a paused clock is moved to the next deadline when nothing else can happen; it is unless told
    /// otherwise.
    pub fn set_auto_advance(&self, auto_advance: bool) {
        self.state().auto_advance = auto_advance;
        self.settle();
    }

    /// Holds a paused clock where it is: for work that is not a task.
    pub fn inhibit(self: &Arc<Self>) -> Inhibit {
        self.state().awake += 1;
        Inhibit(self.clone())
    }

    /// Makes the clocks of all workers follow this one. Before the runtime's first task, where workers are to agree from
    /// the start on; otherwise it is done by the first who tells the time something.
    pub fn take_over(self: &Arc<Self>) {
        let state = self.state();
        // Under the lock: *one holder*.
        if !self.is_told() {
            state.seats.iter().flatten().for_each(|seat| seat.clock.follow(Some(self.clone())));
            // Ordering: Release pairs with the Acquire in `is_told`; a worker that reads it too late is unparked by
            // `look_again` and reads it again.
            self.told.store(true, Ordering::Release);
        }
    }

    fn is_told(&self) -> bool {
        // Ordering: Acquire: see `take_over`.
        self.told.load(Ordering::Acquire)
    }

    /// What the system's clock says at `deadline`; `None` if it will not come by itself.
    fn to_system(&self, deadline: Instant) -> Option<Instant> {
        self.clock.to_inner(deadline)
    }

    /// A place for one worker, whose clock is that of `timers`.
    fn sit(self: &Arc<Self>, unpark: WorkerUnpark, clock: &'static RuntimeClock, timers: &'static Timers) -> usize {
        let mut state = self.state();
        if self.is_told() {
            clock.follow(Some(self.clone()));
        }
        state.seats.push(Some(Seat { unpark, clock, timers, resting: false, apart: false, told: false }));
        state.awake += 1;
        state.seats.len() - 1
    }

    /// Ends the place of a worker; its clock is the system's again.
    fn leave(&self, index: usize) {
        let mut state = self.state();
        if let Some(seat) = state.seats[index].take() {
            seat.clock.follow(None);
            state.awake -= usize::from(!seat.resting);
        }
    }

    /// A worker is about to ask whether it is idle.
    fn ask(&self, index: usize) {
        if let Some(seat) = &mut self.state().seats[index] {
            seat.told = false;
        }
    }

    /// A worker has nothing to do. Whether it must wait: not, if the time has come to its next deadline, or it was told
    /// something since it asked, or is to look again.
    fn rest(&self, index: usize, look: Look) -> Answer {
        let mut state = self.state();
        let Some(seat) = &mut state.seats[index] else { return Answer::Sleep };
        if seat.told {
            return Answer::Stay;
        }
        let has_looked = look == Look::After(state.rests);
        // Asked once: it may be paused at any moment.
        let is_moved = self.is_moved(&state);
        if state.awake == 1 && !has_looked && is_moved && state.wants_a_look() {
            // Who was refused finds another one that rests in the reactor, unless that has left it meanwhile.
            let other = if look == Look::Refused { state.choose(Some(index)) } else { None };
            let Some((_, unpark)) = other else { return Answer::Stay };
            state.sit_down(index, true);
            drop(state);
            unpark.unpark();
            return Answer::SleepApart;
        }
        state.sit_down(index, false);
        let woken = if is_moved { self.jump(&mut state) } else { Vec::new() };
        let own = state.seats[index].as_ref().is_none_or(|seat| seat.resting);
        drop(state);
        woken.into_iter().filter(|(other, _)| *other != index).for_each(|(_, unpark)| unpark.unpark());
        if own { Answer::Sleep } else { Answer::Stay }
    }

    /// A worker is awake, or is about to be unparked: *counted before told*.
    fn rise(&self, index: usize) {
        let mut state = self.state();
        if let Some(seat) = &mut state.seats[index] {
            seat.told = true;
            let was_resting = core::mem::replace(&mut seat.resting, false);
            state.awake += usize::from(was_resting);
        }
    }

    /// A thread begins to wait for a future of its own in `block_on`; it is counted as awake beside that.
    fn attend(&self) {
        let mut state = self.state();
        if let Some(attending) = &mut state.attending {
            *attending += 1;
            if *attending == 1 {
                state.awake -= 1;
            }
        }
    }

    /// It is done.
    fn part(&self) {
        let mut state = self.state();
        if let Some(attending) = &mut state.attending {
            *attending -= 1;
            if *attending == 0 {
                state.awake += 1;
            }
        }
    }

    /// One less is awake that is no worker.
    fn quit(&self) {
        self.state().come_to_rest();
        self.settle();
    }

    /// Moves the time on, if nobody is awake, or has a worker do so that looks before: *looked at before*.
    fn settle(&self) {
        let woken = {
            let mut state = self.state();
            match state.awake == 0 && self.is_moved(&state) {
                true if state.wants_a_look() => Vec::from_iter(state.choose(None)),
                true => self.jump(&mut state),
                false => Vec::new(),
            }
        };
        woken.into_iter().for_each(|(_, unpark)| unpark.unpark());
    }

    /// Whether the clock is moved when nobody is awake.
    fn is_moved(&self, state: &State) -> bool {
        state.auto_advance && self.is_paused()
    }

    /// Moves a paused clock to the next deadline if nobody is awake, and counts those as awake who have to do then; the
    /// caller owes them an unpark.
    fn jump(&self, state: &mut State) -> Vec<(usize, WorkerUnpark)> {
        if state.awake > 0 || !self.is_moved(state) {
            return Vec::new();
        }
        let mut woken = Vec::new();
        // Once, but where the sleep it was for has gone meanwhile: nobody excludes who owns it, if no worker does.
        while woken.is_empty() {
            let Some(next) = state.next_deadline() else { break };
            if self.clock.advance_to(next).is_err() {
                break; // resumed in between, by somebody who will make all look again
            }
            for (index, seat) in state.seats.iter_mut().enumerate() {
                let Some(seat) = seat else { continue };
                if seat.timers.next_deadline().is_some_and(|deadline| deadline <= next) {
                    seat.resting = false;
                    state.awake += 1;
                    woken.push((index, seat.unpark.clone()));
                }
            }
        }
        woken
    }

    /// The time was told something: every worker computes anew how long to wait.
    fn look_again(&self) {
        let unparks: Vec<_> = {
            let mut state = self.state();
            let State { seats, awake, .. } = &mut *state;
            let rise = |seat: &mut Seat| {
                seat.told = true;
                *awake += usize::from(core::mem::replace(&mut seat.resting, false));
                seat.unpark.clone()
            };
            seats.iter_mut().flatten().map(rise).collect()
        };
        unparks.into_iter().for_each(|unpark| unpark.unpark());
    }

    fn state(&self) -> super::sync::MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Inhibit {
    fn drop(&mut self) {
        self.0.quit();
    }
}

impl fmt::Debug for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTime").field("clock", &self.clock).finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
