//! Ways for a set of tasks to lose one, or to work too much.

use core::future::pending;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use std::boxed::Box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

use super::util::{Dropped, Home, Line, Wakers, lines, poll, ready};
use crate::future::Children;
use crate::task::{AbortOnDrop, AbortOnDropHandle, FixedJoinSet, JoinSet};
use crate::test_util::{Event, TestWaker, panics};

#[test]
fn tasks_come_in_the_order_in_which_they_end() {
    for (kind, line) in lines() {
        let (first, second) = (Wakers::default(), Wakers::default());
        let mut set = JoinSet::new();
        for (n, wakers) in [(1, &first), (2, &second)] {
            let wait = wakers.once();
            set.insert(line.spawn(async move {
                wait.await;
                n
            }));
        }
        set.insert(line.spawn(async { 3 }));
        assert_eq!((set.len(), set.is_empty()), (3, false), "{kind}");
        let waker = TestWaker::new();
        let raw = waker.waker();
        let mut cx = Context::from_waker(&raw);
        line.turn();
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(Some(Ok(3)))));
        assert!(set.poll_join_next(&mut cx).is_pending());
        second.take().into_iter().for_each(Waker::wake);
        line.turn();
        assert_eq!(waker.wakes(), 1, "{kind}: the joiner is woken");
        first.take().into_iter().for_each(Waker::wake);
        line.turn();
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(Some(Ok(2)))), "{kind}");
        assert!(matches!(set.try_join_next(), Some(Ok(1))), "{kind}");
        assert!(set.try_join_next().is_none() && set.is_empty());
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(None)), "{kind}");
    }
}

/// Nothing is registered anew for each of many tasks that have ended.
#[test]
fn tasks_that_have_ended_come_out_at_one_registration() {
    let work = |tasks: usize| {
        let line = <Line>::new(Home::Boxed);
        let mut set = JoinSet::new();
        for n in 0..tasks {
            set.insert(line.spawn(async move { n }));
            line.turn();
        }
        let waker = TestWaker::new();
        let raw = waker.waker();
        let mut outputs = Vec::new();
        while let Poll::Ready(Some(output)) = set.poll_join_next(&mut Context::from_waker(&raw)) {
            outputs.push(output.unwrap());
        }
        assert_eq!(outputs, (0..tasks).collect::<Vec<_>>());
        waker.clones()
    };
    let most = if cfg!(miri) { 60 } else { 1_000 };
    assert_eq!((work(most / 2), work(most)), (1, 1), "the waker is cloned once");
}

#[test]
fn a_task_that_had_ended_before_it_was_put_in_is_found() {
    let line = <Line>::new(Home::Boxed);
    let handle = line.spawn(async { 5 });
    line.turn();
    let mut set = JoinSet::new();
    let id = handle.id();
    assert_eq!(set.insert(handle).id(), id);
    assert_eq!(set.try_join_next_with_id().unwrap().unwrap(), (id, 5));
}

#[test]
fn a_set_that_is_dropped_aborts_and_one_that_is_detached_does_not() {
    for (kind, line) in lines() {
        let drops = Arc::new(AtomicUsize::new(0));
        let spawn = |set: &mut JoinSet<()>| {
            let dropped = Dropped::new(&drops);
            set.insert(line.spawn(async move {
                pending::<()>().await;
                drop(dropped);
            }))
        };
        let mut set = JoinSet::new();
        let abort = spawn(&mut set);
        line.turn();
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        line.turn();
        assert_eq!(drops.load(Ordering::Relaxed), 0, "{kind}: it goes on");
        abort.abort();
        let mut set = JoinSet::new();
        spawn(&mut set);
        line.turn();
        drop(set);
        line.turn();
        assert_eq!((drops.load(Ordering::Relaxed), line.completed()), (2, 2), "{kind}");
    }
}

