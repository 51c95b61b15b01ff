//! Who may end a task, from where, and when that must do nothing.

use core::cell::Cell;
use core::future::{Future, pending};
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use super::util::{Dropped, Home, Line, Wakers, arena, lines, poll, ready};
use crate::task::JoinHandle;

/// A future that must be dropped where it was made, and is not `Send`.
struct AtHome {
    thread: ThreadId,
    drops: Rc<Cell<usize>>,
    wakers: Wakers,
}

impl Future for AtHome {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut wait = self.wakers.wait();
        // SAFETY: it is not moved before it is dropped.
        unsafe { Pin::new_unchecked(&mut wait) }.poll(cx)
    }
}

impl Drop for AtHome {
    fn drop(&mut self) {
        assert_eq!(self.thread, thread::current().id(), "dropped on a foreign thread");
        self.drops.set(self.drops.get() + 1);
    }
}

/// Abort, detach, and the last waker, from three foreign threads: the future, which is not `Send`, is dropped at home.
// Mutant: core/src/task/join.rs :: header.state.abort(self.generation, || unsafe { self.task.schedule_within() }); => _ = header.state.shut_down(); unsafe { (self.task.vtable().held().drop)(self.task, super::cell::Part::Future) };
#[test]
fn failure_031_abort_from_foreign_threads_drops_the_future_on_its_own() {
    for (kind, line) in lines() {
        let drops = Rc::new(Cell::new(0));
        let wakers = Wakers::default();
        let future = AtHome { thread: thread::current().id(), drops: drops.clone(), wakers: wakers.clone() };
        let handle = line.spawn_local(future);
        line.turn();
        let abort = handle.abort_handle();
        let waker = wakers.take().pop().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                abort.abort();
                drop(abort);
            });
            scope.spawn(move || handle.detach());
            scope.spawn(move || {
                waker.wake_by_ref();
                drop(waker);
            });
        });
        assert_eq!(drops.get(), 0, "{kind}: nobody but its executor drops it");
        line.turn();
        assert_eq!(drops.get(), 1, "{kind}");
        // A wake may have come before the abort, and the poll have left a waker.
        drop(wakers.take());
        assert_eq!(line.released(), usize::from(kind == "boxed"), "{kind}");
    }
}

/// An abort needs no runtime around it, and what it finds does not matter to it.
#[test]
fn failure_032_abort_off_runtime() {
    for (kind, line) in lines() {
        // Not started yet.
        let mut handle = line.spawn(pending::<()>());
        thread::scope(|scope| scope.spawn(|| handle.abort()).join().unwrap());
        assert!(!handle.is_finished());
        assert_eq!(line.turn(), 1, "{kind}");
        assert!(handle.is_finished());
        // Complete.
        handle.abort();
        let abort = handle.abort_handle();
        thread::scope(|scope| scope.spawn(|| abort.abort()).join().unwrap());
        assert_eq!(line.turn(), 0, "{kind}");
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
        // Given.
        handle.abort();
        abort.abort();
        assert!(handle.is_finished() && abort.is_finished());
        assert_eq!(line.turn(), 0, "{kind}");
        // Idle, and twice.
        let mut handle = line.spawn(pending::<()>());
        line.turn();
        handle.abort();
        handle.abort_handle().abort();
        assert_eq!(line.turn(), 1, "{kind}");
        assert!(ready(&mut handle).unwrap_err().is_cancelled());
    }
}

/// Aborts, when it is dropped, who is told there.
struct Aborts(Arc<std::sync::Mutex<Option<crate::task::AbortHandle>>>);

impl Drop for Aborts {
    fn drop(&mut self) {
        let abort = self.0.lock().unwrap().take();
        abort.unwrap().abort();
    }
}

/// A task that rests aborts itself in its own drop: while its executor shuts down, and while another abort is carried out.
/// It is released all the same.
#[test]
fn a_task_that_aborts_itself_in_its_drop_is_released() {
    for (kind, line) in lines() {
        for shuts_down in [false, true] {
            if shuts_down && kind == "slots" {
                continue; // a slot's executor does not end
            }
            let seat = Arc::default();
            let aborts = Aborts(Arc::clone(&seat));
            let mut handle = line.spawn(async move {
                let _aborts = aborts;
                pending::<()>().await;
            });
            *seat.lock().unwrap() = Some(handle.abort_handle());
            line.turn();
            if shuts_down {
                assert!(line.shut_down());
            } else {
                handle.abort();
                line.turn();
            }
            assert!(ready(&mut handle).unwrap_err().is_cancelled(), "{kind}");
            assert!(seat.lock().unwrap().is_none(), "{kind}");
            let released = if kind == "boxed" { 1 + usize::from(shuts_down) } else { 0 };
            drop(handle);
            assert_eq!(line.released(), released, "{kind}");
        }
    }
}

/// An abort that comes while the task runs ends it after this poll, unless it is ready.
// Mutant: core/src/task/state/mod.rs :: Self(self.0 | NOTIFIED | CANCELLED)) => Self(self.0 | NOTIFIED))
#[test]
fn an_abort_during_a_poll_ends_the_task_after_it() {
    for (kind, line) in lines() {
        for ends in [false, true] {
            let slot: Arc<std::sync::Mutex<Option<crate::task::AbortHandle>>> = Arc::default();
            let own = slot.clone();
            let mut polls = 0;
            let mut handle = line.spawn(core::future::poll_fn(move |cx| {
                polls += 1;
                assert_eq!(polls, 1, "polled after it was aborted");
                own.lock().unwrap().take().unwrap().abort();
                cx.waker().wake_by_ref();
                if ends { Poll::Ready(7) } else { Poll::Pending }
            }));
            *slot.lock().unwrap() = Some(handle.abort_handle());
            line.turn();
            let output = ready(&mut handle);
            match output {
                Ok(output) => assert!(ends && output == 7, "{kind}"),
                Err(error) => assert!(!ends && error.is_cancelled(), "{kind}: {error}"),
            }
        }
        assert_eq!(line.completed(), 2, "{kind}");
    }
}

