//! What panics in foreign code must not do: take the executor down, drop anything twice, or lose the task.

use core::future::{Future, pending};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::util::{Dropped, Home, Line, Wakers, arena, lines, poll, ready, refused};
use crate::task::{Arena, SpawnError, try_spawn_at, try_spawn_local_at};
use crate::test_util::{Event, TestWaker, panics};

/// Panics at its drop, and before that is ready, pending or panics.
struct Hostile {
    ends: Option<Dropped>,
    panics: bool,
    guard: Dropped,
}

impl Future for Hostile {
    type Output = Dropped;
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Dropped> {
        assert!(!self.panics, "in poll");
        match self.ends.take() {
            Some(output) => Poll::Ready(output),
            None => Poll::Pending,
        }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        assert!(!self.guard.panics || std::thread::panicking(), "in drop");
    }
}

fn counts() -> [Arc<AtomicUsize>; 2] {
    Default::default()
}

fn value(count: &Arc<AtomicUsize>) -> usize {
    count.load(Ordering::Relaxed)
}

/// Asserts that the line is as good as new, and each of its tasks gone.
fn well(kind: &str, line: &'static Line, tasks: usize) {
    let mut next = line.spawn(async { 1 });
    line.turn();
    assert_eq!(ready(&mut next).unwrap(), 1, "{kind}");
    assert_eq!(line.completed(), tasks + 1, "{kind}");
    assert_eq!(line.released(), if kind == "boxed" { tasks + 1 } else { 0 }, "{kind}: leaked");
}

#[test]
fn a_panic_in_a_poll_ends_the_task() {
    for (kind, line) in lines() {
        let [drops, outputs] = counts();
        let guard = Dropped::new(&drops);
        let mut handle = line.spawn(Hostile { ends: None, panics: true, guard });
        line.turn();
        let error = ready(&mut handle).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled(), "{kind}");
        assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"in poll"), "{kind}");
        assert_eq!((value(&drops), value(&outputs)), (1, 0), "{kind}");
        well(kind, line, 1);
    }
}

/// The future's drop panics, after it was ready, after its poll panicked, and at an abort: the panic is what is joined.
#[test]
fn a_panic_in_the_drop_of_a_future_is_its_output() {
    for (kind, line) in lines() {
        let [drops, outputs] = counts();
        let guard = || Dropped::panicking(&drops);
        let mut ended = line.spawn(Hostile { ends: Some(Dropped::new(&outputs)), panics: false, guard: guard() });
        let mut panicked = line.spawn(Hostile { ends: None, panics: true, guard: guard() });
        let mut aborted = line.spawn(Hostile { ends: None, panics: false, guard: guard() });
        line.turn();
        aborted.abort();
        line.turn();
        for handle in [&mut ended, &mut panicked, &mut aborted] {
            let error = ready(handle).map(|_| ()).unwrap_err();
            assert!(error.is_panic(), "{kind}");
            assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"in drop"), "{kind}");
        }
        assert_eq!((value(&drops), value(&outputs)), (3, 1), "{kind}");
        well(kind, line, 3);
    }
}

/// As above, and the output that nobody gets panics in its drop as well.
// Mutant: core/src/task/cell.rs :: guard::swallow(|| drop(output)); => drop(output);
#[test]
fn a_panic_in_both_drops_ends_the_task() {
    for (kind, line) in lines() {
        let [drops, outputs] = counts();
        let future =
            Hostile { ends: Some(Dropped::panicking(&outputs)), panics: false, guard: Dropped::panicking(&drops) };
        let mut handle = line.spawn(future);
        line.turn();
        assert!(ready(&mut handle).map(|_| ()).unwrap_err().is_panic(), "{kind}");
        assert_eq!((value(&drops), value(&outputs)), (1, 1), "{kind}");
        well(kind, line, 1);
    }
}

