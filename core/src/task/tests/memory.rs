//! Memory that is used again, counts that run over, wakers that come too late.

use core::alloc::Layout;
use core::future::{Future, pending, poll_fn};
use core::task::{Poll, Waker};
use std::boxed::Box;
use std::collections::VecDeque;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

use super::util::{Dropped, Home, Line, Wakers, arena, lines, poll, ready, refused};
use crate::future::yield_now;
use crate::task::header::{Header, TaskPtr};
use crate::task::raw::HeapTask;
use crate::task::{JoinHandle, SpawnError, spawn_at, try_spawn_at};

/// Safe code asked the allocator for nothing, which it must not.
// Mutant: core/src/task/heap.rs :: match layout.size() { => match layout.size().max(1) {
#[test]
fn memory_of_no_size_is_not_asked_for() {
    for align in [1, 8, 4096] {
        let layout = Layout::from_size_align(0, align).unwrap();
        assert_eq!(HeapTask::allocate(layout).addr().get(), align);
    }
}

/// A waker of a slot's tenant of yesterday wakes the one of today, at the executor of today, whatever its type is.
// Mutant: core/src/task/waker.rs :: header.state.wake_slot(|| unsafe { task.push_within() }, || unsafe { task.ask_slot() }); => header.state.wake(|| unsafe { Owner::scheduler::<crate::task::tests::util::Line>(task.owner()).as_ref() }.schedule(unsafe { Notified::from_ptr(task) }));
#[test]
fn failure_066_a_stale_waker_finds_the_executor_of_today() {
    let slots = arena::<1, 128>();
    let (old, new) = (Line::<0>::new(Home::Pool(slots)), Line::<64>::new(Home::Pool(slots)));
    let wakers = Wakers::default();
    let mut first = old.spawn(wakers.once());
    old.turn();
    let stale = wakers.take().pop().unwrap();
    stale.wake_by_ref();
    old.turn();
    ready(&mut first).unwrap();
    // Nobody is there.
    stale.wake_by_ref();
    assert_eq!((old.turn(), new.turn(), slots.in_use()), (0, 0, 0));
    let mut second = new.spawn(wakers.once());
    // It is not yet run.
    stale.wake_by_ref();
    assert_eq!((old.turn(), new.turn()), (0, 1));
    // It waits.
    stale.wake_by_ref();
    let again = stale.clone();
    again.wake_by_ref();
    again.wake();
    assert_eq!((old.turn(), new.turn()), (0, 1));
    ready(&mut second).unwrap();
    // Same slot, same table: whoever compares wakers is told so.
    assert!(wakers.take().iter().all(|waker| waker.will_wake(&stale)));
}

/// Tenants come and go in pools of several sizes while wakers of earlier ones are kept and used.
// Mutant: core/src/task/arena.rs :: self.count(|header| header.state.peek().was_used()) => self.count(|header| header.state.peek().is_live())
#[test]
fn failure_070_pool_of_one_under_a_million_respawns() {
    churn::<1>(1_000_000);
    churn::<8>(1_000_000);
    if cfg!(miri) {
        return; // the large ones are the same code, slowly
    }
    churn::<255>(20_000);
    churn::<256>(20_000);
    churn::<257>(20_000);
}

