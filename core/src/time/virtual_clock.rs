//! Clocks that a test or a simulation moves: [`VirtualClock`] over a real one, [`ManualClock`] over none.

use core::time::Duration;

use super::{Clock, Instant};
use crate::atomic::{AtomicBool, Ordering, fence};
use crate::const_fn;
use crate::lock::{DefaultLock, Lock, RawLock};

/// A clock that can be stopped, moved on, and made to run faster.
///
/// Until it is told something it says what the clock inside says, so that wrapping one costs a fence and a load.
///
/// ```text
///            pause                    resume, or set_scale
///  as inside ------> stands at `from` --------------------> from + scale * (inside - since)
/// ```
///
/// It never goes back but by [`reset`](Self::reset), whoever reads it while it is told something.
///
/// # Cost
///
/// A fence and one load until it is told something; from then on the lock, for a few instructions. `Timers` over it take
/// nothing else. May be called from an interrupt where the lock and the clock inside may.
///
/// # Invariants
///
/// *anchored late*: what was told holds from a moment inside that is no earlier than any by which the time was read before.
/// Who reads without the lock has read the clock inside before whoever raised `told` did; who reads under it leaves in
/// `seen` what that said.
#[derive(Debug)]
pub struct VirtualClock<C, L: RawLock = DefaultLock> {
    inner: C,
    /// Whether `state` has a say.
    told: AtomicBool,
    state: Lock<L, State>,
}

/// The last moment that it says.
const END: Instant = Instant::from_nanos(Instant::FAR.as_nanos() - 1);

/// What was told. The time is `from + scale * (inside - since)`, or `from` while it stands.
#[derive(Clone, Copy, Debug)]
struct State {
    from: Instant,
    since: Instant,
    /// The latest that the clock inside has said to whoever read by this state: *anchored late*.
    seen: Instant,
    scale: u32,
    paused: bool,
}

/// The time of a clock cannot be controlled as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ControlError {
    /// It was to be paused, and is.
    Paused,
    /// It was to be resumed or advanced, and is not paused.
    NotPaused,
}

impl core::fmt::Display for ControlError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Paused => "time is already frozen",
            Self::NotPaused => "time is not frozen",
        })
    }
}

impl core::error::Error for ControlError {}

impl State {
    const PLAIN: Self =
        Self { from: Instant::EPOCH, since: Instant::EPOCH, seen: Instant::EPOCH, scale: 1, paused: false };

    /// The time when the clock inside says `inside`.
    fn at(self, inside: Instant) -> Instant {
        if self.paused {
            return self.from;
        }
        let passed = inside.as_nanos().saturating_sub(self.since.as_nanos());
        Instant::from_nanos(self.from.as_nanos().saturating_add(passed.saturating_mul(u64::from(self.scale)))).min(END)
    }

    /// As [`at`](Self::at), for who reads the time.
    fn read(&mut self, inside: Instant) -> Instant {
        self.seen = self.seen.max(inside);
        self.at(inside)
    }

    /// Goes on from the time that it is now.
    fn anchor(&mut self, inside: Instant) {
        let inside = inside.max(self.seen);
        self.seen = inside;
        *self = Self { from: self.at(inside), since: inside, ..*self };
    }

    /// What the clock inside says when it is `deadline`, at the earliest.
    fn inside(self, deadline: Instant) -> Option<Instant> {
        if deadline == Instant::FAR {
            return None;
        }
        let Some(left) = deadline.as_nanos().checked_sub(self.from.as_nanos()) else { return Some(Instant::EPOCH) };
        match left {
            0 => Some(Instant::EPOCH),
            _ if self.paused => None,
            _ => Some(Instant::from_nanos(self.since.as_nanos().saturating_add(left.div_ceil(u64::from(self.scale))))),
        }
    }
}

impl<C> VirtualClock<C> {
    const_fn! {
        /// A clock that says what `inner` says, until it is told otherwise.
        pub const fn new(inner: C) -> Self {
            Self::told(inner, false, State::PLAIN)
        }
    }

