//! A set of local tasks, and wakers of its drivers that do what wakers seldom do.
#![cfg(all(feature = "std", not(loom)))]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

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

/// The waker of one driver panics: the others are woken all the same, and run what there is to run; who spawns hears nothing of it.
// Mutant: executor-local/src/local_set.rs :: swallow(|| waker.wake()); => waker.wake();
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
        let handle = set.spawn_local(async {});
        assert_eq!(counts.iter().map(|count| count.wakes()).collect::<Vec<_>>(), [1; 3], "driver {bad} panics");
        let good = usize::from(bad == 0);
        assert!(!poll(&mut drivers[good], counts[good].clone().into()));
        assert!(handle.is_finished(), "it was run by who was woken");
    }
}

/// The wakers that are called at the end of a turn panic, and the turn does too: the turn's panic stays alone.
// Mutant: executor-local/src/local_set.rs :: swallow(|| waker.wake()); => waker.wake();
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

/// A waker each drop of which panics, unless the thread does already.
fn panics_when_dropped() -> ManuallyDrop<Waker> {
    static TABLE: RawWakerVTable = RawWakerVTable::new(
        |data| RawWaker::new(data, &TABLE),
        |_| (),
        |_| (),
        |_| assert!(std::thread::panicking(), "in a waker's drop"),
    );
    // SAFETY: there is nothing behind the pointer, so all of it may be called anywhere.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) })
}

/// Who has run a future to its end on the set has its output, whatever its own waker does then and those of others that are woken.
// Mutant: executor-local/src/local_set.rs :: swallow(|| drop(driver)); => drop(driver);
// Mutant: executor-local/src/local_set.rs :: swallow(|| drop(ManuallyDrop::into_inner(driver))); => drop(ManuallyDrop::into_inner(driver));
#[test]
fn a_waker_that_panics_costs_no_output() {
    let mut set = Box::pin(LocalSet::new());
    let count = Arc::new(Count::panics());
    let mut other = Box::pin(set.run_until(pending::<()>()));
    assert!(!poll(&mut other, count.clone().into()));
    let bad = panics_when_dropped();
    let mut cx = Context::from_waker(&bad);
    let mut one = Box::pin(set.run_until(async { Box::new(5) }));
    assert_eq!(one.as_mut().poll(&mut cx).map(|output| *output), Poll::Ready(5));
    assert_eq!(count.wakes(), 1);
    drop((one, other));
    assert!(set.as_mut().poll(&mut cx).is_ready());
}

/// The waker of a local task is given up where it wakes a driver whose waker panics; and with the set go the wakers of all who drove
/// it, also where somebody keeps something of it, and where the drop of one panics.
// Mutant: executor-local/src/local_set.rs :: self.drivers.clear(); => let _ = Drivers::clear;
// Mutant: executor-local/src/local_set.rs :: swallow(|| drop(rest)); => drop(rest);
#[test]
fn what_outlives_its_set_has_nothing_of_who_drove_it() {
    let kept = Rc::new(RefCell::new(None::<Waker>));
    let mut set = Box::pin(LocalSet::new());
    let left = kept.clone();
    set.spawn_local(poll_fn(move |cx| {
        left.borrow_mut().get_or_insert_with(|| cx.waker().clone());
        Poll::<()>::Pending
    }))
    .detach();
    let mut handle = set.spawn_local(async { 5 });
    let (hostile, forgotten, last) =
        (Arc::new(Count::panics()), Arc::new(Count::default()), Arc::new(Count::default()));
    assert!(!poll(&mut set, hostile.clone().into()));
    kept.borrow_mut().take().unwrap().wake();
    assert_eq!(hostile.wakes(), 1);
    // Forgotten, which to Miri is an error.
    if !cfg!(miri) {
        let cx = panics_when_dropped();
        let mut bad = ManuallyDrop::new(Box::pin(set.run_until(pending::<()>())));
        assert!(bad.as_mut().poll(&mut Context::from_waker(&cx)).is_pending());
        let mut driver = ManuallyDrop::new(Box::pin(set.run_until(pending::<()>())));
        assert!(!poll(&mut driver, forgotten.clone().into()));
    }
    assert!(!poll(&mut set, last.clone().into()));
    // Kept beyond the set, and the executor with it.
    let waker = kept.borrow_mut().take().unwrap();
    drop(set);
    assert_eq!([hostile, forgotten, last].map(|count| Arc::strong_count(&count)), [1; 3]);
    assert!(matches!(Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(5))));
    drop(waker);
}
