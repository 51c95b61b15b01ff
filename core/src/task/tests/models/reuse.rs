//! A slot and its next tenant, against who remembers the last one.

use core::task::Poll;

use loom::thread;

use super::{Drops, Watched};
use crate::future::yield_now;
use crate::task::tests::util::{Direct, Home, Line, Wakers, arena, poll, ready};
use crate::task::{Owner, StaticPlace};

/// The abort handle of the last tenant against the next one, which is not aborted.
// Mutant: core/src/task/state/mod.rs :: self.high() != generation => self.high() < generation
#[test]
fn a_stale_abort_races_the_next_tenant() {
    loom::model(|| {
        let slots = arena::<1, 256>();
        let line: &Line = Line::new(Home::Pool(slots));
        let first = line.spawn(async {});
        let abort = first.abort_handle();
        first.detach();
        let aborting = thread::spawn(move || abort.abort());
        line.turn();
        let mut second = line.spawn(async {
            yield_now().await;
            2
        });
        line.turn();
        aborting.join().unwrap();
        line.turn();
        assert_eq!(ready(&mut second).unwrap(), 2, "aborted for another");
        assert_eq!((slots.in_use(), slots.high_water()), (0, 1));
    });
}

/// The waker of the last tenant against completion and against the next one, which lives on another executor of another
/// type and is queued there, once.
// Mutant: core/src/task/state/mod.rs :: Some(Self((self.0 | NOTIFIED).wrapping_add(tenant))) => Some(Self((self.0 & !NOTIFIED).wrapping_add(tenant)))
#[test]
fn failure_066_a_stale_waker_races_the_next_tenant_elsewhere() {
    loom::model(|| {
        let slots = arena::<1, 256>();
        let (old, new) = (Line::<0>::new(Home::Pool(slots)), Line::<8>::new(Home::Pool(slots)));
        let (drops, wakers) = (Drops::default(), Wakers::default());
        let mut first = old.spawn(wakers.once());
        old.turn();
        let stale = wakers.take().pop().unwrap();
        stale.wake_by_ref();
        let waking = thread::spawn(move || stale.wake());
        old.turn();
        ready(&mut first).unwrap();
        let (watched, wait) = (Watched::new(&drops), wakers.once());
        let mut second = new.spawn(async move {
            watched.touch();
            wait.await;
            watched.touch();
            2
        });
        new.turn();
        if let Poll::Ready(output) = poll(&mut second, core::task::Waker::noop()) {
            assert_eq!(output.unwrap(), 2);
            drop(wakers.take());
            waking.join().unwrap();
        } else {
            let waker = wakers.take().pop().unwrap();
            waker.wake();
            new.turn();
            waking.join().unwrap();
            new.turn();
            assert_eq!(ready(&mut second).unwrap(), 2);
        }
        assert_eq!((old.turn(), new.turn(), slots.in_use(), drops.count()), (0, 0, 0, 1));
    });
}

/// A slot is spawned from elsewhere while its executor looks for work, which does not find it before its future is there.
// Mutant: core/src/task/arena.rs :: self.put_joined((place, place.is_local()), table, future) => self.put_joined((place, true), table, future)
#[test]
fn a_spawn_from_elsewhere_races_the_executor() {
    loom::model(|| {
        let (slots, line) = (arena::<1, 256>(), Direct::new());
        let spawning = thread::spawn(move || {
            // SAFETY: kept for ever, bound, and no promise is made about the thread.
            let place = unsafe { StaticPlace::new(Owner::of(line), None, false) };
            slots.try_spawn_at(&place, async { 1 }).unwrap()
        });
        while line.turn() == 0 {
            thread::yield_now();
        }
        let mut handle = spawning.join().unwrap();
        assert_eq!((ready(&mut handle).unwrap(), line.turn(), slots.in_use()), (1, 0, 0));
    });
}

