//! The slots, and who still has to receive what is in them.
//!
//! There is a lock for who waits and for the messages' numbers, and one for each slot. A sender takes a slot's lock inside of
//! the other one, which it holds; a receiver takes the slot's alone, unless its message is not there. So receivers of different
//! messages do not meet, nor do they meet a sender.
//!
//! # Invariants
//!
//! - *position*: message `p` is the only one that ever has number `p`; it is in slot `p` modulo the capacity, unless it was
//!   overwritten or all have received it. Under the lock of who waits the slots hold the messages before `tail`, no others.
//! - *remaining*: of a message that is not overwritten, `remaining` counts the receivers that were there when it was sent
//!   and have neither received it nor gone. Each receives them, and goes from them, in their order: where it is 0 it is 0 of all
//!   messages before.
//! - *out*: a message with receivers remaining is in its slot, or with one receiver that clones it and brings it back.
//! - *wanted*: who waits for a message that is out says so in its slot, under both locks, and is in line before it leaves the
//!   outer one: who brings the message back and finds it wanted takes that one next, and finds it there.

use core::future::Future;

use crate::lock::{Lock, RawLock};
use crate::sync::waiters::{Protocol, Section, Step, Waiters};
use crate::{const_fn, guard};

/// Receivers that wait for a message.
const WAITING: usize = 0;
/// Receivers that have one, and have yet to be woken.
const LEAVING: usize = 1;
/// Senders that wait until there is no receiver.
const GONE: usize = 2;
const LANES: usize = 3;

/// One message.
struct Message<T> {
    value: Option<T>,
    /// One more than its position: nothing was ever sent in number zero.
    turn: u64,
    remaining: usize,
    /// Somebody waits for it to be brought back.
    wanted: bool,
}

/// A place for one message.
pub struct Slot<T, L>(Lock<L, Message<T>>);

impl<T, L: RawLock> Slot<T, L> {
    const_fn! {
        /// An empty one.
        pub(super) const fn new() -> Self {
            // SAFETY: *unnested*: what runs under it is in this file, and is no foreign code.
            Self(unsafe { Lock::any(Message { value: None, turn: 0, remaining: 0, wanted: false }) })
        }
    }

    /// Empty ones.
    #[cfg(not(loom))]
    pub(super) const fn array<const N: usize>() -> [Self; N] {
        [const { Self::new() }; N]
    }

    /// Empty ones.
    #[cfg(loom)]
    pub(super) fn array<const N: usize>() -> [Self; N] {
        core::array::from_fn(|_| Self::new())
    }

    /// Runs `f` on message `position`, if it is there, under the slot's lock.
    #[inline(always)]
    fn with<R>(&self, position: u64, f: impl FnOnce(&mut Message<T>) -> Option<R>) -> Option<R> {
        self.0.with(|message| if message.turn == position + 1 { f(message) } else { None })
    }
}

/// Memory for messages, as many as a power of two.
pub trait Slots<L: RawLock> {
    /// A message.
    type Value;

    /// All of it.
    fn slots(&self) -> &[Slot<Self::Value, L>];
}

impl<T, L: RawLock, const N: usize> Slots<L> for [Slot<T, L>; N] {
    type Value = T;

    #[inline(always)]
    fn slots(&self) -> &[Slot<T, L>] {
        self
    }
}

/// What is under the lock of who waits.
struct State {
    /// Messages that were sent: the next one's number.
    tail: u64,
    receivers: usize,
    closed: bool,
}

type Inner<'s> = Section<'s, State, (), LANES>;

/// A ring of messages and all who wait at it.
pub struct Ring<S, L: RawLock> {
    waiters: Waiters<L, State, (), LANES>,
    slots: S,
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

impl<S: Slots<L>, L: RawLock> Ring<S, L> {
    const_fn! {
        pub(super) const fn new(slots: S) -> Self {
            Self { waiters: Waiters::new(State { tail: 0, receivers: 0, closed: false }), slots }
        }
    }

    #[inline(always)]
    fn slot(&self, position: u64) -> &Slot<S::Value, L> {
        let slots = self.slots.slots();
        // A power of two: what is cut off does not count.
        &slots[position as usize & (slots.len() - 1)]
    }

    /// The oldest message that can be there when so many were sent.
    fn oldest(&self, tail: u64) -> u64 {
        tail.saturating_sub(self.slots.slots().len() as u64)
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
            let sent = Message { value: value.take(), turn: position + 1, remaining: receivers, wanted: false };
            old = self.slot(position).0.with(|message| core::mem::replace(message, sent)).value;
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
    pub(super) fn leave(&self, next: u64) {
        let end = self.waiters.with(|section| {
            section.state.receivers -= 1;
            section.state.tail
        });
        let mut panic = None;
        for position in next.max(self.oldest(end))..end {
            // What is sent meanwhile in the place of one of these does not count this receiver.
            let old = self.slot(position).with(position, |message| {
                message.remaining -= 1;
                if message.remaining == 0 { message.value.take() } else { None }
            });
            // Destructors of the user: the rest goes on.
            if let Err(payload) = guard::run(|| drop(old)) {
                match panic {
                    None => panic = Some(payload),
                    Some(_) => guard::discard(payload),
                }
            }
        }
        self.waiters.drain(GONE, (), |state| state.receivers > 0);
        if let Some(payload) = panic {
            guard::resume(payload);
        }
    }

    /// Takes message `next` if it is in its slot, and says whether it was the last one to receive it. Else it has to be
    /// brought back. This is all of receiving, where nobody waits.
    #[inline(always)]
    pub(super) fn look(&self, next: u64) -> Option<(S::Value, bool)> {
        self.slot(next).with(next, Message::take)
    }

    /// Takes message `next` if it can be had now.
    pub(super) fn try_take(&self, next: u64) -> Result<Outcome<S::Value>, Nothing> {
        self.waiters.with(|section| self.take_within(section, next))
    }

    /// Waits for message `next`.
    pub(super) fn take(&self, next: u64) -> impl Future<Output = Outcome<S::Value>> + use<'_, S, L> {
        self.waiters.wait(Take { next, ring: self })
    }