/// An output that nobody takes panics in its drop: at its executor, where the handle was gone before; at the handle.
#[test]
fn failure_059_a_panic_in_the_drop_of_an_output_goes_nowhere() {
    for (kind, line) in lines() {
        let [_, outputs] = counts();
        let output = Dropped::panicking(&outputs);
        line.spawn(async move { output }).detach();
        line.turn();
        assert_eq!(value(&outputs), 1, "{kind}");
        let output = Dropped::panicking(&outputs);
        let handle = line.spawn(async move { output });
        line.turn();
        drop(handle);
        assert_eq!(value(&outputs), 2, "{kind}");
        well(kind, line, 2);
    }
}

/// What a panic left panics in its drop.
#[test]
fn a_payload_that_panics_goes_nowhere() {
    for (kind, line) in lines() {
        let [_, payloads] = counts();
        let payload = Dropped::panicking(&payloads);
        line.spawn(async move { std::panic::panic_any(payload) }).detach();
        line.turn();
        let payload = Dropped::panicking(&payloads);
        let handle = line.spawn(async move { std::panic::panic_any(payload) });
        line.turn();
        drop(handle);
        assert_eq!(value(&payloads), 2, "{kind}");
        well(kind, line, 2);
    }
}

/// The waker of a joiner panics when it is woken: the executor goes on, the output is there.
// Mutant: core/src/task/run.rs :: guard::swallow(|| waker.wake_by_ref()); => waker.wake_by_ref();
#[test]
fn a_joiner_that_panics_when_woken() {
    for (kind, line) in lines() {
        let hostile = TestWaker::panicking(Event::Wake);
        let mut handle = line.spawn(async { 3 });
        assert!(poll(&mut handle, &hostile.waker()).is_pending());
        line.turn();
        assert_eq!(hostile.wakes(), 1, "{kind}");
        assert_eq!(ready(&mut handle).unwrap(), 3, "{kind}");
        drop(handle);
        assert_eq!(hostile.alive(), 0, "{kind}");
        well(kind, line, 1);
    }
}

/// It panics when it is cloned: whoever polls the handle hears of it, and may poll again.
#[test]
fn a_joiner_that_panics_when_cloned() {
    for (kind, line) in lines() {
        let (hostile, fine) = (TestWaker::panicking(Event::Clone), TestWaker::new());
        let mut handle = line.spawn(async { 3 });
        assert!(poll(&mut handle, &fine.waker()).is_pending());
        let waker = hostile.waker();
        assert!(panics(|| assert!(poll(&mut handle, &waker).is_pending())), "{kind}");
        assert!(poll(&mut handle, &fine.waker()).is_pending());
        assert!(panics(|| assert!(poll(&mut handle, &waker).is_pending())), "{kind}");
        line.turn();
        assert_eq!(ready(&mut handle).unwrap(), 3, "{kind}");
        assert_eq!(fine.alive(), 0, "{kind}: the waker from before is dropped with the handle");
        well(kind, line, 1);
    }
}

/// It panics when it is dropped: by another one that takes its place, by the handle, by the executor.
// Mutant: core/src/task/join.rs :: guard::swallow(|| drop(foreign)); => drop(foreign);
#[test]
fn a_joiner_that_panics_when_dropped() {
    for (kind, line) in lines() {
        let (hostile, fine) = (TestWaker::panicking(Event::Drop), TestWaker::new());
        let lent = hostile.waker();
        let mut handle = line.spawn(async { 3 });
        assert!(poll(&mut handle, &lent).is_pending());
        assert!(panics(|| assert!(poll(&mut handle, &fine.waker()).is_pending())), "{kind}: its poller hears of it");
        assert!(poll(&mut handle, &lent).is_pending());
        assert!(!panics(|| drop(handle)), "{kind}");
        let mut handle = line.spawn(async { 4 });
        assert!(poll(&mut handle, &lent).is_pending());
        line.turn();
        assert_eq!(ready(&mut handle).unwrap(), 4, "{kind}");
        assert_eq!(fine.alive(), 0, "{kind}");
        hostile.unhook();
        drop(lent);
        assert_eq!(hostile.alive(), 0, "{kind}");
        well(kind, line, 2);
    }
}

