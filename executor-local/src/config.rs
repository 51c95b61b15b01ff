//! What an executor is made with.

use zokio_core::task::Slots;
use zokio_core::time::{Clock, Timers};

/// An arena that is spawned into where no other is named, and its name in errors.
pub type Pool = (&'static str, &'static dyn Slots);

/// What an executor is made with: [`Config`], [`Timed`], or a type of one's own.
///
/// What an implementation leaves out has no code and no memory in an executor that is made with it.
///
/// # Examples
///
/// No words at all, where the timers have a name:
///
/// ```
/// # use zokio_core::park::Unpark;
/// # use zokio_core::time::{Clock, Instant, Timers};
/// # use zokio_executor_local::{Executor, Setup};
/// # #[derive(Clone)] struct Interrupts;
/// # impl Unpark for Interrupts { const NEEDED: bool = false; fn unpark(&self) {} }
/// # struct SysTick;
/// # impl Clock for SysTick { fn now(&self) -> Instant { Instant::EPOCH } }
/// # static TIMERS: Timers<SysTick> = Timers::new(SysTick);
/// struct Board;
///
/// impl Setup for Board {
///     type Clock = SysTick;
///
///     fn timers(&self) -> Option<&'static Timers<SysTick>> {
///         Some(&TIMERS)
///     }
/// }
///
/// static EXECUTOR: Executor<Interrupts, Board> = Executor::new(Interrupts, Board);
/// ```
pub trait Setup: Sync + 'static {
    /// The clock of its timers: any (`dyn Clock + Sync`), or one that is known.
    type Clock: Clock + Sync + ?Sized + 'static;

    /// The timers that it expires, and offers to its tasks: the same at every call.
    fn timers(&self) -> Option<&'static Timers<Self::Clock>>;

    /// Where it spawns.
    fn pool(&self) -> Option<Pool> {
        None
    }
}

/// Timers and a pool, or neither. `C` is the clock of the timers: any, or one that is known (see [`Config::of`]).
pub struct Config<C: ?Sized + 'static = dyn Clock + Sync> {
    pub(crate) timers: Option<&'static Timers<C>>,
    pub(crate) pool: Option<Pool>,
}

impl<C: ?Sized> Clone for Config<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for Config<C> {}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// No timers, no pool.
    #[must_use]
    pub const fn new() -> Self {
        Self { timers: None, pool: None }
    }

    /// Expires these timers, and offers them to the tasks.
    #[must_use]
    pub const fn timers(mut self, timers: &'static Timers) -> Self {
        self.timers = Some(timers);
        self
    }
}

impl<C: ?Sized> Config<C> {
    /// These timers, of a clock that is known and so is read without a call through a table: as [`timers`](Config::timers),
    /// for an `Executor<U, Config<C>>`. Where no pool is wanted, [`Timed`] is less.
    #[must_use]
    pub const fn of(timers: &'static Timers<C>) -> Self {
        Self { timers: Some(timers), pool: None }
    }

    /// Spawns into this arena where no other is named; `name` appears in errors.
    #[must_use]
    pub const fn pool(mut self, name: &'static str, pool: &'static dyn Slots) -> Self {
        self.pool = Some((name, pool));
        self
    }
}

impl<C: Clock + Sync + ?Sized + 'static> Setup for Config<C> {
    type Clock = C;

    #[inline]
    fn timers(&self) -> Option<&'static Timers<C>> {
        self.timers
    }

    #[inline]
    fn pool(&self) -> Option<Pool> {
        self.pool
    }
}

impl<C: ?Sized> core::fmt::Debug for Config<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Config")
            .field("timers", &self.timers.is_some())
            .field("pool", &self.pool.map(|(name, _)| name))
            .finish()
    }
}

/// Timers of a clock that is known, and no pool: for a chip where each instruction and byte counts.
///
/// # Examples
///
/// ```
/// # use zokio_core::park::Unpark;
/// # use zokio_core::time::{Clock, Instant, Timers};
/// # use zokio_executor_local::{Executor, Timed};
/// # #[derive(Clone)] struct Interrupts;
/// # impl Unpark for Interrupts { const NEEDED: bool = false; fn unpark(&self) {} }
/// # struct SysTick;
/// # impl Clock for SysTick { fn now(&self) -> Instant { Instant::EPOCH } }
/// static TIMERS: Timers<SysTick> = Timers::new(SysTick);
/// static EXECUTOR: Executor<Interrupts, Timed<SysTick>> = Executor::new(Interrupts, Timed::by(&TIMERS));
/// ```
#[derive(Debug)]
pub struct Timed<C: 'static>(&'static Timers<C>);

impl<C> Timed<C> {
    /// Expires these timers, and offers them to the tasks.
    #[must_use]
    pub const fn by(timers: &'static Timers<C>) -> Self {
        Self(timers)
    }
}

impl<C: Clock + Sync + 'static> Setup for Timed<C> {
    type Clock = C;

    #[inline]
    fn timers(&self) -> Option<&'static Timers<C>> {
        Some(self.0)
    }
}
