//! A set of local tasks, and wakers of its drivers that do what wakers seldom do.
#![cfg(all(feature = "std", not(loom)))]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use zokio_core::future::yield_now;
use zokio_executor_local::LocalSet;

/// Counts its wakes, and panics at each if it is told to.
#[derive(Default)]
struct Count {
    wakes: AtomicUsize,
    panics: bool,
}

impl Count {
    fn panics() -> Self {
        Self { panics: true, ..Self::default() }
    }

    fn wakes(&self) -> usize {
        self.wakes.load(Ordering::Relaxed)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "in a waker");
    }
}

fn poll(future: &mut Pin<Box<impl Future>>, waker: Waker) -> bool {
    future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
}

/// The waker of one driver panics: the others are woken all the same, and run what there is to run.
// Mutant: executor-local/src/local_set.rs :: None => panic = Some(payload), => None => resume_unwind(payload),
#[test]
fn a_waker_that_panics_does_not_keep_the_other_drivers_from_being_woken() {
    for bad in 0..3 {
        let set = LocalSet::new();
        let counts: Vec<_> =
            (0..3).map(|driver| Arc::new(if driver == bad { Count::panics() } else { Count::default() })).collect();
        let mut drivers: Vec<_> = (0..3).map(|_| Box::pin(set.run_until(pending::<()>()))).collect();
        for (driver, count) in drivers.iter_mut().zip(&counts) {
            assert!(!poll(driver, count.clone().into()));
        }
        let spawned = catch_unwind(AssertUnwindSafe(|| drop(set.spawn_local(async {}))));
        let text = *spawned.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!(text, "in a waker", "who wakes is told");
        assert_eq!(counts.iter().map(|count| count.wakes()).collect::<Vec<_>>(), [1; 3], "driver {bad} panics");
        let good = usize::from(bad == 0);
        assert!(!poll(&mut drivers[good], counts[good].clone().into()));
        assert_eq!(set.tasks(), 0, "it was run by who was woken");
    }
}

/// The wakers that are called at the end of a turn panic, and the turn does too: the turn's panic stays alone.
// Mutant: executor-local/src/local_set.rs :: Some(payload) if std::thread::panicking() => discard(payload), =>
#[test]
fn wakers_that_panic_while_a_turn_panics_do_not_abort() {
    let set = LocalSet::new();
    let count = Arc::new(Count::panics());
    let mut other = Box::pin(set.run_until(pending::<()>()));
    assert!(!poll(&mut other, count.clone().into()));
    let mut panics = Box::pin(set.run_until(async {
        drop(set.spawn_local(async {}));
        panic!("in a turn");
    }));
    let own = Arc::new(Count::panics());
    let turn = catch_unwind(AssertUnwindSafe(|| poll(&mut panics, own.clone().into())));
    assert_eq!(*turn.unwrap_err().downcast::<&str>().unwrap(), "in a turn");
    assert_eq!((own.wakes(), count.wakes()), (1, 1), "both are told what is left to run");
}

std::thread_local! {
    static FUTURE: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>> = const { RefCell::new(None) };
    static POLLS: Cell<usize> = const { Cell::new(0) };
}

/// Polls where it is called, as the loops of some programs with windows do.
struct InPlace;

impl Wake for InPlace {
    fn wake(self: Arc<Self>) {
        poll_in_place();
    }
}

fn poll_in_place() {
    let Some(mut future) = FUTURE.take() else { return }; // it is being polled
    POLLS.set(POLLS.get() + 1);
    assert!(POLLS.get() < 100, "polled a hundred times for one wake");
    if future.as_mut().poll(&mut Context::from_waker(&Arc::new(InPlace).into())).is_pending() {
        FUTURE.set(Some(future));
    }
}

/// A driver whose waker polls it at once, and which registers again by that, is woken once for one wake.
// Mutant: executor-local/src/local_set.rs :: |(came, _)| *came < this => |(came, _)| *came <= this
#[test]
fn a_waker_that_polls_where_it_is_called_is_called_once_a_wake() {
    let set = Rc::new(LocalSet::new());
    let own = set.clone();
    FUTURE.set(Some(Box::pin(async move { own.run_until(pending()).await })));
    poll_in_place();
    assert_eq!(POLLS.get(), 1);
    for wake in 1..=3 {
        assert!(set.spawn_local(async {}).is_finished());
        assert_eq!(POLLS.get(), 1 + wake);
    }
    // Beside one that is woken as usual.
    let count = Arc::new(Count::default());
    let mut other = Box::pin(set.run_until(pending::<()>()));
    assert!(!poll(&mut other, count.clone().into()));
    assert!(set.spawn_local(async {}).is_finished());
    assert_eq!((POLLS.get(), count.wakes()), (5, 1));
}

/// A waker that panics when it is dropped, of a driver that leaves: the others are told that it leaves.
// Mutant: executor-local/src/local_set.rs :: let _waker = self.set.drivers.remove => let _ = self.set.drivers.remove
#[test]
fn a_driver_whose_waker_panics_when_dropped_hands_the_set_over() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in a waker's drop");
        }
    }
    let set = LocalSet::new();
    let count = Arc::new(Count::default());
    let mut stays = Box::pin(set.run_until(yield_now()));
    assert!(!poll(&mut stays, count.clone().into()));
    let before = count.wakes();
    let mut leaves = Box::pin(set.run_until(pending::<()>()));
    assert!(!poll(&mut leaves, Arc::new(Bad).into()));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(leaves))).is_err());
    assert!(count.wakes() > before, "it was told");
    assert!(poll(&mut stays, count.into()));
}
