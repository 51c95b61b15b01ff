//! What a task is.
//!
//! # The life of a task
//!
//! ```text
//!             1 claim or box            2 first push              3 pop
//!   (nothing) ---------------> NOTIFIED -----------> in a queue --------> RUNNING
//!                                  ^                     ^                |  |  |
//!                                  |        4 wake       |                |  |  | 6 ready, panic
//!                                  +------ IDLE <--------|----------------+  |  |   or cancelled
//!                                                        +-------------------+  v
//!                                                       5 requeue: woken     COMPLETE
//!                                                         while RUNNING         | 7 output taken or dropped,
//!                                                                               v   executor released
//!                                                                            (nothing)
//! ```
//!
//! 1. [`Arena`] claims a slot by its state word, `heap` boxes a cell.
//! 2. [`Schedule::schedule`].
//! 3. [`Notified::run`].
//! 4. A [`Waker`](core::task::Waker) wins `NOTIFIED` and schedules. Until then nobody holds the task but its wakers.
//! 5. [`Schedule::reschedule`].
//! 6. `Notified::run` drops the future where it lies and writes the output in its place.
//! 7. The later of executor and [`JoinHandle`] frees a slot; the last reference frees a counted cell.
//!
//! # Who may touch what
//!
//! | field | who | under |
//! |---|---|---|
//! | `link` | whoever holds the `Notified` | `NOTIFIED` won, until popped; of a slot it is its owner before and after (*owner or link*) |
//! | `vtable`, owner of a counted task | the spawner writes, before the first push; then only read, but for the end of a *lone* task | *winner reads* |
//! | future | the spawner writes, before the first pop (*filled late*); then the executor | `RUNNING` (one core, one runner: between pop and the end of the poll) |
//! | output | the executor until `COMPLETE`, then the join handle; the executor again if the handle is gone | |
//! | join waker | the handle while `JOIN_WAKER` is clear; both read while it is set; the executor drops it if the handle is gone | |
//!
//! # Invariants
//!
//! - *quiet header*: a field that is rewritten when a slot is used again is a cell or an atomic, so a stale waker that
//!   holds a reference to the header races with nothing.
//! - *winner reads*: `vtable` and the owner are read only by who won `NOTIFIED`, runs the task, or keeps it from being used
//!   again (a join handle, a counted reference; on one core a section in which the word says that the task waits).
//! - *deaf clone*: cloning or dropping the waker of an uncounted task touches no memory.
//! - *whole pointer*: a [`TaskPtr`] has the provenance of the whole cell, and comes from the cell's own base.
//! - *static home*: uncounted tasks live in a `static` arena and run only on `&'static` executors.
//! - *publish last*: after a task has been pushed, the pusher touches nothing of it but through a reference of its own.
//! - *no orphan*: a task whose `NOTIFIED` has been won but that has not been pushed is never freed; a closed queue hands
//!   it back, and [`Notified::cancel`] finishes it.
//! - *direct*: such an owner begins with its [`RunQueue`](crate::run_queue::RunQueue), is `static`, and all that scheduling its
//!   tasks takes is a push to that queue, which is bound to its place before anybody gets the owner. The pointer that stands for any
//!   other owner is odd, and the state word of its tasks says from their launch on that it must be asked. So a wake needs no call
//!   through a table, and on one core it may be made in the section, or under the lock, in which the waker was found: the one
//!   exception to "no foreign code under a lock", for it is none (`waker::wake_within`).
//! - *filled late*: a place that is [local](Spawn::is_local) is asked by the context that pops its owner's tasks, which pops none
//!   before that call has returned. So a slot spawned there at a *direct* owner is pushed in the step that claims it, and its future
//!   written after that: no foreign code runs in between, and who comes in an interrupt finds it notified, and touches nothing of it.
//! - *lone*: a task without a handle can neither be aborted nor asked for an output, and its table says nothing of either. What a
//!   start of a slot asks for other than a poll is found in the table of who holds it (`Held::end`), so that images of lone tasks have
//!   no code for it: a lone one that is in its queue once more when its future is gone stays what it is, but for its table, of which
//!   the poll frees it (`OVER`).
//! - *kept alive*: a counted cell keeps its owner alive (its `Schedule` says how) until it is freed.

mod abort_on_drop;
mod arena;
mod cell;
pub mod coop;
mod error;
#[cfg(feature = "defmt")]
mod formats;
mod header;
#[cfg(feature = "alloc")]
mod heap;
mod id;
mod join;
mod join_set;
#[cfg(feature = "std")]
mod local;
mod local_scope;
mod name;
mod pool;
#[cfg(all(doctest, feature = "std"))]
mod refused;
mod run;
mod schedule;
mod scope;
mod spawn;
mod state;
mod static_place;
#[cfg(all(test, feature = "std"))]
pub(crate) mod tests;
pub(crate) mod waker;

pub use self::coop::{consume_budget, unconstrained};
pub use abort_on_drop::{AbortOnDrop, AbortOnDropHandle};
pub use arena::{Arena, Eight, Slots, claim_from};
pub use error::{JoinError, SpawnError};
pub(crate) use header::QueueOwner;
pub use header::{Link, Owner, TaskPtr};
pub use id::{Id, id, try_id};
pub use join::{AbortHandle, JoinHandle};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use join_set::JoinSet;
pub use join_set::{FixedJoinSet, JoinSetOf};
#[cfg(feature = "std")]
pub use local::{AccessError, LocalKey, TaskLocalFuture};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use local_scope::{LocalScope, ScopedJoinHandle, scope};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use name::{Named, name, named};
pub use pool::{IntoTask, SpawnToken, TaskFn, pool_bytes};
pub use run::{Notified, Ready};
pub use schedule::{Counted, Either, Reclaim, Schedule, Static};
pub use spawn::{Need, Refusal, Shape, Spawn, Vacancy, spawn_at, try_spawn_at, try_spawn_local_at};
pub(crate) use state::Start;
pub use static_place::StaticPlace;
pub use waker::{StaticWake, static_waker};

/// What the macros expand to.
#[cfg(feature = "std")]
#[doc(hidden)]
pub mod __private {
    pub use super::local::{Place, thread_local};
}

/// What executors build tasks with. Not for users: nothing here is checked.
#[doc(hidden)]
pub mod raw {
    pub use super::cell::{Detached, HEADER_BYTES, JOINED_BYTES, Joined, layout_of, slot_layout_of};
    pub use super::coop::in_main;
    #[cfg(feature = "alloc")]
    pub use super::heap::{Boxes, HeapTask};
    pub use super::run::{is_counted, shut_down};
}
