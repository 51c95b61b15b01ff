//! The one algorithm of every channel: messages and room under a lock, over any [`Store`].
//!
//! # Where room is
//!
//! A channel has a fixed number of places. Each is, at any time, one of these, and every operation moves places from one
//! to another:
//!
//! ```text
//!            put                        get
//!   room ----------> a message in it ---------> given: to the first sender in line, or room again
//!    |                   ^     ^
//!    | try_reserve       |     | fill
//!    v                   |     |
//!   permits (granted) ---+-----'               promised: the first sender in line was told to come
//!                                              gathered: kept for the first in line, who wants more than one
//! ```
//!
//! A receiver that is the only one may take all messages in hand at once (`hand.rs`), whose places are taken until it gives
//! each of them out: that frees a place without the lock.
//!
//! # Invariants
//!
//! - *conserved*: `taken` counts gathered places, permits, and promises on their way; with the messages it is at most the number
//!   of places, and what is left of that is room. So a message that comes or goes changes one count, its store's own.
//! - *no barging*: while a sender stands in line, `room` is zero. What becomes free then is promised, or `gathered`.
//! - *gathered for the first*: outside of a section that is followed by [`settle`], `gathered` is zero unless the first in
//!   line wants several places.
//! - *asked*: while a sender stands in line, what is freed without the lock is not room: it was asked for, and whoever frees it
//!   takes the lock, and gives it on.
//! - *nothing after the end*: once closed, nothing enters but through permits; a receiver that got `None` saw the channel
//!   closed and empty with no permit left, hence nothing follows.
//! - *told by the last*: who closes the channel wakes those who wait, but receivers only where no permit is out: else whoever uses
//!   or drops the last permit wakes them, whatever messages are there.

mod reserve;

use core::num::NonZeroUsize;
use core::task::{Context, Poll, Waker};

use super::error::{SendError, TryRecvError, TrySendError};
use super::store::Store;
use crate::const_fn;
use crate::lock::RawLock;
use crate::sync::waiters::{Protocol, Section, Step, Tag, Waiters, Waiting};
use reserve::{Reserving, gather, settle};

/// The lane of those who wait for room.
pub(in crate::sync) const SENDERS: usize = 0;
/// The lane of those who wait for a message.
pub(in crate::sync) const RECEIVERS: usize = 1;
/// The lane of those who wait for the end, in channels that have it.
pub(in crate::sync) const WATCHERS: usize = 2;

/// What a channel is, beside its waiters.
pub(in crate::sync) struct State<B: Store + ?Sized> {
    /// Places that are neither room nor hold a message; and `SHUT`.
    taken: usize,
    /// All there are.
    places: usize,
    permits: usize,
    gathered: usize,
    /// Nobody receives any more: what a permit sends is dropped at once.
    pub(in crate::sync) deserted: bool,
    pub(in crate::sync) store: B,
}

/// In `taken` once the channel is closed: then there is no room, whatever else it counts.
const SHUT: usize = !(usize::MAX >> 1);

/// The most places that a bounded channel can be made with: so many are less than `SHUT`.
pub(in crate::sync) const MAX_PLACES: usize = usize::MAX >> 3;

/// What a waiter is told, in one word: to wait, to come, or to wait for several places, which is their number and one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) struct Told(NonZeroUsize);

impl Told {
    /// To wait, for one place or for something else.
    const WAIT: Self = Self(NonZeroUsize::MIN);
    /// A sender: that what it wants is its own. A receiver: that there is a message.
    const COME: Self = Self(NonZeroUsize::MIN.saturating_add(1));

    /// To wait for so many places, at most [`MAX_PLACES`].
    fn wait_for(places: usize) -> Self {
        if places < 2 { Self::WAIT } else { Self(NonZeroUsize::MIN.saturating_add(places)) }
    }

    /// Whether it waits for several places.
    #[inline(always)]
    fn gathers(self) -> bool {
        self.0 > Self::COME.0
    }

    /// How many places: of one who waits for several.
    fn several(self) -> usize {
        self.0.get() - 1
    }
}

