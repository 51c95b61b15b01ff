//! Each asynchronous method of the primitives, in a state in which it waits.

mod cancellation;
mod channels;
mod clocks;
mod locks;
mod meetings;
mod pipes;
mod statics;
mod tasks;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A waiting call; what it gives is kept by who polled it.
pub type Call = Pin<Box<dyn Future<Output = Box<dyn Any>>>>;

/// A method that waits.
pub struct Rig {
    pub name: &'static str,
    /// Calls it.
    pub start: Box<dyn Fn() -> Call>,
    /// Lets one call go on: whichever is due.
    pub grant: Box<dyn Fn()>,
    /// Whether one call at a time is all there can be (`&mut self`).
    pub single: bool,
    /// Whether a call that was dropped while it waits counts as made all the same.
    pub counts: bool,
    /// Where a call that was let go on waits for a second thing: takes that away until what this gives is dropped.
    pub second: Option<Box<dyn Fn() -> Box<dyn Any>>>,
    /// Whether what the call carries is only lent to it.
    pub borrows: bool,
    /// Where the call carries a value: how many values have arrived.
    pub arrived: Option<Box<dyn Fn() -> usize>>,
    /// Where several calls go on at once: another one in the same line, by which their order is seen.
    pub rival: Option<Rival>,
    /// What a call takes with it by value.
    pub takes: Option<Taken>,
}

/// What a call takes with it: what it is, and whether it is there.
pub type Taken = (&'static str, Box<dyn Fn() -> bool>);

/// A call that does not go on together with those of the method, or not in the same way.
pub struct Rival {
    /// Calls it.
    pub start: Box<dyn Fn() -> Call>,
    /// Whether it went before one of the method: told whether each of them is done, the rival first.
    pub went_first: Box<dyn Fn(bool, bool) -> bool>,
}

impl Rival {
    fn new<T: 'static, F: Future<Output = T> + 'static>(
        start: impl Fn() -> F + 'static,
        went_first: impl Fn(bool, bool) -> bool + 'static,
    ) -> Option<Self> {
        Some(Self { start: Box::new(move || call(start())), went_first: Box::new(went_first) })
    }
}

/// Something for ever, so that calls can borrow it.
fn keep<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn call<T: 'static>(future: impl Future<Output = T> + 'static) -> Call {
    Box::pin(async move { Box::new(future.await) as Box<dyn Any> })
}

fn rig<T: 'static, F: Future<Output = T> + 'static, G>(
    name: &'static str,
    start: impl Fn() -> F + 'static,
    grant: impl Fn() -> G + 'static,
) -> Rig {
    let grant = Box::new(move || {
        let _ = grant();
    });
    Rig {
        name,
        start: Box::new(move || call(start())),
        grant,
        single: false,
        counts: false,
        second: None,
        borrows: false,
        arrived: None,
        rival: None,
        takes: None,
    }
}

/// Something that is lent to one call, and comes back when that is dropped.
struct Lent<R> {
    thing: Option<R>,
    home: Rc<RefCell<Option<R>>>,
}

impl<R> Drop for Lent<R> {
    fn drop(&mut self) {
        *self.home.borrow_mut() = self.thing.take();
    }
}

fn single<R: 'static, T: 'static, G>(
    name: &'static str,
    thing: R,
    method: impl for<'a> Fn(&'a mut R) -> Pin<Box<dyn Future<Output = T> + 'a>> + Clone + 'static,
    grant: impl Fn() -> G + 'static,
) -> Rig {
    let home = Rc::new(RefCell::new(Some(thing)));
    let start = move || {
        let mut lent = Lent { thing: home.borrow_mut().take(), home: home.clone() };
        let method = method.clone();
        async move { method(lent.thing.as_mut().expect("one call at a time")).await }
    };
    Rig { single: true, ..rig(name, start, grant) }
}

/// Gives back what is held: once.
fn release<T: 'static>(held: T) -> impl Fn() + 'static {
    let held = RefCell::new(Some(held));
    move || {
        // Not in the borrow: a hostile waker may come back here.
        let held = held.borrow_mut().take();
        drop(held);
    }
}

/// One whose call carries a value other than 0; `take` takes one out at the other side.
fn carrying<T: 'static, F: Future<Output = T> + 'static>(
    name: &'static str,
    start: impl Fn() -> F + 'static,
    take: impl Fn() -> Option<u32> + Clone + 'static,
) -> Rig {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    let take = move || {
        if take().is_some_and(|message| message > 0) {
            counted.set(counted.get() + 1);
        }
    };
    let arrived = {
        let take = take.clone();
        move || {
            take();
            count.get()
        }
    };
    Rig { arrived: Some(Box::new(arrived)), ..rig(name, start, take) }
}

/// All rigs, each fresh.
pub fn all() -> Vec<Rig> {
    let places = [
        locks::rigs,
        meetings::rigs,
        cancellation::rigs,
        channels::rigs,
        statics::rigs,
        pipes::rigs,
        clocks::rigs,
        tasks::rigs,
    ];
    places.into_iter().flat_map(|rigs| rigs()).collect()
}

/// A call that is being waited for, its waker's count, and what it gave.
pub struct Waiting {
    call: Option<Call>,
    count: Arc<Count>,
    given: Option<Box<dyn Any>>,
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Waiting {
    /// Calls a method, and polls it so often.
    pub fn start(rig: &Rig, polls: usize) -> Self {
        Self::begun(rig, (rig.start)(), polls)
    }

    /// Calls the rival of a method, or where there is none the method, and polls it once.
    pub fn rival(rig: &Rig) -> Self {
        Self::begun(rig, rig.rival.as_ref().map_or(&rig.start, |rival| &rival.start)(), 1)
    }

    fn begun(rig: &Rig, call: Call, polls: usize) -> Self {
        let mut waiting = Self { call: Some(call), count: Arc::default(), given: None };
        for _ in 0..polls {
            assert!(!waiting.poll(), "{}: it does not wait", rig.name);
        }
        waiting
    }

    /// Polls it; whether it is done.
    pub fn poll(&mut self) -> bool {
        let waker = Waker::from(self.count.clone());
        self.poll_with(&waker)
    }

    /// Polls it with a waker of the caller's.
    pub fn poll_with(&mut self, waker: &Waker) -> bool {
        let Some(call) = &mut self.call else { return true };
        match call.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(given) => {
                self.given = Some(given);
                self.call = None;
                true
            }
            Poll::Pending => false,
        }
    }

    /// Polls it as long as it is woken; whether it is done.
    pub fn poll_if_woken(&mut self) -> bool {
        while self.call.is_some() && self.count.0.swap(0, Ordering::Relaxed) > 0 {
            self.poll();
        }
        self.call.is_none()
    }

    /// Polls it, and goes on as long as it is woken; whether it is done.
    pub fn settle(&mut self) -> bool {
        self.poll();
        self.poll_if_woken()
    }
}
