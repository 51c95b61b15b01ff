//! Tasks that are not `Send`, on any runtime: [`LocalSet`].

use core::future::Future;
use core::pin::Pin;
use core::task::{Context as PollContext, Poll};

use zokio_core::ambient::{Ambient, Context, Held, Offer};
use zokio_core::task::JoinHandle;
use zokio_executor_local::context::Current;
use zokio_executor_local::{Drivers, LocalSet as Set, LocalSpawner, StaticOffer};

use crate::runtime::{Handle, Id, Runtime};

/// Tasks that need not be `Send`, on the thread that made the set, whichever runtime it is awaited on.
///
/// The tasks run while the set is awaited: by [`run_until`](Self::run_until), by [`block_on`](Self::block_on), or as a
/// future, which is ready when all of them are. In them [`spawn_local`](crate::task::spawn_local) spawns on the set, and
/// [`spawn`](crate::spawn) on the runtime.
///
/// Dropping it drops its tasks, on its own thread.
///
/// # Cost
///
/// One allocation a task.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// let runtime = zokio::runtime::Runtime::new()?;
/// let set = zokio::task::LocalSet::new();
/// let shared = Rc::new(5);
/// let sum = set.block_on(&runtime, async {
///     let other = shared.clone();
///     let task = zokio::task::spawn_local(async move { *other + 1 });
///     task.await.map(|six| six + *shared)
/// });
/// assert_eq!(sum?, 11);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A set stays on its thread:
///
/// ```compile_fail,E0277
/// let set = zokio::task::LocalSet::new();
/// std::thread::spawn(move || drop(set));
/// ```
#[derive(Debug, Default)]
pub struct LocalSet {
    set: Set,
}

impl LocalSet {
    /// A set without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self { set: Set::new() }
    }

    /// Which set it is.
    #[must_use]
    pub fn id(&self) -> Id {
        Id::of(self.set.place())
    }

    /// Makes this set the one that `spawn_local` spawns on, until the guard is dropped. All else stays: timers, `spawn` and the
    /// handle are those of the runtime, or of the executor in a `static`, that is current.
    pub fn enter(&self) -> LocalEnterGuard {
        let offer = Entered { spawner: self.set.spawner(), around: Around::current() };
        LocalEnterGuard { _entered: Held::new(offer) }
    }

    /// Spawns a task on this set. It runs when the set is awaited.
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.set.spawn_local(future)
    }

    /// Runs `future` on a runtime, and the tasks of this set beside it, until the future is done. Tasks that are left stay.
    ///
    /// # Panics
    ///
    /// Panics inside of an executor that polls, which it would stop.
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &Runtime, future: F) -> F::Output {
        runtime.block_on(self.run_until(future))
    }

    /// Runs `future`, and the tasks of this set beside it, until the future is done. Tasks that are left stay, until the set
    /// is awaited again.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped while pending, `future` is dropped; the tasks of the set stay.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        self.set.run_until(future).await
    }
}

/// Runs tasks; ready when there is none.
impl Future for LocalSet {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut PollContext<'_>) -> Poll<()> {
        Pin::new(&mut self.set).poll(cx)
    }
}

/// Makes a [`LocalSet`] the one that `spawn_local` spawns on, until it is dropped. Guards are dropped in the reverse order of
/// their making.
///
/// # Panics
///
/// Dropping one while a later one lives panics.
#[derive(Debug)]
#[must_use = "the set is left again when the guard is dropped"]
pub struct LocalEnterGuard {
    _entered: Held<Current, Entered>,
}

/// The set beside what is current.
pub(crate) struct Entered {
    spawner: LocalSpawner<Drivers>,
    around: Around,
}

/// What a context has beside a set.
enum Around {
    Nothing,
    Runtime(Handle),
    Static(StaticOffer),
}

impl Around {
    /// That of the current context.
    fn current() -> Self {
        if let Ok(runtime) = Handle::try_current() {
            return Self::Runtime(runtime);
        }
        let offer = Current::with(|context| context?.handle()?.downcast_ref().copied());
        offer.map_or(Self::Nothing, Self::Static)
    }
}

impl Entered {
    /// The set of the current context, if there is one, beside a runtime.
    pub(crate) fn beside(runtime: &Handle) -> Option<Self> {
        let spawner = Current::with(|context| context.and_then(|context| context.local_as().cloned()))?;
        Some(Self { spawner, around: Around::Runtime(runtime.clone()) })
    }
}

impl Offer for Entered {
    fn context(&self) -> Context<'_> {
        let around = match &self.around {
            Around::Nothing => Context::EMPTY,
            Around::Runtime(runtime) => runtime.context(),
            Around::Static(offer) => offer.context(),
        };
        around.with_local(&self.spawner)
    }
}