impl Tag for Told {
    type Mark = ();
}

pub(in crate::sync) type Inner<'s, B, const LANES: usize> = Section<'s, State<B>, Told, LANES>;

impl<B: Store + ?Sized> Drop for State<B> {
    fn drop(&mut self) {
        // One by one: where a destructor panics, the store's own drop goes on with what is left, and not only with the
        // half of it that lies before the end of the array.
        while let Some(message) = self.store.pop() {
            drop(message);
        }
    }
}

impl<B: Store + ?Sized> State<B> {
    fn closed(&self) -> bool {
        self.taken & SHUT != 0
    }

    /// Whether there is room, in a channel that is open: in one test.
    #[inline(always)]
    fn has_room(&self) -> bool {
        self.store.len() + self.taken < self.store.places(self.places)
    }

    /// How much room there is.
    fn room(&self) -> usize {
        self.store.places(self.places) - self.store.len() - (self.taken & !SHUT)
    }

    /// Whether nothing enters any more: it is closed, and no permit is out.
    fn sealed(&self) -> bool {
        self.closed() && self.permits == 0
    }

    /// Whether no message is there and none will come.
    fn ended(&self) -> bool {
        self.sealed() && self.store.is_empty()
    }
}

/// Puts a message into a place that is its own, and wakes a receiver.
///
/// # Safety
///
/// A place must be the caller's: there is room, or was taken for it and is not counted as taken any more.
#[inline(always)]
unsafe fn fill<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>, message: B::Message) {
    // SAFETY: *conserved*: as a place is the caller's, there are fewer messages than places.
    unsafe { section.state.store.push(message) };
    call(section);
}

/// Wakes a receiver.
#[inline(always)]
fn call<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) {
    match section.state.store.caller() {
        Some(waker) => section.wake(waker),
        None => {
            section.pop(RECEIVERS, Told::COME);
        }
    }
}

/// Takes a message out, if there is one, and gives its place on.
#[inline(always)]
pub(in crate::sync) fn get<B: Store + ?Sized, const LANES: usize>(
    section: &mut Inner<'_, B, LANES>,
) -> Option<B::Message> {
    let message = section.state.store.pop()?;
    if !section.is_empty(SENDERS) {
        section.state.taken += 1;
        give(section);
    }
    Some(message)
}

/// A place that is taken has become free: it goes to the first sender in line.
#[inline(always)]
fn give<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) {
    if section.is_empty(SENDERS) {
        section.state.taken -= 1;
    } else if section.front(SENDERS).is_some_and(Told::gathers) {
        section.apart(gather);
    } else {
        section.pop(SENDERS, Told::COME);
    }
}

/// Counts as room what has become free without the lock, unless somebody stands in line; see *asked*. Who is about to stand
/// there `asks`.
#[inline(always)]
fn recount<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>, asks: bool) {
    if section.is_empty(SENDERS) {
        let store = &mut section.state.store;
        section.state.taken -= if asks { store.ask() } else { store.freed() };
    }
}

/// Whether there is room in a channel that is open, for so many, also after a [`recount`] for one who is about to wait.
#[inline(always)]
fn finds_room<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) -> bool {
    section.state.has_room() || {
        recount(section, false);
        section.state.has_room()
    }
}

/// Wakes one of those who wait at a channel that is closed: see [`Flow::tell_end`]. Answers whether there may be another.
fn tell_one<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) -> bool {
    let sealed = section.state.sealed();
    if let Some(waker) = sealed.then(|| section.state.store.caller()).flatten() {
        section.wake(waker);
        return true;
    }
    (0..LANES).any(|lane| (sealed || lane != RECEIVERS) && section.pop(lane, Told::WAIT))
}

/// A channel without its handles.
pub(in crate::sync) struct Flow<L: RawLock, B: Store + ?Sized, const LANES: usize> {
    waiters: Waiters<L, State<B>, Told, LANES>,
}

