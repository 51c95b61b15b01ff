//! How the types of this module look in the log of firmware.

use super::{JoinError, SpawnError};
use crate::formats::named;

named! {
    [] super::abort_on_drop::AbortOnDrop => "AbortOnDrop",
    [T] super::abort_on_drop::AbortOnDropHandle<T> => "AbortOnDropHandle",
    [const SLOTS: usize, const BYTES: usize, A, L] super::arena::Arena<SLOTS, BYTES, A, L> => "Arena",
    [] super::coop::RestoreOnPending => "RestoreOnPending",
    [F] super::coop::Unconstrained<F> => "Unconstrained",
    [F] super::coop::Coop<F> => "Coop",
    [T] super::join::JoinHandle<T> => "JoinHandle",
    [] super::join::AbortHandle => "AbortHandle",
    [T, P: super::join_set::Places<T>] super::join_set::JoinSetOf<T, P> => "JoinSet",
    #[cfg(feature = "alloc")]
    ['env] super::local_scope::LocalScope<'env> => "LocalScope",
    #[cfg(feature = "alloc")]
    [T] super::local_scope::ScopedJoinHandle<T> => "ScopedJoinHandle",
    [F, A] super::pool::SpawnToken<F, A> => "SpawnToken",
}

impl defmt::Format for JoinError {
    fn format(&self, f: defmt::Formatter<'_>) {
        let what = if self.is_panic() { "panicked" } else { "was cancelled" };
        defmt::write!(f, "{} {}", self.id(), what);
    }
}

impl<F> defmt::Format for SpawnError<F> {
    fn format(&self, f: defmt::Formatter<'_>) {
        match self {
            Self::Full { pool, slots, .. } => defmt::write!(f, "all {} slots of task pool `{}` are taken", slots, pool),
            Self::TooLarge { pool, needed, slot, .. } if needed <= slot => {
                defmt::write!(f, "the task needs a larger alignment than the slots of task pool `{}` have", pool);
            }
            Self::TooLarge { pool, needed, slot, .. } => {
                defmt::write!(f, "the task needs {} bytes and a slot of task pool `{}` has {}", needed, pool, slot);
            }
            Self::Closed(_) => defmt::write!(f, "the executor has shut down"),
            Self::NoExecutor(_) => defmt::write!(f, "there is no executor here that takes it"),
            Self::NoPool(_) => defmt::write!(f, "the executor has no task pool"),
        }
    }
}