#[test]
fn shutdown_waits_until_all_have_ended() {
    let line = <Line>::new(Home::Boxed);
    let mut set = JoinSet::new();
    for _ in 0..3 {
        set.insert(line.spawn(pending::<()>()));
    }
    line.turn();
    {
        let mut shutdown = pin!(set.shutdown());
        let mut cx = Context::from_waker(core::task::Waker::noop());
        assert!(shutdown.as_mut().poll(&mut cx).is_pending());
        line.turn();
        assert!(shutdown.as_mut().poll(&mut cx).is_ready());
    }
    assert_eq!((set.len(), line.released()), (0, 3));
}

#[test]
fn a_panic_is_told_by_join_next_and_goes_on_in_join_all() {
    let line = <Line>::new(Home::Boxed);
    let mut set = JoinSet::new();
    set.insert(line.spawn(async { panic!("as planned") }));
    set.insert(line.spawn(async { 7 }));
    line.turn();
    let error = set.try_join_next().unwrap().unwrap_err();
    assert!(error.is_panic());
    assert_eq!(ready(&mut Box::pin(set.join_all())), [7]);

    let mut set = JoinSet::new();
    set.insert(line.spawn(async { panic!("as planned") }));
    let rest = set.insert(line.spawn(pending::<()>()));
    line.turn();
    assert!(panics(|| drop(ready(&mut Box::pin(set.join_all())))));
    line.turn();
    assert!(rest.is_finished(), "the others are aborted");

    let mut set = JoinSet::new();
    set.insert(line.spawn(pending::<()>())).abort();
    line.turn();
    assert!(panics(|| drop(ready(&mut Box::pin(set.join_all())))), "a cancelled task has no output");
}

/// The waker of a task that was given back is kept by somebody, who wakes it when another task has its place.
#[test]
fn a_place_is_used_again_and_a_stale_wake_finds_nothing() {
    let line = <Line>::new(Home::Boxed);
    let mut set = JoinSet::new();
    for round in 0..100 {
        set.insert(line.spawn(async move { round }));
        line.turn();
        assert_eq!(set.try_join_next().unwrap().unwrap(), round);
    }
    set.insert(line.spawn(pending::<i32>()));
    line.turn();
    assert!(set.try_join_next().is_none());
}

#[test]
fn a_forgotten_set_leaks_and_nothing_worse() {
    let line = <Line>::new(Home::Boxed);
    let mut set = JoinSet::new();
    let abort = set.insert(line.spawn(async {}));
    // The interpreter counts what is never freed, and is right; there it is dropped.
    if cfg!(miri) {
        drop(set)
    } else {
        core::mem::forget(set)
    }
    line.turn();
    assert!(abort.is_finished());
}

/// The handle had a waker, whose drop panics when the set lends its own: the task is in the set, and who waits is woken when it
/// ends.
// Mutant: core/src/task/join_set/alloc.rs :: let handle = handles[place].insert(handle); => let mut handle = handle; let handle = &mut handle;
// Mutant: core/src/task/join_set/fixed.rs :: let handle = place.insert(handle); => let mut handle = handle; let handle = &mut handle;
// Mutant: core/src/task/join.rs :: let lent = state.lend_waker(); => let before = Some(drop(before)).and(None::<Waker>); let lent = state.lend_waker();
#[test]
fn a_set_loses_no_task_whose_former_waker_panics() {
    for (kind, line) in lines() {
        let hostile = TestWaker::panicking(Event::Drop);
        let lent = hostile.waker();
        let wakers = Wakers::default();
        let handle = || {
            let mut handle = line.spawn(wakers.once());
            assert!(poll(&mut handle, &lent).is_pending());
            handle
        };
        let waiter = TestWaker::new();
        let raw = waiter.waker();
        let mut cx = Context::from_waker(&raw);

        let mut set = JoinSet::new();
        assert!(panics(|| drop(set.insert(handle()))), "{kind}: the caller hears of it");
        assert_eq!(set.len(), 1, "{kind}");
        assert!(set.poll_join_next(&mut cx).is_pending());
        line.turn();
        wakers.take().into_iter().for_each(Waker::wake);
        line.turn();
        assert_eq!(waiter.wakes(), 1, "{kind}: it waits for ever");
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(Some(Ok(())))), "{kind}");
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(None)), "{kind}: a place no task is in");

        let mut set = FixedJoinSet::<(), 2>::new();
        assert!(set.insert(line.spawn(pending())).is_ok());
        assert!(set.poll_join_next(&mut cx).is_pending());
        assert!(panics(|| assert!(set.insert(handle()).is_ok())), "{kind}");
        assert_eq!(set.len(), 2, "{kind}");
        line.turn();
        wakers.take().into_iter().for_each(Waker::wake);
        line.turn();
        assert_eq!(waiter.wakes(), 2, "{kind}: it waits for ever");
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(Some(Ok(())))), "{kind}");
        drop(set);
        line.turn();
        hostile.unhook();
    }
}

