//! What a log shows of combinators: their names, and how many parts are left where that is known.

use core::future::ready;
use std::format;

use crate::future::*;

#[test]
fn combinators_show_their_names() {
    let one = || ready(1);
    let fine = || ready(Ok::<u8, u8>(1));
    let shown = [
        format!("{:?}", join(one(), one())),
        format!("{:?}", join_array([one(), one()])),
        format!("{:?}", try_join(fine(), fine())),
        format!("{:?}", try_join_array([fine(), fine()])),
        format!("{:?}", join_all([one(), one()])),
        format!("{:?}", try_join_all([fine(), fine()])),
    ];
    let expected = [
        "Join { .. }",
        "JoinArray { .. }",
        "TryJoin { .. }",
        "TryJoinArray { .. }",
        "JoinAll { left: 2, .. }",
        "TryJoinAll { left: 2, .. }",
    ];
    assert_eq!(shown, expected);
}

#[test]
#[cfg(feature = "futures-core")]
fn streams_hint_at_no_more_than_there_is() {
    struct Three;
    impl Stream for Three {
        type Item = u8;
        fn poll_next(self: core::pin::Pin<&mut Self>, _: &mut core::task::Context<'_>) -> core::task::Poll<Option<u8>> {
            core::task::Poll::Pending
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (3, Some(3))
        }
    }
    assert_eq!(Three.map(|item| item + 1).size_hint(), (3, Some(3)));
    assert_eq!(Three.filter(|item| *item > 1).size_hint(), (0, Some(3)));
    assert_eq!(Three.take(2).size_hint(), (2, Some(2)));
}
