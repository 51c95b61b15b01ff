//! A line behind which so many tasks wait for each other.

use super::waiters::{Protocol, Section, Step, Waiters};
use crate::lock::{DefaultLock, RawLock};
use crate::{const_fn, guard};

/// The lane of those who wait.
const LINE: usize = 0;
/// The lane of those whose generation is complete, and whom its last one has yet to call.
const LEAVING: usize = 1;
const LANES: usize = 2;

/// A line behind which `n` tasks wait for each other, again and again.
///
/// Names and meaning are those of `tokio::sync::Barrier`.
///
/// # Units
///
/// Tasks; 0 is the same as 1.
///
/// # Cost
///
/// A task that waits takes the lock up to three times, and once more when it is woken; the last one three times, and once more for
/// every 8 who wait. A waiter's place is inside its future.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Barrier;
///
/// static READY: Barrier = Barrier::const_new(2);
///
/// async fn start() {
///     if READY.wait().await.is_leader() {
///         // one of both
///     }
/// }
/// # let _ = start();
/// # }
/// ```
pub struct Barrier<L: RawLock = DefaultLock> {
    size: usize,
    waiters: Waiters<L, State, (), LANES>,
}

struct State {
    /// How many of this generation are there.
    arrived: usize,
    generation: usize,
}

impl Barrier {
    const_fn! {
        /// Makes one for `n` tasks.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[inline] // not generic: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new(n: usize) -> Self {
            Self::with_lock(n)
        }
    }

    const_fn! {
        /// The same as [`new`](Self::new), under the name that the other primitives have for it in a `static`.
        #[inline] // as `new`
        #[must_use]
        pub const fn const_new(n: usize) -> Self {
            Self::with_lock(n)
        }
    }
}

impl<L: RawLock> Barrier<L> {
    const_fn! {
        /// Makes one for `n` tasks. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock(n: usize) -> Self {
            let size = if n == 0 { 1 } else { n };
            Self { size, waiters: Waiters::new(State { arrived: 0, generation: 0 }) }
        }
    }

    /// Waits until as many tasks wait as this was made for; one of them is told that it is the leader.
    ///
    /// # Cancel safety
    ///
    /// *Data*: who is dropped while it waits counts as arrived all the same, and the others wait for one less.
    pub async fn wait(&self) -> BarrierWaitResult {
        let generation = self.waiters.with(|section| {
            section.state.arrived += 1;
            if section.state.arrived < self.size {
                return Some(section.state.generation);
            }
            section.state.arrived = 0;
            section.state.generation = section.state.generation.wrapping_add(1);
            section.append(LINE, LEAVING);
            None
        });
        match generation {
            None => {
                // All in that lane may go, whichever call put them there; later ones are few, and their own leader comes.
                // There is no other leader: a waker that panics is let go.
                guard::swallow(|| self.waiters.drain(LEAVING, (), |_| false));
                BarrierWaitResult(true)
            }
            Some(generation) => {
                self.waiters.wait(Arrived { generation }).await;
                BarrierWaitResult(false)
            }
        }
    }
}

impl<L: RawLock> core::fmt::Debug for Barrier<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Barrier").field("size", &self.size).finish_non_exhaustive()
    }
}

/// One who waits for the others.
struct Arrived {
    generation: usize,
}

impl Protocol<LANES> for Arrived {
    type State = State;
    type Tag = ();
    type Output = ();
    const LANE: usize = LINE;

    fn poll(&mut self, section: &mut Section<'_, State, (), LANES>, _: Option<()>) -> Step<(), ()> {
        if section.state.generation == self.generation { Step::Wait(()) } else { Step::Ready(()) }
    }

    fn cancel(&mut self, _: &mut Section<'_, State, (), LANES>, (): ()) {}
}

/// Whether a task is the leader of those who waited together; see [`Barrier::wait`].
#[derive(Debug, Clone)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether it is: one of each generation is, the one that came last.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}
