//! Races between the owner of a sleep and whoever expires, closes or fills its queue.

use std::boxed::Box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use loom::thread;

use super::hand::{Count, Hand};
use crate::time::node::{Closed, Node};
use crate::time::{Instant, Place, Timers};

pub(super) fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

pub(super) fn timers() -> &'static Timers<Hand> {
    Box::leak(Box::new(Timers::new(Hand::default())))
}

/// A node with a waker that counts.
pub(super) struct Owner {
    pub(super) node: Pin<Box<Node>>,
    pub(super) count: Arc<Count>,
    /// Whether it polls as in an image of a chip.
    in_one: bool,
}

impl Owner {
    pub(super) fn new(timers: &'static Timers<Hand>, deadline: u64) -> Self {
        Self { node: Box::pin(Node::new(Place::of(timers), at(deadline), false)), count: Arc::default(), in_one: false }
    }

    fn polling_in_one(self, in_one: bool) -> Self {
        Self { in_one, ..self }
    }

    pub(super) fn poll(&mut self) -> Poll<Result<(), Closed>> {
        let waker = Waker::from(self.count.clone());
        let cx = Context::from_waker(&waker);
        if self.in_one {
            self.node.as_mut().poll_in_one_section(cx.waker())
        } else {
            self.node.as_mut().poll(cx.waker())
        }
    }

    pub(super) fn woken(&self) -> usize {
        self.count.woken.load(Ordering::SeqCst)
    }
}

/// Runs a model in which sleeps are polled by looks and locks, and one in which they are polled in one section.
fn each_way(model: impl Fn(bool) + Sync + Send + Copy + 'static) {
    loom::model(move || model(false));
    loom::model(move || model(true));
}

/// A sleep is dropped while it fires: once, and the others stay.
// Mutant: core/src/time/heap.rs :: if !node.is_linked() {\n            return None; => if false {\n            return None;
#[test]
fn failure_086_drop_races_fire() {
    loom::model(|| {
        let timers = timers();
        let mut dropped = Owner::new(timers, 10);
        let mut stays = Owner::new(timers, 30);
        assert!(dropped.poll().is_pending());
        assert!(stays.poll().is_pending());
        timers.clock().set(20);
        let count = dropped.count.clone();
        let dropper = thread::spawn(move || drop(dropped));
        let woken = timers.expire();
        dropper.join().unwrap();
        assert_eq!(count.woken.load(Ordering::SeqCst), woken);
        assert_eq!(Arc::strong_count(&count), 1, "its waker is gone");
        assert_eq!(timers.next_deadline(), Some(at(30)));
        timers.clock().set(30);
        assert_eq!(timers.expire(), 1);
        assert_eq!(stays.woken(), 1);
    });
}

/// A sleep is moved while it fires: it is ready at the new deadline, and not before.
// Mutant: core/src/time/node.rs :: State::of(self.prev.load(Ordering::Acquire)) => State::of(self.prev.load(Ordering::Relaxed))
#[test]
fn failure_086_reset_races_fire() {
    loom::model(|| {
        let timers = timers();
        let mut owner = Owner::new(timers, 10);
        assert!(owner.poll().is_pending());
        timers.clock().set(20);
        let resetter = thread::spawn(move || {
            owner.node.as_mut().reset(at(30), at(20));
            owner
        });
        let woken = timers.expire();
        let mut owner = resetter.join().unwrap();
        assert_eq!(owner.woken(), woken);
        if woken == 0 {
            assert_eq!(timers.next_deadline(), Some(at(30)), "it is still waited for, without a poll");
        }
        assert!(owner.poll().is_pending());
        timers.clock().set(30);
        assert_eq!(timers.expire(), 1);
        assert_eq!(owner.woken(), woken + 1);
        assert_eq!(owner.poll(), Poll::Ready(Ok(())));
    });
}

/// What the queue did to a node is over when its owner sees the mark.
// Mutant: core/src/time/heap.rs :: store_published(&self.node().prev, state.mark()); => self.node().prev.store(state.mark(), Ordering::Relaxed);
#[test]
fn poll_races_fire_and_then_resets() {
    each_way(|in_one| {
        let timers = timers();
        let mut owner = Owner::new(timers, 10).polling_in_one(in_one);
        assert!(owner.poll().is_pending());
        timers.clock().set(20);
        let poller = thread::spawn(move || {
            if owner.poll().is_ready() {
                owner.node.as_mut().reset(at(30), at(20));
                assert!(owner.poll().is_pending());
            }
            owner
        });
        assert_eq!(timers.expire(), 1);
        let owner = poller.join().unwrap();
        assert_eq!(owner.woken(), 1);
    });
}

