//! The slots, and who still has to receive what is in them.
//!
//! # Invariants
//!
//! - *position*: message `p` is the only one that ever has number `p`; it is in slot `p` modulo the capacity, unless it was
//!   overwritten or all have received it.
//! - *remaining*: of a message that is not overwritten, `remaining` counts the receivers that were there when it was sent
//!   and have neither received it nor gone. Where it is 0 it is 0 of all messages before.
//! - *out*: a message with receivers remaining is in its slot, or with one receiver that clones it and brings it back.

use crate::lock::RawLock;
use crate::sync::waiters::{Protocol, Section, Step, Waiters};
use crate::{const_fn, guard};

/// Receivers that wait for a message.
const WAITING: usize = 0;
/// Receivers that have one, and have yet to be woken.
const LEAVING: usize = 1;
/// Senders that wait until there is no receiver.
const GONE: usize = 2;
const LANES: usize = 3;

/// Messages that are released in one section at most.
const STEPS: usize = 8;

/// One message.
pub struct Slot<T> {
    value: Option<T>,
    position: u64,
    remaining: usize,
    /// Somebody waits for it to be brought back.
    wanted: bool,
}

impl<T> Slot<T> {
    pub(super) const EMPTY: Self = Self { value: None, position: 0, remaining: 0, wanted: false };
}

/// Memory for messages, as many as a power of two.
pub trait Slots {
    /// A message.
    type Value;

    /// All of it.
    fn slots(&mut self) -> &mut [Slot<Self::Value>];
}

impl<T, const N: usize> Slots for [Slot<T>; N] {
    type Value = T;

    #[inline(always)]
    fn slots(&mut self) -> &mut [Slot<T>] {
        self
    }
}

/// What is under the lock.
struct State<S> {
    slots: S,
    /// Messages that were sent: the next one's number.
    tail: u64,
    receivers: usize,
    closed: bool,
}

impl<S: Slots> State<S> {
    fn capacity(&mut self) -> u64 {
        self.slots.slots().len() as u64
    }

    /// The oldest message that can be there.
    fn oldest(&mut self) -> u64 {
        self.tail.saturating_sub(self.capacity())
    }

    #[inline(always)]
    fn slot(&mut self, position: u64) -> &mut Slot<S::Value> {
        let slots = self.slots.slots();
        // A power of two: what is cut off does not count.
        &mut slots[position as usize & (slots.len() - 1)]
    }
}

type Inner<'s, S> = Section<'s, State<S>, (), LANES>;

/// A ring of messages and all who wait at it.
pub struct Ring<S: Slots, L: RawLock> {
    waiters: Waiters<L, State<S>, (), LANES>,
}

/// What a receiver that has received all before `next` gets.
pub(super) enum Outcome<T> {
    /// The message: it was the last to receive it.
    Own(T),
    /// The message, to be cloned and brought back.
    Lent(T),
    /// So many were missed; the next one is told.
    Lagged { missed: u64, next: u64 },
    /// There is none, and none will come.
    Closed,
}

/// Why there is nothing yet.
pub(super) enum Nothing {
    /// Nothing was sent.
    Empty,
    /// Another receiver is cloning it.
    Lent,
}

impl<S: Slots, L: RawLock> Ring<S, L> {
    const_fn! {
        pub(super) const fn new(slots: S) -> Self {
            Self { waiters: Waiters::new(State { slots, tail: 0, receivers: 0, closed: false }) }
        }
    }

    /// Puts a message in; answers how many will receive it. Without receivers, or closed, the message comes back.
    pub(super) fn send(&self, value: S::Value) -> Result<usize, S::Value> {
        let mut value = Some(value);
        let mut old = None;
        let mut receivers = 0;
        let waited = self.waiters.with(|section| {
            let state = &mut *section.state;
            receivers = state.receivers;
            if receivers == 0 || state.closed {
                return None;
            }
            let position = state.tail;
            let sent = Slot { value: value.take(), position, remaining: receivers, wanted: false };
            old = core::mem::replace(state.slot(position), sent).value;
            state.tail += 1;
            let tail = state.tail;
            section.append(WAITING, LEAVING);
            (!section.is_empty(LEAVING)).then_some(tail)
        });
        if let Some(tail) = waited {
            self.wake_who_leave(tail);
        }
        drop(old);
        value.map_or(Ok(receivers), Err)
    }

    /// One receiver more; answers the first message that it gets.
    pub(super) fn join(&self) -> u64 {
        self.waiters.with(|section| {
            let state = &mut *section.state;
            state.receivers = state.receivers.checked_add(1).expect("too many receivers");
            state.tail
        })
    }

    /// One receiver less, which had received all before `next`: what it did not receive is not kept for it.
    pub(super) fn leave(&self, mut next: u64) {
        let mut end = None;
        let mut panic = None;
        while {
            let mut old = [const { None }; STEPS];
            let more = self.waiters.with(|section| {
                let state = &mut *section.state;
                let end = *end.get_or_insert_with(|| {
                    state.receivers -= 1;
                    state.tail
                });
                next = next.max(state.oldest());
                for place in &mut old {
                    if next >= end {
                        return false;
                    }
                    let slot = state.slot(next);
                    slot.remaining -= 1;
                    if slot.remaining == 0 {
                        *place = slot.value.take();
                    }
                    next += 1;
                }
                true
            });
            // Destructors of the user: the rest goes on.
            if let Err(payload) = guard::run(|| drop(old)) {
                match panic {
                    None => panic = Some(payload),
                    Some(_) => guard::discard(payload),
                }
            }
            more
        } {}
        self.waiters.drain(GONE, (), |state| state.receivers > 0);
        if let Some(payload) = panic {
            guard::resume(payload);
        }
    }