fn churn<const SLOTS: usize>(respawns: usize) {
    let respawns = if cfg!(miri) { SLOTS * 6 } else { respawns };
    let slots = arena::<SLOTS, 96>();
    let line: &Line = Line::new(Home::Pool(slots));
    assert_eq!((slots.in_use(), slots.high_water()), (0, 0));
    let wakers = Wakers::default();
    let drops = Arc::new(AtomicUsize::new(0));
    let spawn = || {
        let (wait, argument) = (wakers.once(), Dropped::new(&drops));
        try_spawn_at(line, async move {
            let _argument = argument;
            wait.await;
        })
    };
    let mut stale: VecDeque<Waker> = VecDeque::new();
    let mut handles: Vec<JoinHandle<()>> = (0..SLOTS).map(|_| spawn().unwrap()).collect();
    let mut spawned = SLOTS;
    while spawned < respawns {
        // Full: the future comes back with what it holds.
        if spawned.is_multiple_of(64 * SLOTS) {
            let before = drops.load(Ordering::Relaxed);
            let error = refused(spawn());
            assert!(matches!(error, SpawnError::Full { slots, .. } if slots == SLOTS));
            assert_eq!(drops.load(Ordering::Relaxed), before);
            drop(error);
            assert_eq!(drops.fetch_sub(1, Ordering::Relaxed), before + 1);
        }
        line.turn();
        stale.iter().for_each(Waker::wake_by_ref);
        stale.extend(wakers.take());
        stale.iter().for_each(Waker::wake_by_ref);
        stale.drain(..stale.len().saturating_sub(3));
        // Half of the tenants are awaited, half are let go.
        for (place, mut handle) in core::mem::take(&mut handles).into_iter().enumerate() {
            if place % 2 == 0 {
                drop(handle);
            } else {
                assert!(poll(&mut handle, Waker::noop()).is_pending());
                handles.push(handle);
            }
        }
        line.turn();
        for mut handle in handles.drain(..) {
            ready(&mut handle).unwrap();
        }
        assert_eq!(slots.in_use(), 0);
        stale.iter().for_each(Waker::wake_by_ref);
        handles.extend((0..SLOTS).map(|_| spawn().unwrap()));
        spawned += SLOTS;
        assert_eq!(drops.load(Ordering::Relaxed), spawned - SLOTS);
        assert_eq!(slots.in_use(), SLOTS);
    }
    for handle in &handles {
        handle.abort();
    }
    line.turn();
    drop(handles);
    assert_eq!(drops.load(Ordering::Relaxed), spawned);
    assert_eq!((slots.in_use(), slots.high_water()), (0, SLOTS));
}

/// The mark says how many slots were ever needed, and does not fall.
#[test]
fn the_high_water_mark_stays() {
    let slots = arena::<5, 64>();
    let line: &Line = Line::new(Home::Pool(slots));
    for most in [2, 1, 3, 1] {
        let tasks: Vec<_> = (0..most).map(|_| line.spawn(yield_now())).collect();
        assert_eq!(slots.in_use(), most);
        line.turn();
        drop(tasks);
        assert_eq!(slots.in_use(), 0);
    }
    assert_eq!(slots.high_water(), 3);
}

/// A task without a join handle: two words less, ended by its abort handle.
#[test]
fn a_detached_slot_is_freed_by_its_executor() {
    let slots = arena::<1, 32>();
    let line: &Line = Line::new(Home::Boxed);
    let drops = Arc::new(AtomicUsize::new(0));
    for aborted in [false, true] {
        let argument = Dropped::new(&drops);
        let handle = slots
            .try_spawn_detached_at(
                line,
                core::future::poll_fn(move |_| {
                    let _ = &argument;
                    if aborted { Poll::Pending } else { Poll::Ready(()) }
                }),
            )
            .unwrap();
        assert!(slots.try_spawn_detached_at(line, pending()).is_err());
        line.turn();
        assert_eq!(slots.in_use(), usize::from(aborted));
        handle.abort();
        line.turn();
        assert!(handle.is_finished());
        assert_eq!(slots.in_use(), 0);
    }
    assert_eq!(drops.load(Ordering::Relaxed), 2);
}

/// A count of references that overflows ends the program, and nothing can catch that.
// Mutant: core/src/task/state/mod.rs :: if self.0 > usize::MAX / 2 { None } else { => if self.0 == usize::MAX { None } else {
#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn failure_057_reference_overflow_aborts() {
    const CHILD: &str = "ZOKIO_TEST_OVERFLOWS";
    if std::env::var_os(CHILD).is_some() {
        let line: &Line = Line::new(Home::Boxed);
        let wakers = Wakers::default();
        let handle = line.spawn(wakers.wait());
        line.turn();
        let waker = wakers.take().pop().unwrap();
        // SAFETY: the data of a counted waker is its task, which is alive by it.
        let task = unsafe { TaskPtr::from_ptr(waker.data().cast_mut().cast()) };
        // SAFETY: in bounds of the header.
        let state = unsafe { task.0.byte_add(core::mem::offset_of!(Header, state)) };
        // SAFETY: the state is a word, and atomic.
        let word = unsafe { state.cast::<crate::atomic::AtomicUsize>().as_ref() };
        let flags = word.load(Ordering::Relaxed) & 511;
        word.store(flags | ((usize::MAX / 2) & !511), Ordering::Relaxed);
        std::println!("one more");
        core::mem::forget(waker.clone());
        std::println!("and one too many");
        let caught = std::panic::catch_unwind(|| core::mem::forget(waker.clone()));
        std::println!("survived: {caught:?}");
        core::mem::forget((waker, handle));
        return;
    }
    let name = std::thread::current().name().map(std::string::String::from).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture", "--test-threads", "1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = std::string::String::from_utf8_lossy(&child.stdout);
    assert!(said.contains("and one too many"), "{said}");
    assert!(!said.contains("survived"), "{said}");
    assert!(!child.status.success());
    #[cfg(unix)]
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.status), Some(6), "{said}");
    let error = std::string::String::from_utf8_lossy(&child.stderr);
    assert!(error.contains("too many references to one task"), "{error}");
}

