//! A set of tasks against their ends, their wakers, and aborts.

use core::task::{Context, Poll};
use std::vec::Vec;

use loom::thread;

use super::super::util::{Home, Line};
use super::{Drops, Watched, each_kind};
use crate::future::Children;
use crate::task::JoinSet;
use crate::test_util::TestWaker;

/// Two tasks end while somebody polls the set: each comes out once, and who found nothing is woken.
// Mutant: core/src/task/join_set/alloc.rs :: wake_with(handle, children.waker(place), => wake_with(handle, core::task::Waker::noop(),
#[test]
fn tasks_end_while_the_set_is_polled() {
    each_kind(|line, _| {
        let drops = Drops::default();
        let mut set = JoinSet::new();
        for _ in 0..2 {
            let watched = Watched::new(&drops);
            set.insert(line.spawn(async move { watched }));
        }
        let waker = TestWaker::new();
        let joiner = {
            let waker = waker.clone();
            thread::spawn(move || {
                let raw = waker.waker();
                let mut cx = Context::from_waker(&raw);
                let mut got = 0;
                while let Poll::Ready(Some(output)) = set.poll_join_next(&mut cx) {
                    output.unwrap_or_else(|_| panic!("cancelled")).touch();
                    got += 1;
                }
                (set, got)
            })
        };
        line.turn();
        let (mut set, got) = joiner.join().unwrap();
        if got < 2 {
            assert!(waker.wakes() >= 1, "the joiner was not woken");
        }
        let rest = core::iter::from_fn(|| set.try_join_next()).count();
        assert_eq!((got + rest, drops.count()), (2, 2));
        drop(set);
        assert_eq!(waker.alive(), 0);
    });
}

/// The set goes, and its aborts meet the end of a task.
// Mutant: core/src/task/state/lock_free.rs :: one whose exchange succeeds.\n            match self.0.compare_exchange_weak(current.0, next.0, Ordering::AcqRel, => one whose exchange succeeds.\n            match self.0.compare_exchange_weak(current.0, next.0, Ordering::Acquire,
#[test]
fn a_set_is_dropped_while_its_tasks_end() {
    each_kind(|line, boxed| {
        let drops = Drops::default();
        let mut set = JoinSet::new();
        let watched = Watched::new(&drops);
        set.insert(line.spawn(async move {
            watched.touch();
            watched
        }));
        let dropper = thread::spawn(move || drop(set));
        line.turn();
        dropper.join().unwrap();
        line.turn();
        assert_eq!((line.completed(), drops.count(), line.released()), (1, 1, boxed));
    });
}

/// A task is put in while it ends.
// Mutant: core/src/task/join_set/alloc.rs :: || children.wake(place)); => || ());
#[test]
fn a_task_ends_while_it_is_put_in() {
    each_kind(|line, _| {
        let handle = line.spawn(async { 1 });
        let waker = TestWaker::new();
        let joiner = {
            let waker = waker.clone();
            thread::spawn(move || {
                let mut set = JoinSet::new();
                set.insert(handle);
                let raw = waker.waker();
                let ended = matches!(set.poll_join_next(&mut Context::from_waker(&raw)), Poll::Ready(Some(Ok(1))));
                (set, ended)
            })
        };
        line.turn();
        let (mut set, ended) = joiner.join().unwrap();
        assert!(ended || (waker.wakes() == 1 && matches!(set.try_join_next(), Some(Ok(1)))), "it is lost");
    });
}

/// An abort from elsewhere, and one of the set, meet the poll.
// Mutant: core/src/task/join_set/alloc.rs :: wake_with(handle, children.waker(place), => wake_with(handle, core::task::Waker::noop(),
#[test]
fn aborts_race_the_poll_of_the_set() {
    each_kind(|line, _| {
        let mut set = JoinSet::new();
        let abort = set.insert(line.spawn(core::future::pending::<()>()));
        let aborter = thread::spawn(move || abort.abort());
        let waker = TestWaker::new();
        let raw = waker.waker();
        line.turn();
        let first = set.poll_join_next(&mut Context::from_waker(&raw));
        aborter.join().unwrap();
        line.turn();
        match first {
            Poll::Ready(ended) => assert!(ended.is_some_and(|ended| ended.is_err())),
            Poll::Pending => {
                assert_eq!(waker.wakes(), 1, "nobody heard of the abort");
                assert!(set.try_join_next().is_some_and(|ended| ended.is_err()));
            }
        }
    });
}

/// Children are woken while they are taken: none is lost, and none comes twice for one wake.
// Mutant: core/src/future/children/alloc.rs :: state.parent.take()\n        }); => (number > 0).then(|| state.parent.take()).flatten()\n        });
#[test]
fn children_are_woken_while_they_are_taken() {
    loom::model(|| {
        let mut children = Children::new();
        children.add();
        children.add();
        let wakers = [children.waker(0).clone(), children.waker(1).clone()];
        let wakes = wakers.map(|waker| thread::spawn(move || waker.wake()));
        let parent = TestWaker::new();
        children.register(&parent.waker());
        let mut taken = core::iter::from_fn(|| children.next()).count();
        let seen = parent.wakes();
        wakes.into_iter().for_each(|thread| thread.join().unwrap());
        let rest = core::iter::from_fn(|| children.next()).count();
        taken += rest;
        assert_eq!(taken, 2);
        assert!(rest == 0 || parent.wakes() > 0, "woken {seen} times while it looked, and not after");
    });
}

/// A task has ended and is about to wake the set, which lets all tasks go and takes others: these come in the order of their ends.
// Mutant: core/src/task/join_set/alloc.rs :: let children = self.children.renewed(); => let children = core::mem::replace(&mut self.children, Children::new()); let handles = (0..self.handles.len()).map(|_| None).collect(); let free = (0..self.handles.len()).collect(); return core::mem::replace(self, Self { handles, free, children });
#[test]
fn tasks_are_let_go_while_one_ends() {
    each_kind(|line, _| {
        let mut set = JoinSet::new();
        set.insert(line.spawn(async { 0 }));
        let other = thread::spawn(|| _ = line.turn());
        set.detach_all();
        let own = <Line>::new(Home::Boxed);
        let (first, second) = (own.spawn(async { 1 }), own.spawn(async { 2 }));
        set.insert(second);
        set.insert(first);
        own.turn();
        other.join().unwrap();
        let ended: Vec<_> = core::iter::from_fn(|| set.try_join_next()).map(Result::unwrap).collect();
        assert_eq!(ended, [1, 2]);
    });
}