/// With the last handle goes the executor, and with that something of others that panics: who takes the output has it, and the
/// handle touches nothing of the task afterwards.
// Mutant: core/src/task/join.rs :: guard::swallow(|| unsafe { task.released() }); => unsafe { task.released() };
#[test]
fn a_scheduler_that_panics_when_the_task_is_released_costs_no_output() {
    let line = <Line>::new(Home::Boxed);
    let (mut taken, left) = (line.spawn(async { 3 }), line.spawn(async { 4 }));
    let mut set = crate::task::JoinSet::new();
    set.insert(line.spawn(async { 5 }));
    line.turn();
    line.hostile.store(true, Ordering::Relaxed);
    assert_eq!(ready(&mut taken).unwrap(), 3);
    drop(taken);
    assert_eq!(set.try_join_next().unwrap().unwrap(), 5);
    assert!(!panics(|| drop(left)));
    line.hostile.store(false, Ordering::Relaxed);
    well("boxed", line, 3);
}

/// A task's waker is used up in a wake that panics, since what would end the executor's wait does: it is given up all the same.
// Mutant: core/src/task/waker.rs :: let _own = Reference::<S>(task, PhantomData);\n            // SAFETY: the waker is a reference.\n            unsafe { wake::<S>(task) }; => unsafe { wake::<S>(task) };\n            let _own = Reference::<S>(task, PhantomData);
#[test]
fn a_waker_that_is_used_up_in_a_panic_keeps_no_task() {
    let line = <Line>::new(Home::Boxed);
    let wakers = Wakers::default();
    line.spawn(wakers.once()).detach();
    line.turn();
    let waker = wakers.take().pop().unwrap();
    line.hostile.store(true, Ordering::Relaxed);
    assert!(panics(|| waker.wake()));
    line.hostile.store(false, Ordering::Relaxed);
    line.turn();
    well("boxed", line, 1);
}

/// The joiner does foreign things while it is woken: it drops the handle, polls it, aborts the task.
#[test]
fn a_joiner_that_drops_its_handle_when_woken() {
    for (kind, line) in lines() {
        let [_, outputs] = counts();
        let seat = Arc::new(std::sync::Mutex::new(None));
        let own = seat.clone();
        let joiner = TestWaker::hooked(move |event| {
            if event == Event::Wake {
                let taken: Option<crate::task::JoinHandle<Dropped>> = own.lock().unwrap().take();
                taken.as_ref().unwrap().abort();
                drop(taken);
            }
        });
        let output = Dropped::new(&outputs);
        let mut handle = line.spawn(async move { output });
        assert!(poll(&mut handle, &joiner.waker()).is_pending());
        *seat.lock().unwrap() = Some(handle);
        line.turn();
        assert_eq!(joiner.wakes(), 1, "{kind}");
        assert_eq!(value(&outputs), 1, "{kind}");
        assert_eq!(joiner.alive(), 0, "{kind}: the executor drops what the handle left");
        joiner.unhook();
        well(kind, line, 1);
    }
}

