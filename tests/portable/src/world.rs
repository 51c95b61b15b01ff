//! An executor in a `static`, a clock that is moved by hand or by waiting, a pool: one for each test.

use core::time::Duration;

use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Instant, ManualClock, Timers};
use zokio_executor_local::{StaticSeat, Stepper};

/// Nobody ends a wait: there is one thread, and no interrupt.
#[derive(Clone, Debug)]
pub(crate) struct Nobody;

impl Unpark for Nobody {
    const NEEDED: bool = false;
    fn unpark(&self) {}
}

/// Moves the clock to the deadline instead of waiting for it.
#[derive(Debug)]
pub(crate) struct Jump(&'static Timers<ManualClock>);

impl Park for Jump {
    type Unpark = Nobody;

    fn unpark(&self) -> Nobody {
        Nobody
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if is_idle() {
            let deadline = deadline.expect("nothing is ready, no timer is set: nobody would end this wait");
            self.0.clock().advance_to(deadline).expect("a manual clock can be moved");
        }
    }

    fn poll(&mut self) {}
}

/// What a test runs in.
pub(crate) struct World {
    pub(crate) steps: Stepper<StaticSeat<Jump>>,
    pub(crate) timers: &'static Timers<ManualClock>,
}

impl World {
    pub(crate) fn new(
        executor: &'static zokio_executor_local::Executor<Nobody>,
        timers: &'static Timers<ManualClock>,
    ) -> Self {
        Self { steps: executor.step(Jump(timers)), timers }
    }

    /// Spawns a task in the pool.
    pub(crate) fn spawn<F>(&self, future: F) -> zokio_core::task::JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.steps.spawner().spawn(future)
    }

    /// Moves the clock.
    pub(crate) fn advance(&self, nanos: u64) {
        self.timers.clock().advance(Duration::from_nanos(nanos)).expect("a manual clock can be moved");
    }

    /// The time.
    pub(crate) fn now(&self) -> u64 {
        self.timers.now().as_nanos()
    }
}

/// A world with statics of its own: how many tasks at a time, and how large.
macro_rules! world {
    ($slots:expr, $bytes:expr) => {
        world!($slots, $bytes, TASKS)
    };
    ($slots:expr, $bytes:expr, $pool:ident) => {{
        static $pool: zokio_core::task::Arena<{ $slots }, { $bytes }> = zokio_core::task::Arena::new();
        static TIMERS: zokio_core::time::Timers<zokio_core::time::ManualClock> =
            zokio_core::time::Timers::new(zokio_core::time::ManualClock::manual());
        static EXECUTOR: zokio_executor_local::Executor<crate::world::Nobody> = zokio_executor_local::Executor::new(
            crate::world::Nobody,
            zokio_executor_local::Config::new().pool("tasks", &$pool).timers(&TIMERS),
        );
        crate::world::World::new(&EXECUTOR, &TIMERS)
    }};
}
pub(crate) use world;