impl<L: RawLock, B: Store, const LANES: usize> Flow<L, B, LANES> {
    const_fn! {
        /// An empty channel over an empty store of so many places.
        pub(in crate::sync) const fn new(store: B, places: usize) -> Self {
            let state = State { taken: 0, places, permits: 0, gathered: 0, deserted: false, store };
            Self { waiters: Waiters::new(state) }
        }
    }
}

impl<L: RawLock, B: Store + ?Sized, const LANES: usize> Flow<L, B, LANES> {
    #[inline]
    pub(in crate::sync) fn send(&self, message: B::Message) -> Waiting<'_, L, Sending<B>, LANES> {
        self.waiters.wait(Sending { message: Some(message) })
    }

    #[inline]
    pub(in crate::sync) fn try_send(&self, message: B::Message) -> Result<(), TrySendError<B::Message>> {
        self.waiters.with(|section| {
            if !finds_room(section) {
                return Err(match section.state.closed() {
                    true => TrySendError::Closed(message),
                    false => TrySendError::Full(message),
                });
            }
            // SAFETY: there is room.
            unsafe { fill(section, message) };
            Ok(())
        })
    }

    #[inline]
    pub(in crate::sync) fn recv(&self) -> Waiting<'_, L, Receiving<B>, LANES> {
        self.waiters.wait(Receiving::new())
    }

    #[inline]
    pub(in crate::sync) fn try_recv(&self) -> Result<B::Message, TryRecvError> {
        self.waiters.with_kept(|section| match get(section) {
            Some(message) => Ok(message),
            None if section.state.ended() => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        })
    }

    /// Moves up to `limit` messages into what has room for them. `None` at the end.
    pub(in crate::sync) fn try_take_many(
        section: &mut Inner<'_, B, LANES>,
        limit: usize,
        mut keep: impl FnMut(B::Message),
    ) -> Option<usize> {
        let mut count = 0;
        while count < limit {
            let Some(message) = section.state.store.pop() else { break };
            keep(message);
            count += 1;
        }
        section.state.taken += count;
        section.state.gathered += count;
        if count == 0 && section.state.ended() { None } else { Some(count) }
    }

    /// Takes a message as [`take`](Self::take) does, and all others in hand where nobody waits for their places. `grab` takes
    /// them out of a store that has several, and says how many it did not return.
    #[inline(always)]
    pub(in crate::sync) fn take_all(
        section: &mut Inner<'_, B, LANES>,
        grab: impl FnOnce(&mut B) -> (Option<B::Message>, usize),
    ) -> Option<Option<B::Message>> {
        if section.state.store.len() < 2 || !section.is_empty(SENDERS) {
            return Self::take(section);
        }
        recount(section, false);
        section.state.store.unask();
        let (first, others) = grab(&mut section.state.store);
        section.state.taken += others;
        Some(first)
    }

    /// Puts messages that were in hand back to the front: `put` says how many.
    pub(in crate::sync) fn take_back(&self, put: impl FnOnce(&mut B) -> usize) {
        self.waiters.with(|section| {
            let count = put(&mut section.state.store);
            section.state.taken -= count;
        });
    }

    /// Gives on what the caller has freed without the lock, as somebody [asked](Store::ask) for it.
    #[cold]
    #[inline(never)]
    pub(in crate::sync) fn give_freed(&self) {
        self.waiters.repeat(|section| {
            section.state.gathered += section.state.store.freed();
            let more = settle(section);
            if !section.is_empty(SENDERS) {
                return more;
            }
            section.state.store.unask();
            section.state.taken -= core::mem::take(&mut section.state.gathered);
            false
        });
    }

    /// Gives on what is gathered.
    pub(in crate::sync) fn settle(&self) {
        self.waiters.repeat(settle);
    }

    #[inline]
    pub(in crate::sync) fn reserve(&self, places: usize) -> Waiting<'_, L, Reserving<B>, LANES> {
        self.waiters.wait(Reserving::new(places))
    }

    pub(in crate::sync) fn try_reserve(&self, places: usize) -> Result<(), TrySendError<()>> {
        self.waiters.with(|section| {
            if section.state.closed() {
                return Err(TrySendError::Closed(()));
            }
            recount(section, false);
            if section.state.room() < places {
                return Err(TrySendError::Full(()));
            }
            section.state.taken += places;
            section.state.permits += places;
            Ok(())
        })
    }

    /// Uses a permit. A message that nobody will receive is dropped here.
    #[inline]
    pub(in crate::sync) fn fill(&self, message: B::Message) {
        let mut rest = None;
        let first = |section: &mut Inner<'_, B, LANES>| {
            section.state.permits -= 1;
            if section.state.deserted {
                section.state.gathered += 1;
                settle(section);
                rest = Some(message);
                return false;
            }
            section.state.taken -= 1;
            // SAFETY: the permit was a place.
            unsafe { fill(section, message) };
            section.state.sealed()
        };
        // *told by the last*: the message is for one of them, whose waker may panic.
        self.waiters.repeat_after(first, tell_one);
        drop(rest);
    }

    /// Gives permits back unused.
    pub(in crate::sync) fn release(&self, permits: usize) {
        if permits == 0 {
            return;
        }
        let ended = self.waiters.with(|section| {
            section.state.permits -= permits;
            section.state.gathered += permits;
            section.state.sealed()
        });
        // *told by the last*. Before the rest, which does not matter any more: a waker that panics keeps nobody from it.
        if ended {
            self.tell_end();
        }
        self.settle();
    }

    /// Closes the channel, and wakes everybody who waits. Answers whether it was open.
    pub(in crate::sync) fn close(&self) -> bool {
        let open = self.waiters.with(|section| {
            let open = !section.state.closed();
            section.state.taken |= SHUT;
            open
        });
        if open {
            self.tell_end();
        }
        open
    }

    /// Closes the channel because nobody receives any more: `take` takes all messages out, and says how many.
    /// Everybody was told when they are given back, or dropped where a waker panicked.
    pub(in crate::sync) fn desert<R>(&self, take: impl FnOnce(&mut B) -> (R, usize)) -> R {
        let messages = self.waiters.with(|section| {
            let (messages, freed) = take(&mut section.state.store);
            section.state.taken += freed;
            section.state.gathered += freed;
            section.state.deserted = true;
            section.state.taken |= SHUT;
            messages
        });
        self.tell_end();
        self.settle();
        messages
    }

    /// Wakes everybody, but receivers only where no permit is out: *told by the last*. Nobody else begins to wait at a closed
    /// channel, so this ends, also where wakers poll.
    #[cold]
    fn tell_end(&self) {
        self.waiters.repeat(tell_one);
    }

    /// Waits until the channel is closed.
    pub(in crate::sync) fn closed(&self) -> Waiting<'_, L, Watching<B>, LANES> {
        const { assert!(LANES > WATCHERS, "this channel has no lane for those who wait for its end") }
        self.waiters.wait(Watching(core::marker::PhantomData))
    }

    pub(in crate::sync) fn is_closed(&self) -> bool {
        self.waiters.with(|section| section.state.closed())
    }

    pub(in crate::sync) fn len(&self) -> usize {
        self.waiters.with(|section| {
            recount(section, false);
            section.state.store.len() + section.state.store.held()
        })
    }

    pub(in crate::sync) fn room(&self) -> usize {
        self.waiters.with(|section| {
            recount(section, false);
            section.state.room()
        })
    }

    /// One look of a receiver that stands in no line: a message, the end, or its waker is kept in `place`.
    #[inline]
    pub(in crate::sync) fn poll_alone<R>(
        &self,
        cx: &mut Context<'_>,
        place: impl Fn(&mut B) -> &mut Option<Waker>,
        mut take: impl FnMut(&mut Inner<'_, B, LANES>) -> Option<R>,
    ) -> Poll<R> {
        self.waiters.poll_alone(cx, |state| place(&mut state.store), &mut take)
    }

    /// What a receiver takes in one look: `Some(None)` is the end.
    #[inline(always)]
    pub(in crate::sync) fn take(section: &mut Inner<'_, B, LANES>) -> Option<Option<B::Message>> {
        match get(section) {
            None if !section.state.ended() => None,
            message => Some(message),
        }
    }
}