/// Whatever the reason, the future comes back whole, and its arguments are dropped once.
#[test]
fn a_refused_future_comes_back() {
    let [drops, _] = counts();
    let task = |line: &'static Line| {
        let argument = Dropped::new(&drops);
        try_spawn_at(line, async move {
            let _argument = argument;
            5
        })
    };
    let full = Line::new(Home::Pool(arena::<1, 64>()));
    let small = Line::new(Home::Pool(arena::<1, 8>()));
    let closed = Line::new(Home::Boxed);
    assert!(closed.shut_down());
    let none = Line::new(Home::Nowhere);
    let tenant = full.spawn(pending::<()>());
    let errors = [task(full), task(small), task(closed), task(none)].map(refused);
    assert!(matches!(errors[0], SpawnError::Full { pool: "pool", slots: 1, .. }));
    assert!(matches!(errors[1], SpawnError::TooLarge { pool: "pool", needed, slot, .. } if needed > slot));
    assert!(matches!(errors[2], SpawnError::Closed(_)));
    assert!(matches!(errors[3], SpawnError::NoPool(_)));
    assert_eq!(value(&drops), 0);
    for error in errors {
        let mut future = std::boxed::Box::pin(error.into_future());
        assert_eq!(ready(&mut future), 5);
    }
    assert_eq!(value(&drops), 4);
    drop(task(small));
    assert_eq!(value(&drops), 5);
    drop(tenant);

    // An arena by name, and a place that takes nothing static, or is elsewhere.
    static OTHER: Arena<1, 64> = Arena::new();
    let line: &Line = Line::new(Home::Boxed);
    let argument = Dropped::new(&drops);
    let error = refused(OTHER.try_spawn_at(none, async move { drop(argument) }));
    assert!(matches!(error, SpawnError::NoExecutor(_)));
    drop(error);
    std::thread::scope(|scope| {
        let elsewhere = || assert!(matches!(try_spawn_local_at(line, async {}), Err(SpawnError::NoExecutor(_))));
        scope.spawn(elsewhere).join().unwrap();
        let elsewhere = || assert!(matches!(OTHER.try_spawn_local_at(line, async {}), Err(SpawnError::NoExecutor(_))));
        scope.spawn(elsewhere).join().unwrap();
        let elsewhere =
            || assert!(matches!(OTHER.try_spawn_detached_at(line, async {}), Err(SpawnError::NoExecutor(_))));
        scope.spawn(elsewhere).join().unwrap();
    });
    assert_eq!((value(&drops), OTHER.in_use(), OTHER.high_water()), (6, 0, 0));
}

/// Panics in one task of several, waker clones among them, do not change what the others do.
#[test]
fn panics_everywhere_and_the_ledger_balances() {
    let rounds = if cfg!(miri) { 8 } else { 2000 };
    for (kind, line) in lines() {
        let [drops, outputs] = counts();
        let mut random = crate::test_util::Random::new(12);
        let mut made = 0;
        for _ in 0..rounds {
            let wakers = Wakers::default();
            let hostile = [Event::Clone, Event::Wake, Event::Drop].map(TestWaker::panicking);
            let mut handle = match random.below(4) {
                0 => line.spawn(Hostile { ends: None, panics: true, guard: Dropped::new(&drops) }),
                1 => line.spawn(Hostile { ends: None, panics: false, guard: Dropped::panicking(&drops) }),
                2 => {
                    let ends = Some(Dropped::panicking(&outputs));
                    line.spawn(Hostile { ends, panics: false, guard: Dropped::panicking(&drops) })
                }
                _ => {
                    let (wait, output, guard) = (wakers.once(), Dropped::new(&outputs), Dropped::new(&drops));
                    line.spawn(async move {
                        let _guard = guard;
                        wait.await;
                        output
                    })
                }
            };
            made += 1;
            let abort = handle.abort_handle();
            let waker = hostile[random.below(3)].waker();
            panics(|| drop(poll(&mut handle, &waker)));
            line.turn();
            panics(|| drop(poll(&mut handle, &waker)));
            let wake = || wakers.take().into_iter().for_each(core::task::Waker::wake);
            match random.below(4) {
                0 => drop(handle),
                1 => handle.abort(),
                2 => {
                    wake();
                    handle.abort();
                }
                _ => {}
            }
            wake();
            for hostile in &hostile {
                hostile.unhook();
            }
            line.turn();
            abort.abort();
            line.turn();
        }
        assert_eq!(value(&drops), made, "{kind}");
        well(kind, line, made);
    }
}

/// A handle may be used on both sides of a caught panic, whatever its output is: else this does not compile.
#[test]
fn a_handle_crosses_a_caught_panic() {
    fn crosses<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    for (kind, line) in lines() {
        let Ok(mut handle) = try_spawn_at(line, async { core::cell::Cell::new(7) }) else { panic!("{kind}: refused") };
        crosses(&handle);
        line.turn();
        assert_eq!(ready(&mut handle).map(|cell| cell.get()).ok(), Some(7), "{kind}");
    }
}