    const_fn! {
        /// A clock that stands at `now`.
        pub const fn paused_at(inner: C, now: Instant) -> Self {
            let now = if now.is_far() { END } else { now };
            Self::told(inner, true, State { from: now, paused: true, ..State::PLAIN })
        }
    }
}

impl<C, L: RawLock> VirtualClock<C, L> {
    const_fn! {
        /// As [`new`](VirtualClock::new), with a lock of your own.
        pub const fn with_lock(inner: C) -> Self {
            Self::told(inner, false, State::PLAIN)
        }
    }

    const_fn! {
        const fn told(inner: C, told: bool, state: State) -> Self {
            // SAFETY: *unnested*: what runs under it is here, and no foreign code.
            Self { inner, told: AtomicBool::new(told), state: unsafe { Lock::any(state) } }
        }
    }

    /// The clock inside.
    pub fn inner(&self) -> &C {
        &self.inner
    }

    /// Whether it stands.
    pub fn is_paused(&self) -> bool {
        self.is_told() && self.state.with(|state| state.paused)
    }

    /// Whether it may say anything else than the clock inside.
    pub fn is_told(&self) -> bool {
        // Ordering: Relaxed: who sees the flag takes the lock, and finds what was told or, until `tell` gets there, a state
        // that says what the clock inside says; who must see it has a fence before (`is_plain`).
        self.told.load(Ordering::Relaxed)
    }

    /// Moves it on by `duration` while it stands. The last moment is the one before [`Instant::FAR`], which never comes.
    ///
    /// Wakes nobody: whoever has `Timers` over it lets them [`expire`](super::Timers::expire).
    ///
    /// # Errors
    ///
    /// [`ControlError::NotPaused`] if it runs.
    pub fn advance(&self, duration: Duration) -> Result<(), ControlError> {
        self.while_paused(|state| state.from = state.from.saturating_add(duration).min(END))
    }

    /// Moves it on to `moment` while it stands, or not at all if that is past.
    ///
    /// # Errors
    ///
    /// [`ControlError::NotPaused`] if it runs.
    pub fn advance_to(&self, moment: Instant) -> Result<(), ControlError> {
        self.while_paused(|state| state.from = state.from.max(moment).min(END))
    }

    /// Forgets what it was told: it says what the clock inside says, which may be earlier than what it said before. For
    /// the time between two runtimes that use one clock.
    pub fn reset(&self) {
        self.state.with(|state| {
            *state = State::PLAIN;
            // Ordering: Relaxed: a reader that still sees the flag finds a state that says the same; under the lock, so that
            // it takes nothing back that is told after.
            self.told.store(false, Ordering::Relaxed);
        });
    }

    fn while_paused(&self, f: impl FnOnce(&mut State)) -> Result<(), ControlError> {
        self.state.with(|state| {
            if !state.paused {
                return Err(ControlError::NotPaused);
            }
            f(state);
            Ok(())
        })
    }
}

impl<C: Clock, L: RawLock> VirtualClock<C, L> {
    /// Stops it where it is. The clock inside hears of it, as by [`rearm`](Clock::rearm), so that who waits looks again.
    ///
    /// # Errors
    ///
    /// [`ControlError::Paused`] if it stands already.
    pub fn pause(&self) -> Result<(), ControlError> {
        self.tell(|state| match core::mem::replace(&mut state.paused, true) {
            true => Err(ControlError::Paused),
            false => Ok(()),
        })?;
        self.look_again();
        Ok(())
    }

    /// Lets it run on from where it stands. The clock inside hears of it as of [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// [`ControlError::NotPaused`] if it runs.
    pub fn resume(&self) -> Result<(), ControlError> {
        self.tell(|state| match core::mem::replace(&mut state.paused, false) {
            true => Ok(()),
            false => Err(ControlError::NotPaused),
        })?;
        self.look_again();
        Ok(())
    }

