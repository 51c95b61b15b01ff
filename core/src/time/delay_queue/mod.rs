//! Values that come out when their time has come: `DelayQueue`, and [`FixedDelayQueue`] where there is no allocator.
//!
//! Both are `Queue` over their memory: a heap of their own (the one of `heap`, in which `&mut` is the lock), so that the
//! order is exact and a look at the first costs nothing, and one [`Sleep`] until the earliest deadline.
//!
//! # Invariants
//!
//! - *linked while taken*: the node of a slot is linked exactly while the slot has a value, and is taken out before either
//!   goes, at the latest by the drop of the queue.
//! - *named*: the waker of a linked node is no waker but the number of its slot; nobody calls it.
//! - *told*: a task that found nothing due is woken when the earliest deadline becomes earlier, and when the queue becomes
//!   empty, since then it has an answer.
//! - *kept*: who got a value or a key returns it. A waker that panics after that, woken here or dropped with the sleep, is let go.

#[cfg(feature = "alloc")]
mod alloc;
mod fixed;

#[cfg(feature = "alloc")]
pub use self::alloc::DelayQueue;
pub use self::fixed::{FixedDelayQueue, Full};

use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker, ready};
use core::time::Duration;

use super::heap::Heap;
use super::node::Node;
use super::queue::Place;
use super::sleep::place as current;
use super::{Instant, Moment, Sleep};
use crate::ambient::Ambient;
use crate::guard;
use crate::task::coop;

/// Names a value in a delay queue, until it comes out.
///
/// A key of a value that is gone is known as such, whatever has taken its place, unless it is kept until that place has been
/// taken another `usize::MAX + 1` times: 2^32 on a 32-bit target, where it names a value again that is not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Key {
    slot: usize,
    /// How often the slot was taken before.
    generation: usize,
}

/// A value whose time has come.
#[derive(Debug)]
pub struct Expired<T, I = Instant> {
    value: T,
    deadline: Instant,
    key: Key,
    _tells: PhantomData<fn() -> I>,
}

impl<T, I: Moment> Expired<T, I> {
    /// The value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The value.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// When it was due.
    pub fn deadline(&self) -> I {
        self.deadline.into()
    }

    /// What its key was.
    pub fn key(&self) -> Key {
        self.key
    }
}

/// Memory for one value.
struct Slot<T> {
    node: Option<Node>,
    /// *linked while taken*.
    value: Option<T>,
    generation: usize,
    /// The next free slot, while this is one; the number of slots ends the list.
    next: usize,
}

impl<T> Slot<T> {
    const fn new(next: usize) -> Self {
        Self { node: None, value: None, generation: 0, next }
    }

    /// The node is pinned with its slot, the rest is not.
    fn project(self: Pin<&mut Self>) -> (Pin<&mut Option<Node>>, &mut Option<T>, &mut usize, &mut usize) {
        // SAFETY: *pinned in place*: the node is not moved out of a pinned slot, which has no `Drop` of its own and is
        // `Unpin` only if the node is.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: *pinned in place*.
        let node = unsafe { Pin::new_unchecked(&mut this.node) };
        (node, &mut this.value, &mut this.generation, &mut this.next)
    }
}

/// The slots of a queue, which stay where they are.
trait Slots<T> {
    /// How many there are.
    fn count(&self) -> usize;
    /// One of them.
    fn get(&self, slot: usize) -> Option<&Slot<T>>;
    /// One of them.
    fn pinned(self: Pin<&mut Self>, slot: usize) -> Option<Pin<&mut Slot<T>>>;
    /// Makes one more, whose `next` is `next`, if it can.
    fn grow(self: Pin<&mut Self>, next: usize) -> bool;
}

/// A delay queue over any memory.
struct Queue<T, S: Slots<T>, A> {
    heap: Heap,
    timers: Option<Place>,
    /// Of the task that polled last, until it is told something.
    waker: Option<Waker>,
    len: usize,
    free: usize,
    sleep: Option<Sleep>,
    slots: S,
    _context: PhantomData<fn() -> (T, A)>,
}

