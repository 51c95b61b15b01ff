//! Join handles against completion, abort and each other.

use core::future::{Future, pending};
use core::task::Poll;
use std::sync::{Arc, Mutex};

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::{Drops, Watched, each_kind, each_slot};
use crate::task::JoinHandle;
use crate::task::tests::util::{Direct, Wakers, arena, poll};
use crate::test_util::TestWaker;

/// A handle is polled with one waker, then with another, then dropped, while the task completes: the joiner is woken or
/// sees the output, which is dropped once, and so is each waker.
// Mutant: core/src/task/state/mod.rs :: let next = self.0 & !RUNNING & !JOIN_WAKER; => let next = self.0 & !RUNNING;
#[test]
fn failure_029_completion_races_join_and_its_drop() {
    each_kind(|line, boxed| {
        let drops = Drops::default();
        let output = Watched::new(&drops);
        let handle = line.spawn(async move { output });
        let wakers = [TestWaker::new(), TestWaker::new()];
        let joiner = {
            let wakers = wakers.clone();
            thread::spawn(move || {
                let mut handle = handle;
                for waker in &wakers {
                    if let Poll::Ready(output) = poll(&mut handle, &waker.waker()) {
                        output.unwrap_or_else(|_| panic!("cancelled")).touch();
                        return;
                    }
                }
                drop(handle);
            })
        };
        line.turn();
        joiner.join().unwrap();
        assert_eq!((line.completed(), drops.count(), line.released()), (1, 1, boxed));
        assert_eq!([wakers[0].alive(), wakers[1].alive()], [0, 0], "a waker was leaked");
    });
}

/// A joiner that found the task pending is woken.
// Mutant: core/src/task/state/mod.rs :: if self.has(COMPLETE) { (false, self) } else { (true, Self(self.0 | JOIN_WAKER)) } => (true, Self(self.0 | JOIN_WAKER))
#[test]
fn completion_races_the_first_poll_of_a_handle() {
    each_kind(|line, boxed| {
        let drops = Drops::default();
        let output = Watched::new(&drops);
        let handle = line.spawn(async move { output });
        let waker = TestWaker::new();
        let joiner = {
            let waker = waker.clone();
            thread::spawn(move || {
                let mut handle = handle;
                let poll = poll(&mut handle, &waker.waker());
                (handle, poll.is_pending())
            })
        };
        line.turn();
        let (mut handle, pending) = joiner.join().unwrap();
        if pending {
            assert_eq!(waker.wakes(), 1, "the joiner was not woken");
            assert!(poll(&mut handle, &waker.waker()).is_ready());
        }
        drop(handle);
        assert_eq!((drops.count(), line.released(), waker.alive()), (1, boxed, 0));
    });
}

/// A task waits on another one's handle, as tasks do, and a third party aborts that one, and so writes the link of a task that
/// was taken and turned around with another.
// Mutant: core/src/task/state/lock_free.rs :: self.0.fetch_sub(NOTIFIED, Ordering::AcqRel) => self.0.fetch_sub(NOTIFIED, Ordering::Acquire)
// Mutant: core/src/task/state/mod.rs :: if self.has(JOIN_WAKER) {\n            return (Finish::WakeJoiner, Self(done)); => if self.has(JOIN_WAKER) && output {\n            return (Finish::WakeJoiner, Self(done));
#[test]
fn abort_races_a_task_that_joins() {
    each_kind(|line, boxed| {
        let drops = Drops::default();
        let watched = Watched::new(&drops);
        let inner = line.spawn(async move {
            watched.touch();
            pending::<()>().await;
        });
        let abort = inner.abort_handle();
        let outer = line.spawn(async move { assert!(inner.await.unwrap_err().is_cancelled()) });
        outer.detach();
        let aborting = thread::spawn(move || abort.abort());
        line.turn();
        aborting.join().unwrap();
        line.turn();
        assert_eq!((line.completed(), drops.count(), line.released()), (2, 1, 2 * boxed));
    });
}