    /// Lets it run `times` as fast as the clock inside, from now on or from when it is resumed. The clock inside hears of it
    /// as of [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// If `times` is zero: a clock is stopped by [`pause`](Self::pause).
    #[track_caller]
    pub fn set_scale(&self, times: u32) {
        assert!(times > 0, "time that runs zero times as fast is paused: call `pause`");
        self.tell(|state| state.scale = times);
        self.look_again();
    }

    /// What the clock inside says when this one says `deadline`, or a little later; the epoch if that is now or past.
    /// `None` if it never will, as things stand: it is paused, or `deadline` is [`Instant::FAR`].
    pub fn to_inner(&self, deadline: Instant) -> Option<Instant> {
        match self.is_told() {
            true => self.state.with(|state| *state).inside(deadline),
            false => Some(deadline).filter(|deadline| *deadline != Instant::FAR),
        }
    }

    /// Changes the state, so that the time is the same before and after.
    fn tell<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        // Ordering: Relaxed: the fence is what matters. Up before the clock is read: *anchored late*. The state says
        // meanwhile what the clock inside says.
        self.told.store(true, Ordering::Relaxed);
        // Ordering: SeqCst fence: pairs with the one in `is_plain`: a reader either sees the flag or has read what is no later
        // than what is read here.
        fence(Ordering::SeqCst);
        // Read before the lock is taken: a clock is foreign code. Whoever comes in between, to read or to tell, leaves in the
        // state what it has seen, and an older reading is then no time since.
        let inside = self.inner.now();
        self.state.with(|state| {
            state.anchor(inside);
            // Ordering: Relaxed, under the lock: a `reset` may have come in between.
            self.told.store(true, Ordering::Relaxed);
            f(state)
        })
    }

    /// Makes whoever waits by the clock inside compute anew how long.
    fn look_again(&self) {
        self.inner.rearm(Instant::EPOCH);
    }

    /// Whether what the clock inside has just said is the time.
    fn is_plain(&self) -> bool {
        !self.is_told() && {
            // Ordering: SeqCst fence: pairs with the one in `tell`; the clock inside has been read before it.
            fence(Ordering::SeqCst);
            !self.is_told()
        }
    }
}

impl<C: Clock, L: RawLock> Clock for VirtualClock<C, L> {
    fn now(&self) -> Instant {
        let inside = self.inner.now();
        if self.is_plain() { inside } else { self.state.with(|state| state.read(inside)) }
    }

    fn now_ceil(&self) -> Instant {
        let inside = self.inner.now_ceil();
        // Not kept as `seen`: it may be ahead of the time, where this clock must not stand.
        if self.is_plain() { inside } else { self.state.with(|state| *state).at(inside) }
    }

    fn rearm(&self, deadline: Instant) {
        if deadline != Instant::FAR {
            // Paused, it comes to no deadline by itself, but whoever waits may be one who moves it there.
            self.inner.rearm(self.to_inner(deadline).unwrap_or(Instant::EPOCH));
        }
    }
}

/// A clock that does not run: it is always its epoch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
}

/// A clock that is moved by hand and by nothing else.
///
/// For tests and simulations on every tier, in a `static` too. With a [`VirtualPark`](super::VirtualPark) an executor
/// that is idle moves it to its next deadline by itself.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use zokio_core::time::{Clock, Instant, ManualClock, Timers};
///
/// # #[cfg(not(feature = "std"))] fn main() {}
/// # #[cfg(feature = "std")]
/// # fn main() {
/// static TIMERS: Timers<ManualClock> = Timers::new(ManualClock::manual());
///
/// assert_eq!(TIMERS.now(), Instant::EPOCH);
/// TIMERS.clock().advance(Duration::from_secs(5)).unwrap();
/// assert_eq!(TIMERS.now(), Instant::EPOCH + Duration::from_secs(5));
/// # }
/// ```
pub type ManualClock<L = DefaultLock> = VirtualClock<Still, L>;

impl<L: RawLock> ManualClock<L> {
    const_fn! {
        /// A clock that stands at its epoch.
        pub const fn manual() -> Self {
            Self::told(Still, true, State { paused: true, ..State::PLAIN })
        }
    }
}