    /// Takes message `next`, if it can be had now. A slot may only be looked at so where it is known which message is in it.
    fn take_within(&self, section: &mut Inner<'_>, next: u64) -> Result<Outcome<S::Value>, Nothing> {
        let state = &mut *section.state;
        if next == state.tail {
            return if state.closed { Ok(Outcome::Closed) } else { Err(Nothing::Empty) };
        }
        let oldest = self.oldest(state.tail);
        if next < oldest {
            return Ok(Outcome::Lagged { missed: oldest - next, next: oldest });
        }
        self.slot(next).0.with(|message| match message.take() {
            Some((value, true)) => Ok(Outcome::Own(value)),
            Some((value, false)) => Ok(Outcome::Lent(value)),
            None => {
                message.wanted = true;
                Err(Nothing::Lent)
            }
        })
    }

    /// Brings a message back that was lent; its receiver has it now, or had a panic of its clone.
    #[inline]
    pub(super) fn give_back(&self, position: u64, value: S::Value) {
        let mut value = Some(value);
        let wanted = self.slot(position).with(position, |message| {
            message.remaining -= 1;
            if message.remaining > 0 {
                // It was taken out of there: nothing is overwritten.
                core::mem::forget(core::mem::replace(&mut message.value, value.take()));
            }
            core::mem::take(&mut message.wanted).then_some(())
        });
        if wanted.is_some() {
            // Its receiver keeps what it has, or a panic in the message's clone goes on: a waker's is let go.
            guard::swallow(|| self.wake_who_want());
        }
        // Overwritten meanwhile, or nobody is left to receive it.
        drop(value);
    }

    /// Wakes who waits for a message that was out.
    #[cold]
    #[inline(never)]
    fn wake_who_want(&self) {
        let tail = self.waiters.with(|section| {
            section.append(WAITING, LEAVING);
            section.state.tail
        });
        self.wake_who_leave(tail);
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
            let tail = section.state.tail;
            // *remaining*: those that all have received are the oldest ones.
            let (mut low, mut high) = (self.oldest(tail), tail);
            while low < high {
                let middle = low + (high - low) / 2;
                if self.slot(middle).0.with(|message| message.remaining) == 0 {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            (tail - low) as usize
        })
    }

    /// Messages from `next` on.
    pub(super) fn len_from(&self, next: u64) -> u64 {
        self.waiters.with(|section| section.state.tail - next)
    }

    /// Waits until there is no receiver.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
    pub(super) fn gone(&self) -> impl Future<Output = ()> + use<'_, S, L> {
        self.waiters.wait(Gone)
    }
}

impl<T> Message<T> {
    /// Takes it out, and says whether by the last one to receive it. `None`: it is out.
    #[inline(always)]
    fn take(&mut self) -> Option<(T, bool)> {
        let value = self.value.take()?;
        let last = self.remaining == 1;
        self.remaining -= usize::from(last);
        Some((value, last))
    }
}

/// A receiver that waits for message `next`.
struct Take<'a, S, L: RawLock> {
    next: u64,
    ring: &'a Ring<S, L>,
}

impl<S: Slots<L>, L: RawLock> Protocol<LANES> for Take<'_, S, L> {
    type State = State;
    type Tag = ();
    type Output = Outcome<S::Value>;
    const LANE: usize = WAITING;

    /// Whoever comes here has looked, and begins to wait.
    const QUICK: bool = true;

    fn poll(&mut self, section: &mut Inner<'_>, _: Option<()>) -> Step<Self::Output, ()> {
        self.ring.take_within(section, self.next).map_or(Step::Wait(()), Step::Ready)
    }

    fn cancel(&mut self, _: &mut Inner<'_>, (): ()) {}
}

/// A sender that waits until there is no receiver.
#[cfg_attr(not(feature = "alloc"), allow(dead_code))] // what is counted is in an `Arc`
struct Gone;

impl Protocol<LANES> for Gone {
    type State = State;
    type Tag = ();
    type Output = ();
    const LANE: usize = GONE;
    const FREE: bool = true;

    fn poll(&mut self, section: &mut Inner<'_>, _: Option<()>) -> Step<(), ()> {
        if section.state.receivers == 0 { Step::Ready(()) } else { Step::Wait(()) }
    }

    fn cancel(&mut self, _: &mut Inner<'_>, (): ()) {}
}