/// As above, and the task ends while the set lends its waker: who waits is woken.
// Mutant: core/src/task/join_set/mod.rs :: guard::swallow(&self.1); => let _ = &self.1;
#[test]
fn a_set_is_woken_for_a_task_that_ends_while_its_former_waker_panics() {
    for (kind, line) in lines() {
        let mut set = FixedJoinSet::<u32, 2>::new();
        assert!(set.insert(line.spawn(pending())).is_ok());
        // Who waits has the task run when its waker is cloned for it: the handle has taken its former waker back by then.
        let waiter = TestWaker::new();
        let raw = waiter.waker();
        assert!(set.poll_join_next(&mut Context::from_waker(&raw)).is_pending());
        let hostile = TestWaker::panicking(Event::Drop);
        let lent = hostile.waker();
        let mut handle = line.spawn(async { 7 });
        assert!(poll(&mut handle, &lent).is_pending());
        waiter.hook(move |event| {
            if event == Event::Clone {
                line.turn();
            }
        });
        assert!(panics(|| assert!(set.insert(handle).is_ok())), "{kind}");
        waiter.unhook();
        assert_eq!(waiter.wakes(), 1, "{kind}: it waits for ever");
        assert!(matches!(set.try_join_next(), Some(Ok(7))), "{kind}");
        hostile.unhook();
        drop(set);
        line.turn();
    }
}

/// A `join_next` that is dropped after any number of polls has taken nothing with it.
// Mutant: core/src/task/join_set/mod.rs :: let Some(place) = self.places.ended_or_wake(cx.waker()) => self.places.vacate(0);\n        let Some(place) = self.places.ended_or_wake(cx.waker())
#[test]
fn failure_105_a_join_that_is_cancelled_loses_nothing() {
    for (kind, line) in lines() {
        for polls in 0..3 {
            let wakers = Wakers::default();
            let mut set = JoinSet::new();
            let wait = wakers.once();
            set.insert(line.spawn(async move {
                wait.await;
                9
            }));
            line.turn();
            {
                let mut join = pin!(set.join_next());
                for _ in 0..polls {
                    assert!(join.as_mut().poll(&mut Context::from_waker(core::task::Waker::noop())).is_pending());
                }
            }
            wakers.take().into_iter().for_each(Waker::wake);
            line.turn();
            let mut again = Box::pin(set.join_next());
            assert_eq!(ready(&mut again).unwrap().unwrap(), 9, "{kind} after {polls} polls");
        }
    }
}