/// The waker of the last tenant against the next one, which somebody else has launched at another scheduler and starts alone
/// there: it is queued at that one.
// Mutant: core/src/run_queue/lock_free.rs :: fence(Ordering::AcqRel); => fence(Ordering::Acquire);
#[test]
fn a_stale_waker_finds_the_owner_of_the_next_tenant() {
    loom::model(|| {
        let slots = arena::<1, 256>();
        let (old, new) = (Direct::new(), Direct::new());
        let wakers = Wakers::default();
        slots.try_spawn_at(old, wakers.once()).unwrap().detach();
        old.turn();
        let stale = wakers.take().pop().unwrap();
        stale.wake_by_ref();
        old.turn();
        let wait = wakers.once();
        let launching = thread::spawn(move || {
            // SAFETY: kept for ever, bound, and no promise is made about the thread.
            let place = unsafe { StaticPlace::new(Owner::of(new), None, false) };
            // The handle does nothing to the slot that could tell of the owner.
            slots.try_spawn_at(&place, wait).unwrap()
        });
        let waking = thread::spawn(move || stale.wake());
        new.turn();
        launching.join().unwrap().detach();
        waking.join().unwrap();
        new.turn();
        assert_eq!(old.turn(), 0, "queued where the last tenant lived");
        wakers.take().into_iter().for_each(core::task::Waker::wake);
        new.turn();
        assert_eq!(slots.in_use(), 0);
    });
}

/// Executor and handle let go of a slot at the same time: one of both frees it, and it is free once.
// Mutant: core/src/task/state/mod.rs :: if self.has(COMPLETE) && self.0 & BUSY == 0 { => if self.has(COMPLETE) {
#[test]
fn the_last_of_executor_and_handle_frees_the_slot() {
    loom::model(|| {
        let slots = arena::<1, 256>();
        let line: &Line = Line::new(Home::Pool(slots));
        let drops = Drops::default();
        let output = Watched::new(&drops);
        let mut handle = line.spawn(async move { output });
        let waker = crate::test_util::TestWaker::new();
        assert!(poll(&mut handle, &waker.waker()).is_pending());
        // Whoever finds the slot free writes to it.
        let taking = thread::spawn(move || {
            drop(handle);
            slots.in_use()
        });
        line.turn();
        let used = taking.join().unwrap();
        assert!(used <= 1);
        assert_eq!((slots.in_use(), drops.count(), waker.alive()), (0, 1, 0));
    });
}

/// The next tenant is written where the handle of the last one has just taken the output.
// Mutant: core/src/task/state/lock_free.rs :: // Ordering: see `State`.\n            self.0.compare_exchange_weak(now, next, Ordering::Release, => self.0.compare_exchange_weak(now, next, Ordering::Relaxed,
// Mutant: core/src/task/state/lock_free.rs :: self.0.compare_exchange_weak(current.0, next.0, Ordering::Acquire, => self.0.compare_exchange_weak(current.0, next.0, Ordering::Relaxed,
#[test]
fn an_output_is_taken_while_the_next_tenant_comes() {
    loom::model(|| {
        let slots = arena::<1, 256>();
        let line: &Line = Line::new(Home::Pool(slots));
        let drops = Drops::default();
        let (wakers, mut output) = (Wakers::default(), Some(Watched::new(&drops)));
        let left = wakers.clone();
        let mut first = line.spawn(core::future::poll_fn(move |cx| {
            drop(left.replace(cx.waker().clone()));
            Poll::Ready(output.take().unwrap())
        }));
        line.turn();
        let taking = thread::spawn(move || drop(ready(&mut first)));
        // Does nothing, but where a claim finds the slot taken it only looks, which alone would not make the model try both orders.
        wakers.one().wake();
        let next = slots.try_spawn_at(line, async {});
        taking.join().unwrap();
        let spawned = next.is_ok();
        drop(next);
        assert_eq!((line.turn(), drops.count(), slots.in_use()), (usize::from(spawned), 1, 0));
    });
}