/// [`Queue`], with what is pinned pinned.
struct Parts<'a, S> {
    heap: &'a mut Heap,
    timers: &'a mut Option<Place>,
    waker: &'a mut Option<Waker>,
    len: &'a mut usize,
    free: &'a mut usize,
    sleep: Pin<&'a mut Option<Sleep>>,
    slots: Pin<&'a mut S>,
}

/// *named*.
fn name(slot: usize) -> Waker {
    const NOTHING: RawWakerVTable = RawWakerVTable::new(|data| RawWaker::new(data, &NOTHING), |_| (), |_| (), |_| ());
    // SAFETY: its functions do nothing with the data, and nothing else.
    unsafe { Waker::from_raw(RawWaker::new(ptr::without_provenance(slot), &NOTHING)) }
}

fn slot_of(name: &Waker) -> usize {
    name.data().addr()
}

impl<T, S: Slots<T>, A: Ambient> Queue<T, S, A> {
    const fn new(slots: S) -> Self {
        Self {
            heap: Heap::new(),
            timers: None,
            waker: None,
            len: 0,
            free: 0,
            sleep: None,
            slots,
            _context: PhantomData,
        }
    }

    /// Puts a value in; gives it back if there is no slot. `deadline` is foreign code, and comes before any change.
    #[track_caller]
    fn insert(self: Pin<&mut Self>, value: T, deadline: impl FnOnce(Place) -> Instant) -> Result<Key, T> {
        let Parts { heap, timers: own, waker, len, free, mut slots, .. } = self.parts();
        let timers = own.unwrap_or_else(current::<A>);
        let slot = *free;
        if slot == slots.count() && !slots.as_mut().grow(slot + 1) {
            return Err(value);
        }
        let Some(place) = slots.pinned(slot) else { return Err(value) };
        let deadline = deadline(timers);
        let (mut node, content, generation, next) = place.project();
        *own = Some(timers);
        *free = *next;
        *len += 1;
        *content = Some(value);
        let key = Key { slot, generation: *generation };
        node.set(Some(Node::new(timers, deadline, false)));
        let first = node.as_ref().as_pin_ref().is_some_and(|node| heap.link(node, name(slot)));
        if first || *len == 1 {
            guard::swallow(|| tell(waker));
        }
        Ok(key)
    }

    /// Takes a value out.
    fn take(self: Pin<&mut Self>, key: Key) -> Option<(T, Instant)> {
        let Parts { heap, waker, len, free, sleep, slots, .. } = self.parts();
        let taken = take(heap, len, free, slots, key)?;
        guard::swallow(|| settle(sleep, heap));
        if *len == 0 {
            guard::swallow(|| tell(waker));
        }
        Some(taken)
    }

    /// Moves a deadline; whether there is a value of this key. `deadline` is foreign code, and comes before any change.
    fn reset(self: Pin<&mut Self>, key: Key, deadline: impl FnOnce(Place) -> Instant) -> bool {
        let Parts { heap, timers, waker, sleep, slots, .. } = self.parts();
        let (Some(timers), Some(place)) = (*timers, slots.pinned(key.slot)) else { return false };
        let (mut node, content, generation, _) = place.project();
        if *generation != key.generation || content.is_none() {
            return false;
        }
        let deadline = deadline(timers);
        if let Some(linked) = node.as_ref().as_pin_ref() {
            heap.unlink(linked);
        }
        node.set(Some(Node::new(timers, deadline, false)));
        if node.as_ref().as_pin_ref().is_some_and(|node| heap.link(node, name(key.slot))) {
            tell(waker);
        }
        settle(sleep, heap);
        true
    }

    fn deadline(&self, key: Key) -> Option<Instant> {
        let slot = self.slots.get(key.slot).filter(|slot| slot.generation == key.generation && slot.value.is_some())?;
        slot.node.as_ref().map(Node::deadline)
    }

    fn peek(&self) -> Option<Key> {
        let slot = self.heap.first_waker(slot_of)?;
        self.slots.get(slot).map(|place| Key { slot, generation: place.generation })
    }

    /// Takes all out, and drops them.
    fn clear(mut self: Pin<&mut Self>) {
        while let Some(key) = self.peek() {
            drop(self.as_mut().take(key));
        }
    }

