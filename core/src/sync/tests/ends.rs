//! The end of something is heard of, whatever else is done in the task that waits for it.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Waker};

use crate::sync::{CancellationSource, CancellationToken, TaskTracker, broadcast, mpsc, watch};
use crate::task::coop::{consume_budget, in_main};

/// Uses up what there is, in every poll.
async fn greedy() {
    loop {
        consume_budget().await;
    }
}

/// Whether `end`, which `happens` after the first poll, is heard of behind a greedy future in the same task.
fn is_heard<F: Future>(end: F, happens: impl FnOnce()) -> bool {
    let (mut greedy, mut end) = (pin!(greedy()), pin!(end));
    ends(
        poll_fn(|cx| {
            assert!(greedy.as_mut().poll(cx).is_pending());
            end.as_mut().poll(cx)
        }),
        happens,
    )
}

fn ends<F: Future>(future: F, happens: impl FnOnce()) -> bool {
    let mut future = pin!(future);
    let mut poll = || in_main(|| future.as_mut().poll(&mut Context::from_waker(Waker::noop()))).is_ready();
    assert!(!poll());
    happens();
    poll()
}

/// FAILURES 104: where the end asked for a unit of the budget, a future that was never short of work could not be cancelled.
// Mutant: core/src/sync/cancel/tree.rs :: const FREE: bool = true; => const FREE: bool = false;
// Mutant: core/src/sync/wait_group/mod.rs :: const FREE: bool = true; => const FREE: bool = false;
// Mutant: core/src/sync/channel/flow.rs :: const FREE: bool = true; => const FREE: bool = false;
// Mutant: core/src/sync/broadcast/ring.rs :: const FREE: bool = true; => const FREE: bool = false;
// Mutant: core/src/sync/watch/alloc.rs :: const FREE: bool = true; => const FREE: bool = false;
#[test]
fn failure_104_an_end_is_heard_of_where_the_budget_is_used_up() {
    let token = CancellationToken::new();
    assert!(ends(token.run_until_cancelled(greedy()), || token.cancel()));
    let source = <CancellationSource>::new();
    let scope = pin!(source.child());
    let scope = scope.as_ref();
    assert!(ends(scope.run_until_cancelled(greedy()), || source.cancel()));
    let token = CancellationToken::new();
    assert!(is_heard(token.cancelled(), || token.cancel()));
    let tracker = TaskTracker::new();
    assert!(is_heard(tracker.wait(), || assert!(tracker.close())));
    let (sender, receiver) = mpsc::channel::<u8>(1);
    assert!(is_heard(sender.closed(), || drop(receiver)));
    let (sender, receiver) = broadcast::channel::<u8>(1);
    assert!(is_heard(sender.closed(), || drop(receiver)));
    let (sender, receiver) = watch::channel(0);
    assert!(is_heard(sender.closed(), || drop(receiver)));
}

// Mutant: core/src/sync/watch/alloc.rs :: Poll::Ready(()) } else { poll_done(cx) } => Poll::Ready(()) } else { _ = cx; Poll::Ready(()) }
#[test]
fn a_loop_that_waits_for_receivers_to_be_gone_gives_way() {
    let (sender, _) = watch::channel(0);
    let mut turns = 0;
    let mut waits = pin!(async {
        loop {
            sender.closed().await;
            turns += 1;
            assert!(turns < 1000, "it takes no unit");
        }
    });
    assert!(in_main(|| waits.as_mut().poll(&mut Context::from_waker(Waker::noop()))).is_pending());
}
