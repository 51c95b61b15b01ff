//! A task that always has something to do: how far it gets in one poll, and who gets a turn.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker, ready};

use std::boxed::Box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

use super::util::{Home, Line, arena, lines, poll};
use crate::future::{join, join_all, join_array, join3, try_join, try_join_all, try_join_array};
use crate::task::coop::{self, consume_budget, cooperative, has_budget_remaining, poll_proceed, unconstrained};
use crate::task::raw::in_main;
use crate::task::{id, scope, try_id};
use crate::test_util::TestWaker;
use crate::{select, task_graph};

/// Something that always has more, and counts what was taken.
#[derive(Clone, Default)]
struct Source(Arc<AtomicUsize>);

impl Source {
    fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<()> {
        let coop = ready!(poll_proceed(cx));
        self.0.fetch_add(1, Ordering::Relaxed);
        coop.made_progress();
        Poll::Ready(())
    }

    async fn take(&self) {
        poll_fn(|cx| self.poll_take(cx)).await;
    }
}

/// Polls with another waker, again and again, until it is ready: another executor inside of a task. So often that refusals come to an
/// end several times.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..50_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("it never becomes ready");
}

// Mutant: core/src/task/coop.rs :: cx.waker().wake_by_ref(); => drop(cx.waker());
// Mutant: core/src/task/run.rs :: Budget::FULL => Budget::UNCONSTRAINED
#[test]
fn failure_106_a_source_that_is_never_empty_lets_others_have_their_turn() {
    for (kind, line) in lines() {
        let source = Source::default();
        let greedy = {
            let source = source.clone();
            line.spawn(async move {
                for _ in 0..1000 {
                    source.take().await;
                }
            })
        };
        let turns = Arc::new(AtomicUsize::new(0));
        let other = {
            let (turns, source) = (turns.clone(), source.clone());
            line.spawn(poll_fn(move |cx| {
                let turns = turns.fetch_add(1, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                if source.taken() == 1000 || turns == 100 { Poll::Ready(()) } else { Poll::Pending }
            }))
        };
        line.pop().unwrap().run();
        assert_eq!(source.taken(), 128, "{kind}: one poll's worth");
        line.turn();
        assert_eq!((source.taken(), turns.load(Ordering::Relaxed)), (1000, 8), "{kind}: a turn each");
        drop((greedy, other));
    }
}

/// Waiting costs nothing: what did nothing gives its unit back.
// Mutant: core/src/task/coop.rs :: if !before.is_unconstrained() && !now.is_unconstrained() && !now.is_refused() { => if false {
#[test]
fn failure_106_a_unit_that_led_to_nothing_is_given_back() {
    let line = <Line>::new(Home::Boxed);
    let source = Source::default();
    let in_task = source.clone();
    let _handle = line.spawn(async move {
        poll_fn(|cx| {
            for _ in 0..10_000 {
                assert!(cooperative(core::future::pending::<()>()).poll_once(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        loop {
            in_task.take().await;
        }
    });
    line.pop().unwrap().run();
    assert_eq!(source.taken(), 128);
    line.pop().unwrap().cancel();
}

/// A loop around a `select!` of which one branch takes no budget went on for ever, though the other had used it up.
// Mutant: core/src/future/macros.rs :: if $crate::future::__private::poll_proceed(cx).is_pending() { => if false {
#[test]
fn failure_106_a_select_without_budget_polls_nothing() {
    for biased in [false, true] {
        let line = <Line>::new(Home::Boxed);
        let source = Source::default();
        let (in_task, polls) = (source.clone(), Arc::new(AtomicUsize::new(0)));
        let counted = polls.clone();
        let _handle = line.spawn(async move {
            loop {
                let foreign = poll_fn(|_| {
                    assert!(counted.fetch_add(1, Ordering::Relaxed) < 10_000, "it never gives way");
                    Poll::Ready(())
                });
                if biased {
                    select! { biased; () = poll_fn(|cx| in_task.poll_take(cx)) => {} () = foreign => {} }
                } else {
                    select! { () = poll_fn(|cx| in_task.poll_take(cx)) => {} () = foreign => {} }
                }
            }
        });
        line.pop().unwrap().run();
        assert_eq!(source.taken(), 128);
        line.pop().expect("it has been woken").cancel();
    }
}

/// FAILURES 104: all parts of a join share one budget, and a part that used it up at every poll starved those after it.
// Mutant: core/src/future/rotation.rs :: self.0 = if first + 1 < parts { first + 1 } else { 0 }; => self.0 = 0;
// Mutant: core/src/future/graph/macros.rs :: rotation.round(__ZOKIO_ORDER.len()) => { let _ = &mut rotation; 0..__ZOKIO_ORDER.len() }
#[test]
fn failure_104_a_part_that_uses_up_the_budget_starves_none() {
    async fn greedy(source: Source) -> Result<(), ()> {
        loop {
            source.take().await;
        }
    }
    async fn modest(source: Source) -> Result<(), ()> {
        for _ in 0..10 {
            source.take().await;
        }
        Ok(())
    }
    // How much a modest part has taken that stands behind a greedy one, after as many polls as there are parts.
    fn taken<F: Future<Output: Send> + Send + 'static>(parts: usize, make: impl FnOnce(Source, Source) -> F) -> usize {
        let line = <Line>::new(Home::Boxed);
        let (busy, small) = (Source::default(), Source::default());
        let _handle = line.spawn(make(busy.clone(), small.clone()));
        for _ in 0..parts {
            line.pop().unwrap().run();
        }
        line.pop().unwrap().cancel();
        small.taken()
    }
    assert_eq!(taken(2, |busy, small| join(greedy(busy), modest(small))), 10);
    assert_eq!(taken(2, |busy, small| try_join(greedy(busy), modest(small))), 10);
    assert_eq!(taken(3, |busy, small| join3(greedy(busy.clone()), greedy(busy), modest(small))), 10);
    let boxed = |busy: Source, small: Source| -> [Pin<Box<dyn Future<Output = _> + Send>>; 3] {
        [Box::pin(greedy(busy.clone())), Box::pin(greedy(busy)), Box::pin(modest(small))]
    };
    assert_eq!(taken(3, |busy, small| join_array(boxed(busy, small))), 10);
    assert_eq!(taken(3, |busy, small| try_join_array(boxed(busy, small))), 10);
    assert_eq!(taken(2, |busy, small| async { join!(greedy(busy), modest(small)) }), 10);
    assert_eq!(taken(2, |busy, small| async { try_join!(greedy(busy), modest(small)) }), 10);
    assert_eq!(
        taken(2, |busy, small| async {
            task_graph! { one = greedy(busy); two = modest(small); }
        }),
        10
    );
    // Whoever asks for one order gets it, and what follows from it.
    assert_eq!(taken(9, |busy, small| async { join!(biased; greedy(busy), modest(small)) }), 0);
    assert_eq!(taken(9, |busy, small| async { try_join!(biased; greedy(busy), modest(small)) }), 0);
}

trait PollOnce: Future + Sized {
    fn poll_once(self, cx: &mut Context<'_>) -> Poll<Self::Output> {
        pin!(self).poll(cx)
    }
}
impl<F: Future> PollOnce for F {}

/// Another executor's `block_on` in a task polls until it is ready, and its polls get no budget of their own.
// Mutant: core/src/task/scope.rs :: 0 => (true, Self(Self::FULL.0 - 1)), => 0 => (false, self),
#[test]
fn failure_113_a_foreign_block_on_inside_of_a_task_does_not_wait_for_ever() {
    let line = <Line>::new(Home::Boxed);
    let source = Source::default();
    let in_task = source.clone();
    let mut handle = line.spawn(async move {
        block_on(async {
            for _ in 0..10_000 {
                in_task.take().await;
            }
        });
        7
    });
    line.turn();
    assert_eq!(source.taken(), 10_000);
    assert_eq!(super::util::ready(&mut handle).unwrap(), 7);
}

/// What polls its parts only where there is budget left must count that there is none, or it never polls them.
// Mutant: core/src/future/join_all/alloc.rs :: if coop::poll_proceed(cx).is_pending() { => if !coop::has_budget_remaining() { cx.waker().wake_by_ref();
// Mutant: core/src/task/local_scope/alloc.rs :: if coop::poll_proceed(cx).is_pending() { => if !coop::has_budget_remaining() {
#[test]
fn failure_113_a_list_and_a_scope_in_a_foreign_block_on_do_not_wait_for_ever() {
    let line = <Line>::new(Home::Boxed);
    let source = Source::default();
    let in_task = source.clone();
    let mut handle = line.spawn(async move {
        for _ in 0..128 {
            in_task.take().await;
        }
        let list = || (0..300).map(|_| in_task.take());
        let joined = block_on(join_all(list())).len();
        let tries = (0..300).map(async |number| {
            in_task.take().await;
            Ok::<_, ()>(number)
        });
        let tried = block_on(try_join_all(tries)).unwrap().len();
        block_on(scope(async |scope| list().for_each(|one| drop(scope.spawn(one)))));
        (joined, tried)
    });
    line.turn();
    assert_eq!(super::util::ready(&mut handle).unwrap(), (300, 300));
    assert_eq!(source.taken(), 128 + 900);
}

/// A part that takes no budget costs those around it none.
// Mutant: core/src/task/coop.rs :: if !before.is_unconstrained() && !now.is_unconstrained() && !now.is_refused() { => if false {
#[test]
fn a_list_and_a_scope_give_back_the_units_that_they_ask_for() {
    let line = <Line>::new(Home::Boxed);
    let source = Source::default();
    let in_task = source.clone();
    let _handle = line.spawn(async move {
        let list = || (0..100).map(|_| core::future::ready(()));
        join_all(list()).await;
        block_on(scope(async |scope| list().for_each(|one| drop(scope.spawn(one)))));
        loop {
            in_task.take().await;
        }
    });
    line.pop().unwrap().run();
    assert_eq!(source.taken(), 128);
    line.pop().unwrap().cancel();
}

/// After the last refusal there are new units, for who only looks too.
// Mutant: core/src/task/scope.rs :: self.0 == 0 || self.0 > REFUSALS => self.0 > REFUSALS
#[test]
fn who_looks_for_budget_sees_what_who_takes_it_gets() {
    in_main(|| {
        let mut cx = Context::from_waker(Waker::noop());
        let mut refused = 0;
        for _ in 0..2 * (128 + 256) {
            let looked = has_budget_remaining();
            let taken = poll_proceed(&mut cx).map(|unit| unit.made_progress()).is_ready();
            assert_eq!(looked, taken, "after {refused} refusals");
            refused += usize::from(!taken);
        }
        assert_eq!(refused, 2 * 256);
    });
}

/// A thread with a budget would be taken for one that polls, and no call on it might block any more.
// Mutant: core/src/task/coop.rs :: if !before.is_unconstrained() && !now.is_unconstrained() && !now.is_refused() { => if !before.is_unconstrained() && !now.is_refused() {
#[test]
fn a_unit_that_leaves_its_poll_gives_nothing_to_the_thread() {
    let mut cx = Context::from_waker(Waker::noop());
    let unit = in_main(|| poll_proceed(&mut cx));
    assert!(unit.is_ready());
    drop(unit);
    assert!(!coop::is_budgeted(), "nobody polls here");
}

#[test]
fn a_runtime_inside_of_a_poll_has_a_budget_of_its_own_and_leaves_the_outer_one_alone() {
    let outer = Line::<0>::new(Home::Boxed);
    let inner = Line::<1>::new(Home::Boxed);
    let source = Source::default();
    let (in_outer, in_inner) = (source.clone(), Source::default());
    let inner_source = in_inner.clone();
    let _inner = inner.spawn(async move {
        loop {
            in_inner.take().await;
        }
    });
    let _outer = outer.spawn(async move {
        for _ in 0..100 {
            in_outer.take().await;
        }
        inner.pop().unwrap().run();
        assert!(has_budget_remaining());
        loop {
            in_outer.take().await;
        }
    });
    outer.pop().unwrap().run();
    assert_eq!((source.taken(), inner_source.taken()), (128, 128));
    assert!(has_budget_remaining(), "outside there is no budget");
    outer.pop().unwrap().cancel();
    inner.pop().unwrap().cancel();
}

// Mutant: core/src/task/scope.rs :: self.before.replace(); => let _ = self.before;
#[test]
fn failure_060_a_panic_in_a_poll_leaves_no_trace_on_its_thread() {
    let line = <Line>::new(Home::Boxed);
    let _handle = line.spawn(async {
        while has_budget_remaining() {
            consume_budget().await;
        }
        panic!("as planned");
    });
    line.turn();
    assert!(has_budget_remaining() && try_id().is_none());
}

#[test]
fn outside_of_a_task_nothing_is_counted() {
    let source = Source::default();
    block_on(async {
        for _ in 0..1000 {
            source.take().await;
        }
    });
    assert!(has_budget_remaining());
}

#[test]
fn a_main_future_has_a_budget_and_no_id() {
    let (source, waker) = (Source::default(), TestWaker::new());
    let mut main = pin!(async {
        loop {
            source.take().await;
        }
    });
    let raw = waker.waker();
    for round in 1..=3 {
        let polled: Poll<()> = in_main(|| {
            assert!(try_id().is_none());
            main.as_mut().poll(&mut Context::from_waker(&raw))
        });
        assert!(polled.is_pending());
        assert_eq!((source.taken(), waker.wakes()), (128 * round, round), "it is woken, or it would wait for ever");
    }
}

#[test]
fn unconstrained_goes_on_and_what_is_around_it_keeps_its_budget() {
    let line = <Line>::new(Home::Boxed);
    let (inside, outside) = (Source::default(), Source::default());
    let (in_task, out_task) = (inside.clone(), outside.clone());
    let _handle = line.spawn(async move {
        unconstrained(async {
            for _ in 0..1000 {
                in_task.take().await;
            }
        })
        .await;
        loop {
            out_task.take().await;
        }
    });
    line.pop().unwrap().run();
    assert_eq!((inside.taken(), outside.taken()), (1000, 128));
    line.pop().unwrap().cancel();
}

#[test]
fn what_is_none_of_the_runtimes_can_be_made_cooperative() {
    let line = <Line>::new(Home::Boxed);
    let polls = Arc::new(AtomicUsize::new(0));
    let count = polls.clone();
    let _handle = line.spawn(async move {
        loop {
            cooperative(core::future::ready(())).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    line.pop().unwrap().run();
    assert_eq!(polls.load(Ordering::Relaxed), 128);
    line.pop().unwrap().cancel();
}

/// A thousand finished tasks are not joined in one poll.
#[test]
fn failure_106_a_join_takes_a_unit() {
    let line = <Line>::new(Home::Boxed);
    let handles: Vec<_> = (0..300).map(|_| line.spawn(async {})).collect();
    line.turn();
    let joined = Arc::new(AtomicUsize::new(0));
    let count = joined.clone();
    let mut join = line.spawn(async move {
        for handle in handles {
            handle.await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    for done in [128, 256, 300] {
        line.pop().unwrap().run();
        assert_eq!(joined.load(Ordering::Relaxed), done);
    }
    assert!(poll(&mut join, Waker::noop()).is_ready());
}

/// Answers what is known when it is dropped.
struct Tells(Arc<std::sync::Mutex<Vec<Option<crate::task::Id>>>>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(try_id());
    }
}

#[test]
fn a_task_knows_its_id_while_it_is_polled_and_dropped() {
    for (kind, line) in lines() {
        let told = Arc::default();
        let tells = Tells(Arc::clone(&told));
        let handle = line.spawn(async move {
            let before = id();
            crate::future::yield_now().await;
            drop(tells);
            (before, id())
        });
        let expected = handle.id();
        line.turn();
        let mut handle = handle;
        assert_eq!(super::util::ready(&mut handle).unwrap(), (expected, expected), "{kind}");
        let tells = Tells(Arc::clone(&told));
        let aborted = line.spawn(async move {
            let _tells = tells;
            core::future::pending::<()>().await;
        });
        let of_aborted = aborted.id();
        line.turn();
        aborted.abort();
        line.turn();
        assert_eq!(*told.lock().unwrap(), [Some(expected), Some(of_aborted)], "{kind}");
        assert_eq!(try_id(), None);
    }
}

#[test]
fn ids_of_live_tasks_differ_and_print_as_numbers() {
    let line = <Line>::new(Home::Pool(arena::<3, 64>()));
    let handles: Vec<_> = (0..3).map(|_| line.spawn(async {})).collect();
    let mut texts: Vec<_> = handles.iter().map(|handle| std::format!("{}", handle.id())).collect();
    assert!(texts.iter().all(|text| text.chars().all(|c| c.is_ascii_digit() || c == '.')), "{texts:?}");
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 3);
    let before = handles[0].id();
    line.turn();
    drop(handles);
    let again = line.spawn(async {});
    assert_ne!(again.id(), before, "the same slot, another task");
    line.turn();
}

#[test]
fn a_poll_that_does_not_return_is_refused_so_often_and_then_goes_on() {
    let line = <Line>::new(Home::Boxed);
    let mut handle = line.spawn(poll_fn(|cx| {
        let mut answers = Vec::new();
        for _ in 0..128 + 256 + 128 + 1 {
            answers.push(poll_proceed(cx).map(|unit| unit.made_progress()).is_ready());
        }
        Poll::Ready(answers)
    }));
    line.turn();
    let answers = super::util::ready(&mut handle).unwrap();
    let runs: Vec<_> = answers.chunk_by(|a, b| a == b).map(<[bool]>::len).collect();
    assert_eq!(runs, [128, 256, 128, 1]);
}

/// What takes a unit around something that is refused must not take the refusal back with the unit: it would be refused for
/// ever. Neither one refusal a poll, nor all of them in one.
// Mutant: core/src/task/coop.rs :: if !before.is_unconstrained() && !now.is_unconstrained() && !now.is_refused() { => if !before.is_unconstrained() && !now.is_unconstrained() {
// Mutant: core/src/task/scope.rs :: self.0 < REFUSALS => 0 < self.0 && self.0 < REFUSALS
#[test]
fn a_unit_that_is_given_back_leaves_the_refusal_inside_of_it_counted() {
    for parts in [1, 256] {
        let line = <Line>::new(Home::Boxed);
        let source = Source::default();
        let in_task = source.clone();
        let mut handle = line.spawn(async move {
            for _ in 0..127 {
                in_task.take().await;
            }
            let mut takes: Vec<_> = (0..parts).map(|_| Box::pin(in_task.take())).collect();
            let around = poll_fn(|cx| {
                takes.retain_mut(|take| take.as_mut().poll(cx).is_pending());
                if takes.len() < parts { Poll::Ready(()) } else { Poll::Pending }
            });
            block_on(cooperative(around));
        });
        line.turn();
        assert!(super::util::ready(&mut handle).is_ok(), "the foreign block_on goes on");
        assert!(source.taken() > 127);
    }
}
