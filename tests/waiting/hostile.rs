//! Wakers that panic, or call back into the primitive that calls them, in each of their four functions.
//!
//! The first to wait has such a waker. Whatever it does, the primitive must not lock up, and once the first has gone, who
//! waits behind it gets what there is to get.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::rigs::{Rig, Waiting, all};

/// The functions of a waker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Function {
    Clone,
    Wake,
    WakeByRef,
    Drop,
}

/// What a hostile waker does, and where. Behind a pointer that is leaked: wakers of this test live as long as they like.
struct Hostile {
    at: Function,
    act: RefCell<Box<dyn FnMut()>>,
    armed: RefCell<bool>,
}

impl Hostile {
    fn called(&self, function: Function) {
        // Once: a destructor that panics while another panic unwinds ends the process.
        if function == self.at && self.armed.replace(false) {
            let mut act = self.act.borrow_mut();
            act();
        }
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        hostile(data).called(Function::Clone);
        RawWaker::new(data, &TABLE)
    },
    |data| {
        hostile(data).called(Function::Wake);
        hostile(data).called(Function::WakeByRef);
    },
    |data| hostile(data).called(Function::WakeByRef),
    |data| hostile(data).called(Function::Drop),
);

fn hostile(data: *const ()) -> &'static Hostile {
    // SAFETY: every pointer of the table is of a leaked `Hostile`, used on one thread.
    unsafe { &*data.cast::<Hostile>() }
}

fn waker(at: Function, act: impl FnMut() + 'static) -> (Waker, &'static Hostile) {
    let hostile: &'static Hostile =
        Box::leak(Box::new(Hostile { at, act: RefCell::new(Box::new(act)), armed: RefCell::new(true) }));
    // SAFETY: the functions keep the contract of a waker but for panics, which it does not forbid; one thread.
    (unsafe { Waker::from_raw(RawWaker::new(std::ptr::from_ref(hostile).cast(), &TABLE)) }, hostile)
}

const FUNCTIONS: [Function; 4] = [Function::Clone, Function::Wake, Function::WakeByRef, Function::Drop];

/// The first waits with `waker`, another behind it; one is let go on, and the first goes away. So many more are let go on
/// where the waker may have used up what was granted.
fn play(rig: &Rig, waker: Waker, hostile: &Hostile, spent: usize, what: &str) {
    let mut first = Some(Waiting::start(rig, 0));
    // It may panic, or be ready at once: a callback grants what it waits for.
    let polled = catch_unwind(AssertUnwindSafe(|| first.as_mut().expect("it is there").poll_with(&waker)));
    if rig.single && matches!(polled, Ok(true)) {
        return;
    }
    let mut next = (!rig.single).then(|| Waiting::start(rig, 0));
    // `Signal` has one seat: who takes it wakes who had it, and may meet its panic. Then it calls again.
    let seated = catch_unwind(AssertUnwindSafe(|| next.as_mut().is_some_and(Waiting::poll)));
    if seated.is_err() {
        next = Some(Waiting::start(rig, 1));
    }
    let _ = catch_unwind(AssertUnwindSafe(|| (rig.grant)()));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(first.take())));
    hostile.armed.replace(false);
    drop(waker);
    let mut next = next.unwrap_or_else(|| Waiting::start(rig, 0));
    let mut done = next.settle();
    for _ in 0..spent {
        if !done {
            (rig.grant)();
            done = next.settle();
        }
    }
    assert!(done, "{what}: who waits behind it is forgotten");
}

#[test]
fn hostile_wakers_that_panic_lose_nothing_for_others() {
    std::panic::set_hook(Box::new(|info| {
        // What is planned is not shown.
        if info.payload().downcast_ref::<&str>() != Some(&"as planned") {
            eprintln!("{info}");
        }
    }));
    for at in 0..all().len() {
        for function in FUNCTIONS {
            let rig = all().swap_remove(at);
            let what = format!("{}, panic in {function:?}", rig.name);
            let (waker, hostile) = waker(function, || panic!("as planned"));
            let played = catch_unwind(AssertUnwindSafe(|| play(&rig, waker, hostile, usize::from(rig.counts), &what)));
            assert!(played.is_ok(), "{what}: the panic reached somebody else, or who waits is forgotten");
        }
    }
}

#[test]
fn hostile_wakers_that_call_back_do_not_lock_up() {
    for at in 0..all().len() {
        for function in FUNCTIONS {
            let rig = Rc::new(all().swap_remove(at));
            let what = format!("{}, callback in {function:?}", rig.name);
            let again = rig.clone();
            let (waker, hostile) = waker(function, move || {
                (again.grant)();
                if !again.single {
                    Waiting::start(&again, 0).poll();
                    drop(Waiting::start(&again, 0));
                }
            });
            play(&rig, waker, hostile, 2, &what);
        }
    }
}