    fn poll_expired<I>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Expired<T, I>>> {
        let coop = ready!(coop::poll_proceed(cx));
        let Parts { heap, timers, waker, len, free, mut sleep, slots } = self.parts();
        if !waker.as_ref().is_some_and(|own| own.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        let Some(timers) = timers.filter(|_| *len > 0) else { return Poll::Ready(None) };
        let mut now = timers.now();
        loop {
            if let Some(slot) = heap.first().filter(|first| first.is_due(now)).and(heap.first_waker(slot_of)) {
                let generation = slots.get(slot).map_or(0, |place| place.generation);
                let key = Key { slot, generation };
                coop.made_progress();
                let taken = take(heap, len, free, slots, key);
                if *len == 0 {
                    guard::swallow(|| sleep.set(None));
                }
                let expired = |(value, deadline)| Expired { value, deadline, key, _tells: PhantomData };
                return Poll::Ready(taken.map(expired));
            }
            let first = heap.first().unwrap_or(Instant::FAR);
            match sleep.as_mut().as_pin_mut() {
                Some(own) if own.deadline() == first => {}
                Some(own) => own.reset_at(first, now),
                None => sleep.set(Some(Sleep::until(timers, first))),
            }
            if let Some(own) = sleep.as_mut().as_pin_mut() {
                ready!(own.poll(cx));
            }
            // It says that its deadline has passed, also where the clock has been set back since.
            now = timers.now().max(first);
        }
    }

    fn parts(self: Pin<&mut Self>) -> Parts<'_, S> {
        // SAFETY: *pinned in place*: neither `sleep` nor `slots` is moved out of a pinned queue; its `Drop` moves nothing,
        // and it is `Unpin` only if both are.
        let this = unsafe { self.get_unchecked_mut() };
        let Self { heap, timers, waker, len, free, sleep, slots, .. } = this;
        // SAFETY: *pinned in place*.
        let sleep = unsafe { Pin::new_unchecked(sleep) };
        // SAFETY: *pinned in place*.
        let slots = unsafe { Pin::new_unchecked(slots) };
        Parts { heap, timers, waker, len, free, sleep, slots }
    }
}

/// Takes the value of `key` out of its slot, if it is there.
fn take<T, S: Slots<T>>(
    heap: &mut Heap,
    len: &mut usize,
    free: &mut usize,
    slots: Pin<&mut S>,
    key: Key,
) -> Option<(T, Instant)> {
    let (mut node, content, generation, next) = slots.pinned(key.slot)?.project();
    let value = content.take_if(|_| *generation == key.generation)?;
    let linked = node.as_ref().as_pin_ref()?;
    heap.unlink(linked);
    let deadline = linked.deadline();
    node.set(None);
    *generation = generation.wrapping_add(1);
    *next = *free;
    *free = key.slot;
    *len -= 1;
    Some((value, deadline))
}

/// Nobody needs to be woken at a deadline that is gone: the sleep moves to the first one, if that is later.
fn settle(mut sleep: Pin<&mut Option<Sleep>>, heap: &Heap) {
    let waits = sleep.as_ref().as_pin_ref().map(|own| own.deadline());
    match (waits, heap.first()) {
        (Some(_), None) => sleep.set(None),
        (Some(waits), Some(first)) if waits < first => {
            if let Some(own) = sleep.as_pin_mut() {
                own.reset(first);
            }
        }
        _ => {}
    }
}

/// *told*.
fn tell(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl<T, S: Slots<T>, A> Drop for Queue<T, S, A> {
    fn drop(&mut self) {
        // *linked while taken*. All at once, before a value is dropped, which is foreign code.
        while self.heap.pop_last().is_some() {}
    }
}

#[cold]
#[track_caller]
fn no_such_key() -> ! {
    panic!("invalid key: its value has left the delay queue")
}

/// The deadline of a value that is to stay for so long.
fn after(duration: Duration) -> impl FnOnce(Place) -> Instant {
    move |place| {
        // A wait of nothing ends at the clock's next step.
        let from = if duration.is_zero() { place.now() } else { place.deadline(0) };
        from.saturating_add(duration)
    }
}