/// A set of fixed size: all of its tasks come out, each once, and who waits is woken for each, also for one that came in after
/// it began to wait.
// Mutant: core/src/task/join_set/fixed.rs :: self.find(|handle| !handle.wake_with(waker)) => None
// Mutant: core/src/task/join_set/fixed.rs :: if let Some(waiter) = waiter { => if let Some(waiter) = waiter.as_ref().filter(|_| false) {
#[test]
fn failure_021_a_set_of_fixed_size_wakes_for_each_of_its_tasks() {
    for (kind, line) in lines() {
        let wakers = Wakers::default();
        let spawn = |n: u32| {
            let wait = wakers.once();
            line.spawn(async move {
                wait.await;
                n
            })
        };
        let mut set = FixedJoinSet::<u32, 3>::new();
        assert!(set.is_empty() && set.capacity() == 3);
        let waker = TestWaker::new();
        let raw = waker.waker();
        let mut cx = Context::from_waker(&raw);
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(None)), "{kind}");
        assert!(set.insert(spawn(1)).is_ok() && set.insert(spawn(2)).is_ok());
        line.turn();
        assert!(set.poll_join_next(&mut cx).is_pending() && set.poll_join_next(&mut cx).is_pending());
        assert!(set.insert(spawn(3)).is_ok());
        let full = set.insert(line.spawn(async { 4 })).unwrap_err();
        line.turn();
        assert_eq!((waker.wakes(), full.is_finished(), set.len()), (0, true, 3), "{kind}");
        let mut seen = Vec::new();
        for one in wakers.take() {
            one.wake();
            line.turn();
            assert!(waker.wakes() > seen.len(), "{kind}: nobody is told");
            seen.extend(set.try_join_next_with_id().unwrap().map(|(_, output)| output));
            assert!(set.is_empty() || set.poll_join_next(&mut cx).is_pending(), "{kind}");
        }
        seen.sort_unstable();
        assert_eq!((seen, set.len()), (std::vec![1, 2, 3], 0), "{kind}");
        // Ended before it came in, while somebody waits for another one.
        let _ = set.insert(line.spawn(pending()));
        assert!(set.poll_join_next(&mut cx).is_pending());
        let before = waker.wakes();
        assert!(set.insert(full).is_ok());
        assert_eq!(waker.wakes(), before + 1, "{kind}");
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(Some(Ok(4)))), "{kind}");
        drop(set);
        line.turn();
    }
}

#[test]
fn no_place_of_a_fixed_set_is_passed_over_for_ever() {
    let line = <Line>::new(Home::Boxed);
    let mut set = FixedJoinSet::<u32, 3>::default();
    for n in 0..3 {
        assert!(set.insert(line.spawn(async move { n })).is_ok());
    }
    line.turn();
    // Each place is filled again at once.
    let mut seen = Vec::new();
    for n in 3..12 {
        seen.push(set.try_join_next().unwrap().unwrap());
        assert!(set.insert(line.spawn(async move { n })).is_ok());
        line.turn();
    }
    assert_eq!(seen, (0..9).collect::<Vec<_>>());
    set.detach_all();
    assert!(set.is_empty() && set.try_join_next().is_none());
}

#[test]
fn a_set_for_no_task_takes_none_and_a_dropped_one_aborts() {
    let line = <Line>::new(Home::Boxed);
    let mut none = FixedJoinSet::<(), 0>::new();
    let handle = none.insert(line.spawn(pending())).unwrap_err();
    assert!(none.try_join_next().is_none() && none.capacity() == 0);
    none.abort_all();
    none.detach_all();
    let mut set = FixedJoinSet::<(), 1>::new();
    let abort = set.insert(handle).unwrap();
    line.turn();
    drop(set);
    line.turn();
    assert!(abort.is_finished());
    let mut set = FixedJoinSet::<(), 1>::new();
    set.insert(line.spawn(pending())).unwrap();
    line.turn();
    let mut shutdown = Box::pin(set.shutdown());
    assert!(poll(&mut shutdown, core::task::Waker::noop()).is_pending());
    line.turn();
    ready(&mut shutdown);
}

#[test]
fn children_are_taken_in_the_order_of_their_wakes_and_once() {
    let mut children = Children::new();
    let numbers: Vec<_> = (0..3).map(|_| children.add()).collect();
    let parent = TestWaker::new();
    children.register(&parent.waker());
    for number in [2, 0, 2, 0] {
        children.waker(numbers[number]).wake_by_ref();
    }
    assert_eq!((parent.wakes(), children.ready()), (1, 2), "the task is woken once");
    assert_eq!((children.next(), children.next(), children.next()), (Some(2), Some(0), None));
    assert_eq!(parent.alive(), 0);
}

