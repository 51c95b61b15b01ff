//! What programs write that were made for tokio: calls that must compile as they stand, and mean the same.

use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use zokio::runtime::{EnterGuard, Runtime};
use zokio::sync::mpsc::error::{SendError, TrySendError};
use zokio::sync::{CancellationToken, Mutex, Notify, OnceCell, RwLock, SetOnce};
use zokio::task::{JoinSet, LocalSet, TaskTracker};
use zokio::time::{sleep, timeout};

fn is_same<T>(_: &T, _: &T) {}

/// The lock is a parameter here, and never one that a program has to name.
#[test]
fn a_default_or_a_conversion_needs_no_type() {
    assert_eq!(*Mutex::from(9).try_lock().unwrap(), 9);
    assert_eq!(*RwLock::from(9).try_read().unwrap(), 9);
    let (notify, mutex, rwlock) = (Notify::default(), Mutex::default(), RwLock::default());
    is_same(&notify, &Notify::new());
    is_same(&mutex, &Mutex::new(1));
    is_same(&rwlock, &RwLock::new(1));
    is_same(&OnceCell::default(), &OnceCell::new_with(Some(1)));
    is_same(&SetOnce::default(), &SetOnce::new_with(Some(1)));
    assert_eq!(Arc::new(Mutex::default()).try_lock().map(|guard: zokio::sync::MutexGuard<'_, u8>| *guard).unwrap(), 0);
}

#[zokio::test(start_paused = true)]
async fn a_question_mark_turns_errors_into_those_of_io() {
    async fn late() -> io::Result<()> {
        timeout(Duration::from_millis(1), pending::<()>()).await?;
        Ok(())
    }
    async fn aborted() -> io::Result<()> {
        let task = zokio::spawn(pending::<()>());
        task.abort();
        Ok(task.await?)
    }
    assert_eq!(late().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    let error = aborted().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Other);
    assert!(error.to_string().ends_with("was cancelled"), "{error}");
    assert!(error.downcast::<zokio::task::JoinError>().unwrap().is_cancelled());
    assert!(matches!(TrySendError::from(SendError(5)), TrySendError::Closed(5)));
}

#[test]
fn handles_may_be_looked_at_after_a_panic() {
    fn crosses<T: UnwindSafe + RefUnwindSafe>() {}
    crosses::<zokio::task::AbortHandle>();
    crosses::<zokio::task::JoinHandle<std::cell::Cell<u8>>>();
    crosses::<zokio::runtime::LocalRuntime>();
    crosses::<zokio::net::TcpListener>();
    crosses::<zokio::net::TcpStream>();
    crosses::<zokio::net::tcp::OwnedReadHalf>();
    struct Plain;
    assert!(format!("{:?}", JoinSet::<Plain>::new()).starts_with("JoinSet"));
}

#[test]
fn a_guard_of_a_runtime_names_its_lifetime() {
    fn entered(runtime: &Runtime) -> EnterGuard<'_> {
        runtime.enter()
    }
    let runtime = Runtime::new().unwrap();
    let guard = entered(&runtime);
    let task = zokio::spawn(async { 1 });
    drop(guard);
    assert_eq!(runtime.block_on(task).unwrap(), 1);
}

#[zokio::test]
async fn types_are_named_in_the_places_that_tokio_has_for_them() {
    assert_eq!(zokio::task::spawn_blocking::<_, u8>(|| 1).await.unwrap(), 1);
    let mut set = JoinSet::new();
    set.spawn_blocking::<fn() -> u8>(|| 2);
    assert_eq!(set.join_next().await.unwrap().unwrap(), 2);
    let mut wait = pin!(sleep(Duration::from_secs(1000)));
    wait.as_mut().reset(std::time::Instant::now().into());
    let over = poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx).is_ready())).await;
    assert!(over, "it was moved to a time that has come");
    let named_so: zokio::task::Unconstrained<_> = zokio::task::unconstrained(async { 1 });
    assert_eq!(named_so.await, 1);
    let kept = |unit: zokio::task::coop::RestoreOnPending| [1, 2].map(|_| unit.made_progress());
    poll_fn(|cx| zokio::task::coop::poll_proceed(cx).map(kept)).await;
    fn named(_: &zokio::sync::futures::Notified<'_>, _: &zokio::sync::futures::OwnedNotified) {}
    let notify = Arc::new(Notify::new());
    named(&notify.notified(), &notify.clone().notified_owned());
}

#[test]
#[allow(clippy::mutable_key_type)] // what changes in it is not what it is equal by
fn a_token_is_equal_to_its_clones_and_to_nothing_else() {
    let (one, other) = (CancellationToken::new(), CancellationToken::new());
    let (child, sibling) = (one.child_token(), one.child_token());
    assert!(one == one.clone() && child == child.clone());
    assert!(one != other && one != child && child != sibling);
    let all: HashSet<_> =
        [one.clone(), one.clone(), other, child.clone(), child.clone(), sibling].into_iter().collect();
    assert_eq!(all.len(), 4);
    let guard = child.clone().drop_guard();
    assert!(*guard.token() == child && !child.is_cancelled());
    assert!(*child.drop_guard_ref().token() == child);
    assert!(child.is_cancelled() && guard.token().is_cancelled() && !one.is_cancelled());
}

/// Every way to spawn is tracked until the work, and what it owns, is gone.
#[zokio::test]
async fn a_tracker_spawns() {
    struct Gone(Arc<AtomicBool>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let tracker = TaskTracker::new();
    assert!(TaskTracker::ptr_eq(tracker.token().task_tracker(), &tracker));
    tracker.close();
    let handle = zokio::runtime::Handle::current();
    for way in 0..5 {
        let gone = Arc::new(AtomicBool::new(false));
        let owned = Gone(gone.clone());
        let work = async move {
            zokio::task::yield_now().await;
            drop(owned);
            3
        };
        let set = LocalSet::new();
        let task = match way {
            0 => tracker.spawn(work),
            1 => tracker.spawn_on(work, &handle),
            2 => tracker.spawn_local_on(work, &set),
            _ => {
                let owned = Gone(gone.clone());
                let call = move || (drop(owned), 3).1;
                if way == 3 { tracker.spawn_blocking(call) } else { tracker.spawn_blocking_on(call, &handle) }
            }
        };
        assert!(!tracker.is_empty() || way > 2);
        set.run_until(tracker.wait()).await;
        assert!(gone.load(Ordering::SeqCst), "way {way}");
        assert!(tracker.is_empty());
        assert_eq!(task.await.unwrap(), 3);
    }
    LocalSet::new().run_until(async { assert_eq!(tracker.spawn_local(async { 4 }).await.unwrap(), 4) }).await;
    // A task that is aborted or panics is tracked no longer.
    let task = tracker.spawn(pending::<()>());
    task.abort();
    tracker.wait().await;
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(tracker.spawn_blocking(|| -> u8 { panic!("on purpose") }).await.is_err());
    tracker.wait().await;
}