impl<L: RawLock, B: Store + ?Sized, const LANES: usize> core::fmt::Debug for Flow<L, B, LANES> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (len, closed) = (self.len(), self.is_closed());
        f.debug_struct("Channel").field("len", &len).field("closed", &closed).finish_non_exhaustive()
    }
}

/// One sender's side. The message is in here until it is in the channel.
pub(in crate::sync) struct Sending<B: Store + ?Sized> {
    message: Option<B::Message>,
}

impl<B: Store + ?Sized, const LANES: usize> Protocol<LANES> for Sending<B> {
    type State = State<B>;
    type Tag = Told;
    type Output = Result<(), SendError<B::Message>>;
    const LANE: usize = SENDERS;

    const LIFTS: bool = true;

    /// Once the message is gone, the future was ready.
    #[inline(always)]
    fn lift(&mut self) -> Option<Self> {
        self.message.take().map(|message| Self { message: Some(message) })
    }

    #[inline]
    fn poll(&mut self, section: &mut Inner<'_, B, LANES>, told: Option<Told>) -> Step<Self::Output, Told> {
        if told == Some(Told::COME) {
            // The place that was taken for it is room, for as long as nobody else looks.
            section.state.taken -= 1;
        }
        let Some(message) = self.message.take() else { return Step::Wait(Told::WAIT) };
        if !finds_room(section) {
            if section.state.closed() {
                return Step::Ready(Err(SendError(message)));
            }
            recount(section, true);
            if !section.state.has_room() {
                self.message = Some(message);
                return Step::Wait(Told::WAIT);
            }
        }
        // SAFETY: there is room.
        unsafe { fill(section, message) };
        Step::Ready(Ok(()))
    }

