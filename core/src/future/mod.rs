//! Several futures as one: wait for all of them, or for the first.
//!
//! | wait for | functions | macro |
//! |---|---|---|
//! | all | [`join()`], [`join3`] to [`join6`], [`join_array`], `join_all` | [`join!`](crate::join) |
//! | all, or the first error | [`try_join()`], [`try_join3`] to [`try_join6`], `try_join_all` | [`try_join!`](crate::try_join) |
//! | all, in order of dependence | | [`task_graph!`](crate::task_graph) |
//! | the first | [`select()`], [`select3`] to [`select6`], [`select_array`], [`select_slice`], [`race`] | [`select!`](crate::select) |
//!
//! and what a task needs to step aside or to look without waiting: [`yield_now`], [`poll_once`], [`ready()`],
//! [`pending`], [`poll_fn`]. By method: [`FutureExt`], [`TryFutureExt`], [`PollExt`].
//!
//! Everything here lives inside the future that awaits it: nothing is boxed, spawned or counted, and a combinator is as
//! large as what it holds plus a few words.
//!
//! # Who is polled when
//!
//! Whichever part of a combinator was woken, all its unfinished parts are polled: they share the task's waker. Parts
//! are cheap to poll by that measure or belong in tasks of their own. A join polls every unfinished part every time, and
//! begins one part further each time, so that none starves another of the task's budget. For `select` the functions poll in
//! the order of their arguments and the first ready part wins, so an argument that is always ready hides those behind it:
//! this is useful (a stop signal goes first) and documented as *biased in order*. The `select!` macro draws where to begin
//! at each poll. `biased;` makes the macros poll in the order written.
//!
//! # How a part stays pinned
//!
//! The parts are plain fields. All projection goes through the macro and the function in `maybe_done`, under one
//! invariant, *structural*: a part is polled through a pin, never moved, and dropped in place.

mod children;
mod ext;
mod fair;
#[cfg(feature = "defmt")]
mod formats;
mod graph;
mod join;
mod join_all;
mod macros;
mod maybe_done;
mod poll_once;
mod race;
mod rotation;
mod select;
mod side_by_side;
#[cfg(feature = "futures-core")]
mod stream;
mod yield_now;

pub use core::future::{Pending, PollFn, Ready, pending, poll_fn, ready};
pub use core::task::ready;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub(crate) use self::children::Children;
pub use self::ext::{CatchUnwind, Fuse, FutureExt, Map, PollExt, TryFutureExt};
pub use self::join::{
    Join, Join3, Join4, Join5, Join6, JoinArray, TryJoin, TryJoin3, TryJoin4, TryJoin5, TryJoin6, TryJoinArray, join,
    join_array, join3, join4, join5, join6, try_join, try_join_array, try_join3, try_join4, try_join5, try_join6,
};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use self::join_all::{JoinAll, TryJoinAll, join_all, try_join_all};
pub(crate) use self::maybe_done::project;
pub use self::poll_once::{PollOnce, poll_once};
pub use self::race::{Race, race};
pub use self::select::{
    Either, Either3, Either4, Either5, Either6, Select, Select3, Select4, Select5, Select6, SelectArray, SelectSlice,
    select, select_array, select_slice, select3, select4, select5, select6,
};
#[cfg(feature = "futures-core")]
pub use self::stream::{Filter, Fold, MapItems, Next, Stream, StreamExt, Take};
pub use self::yield_now::{YieldNow, yield_now};
pub use crate::{join, pin, select, task_graph, try_join};

/// What the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use super::fair::*;
    pub mod graph {
        pub use super::super::graph::*;
    }
    pub use super::maybe_done::MaybeDone;
    pub use super::rotation::Rotation;
    pub use super::side_by_side::{Parts, SideBySide};
    pub use crate::task::coop::poll_proceed;
}

#[cfg(test)]
mod tests;