/// A task elsewhere lends its waker while the task completes: it is woken, or has seen the output.
// Mutant: core/src/task/state/lock_free.rs :: the waker acquired.\n            self.0.compare_exchange_weak(now, next, Ordering::AcqRel, => the waker acquired.\n            self.0.compare_exchange_weak(now, next, Ordering::Release,
// Mutant: core/src/task/state/lock_free.rs :: compare_exchange_weak(current.0, next.0, Ordering::Release, Ordering::Relaxed) => compare_exchange_weak(current.0, next.0, Ordering::Relaxed, Ordering::Relaxed)
#[test]
fn completion_races_a_task_elsewhere_that_joins() {
    each_slot(|line, slots| {
        let (elsewhere, seats) = (Direct::new(), arena::<1, 256>());
        let drops = Drops::default();
        let output = Watched::new(&drops);
        let handle = line.spawn(async move { output });
        seats.try_spawn_at(elsewhere, async move { handle.await.unwrap().touch() }).unwrap().detach();
        let joining = thread::spawn(move || elsewhere.turn());
        line.turn();
        joining.join().unwrap();
        elsewhere.turn();
        assert_eq!((drops.count(), seats.in_use(), slots.in_use()), (1, 0, 0), "the joiner was not woken");
    });
}

/// A task elsewhere that has lent its waker, and before it another one's, looks once more while the task completes: when it
/// empties the place of the waker, who completed the task has read it.
// Mutant: core/src/task/state/lock_free.rs :: the waker acquired.\n            self.0.compare_exchange_weak(now, next, Ordering::AcqRel, => the waker acquired.\n            self.0.compare_exchange_weak(now, next, Ordering::Acquire,
// Mutant: core/src/task/state/lock_free.rs :: the waker has been read.\n            self.0.compare_exchange_weak(now, next, Ordering::Release, => the waker has been read.\n            self.0.compare_exchange_weak(now, next, Ordering::Relaxed,
#[test]
fn completion_races_a_task_elsewhere_that_looks_again() {
    each_slot(|line, slots| {
        let (elsewhere, seats) = (Direct::new(), arena::<1, 256>());
        let (drops, wakers, waker) = (Drops::default(), Wakers::default(), TestWaker::new());
        let (output, left) = (Watched::new(&drops), wakers.clone());
        let mut handle = line.spawn(async move { output });
        assert!(poll(&mut handle, &waker.waker()).is_pending());
        let joins = core::future::poll_fn(move |cx| {
            drop(left.replace(cx.waker().clone()));
            poll(&mut handle, cx.waker()).map(|output| output.unwrap().touch())
        });
        seats.try_spawn_at(elsewhere, joins).unwrap().detach();
        elsewhere.turn();
        wakers.one().wake();
        let joining = thread::spawn(move || elsewhere.turn());
        line.turn();
        joining.join().unwrap();
        elsewhere.turn();
        assert_eq!((drops.count(), seats.in_use(), slots.in_use()), (1, 0, 0), "the joiner was not woken");
        assert_eq!((waker.wakes(), waker.alive()), (0, 0));
    });
}

/// A handle whose task elsewhere has lent a waker goes away while the task completes: one of both frees the slot.
// Mutant: core/src/task/state/mod.rs :: if self.has(JOIN_INTEREST) { Some(Self(self.0 & !(RUNNING | JOIN_WAKER))) } else { None } => Some(Self(self.0 & !(RUNNING | JOIN_WAKER)))
// Mutant: core/src/task/state/lock_free.rs :: if given.is_none() {\n            return Some(Finish::WakeJoiner);\n        } => if given.is_none() {}
#[test]
fn a_handle_of_a_task_elsewhere_goes_away() {
    loom::model(|| {
        let slots = arena::<1, 256>();
        let (line, elsewhere, seats) = (Direct::new(), Direct::new(), arena::<1, 256>());
        let drops = Drops::default();
        let output = Watched::new(&drops);
        let mut handle = slots.try_spawn_at(line, async move { output }).unwrap();
        let joins = core::future::poll_fn(move |cx| poll(&mut handle, cx.waker()).map(drop));
        let task = seats.try_spawn_at(elsewhere, joins).unwrap();
        elsewhere.turn();
        task.abort();
        let leaving = thread::spawn(move || elsewhere.turn());
        line.turn();
        leaving.join().unwrap();
        elsewhere.turn();
        drop(task);
        assert_eq!((drops.count(), seats.in_use(), slots.in_use()), (1, 0, 0));
    });
}