/// A counted task is freed by whoever is last: the executor, the join handle, an abort handle, a waker.
// Mutant: core/src/task/waker.rs :: unsafe { S::released(owner, task) } => let _ = owner;
#[test]
fn the_last_reference_frees() {
    for last in 0..5 {
        let line: &Line = Line::new(Home::Boxed);
        let wakers = Wakers::default();
        let handle = line.spawn(wakers.once());
        line.turn();
        let (abort, waker) = (handle.abort_handle(), wakers.take().pop().unwrap());
        let spare = waker.clone();
        let mut steps: Vec<Box<dyn FnOnce()>> = Vec::new();
        steps.push(Box::new(|| drop(handle)));
        steps.push(Box::new(|| drop(abort)));
        steps.push(Box::new(|| waker.wake()));
        steps.push(Box::new(|| assert!(line.turn() <= 1)));
        steps.push(Box::new(|| drop(spare)));
        let ends = steps.remove(last);
        for step in steps {
            step();
            assert_eq!(line.released(), 0);
        }
        ends();
        // Where the wake was last, this turn completes the task.
        line.turn();
        assert_eq!(line.released(), 1, "{last}");
    }
}

/// A large and a small task, one after the other in one slot; and one whose alignment a slot does not have.
#[test]
fn a_slot_takes_any_type_that_fits() {
    let slots = arena::<1, 256>();
    let line: &Line = Line::new(Home::Pool(slots));
    let mut large = spawn_at(line, async {
        let room = [7_u8; 150];
        yield_now().await;
        room.iter().map(|&byte| usize::from(byte)).sum::<usize>()
    });
    line.turn();
    assert_eq!(ready(&mut large).unwrap(), 1050);
    let mut small = spawn_at(line, async {});
    line.turn();
    ready(&mut small).unwrap();
    #[repr(align(64))]
    struct Aligned(u8);
    let aligned = Aligned(0);
    let error = refused(try_spawn_at(line, async move {
        let whole = aligned;
        yield_now().await;
        whole.0
    }));
    assert!(matches!(error, SpawnError::TooLarge { .. }));
    let (kind, boxed) = &lines()[0];
    let aligned = Aligned(9);
    let mut handle = boxed.spawn(async move {
        let whole = aligned;
        yield_now().await;
        assert_eq!((&raw const whole).addr() % 64, 0);
        whole.0
    });
    boxed.turn();
    assert_eq!(ready(&mut handle).unwrap(), 9, "{kind}");
}

/// A waker that somebody keeps keeps the memory of its task, and no more: future and output are dropped when their time
/// comes.
// Mutant: core/src/task/cell.rs :: let dropped = guard::contain(|| unsafe { stage.cast::<F>().drop_in_place() }); => let dropped: Result<(), Payload> = Ok(());
#[test]
fn failure_058_a_waker_that_is_kept_keeps_memory_but_neither_future_nor_output() {
    let (line, wakers) = (Line::<0>::new(Home::Boxed), Wakers::default());
    let held = Arc::new(());
    // Both in the future itself: what an async block holds is dropped when its body ends, without its future's drop.
    let (inner, mut given) = (held.clone(), Some(held.clone()));
    let mut wait = Box::pin(wakers.once());
    let mut task = line.spawn(poll_fn(move |cx| {
        let _inner = &inner;
        wait.as_mut().poll(cx).map(|()| given.take())
    }));
    line.turn();
    let kept = wakers.take().pop().unwrap();
    assert_eq!(Arc::strong_count(&held), 3);
    kept.wake_by_ref();
    line.turn();
    drop(ready(&mut task).unwrap());
    drop(task);
    assert_eq!((Arc::strong_count(&held), line.released()), (1, 0));
    drop(kept);
    assert_eq!(line.released(), 1);
}