/// Who waits for a set that lets its tasks go is woken by those that come after them, and by no one else.
// Mutant: core/src/future/children/alloc.rs :: this.shared.state.with(|state| state.parent = parent); => drop(parent);
#[test]
fn who_waits_hears_of_tasks_that_come_after_all_were_let_go() {
    for (kind, line) in lines() {
        let (mut growing, mut fixed) = (JoinSet::new(), FixedJoinSet::<_, 1>::new());
        let wakers = Wakers::default();
        growing.insert(line.spawn(wakers.once()));
        assert!(fixed.insert(line.spawn(wakers.once())).is_ok());
        line.turn();
        let (one, two) = (TestWaker::new(), TestWaker::new());
        assert!(growing.poll_join_next(&mut Context::from_waker(&one.waker())).is_pending());
        assert!(fixed.poll_join_next(&mut Context::from_waker(&two.waker())).is_pending());
        growing.detach_all();
        fixed.detach_all();
        wakers.take().into_iter().for_each(Waker::wake);
        line.turn();
        assert_eq!((one.wakes(), two.wakes(), growing.len(), fixed.len()), (0, 0, 0, 0), "{kind}");
        growing.insert(line.spawn(async {}));
        assert!(fixed.insert(line.spawn(async {})).is_ok());
        line.turn();
        assert_eq!((one.wakes(), two.wakes()), (1, 1), "{kind}");
        assert!(growing.try_join_next().is_some() && fixed.try_join_next().is_some(), "{kind}");
    }
}

#[test]
fn a_waker_of_a_child_outlives_the_set() {
    let mut children = Children::new();
    children.add();
    let waker = children.waker(0).clone();
    drop(children);
    waker.wake();
}

#[test]
fn a_handle_that_aborts_on_drop_does_so_unless_it_is_detached() {
    for (kind, line) in lines() {
        let handle = AbortOnDropHandle::new(line.spawn(pending::<()>()));
        let abort = handle.abort_handle();
        line.turn();
        let handle = handle.detach();
        assert_eq!(line.turn(), 0, "{kind}");
        drop(AbortOnDropHandle::from(handle));
        line.turn();
        assert!(abort.is_finished(), "{kind}");
        let mut done = AbortOnDropHandle::new(line.spawn(async { 3 }));
        assert!(!done.is_finished());
        line.turn();
        assert_eq!(ready(&mut done).unwrap(), 3, "{kind}");
        let mut aborted = AbortOnDropHandle::new(line.spawn(pending::<()>()));
        aborted.abort();
        line.turn();
        assert!(
            matches!(poll(&mut aborted, core::task::Waker::noop()), Poll::Ready(Err(error)) if error.is_cancelled())
        );
    }
}

// Mutant: core/src/task/abort_on_drop.rs :: if let Some(handle) = &self.handle {\n            handle.abort();\n        }\n    }\n}\n\nimpl core::fmt::Debug for AbortOnDrop { => if false {}\n    }\n}\n\nimpl core::fmt::Debug for AbortOnDrop {
#[test]
fn an_abort_handle_that_aborts_on_drop_leaves_the_output_to_others() {
    for (kind, line) in lines() {
        let mut join = line.spawn(pending::<()>());
        let plain = AbortOnDrop::new(join.abort_handle()).detach();
        assert_eq!(line.turn(), 1, "{kind}");
        let guard = AbortOnDrop::new(plain);
        assert!(!guard.is_finished(), "{kind}");
        assert_eq!(std::format!("{guard:?}"), std::format!("AbortOnDrop(AbortHandle({}))", join.id()));
        drop(guard);
        line.turn();
        assert!(ready(&mut join).unwrap_err().is_cancelled(), "{kind}");
        let mut join = line.spawn(pending::<()>());
        let guard = AbortOnDrop::new(join.abort_handle());
        guard.abort();
        line.turn();
        assert!(guard.is_finished(), "{kind}");
        assert!(ready(&mut join).unwrap_err().is_cancelled(), "{kind}");
    }
}
