//! The end of an executor, against wakes and spawns.

use core::future::pending;

use loom::thread;

use super::{Drops, Watched};
use crate::task::tests::util::{Home, Line, Wakers, poll};
use crate::task::{JoinHandle, SpawnError, try_spawn_at};

fn end(line: &'static Line) {
    while !line.shut_down() {
        // Somebody has won NOTIFIED and not pushed yet.
        thread::yield_now();
    }
}

/// A waker fires while its executor ends: the task is cancelled once, by the executor, also where the waker has won and
/// not pushed yet.
// Mutant: core/src/task/state/mod.rs :: } else if self.0 & (RUNNING | NOTIFIED) != 0 { => } else if self.0 & RUNNING != 0 {
#[test]
fn failure_034_wake_races_executor_drop() {
    loom::model(|| {
        let line: &Line = Line::new(Home::Boxed);
        let (drops, wakers) = (Drops::default(), Wakers::default());
        let (watched, wait) = (Watched::new(&drops), wakers.wait());
        let mut handle = line.spawn(async move {
            watched.touch();
            wait.await;
        });
        line.turn();
        let waker = wakers.take().pop().unwrap();
        let waking = thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        });
        end(line);
        assert_eq!((line.completed(), drops.count()), (1, 1), "not cancelled");
        waking.join().unwrap();
        assert!(line.pop().is_none(), "queued where nobody will look");
        match poll(&mut handle, core::task::Waker::noop()) {
            core::task::Poll::Ready(output) => assert!(output.unwrap_err().is_cancelled()),
            core::task::Poll::Pending => panic!("pending"),
        }
        assert_eq!((drops.count(), line.released()), (1, 1));
    });
}

/// As above, and a join handle goes at the same time.
// Mutant: core/src/task/state/mod.rs :: (Shutdown::Claimed, Self(self.0 | CANCELLED | RUNNING)) => (Shutdown::Claimed, Self(self.0 | CANCELLED))
#[test]
fn an_abort_and_a_join_race_executor_drop() {
    loom::model(|| {
        let line: &Line = Line::new(Home::Boxed);
        let drops = Drops::default();
        let watched = Watched::new(&drops);
        let handle = line.spawn(async move {
            watched.touch();
            pending::<()>().await;
        });
        line.turn();
        let abort = handle.abort_handle();
        let aborting = thread::spawn(move || {
            abort.abort();
            drop(handle);
        });
        end(line);
        aborting.join().unwrap();
        assert!(line.pop().is_none(), "queued where nobody will look");
        assert_eq!((line.completed(), drops.count(), line.released()), (1, 1, 1));
    });
}

/// A spawn against the end: the future comes back, or is cancelled; it is dropped once in any case.
// Mutant: core/src/task/heap.rs :: if list.closed {\n                return false; => if list.closed && list.tasks.len() > 9 {\n                return false;
#[test]
fn a_spawn_races_executor_drop() {
    loom::model(|| {
        let line: &Line = Line::new(Home::Boxed);
        let drops = Drops::default();
        let watched = Watched::new(&drops);
        let spawning = thread::spawn(move || {
            let task = try_spawn_at(line, async move {
                watched.touch();
                pending::<()>().await;
            });
            match task {
                Ok(handle) => Some(handle),
                Err(SpawnError::Closed(future)) => {
                    drop(future);
                    None
                }
                Err(error) => panic!("{error}"),
            }
        });
        end(line);
        let handle: Option<JoinHandle<()>> = spawning.join().unwrap();
        assert!(line.pop().is_none(), "queued where nobody will look");
        let spawned = usize::from(handle.is_some());
        assert!(handle.as_ref().is_none_or(JoinHandle::is_finished));
        drop(handle);
        assert_eq!((line.completed(), line.released(), drops.count()), (spawned, spawned, 1));
    });
}