/// Two tasks await each other's handles for ever; when they are ended nothing is left of them.
// Mutant: core/src/task/state/mod.rs :: return (Leave::DropWaker, Self(self.0 & !JOIN_WAKER)); => return (Leave::DropOutput, Self(self.0 & !JOIN_WAKER));
#[test]
fn failure_033_tasks_that_await_each_other_are_freed() {
    for (kind, line) in lines() {
        for one_aborts in [false, true] {
            let drops = Arc::new(AtomicUsize::new(0));
            let released = line.released();
            type Other = Arc<std::sync::Mutex<Option<JoinHandle<()>>>>;
            let seats: [Other; 2] = Default::default();
            let spawn = |other: &Other| {
                let (other, dropped) = (other.clone(), Dropped::new(&drops));
                line.spawn(async move {
                    let _dropped = dropped;
                    let handle = other.lock().unwrap().take().unwrap();
                    let _ = handle.await;
                })
            };
            let (one, two) = (spawn(&seats[1]), spawn(&seats[0]));
            let aborts = [one.abort_handle(), two.abort_handle()];
            *seats[0].lock().unwrap() = Some(one);
            *seats[1].lock().unwrap() = Some(two);
            drop(seats);
            line.turn();
            assert_eq!(drops.load(Ordering::Relaxed), 0, "{kind}");
            let [first, second] = aborts;
            first.abort();
            if !one_aborts {
                second.abort();
            }
            drop([first, second]);
            line.turn();
            assert_eq!(drops.load(Ordering::Relaxed), 2, "{kind}");
            assert_eq!(line.released() - released, if kind == "boxed" { 2 } else { 0 }, "{kind}: leaked");
        }
    }
}

/// A handle that outlived its task does nothing to the next tenant of the slot.
// Mutant: core/src/task/state/mod.rs :: self.high() != generation => self.high() == usize::MAX
#[test]
fn a_stale_abort_handle_does_nothing() {
    let line: &Line = Line::new(Home::Pool(arena::<1, 64>()));
    let first = line.spawn(async {});
    let stale = first.abort_handle();
    let id = first.id();
    line.turn();
    drop(first);
    let mut second = line.spawn(async {
        crate::future::yield_now().await;
        2
    });
    assert_ne!(second.id(), id);
    assert!(stale.is_finished());
    stale.abort();
    stale.clone().abort();
    line.turn();
    stale.abort();
    line.turn();
    assert_eq!(ready(&mut second).unwrap(), 2);
}

/// What is dropped where it must not be does not compile; what may go anywhere does.
#[test]
fn a_handle_is_send_where_its_output_is() {
    fn send<T: Send + Sync>() {}
    send::<JoinHandle<u32>>();
    send::<crate::task::AbortHandle>();
    send::<crate::task::JoinError>();
    trait Maybe<A> {
        fn answer() -> bool {
            true
        }
    }
    struct Yes;
    impl<T: ?Sized> Maybe<()> for PhantomData<T> {}
    impl<T: ?Sized + Send> Maybe<Yes> for PhantomData<T> {}
    // Two answers would be ambiguous: it compiles because a handle of an `Rc` is not `Send`.
    assert!(<PhantomData<JoinHandle<Rc<()>>> as Maybe<_>>::answer());
}

/// A join handle polled with one waker after another wakes the last one.
#[test]
fn the_last_joiner_is_woken() {
    use crate::test_util::TestWaker;
    for (kind, line) in lines() {
        let wakers = Wakers::default();
        let mut handle = line.spawn(wakers.once());
        line.turn();
        let (first, second) = (TestWaker::new(), TestWaker::new());
        for _ in 0..2 {
            assert!(poll(&mut handle, &first.waker()).is_pending());
        }
        assert!(poll(&mut handle, &second.waker()).is_pending());
        assert_eq!((first.alive(), second.alive()), (0, 1), "{kind}");
        wakers.take().pop().unwrap().wake();
        line.turn();
        assert_eq!((first.wakes(), second.wakes()), (0, 1), "{kind}");
        ready(&mut handle).unwrap();
        assert_eq!(second.alive(), 0, "{kind}: the handle keeps no waker after its output");
    }
}

/// A detached task goes on, and its output is dropped by its executor.
#[test]
fn a_detached_task_goes_on() {
    for (kind, line) in lines() {
        let drops = Arc::new(AtomicUsize::new(0));
        let wakers = Wakers::default();
        let (wait, output) = (wakers.once(), Dropped::new(&drops));
        let handle = line.spawn(async move {
            wait.await;
            output
        });
        line.turn();
        handle.detach();
        let waker: Waker = wakers.take().pop().unwrap();
        waker.wake();
        assert_eq!(drops.load(Ordering::Relaxed), 0, "{kind}");
        line.turn();
        assert_eq!(drops.load(Ordering::Relaxed), 1, "{kind}");
        assert_eq!(line.released(), usize::from(kind == "boxed"), "{kind}");
    }
}