/// A sleep is polled with another waker while it fires: that waker is called, or the poll says ready.
// Mutant: core/src/time/node.rs :: if let Ok(_old) = this.place_unseen() => if let Ok(_old) | Err(_old) = this.place_unseen()
#[test]
fn new_waker_races_fire() {
    each_way(|in_one| {
        let timers = timers();
        let mut owner = Owner::new(timers, 10).polling_in_one(in_one);
        assert!(owner.poll().is_pending());
        timers.clock().set(10);
        owner.count = Arc::default();
        let poller = thread::spawn(move || {
            let end = owner.poll();
            (owner, end)
        });
        assert_eq!(timers.expire(), 1);
        let (owner, end) = poller.join().unwrap();
        assert!(end.is_ready() || owner.woken() == 1, "nobody was told");
        assert_eq!(Arc::strong_count(&owner.count), 1);
    });
}

/// A sleep is linked from another thread while the executor goes to park: it hears of it.
// Mutant: core/src/time/queue.rs :: if first && node.deadline() != Instant::FAR { => if false {
#[test]
fn insert_races_expire_and_park() {
    each_way(|in_one| {
        let timers = timers();
        let mut early = Owner::new(timers, 10).polling_in_one(in_one);
        let mut late = Owner::new(timers, 50);
        assert!(late.poll().is_pending());
        timers.clock().rearmed.store(0, Ordering::SeqCst);
        timers.clock().set(20);
        let poller = thread::spawn(move || {
            assert!(early.poll().is_pending());
            early
        });
        let woken = timers.expire();
        // What the executor would park until.
        let next = timers.next_deadline();
        let early = poller.join().unwrap();
        assert_eq!(early.woken(), woken);
        let rearmed = timers.clock().rearmed.load(Ordering::SeqCst);
        assert!(woken == 1 || next == Some(at(10)) || rearmed == 1, "it would sleep on");
        assert_eq!(timers.expire() + woken, 1);
    });
}

/// A sleep is first polled while its queue closes: it is woken, or refused at once; never left.
// Mutant: core/src/time/heap.rs :: self.root = CLOSED; => {}
#[test]
fn failure_087_close_races_poll() {
    loom::model(|| {
        let timers = timers();
        let mut before = Owner::new(timers, 10);
        assert!(before.poll().is_pending());
        let mut owner = Owner::new(timers, 5);
        let poller = thread::spawn(move || {
            let end = owner.poll();
            (owner, end)
        });
        timers.close();
        let (mut owner, end) = poller.join().unwrap();
        assert_eq!(end.is_pending(), owner.woken() == 1);
        assert_eq!(owner.poll(), Poll::Ready(Err(Closed)));
        assert_eq!((before.woken(), before.poll()), (1, Poll::Ready(Err(Closed))));
        assert_eq!(Arc::strong_count(&owner.count), 1);
    });
}

/// A sleep is moved while its queue closes: it is told.
// Mutant: core/src/time/node.rs :: refused.wake() => drop(refused)
#[test]
fn close_races_reset() {
    loom::model(|| {
        let timers = timers();
        let mut owner = Owner::new(timers, 10);
        assert!(owner.poll().is_pending());
        let resetter = thread::spawn(move || {
            owner.node.as_mut().reset(at(30), at(0));
            owner
        });
        timers.close();
        let mut owner = resetter.join().unwrap();
        assert_eq!(owner.woken(), 1);
        assert_eq!(owner.poll(), Poll::Ready(Err(Closed)));
        assert_eq!(timers.next_deadline(), None);
    });
}

/// Two workers expire one queue: each sleep is woken once, and nothing is left.
// Mutant: core/src/time/queue.rs :: if count < BATCH { => if count <= BATCH {
#[test]
fn expire_races_expire() {
    loom::model(|| {
        let timers = timers();
        let mut owners = [3, 1, 2, 3, 1].map(|deadline| Owner::new(timers, deadline));
        assert!(owners.iter_mut().all(|owner| owner.poll().is_pending()));
        timers.clock().set(3);
        let other = thread::spawn(move || timers.expire());
        let woken = timers.expire();
        assert_eq!(woken + other.join().unwrap(), 5);
        assert!(owners.iter_mut().all(|owner| owner.woken() == 1 && owner.poll() == Poll::Ready(Ok(()))));
    });
}