    fn cancel(&mut self, section: &mut Inner<'_, B, LANES>, told: Told) {
        if told == Told::COME {
            give(section);
        }
    }
}

/// One receiver's side.
pub(in crate::sync) struct Receiving<B: ?Sized>(core::marker::PhantomData<fn(&B)>);

impl<B: ?Sized> Receiving<B> {
    pub(in crate::sync) fn new() -> Self {
        Self(core::marker::PhantomData)
    }
}

impl<B: Store + ?Sized, const LANES: usize> Protocol<LANES> for Receiving<B> {
    type State = State<B>;
    type Tag = Told;
    type Output = Option<B::Message>;
    const LANE: usize = RECEIVERS;
    const LIFTS: bool = true;

    /// Polled after it was ready at once, it receives another message.
    #[inline(always)]
    fn lift(&mut self) -> Option<Self> {
        Some(Self::new())
    }

    #[inline]
    fn poll(&mut self, section: &mut Inner<'_, B, LANES>, _: Option<Told>) -> Step<Option<B::Message>, Told> {
        match get(section) {
            None if !section.state.ended() => Step::Wait(Told::WAIT),
            message => Step::Ready(message),
        }
    }

    fn cancel(&mut self, section: &mut Inner<'_, B, LANES>, told: Told) {
        if told == Told::COME && !section.state.store.is_empty() {
            section.pop(RECEIVERS, Told::COME);
        }
    }
}

/// One who waits for the end.
pub(in crate::sync) struct Watching<B: ?Sized>(core::marker::PhantomData<fn(&B)>);

impl<B: Store + ?Sized, const LANES: usize> Protocol<LANES> for Watching<B> {
    type State = State<B>;
    type Tag = Told;
    type Output = ();
    const LANE: usize = WATCHERS;
    const FREE: bool = true;

    fn poll(&mut self, section: &mut Inner<'_, B, LANES>, _: Option<Told>) -> Step<(), Told> {
        if section.state.closed() { Step::Ready(()) } else { Step::Wait(Told::WAIT) }
    }

    fn cancel(&mut self, _: &mut Inner<'_, B, LANES>, _: Told) {}
}