/// Who drops an aborted future sees what came before the abort.
// Mutant: core/src/task/state/lock_free.rs :: one whose exchange succeeds.\n            match self.0.compare_exchange_weak(current.0, next.0, Ordering::AcqRel, => one whose exchange succeeds.\n            match self.0.compare_exchange_weak(current.0, next.0, Ordering::Acquire,
#[test]
fn an_abort_publishes_what_came_before() {
    each_kind(|line, boxed| {
        struct Sees(Arc<AtomicBool>);
        impl Drop for Sees {
            fn drop(&mut self) {
                assert!(self.0.load(Ordering::Relaxed), "the abort came first");
            }
        }
        let flag = Arc::new(AtomicBool::new(false));
        let sees = Sees(flag.clone());
        let handle = line.spawn(async move {
            let _sees = sees;
            pending::<()>().await;
        });
        line.turn();
        let aborting = thread::spawn(move || {
            // Relaxed: the abort must publish it.
            flag.store(true, Ordering::Relaxed);
            handle.abort();
        });
        line.turn();
        aborting.join().unwrap();
        line.turn();
        assert_eq!((line.completed(), line.released()), (1, boxed));
    });
}

/// Two tasks await each other's handles; both are aborted from elsewhere: nothing is left of them.
// Mutant: core/src/task/state/mod.rs :: return (Leave::DropWaker, Self(self.0 & !JOIN_WAKER)); => return (Leave::DropOutput, Self(self.0 & !JOIN_WAKER));
#[test]
fn failure_033_tasks_that_await_each_other() {
    each_kind(|line, boxed| {
        type Seat = Arc<Mutex<Option<JoinHandle<()>>>>;
        fn awaits(other: &Seat, watched: Watched) -> impl Future<Output = ()> + Send + 'static {
            let other = other.clone();
            async move {
                let handle = other.lock().unwrap().take().unwrap();
                let _ = handle.await;
                watched.touch();
            }
        }
        let drops = Drops::default();
        let seats: [Seat; 2] = Default::default();
        let one = line.spawn(awaits(&seats[1], Watched::new(&drops)));
        let two = line.spawn(awaits(&seats[0], Watched::new(&drops)));
        let aborts = [one.abort_handle(), two.abort_handle()];
        *seats[0].lock().unwrap() = Some(one);
        *seats[1].lock().unwrap() = Some(two);
        line.turn();
        let [first, second] = aborts;
        let aborting = thread::spawn(move || second.abort());
        first.abort();
        drop(first);
        line.turn();
        aborting.join().unwrap();
        line.turn();
        assert_eq!((line.completed(), drops.count(), line.released()), (2, 2, 2 * boxed));
    });
}

/// A handle is dropped by one thread while another's abort handle ends the task: the abort comes before, between or after
/// polls.
// Mutant: core/src/task/state/mod.rs :: let wins = self.0 & (NOTIFIED | RUNNING) == 0; => let wins = self.0 & NOTIFIED == 0;
#[test]
fn abort_races_poll_and_completion() {
    each_kind(|line, boxed| {
        let (drops, wakers) = (Drops::default(), Wakers::default());
        let (watched, wait) = (Watched::new(&drops), wakers.once());
        let handle = line.spawn(async move {
            watched.touch();
            wait.await;
            watched.touch();
        });
        let abort = handle.abort_handle();
        let aborting = thread::spawn(move || {
            abort.abort();
            drop(abort);
        });
        line.turn();
        if let Some(waker) = wakers.take().pop() {
            waker.wake();
        }
        line.turn();
        drop(handle);
        aborting.join().unwrap();
        line.turn();
        drop(wakers.take());
        assert_eq!((line.completed(), drops.count(), line.released()), (1, 1, boxed));
    });
}