    /// Takes message `next` if it can be had now.
    pub(super) fn try_take(&self, next: u64) -> Result<Outcome<S::Value>, Nothing> {
        self.waiters.with(|section| take(section, next))
    }

    /// Waits for message `next`.
    pub(super) fn take(&self, next: u64) -> impl Future<Output = Outcome<S::Value>> + use<'_, S, L> {
        self.waiters.wait(Take { next, _slots: core::marker::PhantomData })
    }

    /// Brings a message back that was lent; `seen` if its receiver has it now.
    pub(super) fn give_back(&self, position: u64, value: S::Value, seen: bool) {
        let mut value = Some(value);
        let wanted = self.waiters.with(|section| {
            let state = &mut *section.state;
            let tail = state.tail;
            let slot = state.slot(position);
            if slot.position != position {
                return None;
            }
            slot.remaining -= usize::from(seen);
            if slot.remaining > 0 {
                // It was taken out of there: nothing is overwritten.
                core::mem::forget(core::mem::replace(&mut slot.value, value.take()));
            }
            if !core::mem::take(&mut slot.wanted) {
                return None;
            }
            section.append(WAITING, LEAVING);
            Some(tail)
        });
        if let Some(tail) = wanted {
            self.wake_who_leave(tail);
        }
        // Overwritten meanwhile, or nobody is left to receive it.
        drop(value);
    }

    /// Wakes who has a message, until a later one is sent, whose sender owns all in that lane: it has put its own behind
    /// them, and wakes them all.
    #[cold]
    #[inline(never)]
    fn wake_who_leave(&self, tail: u64) {
        self.waiters.drain(LEAVING, (), |state| state.tail != tail);
    }

    /// Nothing will be sent any more. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        let open = self.waiters.with(|section| {
            section.append(WAITING, LEAVING);
            !core::mem::replace(&mut section.state.closed, true)
        });
        // Nobody begins to wait at a closed one but for a message that is lent, so this ends.
        self.waiters.drain(LEAVING, (), |_| false);
        open
    }

    pub(super) fn is_closed(&self) -> bool {
        self.waiters.with(|section| section.state.closed)
    }

    pub(super) fn receivers(&self) -> usize {
        self.waiters.with(|section| section.state.receivers)
    }

    /// Messages that somebody has yet to receive.
    pub(super) fn len(&self) -> usize {
        self.waiters.with(|section| {
            let state = &mut *section.state;
            // *remaining*: those that all have received are the oldest ones.
            let (mut low, mut high) = (state.oldest(), state.tail);
            while low < high {
                let middle = low + (high - low) / 2;
                if state.slot(middle).remaining == 0 {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            (state.tail - low) as usize
        })
    }

    /// Messages from `next` on.
    pub(super) fn len_from(&self, next: u64) -> u64 {
        self.waiters.with(|section| section.state.tail - next)
    }

    /// Waits until there is no receiver.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
    pub(super) fn gone(&self) -> impl Future<Output = ()> + use<'_, S, L> {
        self.waiters.wait(Gone(core::marker::PhantomData))
    }
}

/// Takes message `next`, if it can be had now.
fn take<S: Slots>(section: &mut Inner<'_, S>, next: u64) -> Result<Outcome<S::Value>, Nothing> {
    let state = &mut *section.state;
    if next == state.tail {
        return if state.closed { Ok(Outcome::Closed) } else { Err(Nothing::Empty) };
    }
    let oldest = state.oldest();
    if next < oldest {
        return Ok(Outcome::Lagged { missed: oldest - next, next: oldest });
    }
    let slot = state.slot(next);
    let Some(value) = slot.value.take() else {
        slot.wanted = true;
        return Err(Nothing::Lent);
    };
    if slot.remaining == 1 {
        slot.remaining = 0;
        return Ok(Outcome::Own(value));
    }
    Ok(Outcome::Lent(value))
}

/// A receiver that waits for message `next`.
struct Take<S> {
    next: u64,
    _slots: core::marker::PhantomData<fn() -> S>,
}

impl<S: Slots> Protocol<LANES> for Take<S> {
    type State = State<S>;
    type Tag = ();
    type Output = Outcome<S::Value>;
    const LANE: usize = WAITING;

    fn poll(&mut self, section: &mut Inner<'_, S>, _: Option<()>) -> Step<Self::Output, ()> {
        take(section, self.next).map_or(Step::Wait(()), Step::Ready)
    }

    fn cancel(&mut self, _: &mut Inner<'_, S>, (): ()) {}
}

/// A sender that waits until there is no receiver.
#[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
struct Gone<S>(core::marker::PhantomData<fn() -> S>);

impl<S: Slots> Protocol<LANES> for Gone<S> {
    type State = State<S>;
    type Tag = ();
    type Output = ();
    const LANE: usize = GONE;

    fn poll(&mut self, section: &mut Inner<'_, S>, _: Option<()>) -> Step<(), ()> {
        if section.state.receivers == 0 { Step::Ready(()) } else { Step::Wait(()) }
    }

    fn cancel(&mut self, _: &mut Inner<'_, S>, (): ()) {}
}
