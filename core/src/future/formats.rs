//! How the types of this module look in the log of firmware: their names.

use crate::formats::named;
use core::future::Future;

named! {
    [F: Future, const N: usize] super::join::JoinArray<F, N> => "JoinArray",
    [F: Future, const N: usize] super::join::TryJoinArray<F, N> => "TryJoinArray",
    #[cfg(feature = "alloc")]
    [F: Future] super::join_all::JoinAll<F> => "JoinAll",
    #[cfg(feature = "alloc")]
    [F: Future] super::join_all::TryJoinAll<F> => "TryJoinAll",
    [F] super::poll_once::PollOnce<F> => "PollOnce",
    [A, B] super::race::Race<A, B> => "Race",
    [F, const N: usize] super::select::SelectArray<F, N> => "SelectArray",
    ['a, F] super::select::SelectSlice<'a, F> => "SelectSlice",
    [] super::yield_now::YieldNow => "YieldNow",
}
