//! Tasks without a handle: they end as others do, whatever their last poll does, and leave a slot that can be used again.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use super::util::Direct;
use super::util::{Dropped, Home, Line, Wakers, arena};
use crate::task::{Arena, Spawn};

/// On a scheduler that pushes and on one that is asked.
fn each(run: impl Fn(&'static Arena<1, 128>, &'static dyn Spawn, &dyn Fn() -> usize)) {
    let direct = Direct::new();
    run(arena(), direct, &|| direct.turn());
    let slots = arena();
    let line = Line::<16>::new(Home::Pool(slots));
    run(slots, line, &|| line.turn());
}

#[test]
fn it_runs_to_its_end_and_frees_its_slot() {
    each(|slots, place, turn| {
        for _ in 0..3 {
            let (drops, wakers) = (Arc::new(AtomicUsize::new(0)), Wakers::default());
            let (mine, wait) = (Dropped::new(&drops), wakers.once());
            slots.try_spawn_unabortable_at(place, async move { drop((wait.await, mine)) }).unwrap();
            assert!(slots.try_spawn_unabortable_at(place, pending()).is_err(), "there is one slot");
            assert_eq!((turn(), turn(), slots.in_use()), (1, 0, 1));
            let stale = wakers.one();
            stale.wake_by_ref();
            assert_eq!((turn(), slots.in_use(), drops.load(Ordering::Relaxed)), (1, 0, 1));
            stale.wake();
            assert_eq!(turn(), 0, "it is over");
        }
    });
}

/// On one core, and where there is one runner, it is in the queue once more when it is over.
// Mutant: core/src/task/cell.rs :: PollFn { slot: run::complete_lone } => PollFn { slot: |_| Polled::OVER }
#[test]
fn one_that_wakes_itself_in_its_last_poll_frees_its_slot() {
    each(|slots, place, turn| {
        for _ in 0..3 {
            let last = poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::Ready(())
            });
            slots.try_spawn_unabortable_at(place, last).unwrap();
            while turn() > 0 {}
            assert_eq!(slots.in_use(), 0);
        }
    });
}

#[test]
fn a_panic_ends_it_alone() {
    each(|slots, place, turn| {
        let drops = Arc::new(AtomicUsize::new(0));
        let payload = Dropped::panicking(&drops);
        slots.try_spawn_unabortable_at(place, async move { std::panic::panic_any(payload) }).unwrap();
        assert_eq!((turn(), slots.in_use(), drops.load(Ordering::Relaxed)), (1, 0, 1));
        slots.try_spawn_unabortable_at(place, async {}).unwrap();
        assert_eq!((turn(), slots.in_use()), (1, 0));
    });
}
