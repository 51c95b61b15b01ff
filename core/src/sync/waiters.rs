//! The one wait list of this crate: what every primitive with more than one waiter is made of.
//!
//! [`Waiters`] is a lock around a primitive's state and the list of those who wait for it. [`Waiting`] is the future of
//! one waiter, with its node inside. A primitive adds a [`Protocol`]: what a waiter does under the lock when it is
//! polled, and when it is dropped before it got what it was promised. All of that is safe code.
//!
//! ```text
//!            poll: Wait                    pop(tag), by whoever has something to give
//!   new ------------------> in the list ------------------------------------> out, tagged, woken
//!    |                        |      ^        rouse(tag): woken, stays in        |          |
//!    | poll: Ready            | drop +--------- poll: Wait (lost it) ------------+          | drop
//!    v                        v                                                  v          v
//!   done                  unlinked                                        poll: Ready     cancel(tag):
//!                                                                              done       passes it on
//! ```
//!
//! # Invariants
//!
//! - *home*: a node is linked in the list of the one queue that its [`Home`] answers, which keeps that queue in its place:
//!   a borrow by its lifetime, an `Arc` by its count.
//! - *alive*: a `Waiting` that ever linked its node takes the lock when it is dropped and unlinks it; it is pinned and not
//!   `Unpin`, so its memory is not used for anything else before.
//! - *under the lock*: links and entry of a node whose `Waiting` is *enrolled* are reached in a section of *home* only.
//! - *last word*: the [`Mark`] of a node is set in a section, as the last that any does with the node; who waits may take the
//!   node away, without the lock, once it sees the mark.
//! - *unlinked*: a node whose `Waiting` is not being polled and that is in no list has no waker: who took it out took that too.
//! - *no foreign code*: wakers leave a section by value and are cloned, woken and dropped outside.
//! - *kept*: who got something returns it. A waker that panics after that, woken or dropped by the same call, is let go: the
//!   panic hook has told of it, and to go on with it would lose what was got. From who gives something, or got nothing, the
//!   panic goes on when all others are woken.

mod alone;
mod mark;
mod waiter;
mod wakes;

use core::ptr::NonNull;
use core::task::Waker;

use crate::atomic::UnsafeCell;
use crate::const_fn;
use crate::list::{Linked, Links, List};
use crate::lock::{Lock, RawLock};
use crate::task::waker::{self, WAKES_WITHIN};

pub(super) use mark::{Mark, Out, Tag};
#[allow(unused_imports)] // for homes on the heap
pub(super) use waiter::Home;
pub(super) use waiter::{Waiter, Waiting};
pub(super) use wakes::{Batch, Wakes};

/// What a waiter of some primitive does under the lock.
pub(super) trait Protocol<const LANES: usize> {
    /// The primitive's state.
    type State: ?Sized;
    /// What others tell a waiter.
    type Tag: Tag;
    /// What the waiter waits for.
    type Output;

    /// The lane to wait in.
    const LANE: usize;

    /// Whether a poll neither takes a unit of budget nor asks for one. So it is with the end of something: who is told of that
    /// hears of it, also where something beside it in its task uses the whole budget of every poll.
    const FREE: bool = false;

    /// Whether [`quick`](Self::quick) is worth a call.
    const QUICK: bool = false;

    /// Takes what there is without the lock, at the first poll. A miss means that a wait is likely: the waker is cloned
    /// before the first section, so that a first [`poll`](Self::poll) that answers `Wait` is final.
    fn quick(&mut self) -> Option<Self::Output> {
        None
    }

    /// Whether a poll that is not the first one will probably wait on, so that the waker is cloned before the section rather
    /// than between two.
    #[inline(always)]
    fn expects_to_wait(&self) -> bool {
        false
    }

    /// Whether most who are told were taken out of the list. A primitive that rouses its waiters says no.
    const LEAVES: bool = true;

    /// Takes what was promised to a waiter that finds itself taken out of the list, without the lock; `None` where it must look
    /// under that. Asked where tags leave a [`Mark`], of a protocol without `LEAVES`.
    fn taken_out(&mut self) -> Option<Self::Output> {
        None
    }

    /// Moves what it has into one that looks in its place, and gets it back if that has to wait: what a first look needs does
    /// then not lie in memory while the lock is taken. Nor is it written down that the wait is over where that look was ready:
    /// who is polled after that is asked again, and answers `None` where [`again`](Self::again) is due. For protocols with
    /// `LIFTS`.
    fn lift(&mut self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Whether there is a [`lift`](Self::lift).
    const LIFTS: bool = false;

    /// Takes what there is, or says how to wait. `tag` is what the waiter was told last, `None` if it never waited.
    ///
    /// A call that answers `Wait` must change nothing: it may be repeated at once, and only then is the tag stored.
    fn poll(
        &mut self,
        section: &mut Section<'_, Self::State, Self::Tag, LANES>,
        tag: Option<Self::Tag>,
    ) -> Step<Self::Output, Self::Tag>;

    /// Passes on what `tag` promised: the waiter is out of the list and does not come back.
    fn cancel(&mut self, section: &mut Section<'_, Self::State, Self::Tag, LANES>, tag: Self::Tag);

    /// Whether [`settle`](Self::settle) has something to do.
    const SETTLES: bool = false;

    /// Sees that the waiter waits now, tagged so: what belongs to its place in line may be written down.
    fn linked(&mut self, _: &mut Section<'_, Self::State, Self::Tag, LANES>, _: Self::Tag) {}

    /// Gives on what is there for others, after the poll that was ready and after `cancel`: one step, which may wake one
    /// waiter. Answers whether to go on; see [`Waiters::repeat`].
    fn settle(&mut self, _: &mut Section<'_, Self::State, Self::Tag, LANES>) -> bool {
        false
    }

    /// Runs after the section of [`cancel`](Self::cancel): gives on what that left, by [`Waiters::repeat`].
    fn cancelled(&mut self) {}

    /// The answer to a poll after the one that was ready. No lock is held.
    ///
    /// # Panics
    ///
    /// Unless the protocol has a better idea.
    fn again(&mut self) -> Self::Output {
        panic!("a future was polled after it was ready")
    }
}

/// An answer of [`Protocol::poll`].
pub(super) enum Step<T, W> {
    /// There it is.
    Ready(T),
    /// Wait, tagged so: behind all others, or in the place the waiter still has.
    Wait(W),
}

/// What a waiter and those who wake it tell each other.
struct Entry<W: Tag> {
    waker: Option<Waker>,
    linked: bool,
    tag: Option<W>,
}

/// A place in the list.
pub(super) struct Node<W: Tag> {
    links: Links<Self>,
    entry: UnsafeCell<Entry<W>>,
    out: W::Mark,
}

impl<W: Tag> Node<W> {
    fn new() -> Self {
        Self::of(Entry { waker: None, linked: false, tag: None })
    }

    fn of(entry: Entry<W>) -> Self {
        Self { links: Links::new(), entry: UnsafeCell::new(entry), out: W::Mark::new() }
    }
}

// SAFETY: *under the lock*: a shared node is reached by one thread at a time, which may take wakers (`Send`) and tags out.
unsafe impl<W: Tag + Send> Sync for Node<W> {}

// SAFETY: always the field `links`, projected without a reference.
unsafe impl<W: Tag> Linked for Node<W> {
    #[inline(always)]
    unsafe fn links(node: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's node is alive, so the place is inside of it.
        let links = unsafe { &raw mut (*node.as_ptr()).links };
        // SAFETY: a field's address is not null.
        unsafe { NonNull::new_unchecked(links) }
    }
}

struct Shared<S: ?Sized, W: Tag, const LANES: usize> {
    list: List<Node<W>, LANES>,
    state: S,
}

/// A primitive's state and its waiters, behind a lock. A borrow of one can forget how large the state is.
pub(super) struct Waiters<L, S: ?Sized, W: Tag, const LANES: usize = 1> {
    shared: Lock<L, Shared<S, W, LANES>>,
}

impl<L: RawLock, S, W: Tag, const LANES: usize> Waiters<L, S, W, LANES> {
    const_fn! {
        /// Nobody waits.
        pub(super) const fn new(state: S) -> Self {
            // SAFETY: *unnested*: what runs under it is here and in the protocols of this module, and no foreign code.
            Self { shared: unsafe { Lock::any(Shared { list: List::new(), state }) } }
        }
    }
}

impl<L: RawLock, S: ?Sized, W: Tag, const LANES: usize> Waiters<L, S, W, LANES> {
    /// Runs one section, and wakes whom it took out of the list.
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Section<'_, S, W, LANES>) -> R) -> R {
        let (answer, woken) = self.section(f);
        if let Some(waker) = woken {
            waker.wake();
        }
        answer
    }

    /// As [`with`](Self::with), for who gets something and must keep it: *kept*.
    #[inline]
    pub(super) fn with_kept<R>(&self, f: impl FnOnce(&mut Section<'_, S, W, LANES>) -> R) -> R {
        let (answer, woken) = self.section(f);
        waiter::call(woken, true);
        answer
    }

    #[inline(always)]
    fn section<R>(&self, f: impl FnOnce(&mut Section<'_, S, W, LANES>) -> R) -> (R, Option<Waker>) {
        self.shared.with_held(|shared, held| {
            let mut section = Section { state: &mut shared.state, list: &mut shared.list, woken: None };
            let answer = f(&mut section);
            let woken = section.woken;
            // One of ours is woken here where that is a push to a queue of this core: one section instead of two.
            (answer, if WAKES_WITHIN { woken.and_then(|waker| waker::wake_within(waker, &held)) } else { woken })
        })
    }

    /// The future of one waiter.
    pub(super) fn wait<P>(&self, protocol: P) -> Waiting<'_, L, P, LANES>
    where
        P: Protocol<LANES, State = S, Tag = W>,
    {
        Waiter::new(self, protocol)
    }
}

/// The state and the list, while the lock is held.
pub(super) struct Section<'s, S: ?Sized, W: Tag, const LANES: usize> {
    /// The primitive's state.
    pub(super) state: &'s mut S,
    list: &'s mut List<Node<W>, LANES>,
    woken: Option<Waker>,
}

impl<S: ?Sized, W: Tag, const LANES: usize> Section<'_, S, W, LANES> {
    /// Reaches what is in a node.
    ///
    /// # Safety
    ///
    /// The node must be alive and its *home* be this queue.
    #[inline(always)]
    unsafe fn entry(&mut self, node: NonNull<Node<W>>) -> &mut Entry<W> {
        // SAFETY: the caller's node is alive.
        let node = unsafe { node.as_ref() };
        // SAFETY: *under the lock*, of which this section is the proof, borrowed for as long as the answer lives.
        node.entry.with_mut(|entry| unsafe { &mut *entry })
    }

    /// Whether nobody waits in `lane`.
    #[allow(dead_code)] // part of what every primitive may ask
    #[inline]
    pub(super) fn is_empty(&self, lane: usize) -> bool {
        self.list.is_empty(lane)
    }

    /// What the first waiter of `lane` was told.
    #[inline]
    pub(super) fn front(&mut self, lane: usize) -> Option<W> {
        let node = self.list.front(lane)?;
        // SAFETY: *alive* and *home*: it is in the list.
        unsafe { self.entry(node) }.tag
    }

    /// Takes the first waiter of `lane` out, tells it `tag`, and has it woken after this section: at most one in each.
    #[inline]
    pub(super) fn pop(&mut self, lane: usize, tag: W) -> bool {
        let node = self.list.pop_front(lane);
        node.is_some_and(|node| {
            self.tell(node, tag, false);
            true
        })
    }

    /// As [`pop`](Self::pop), the last waiter.
    #[inline]
    pub(super) fn pop_last(&mut self, lane: usize, tag: W) -> bool {
        let node = self.list.pop_back(lane);
        node.is_some_and(|node| {
            self.tell(node, tag, false);
            true
        })
    }

    /// As [`pop`](Self::pop), but the waiter keeps its place.
    #[inline]
    pub(super) fn rouse(&mut self, lane: usize, tag: W) -> bool {
        let node = self.list.front(lane);
        node.is_some_and(|node| {
            self.tell(node, tag, true);
            true
        })
    }

    /// Takes the first waiter of `lane` out without a word: it is the one that is being polled.
    #[inline]
    pub(super) fn step_out(&mut self, lane: usize) {
        if let Some(node) = self.list.pop_front(lane) {
            // SAFETY: *alive* and *home*: it was in the list until now.
            unsafe { self.entry(node) }.linked = false;
        }
    }

    /// Does what is rare in a section of its own under the same lock, and has one woken by this one: a reference to this one does not
    /// get there, so that it may stay in registers.
    #[allow(dead_code)] // for channels
    #[inline(always)]
    pub(super) fn apart<R>(&mut self, rare: impl FnOnce(&mut Section<'_, S, W, LANES>) -> R) -> R {
        #[cold]
        #[inline(never)]
        fn run<S: ?Sized, W: Tag, const LANES: usize, R>(
            state: &mut S,
            list: &mut List<Node<W>, LANES>,
            rare: impl FnOnce(&mut Section<'_, S, W, LANES>) -> R,
        ) -> (R, Option<Waker>) {
            let mut section = Section { state, list, woken: None };
            let answer = rare(&mut section);
            (answer, section.woken)
        }
        let (answer, woken) = run(self.state, self.list, rare);
        self.call(woken);
        answer
    }

    #[inline]
    fn tell(&mut self, node: NonNull<Node<W>>, tag: W, linked: bool) {
        // SAFETY: *alive* and *home*: both callers just found it in the list.
        let entry = unsafe { self.entry(node) };
        entry.linked = linked;
        entry.tag = Some(tag);
        let waker = entry.waker.take();
        self.call(waker);
        if !linked {
            // SAFETY: *alive*: whoever waits leaves before the mark is there only under the lock.
            let out = unsafe { &raw const (*node.as_ptr()).out };
            // SAFETY: as above. *last word*: nothing in this section or later reaches the node after this.
            W::Mark::set(unsafe { &*out });
        }
    }

    /// Has one woken who stands in no line, after this section.
    #[allow(dead_code)] // for channels on the heap
    #[inline]
    pub(super) fn wake(&mut self, waker: Waker) {
        self.call(Some(waker));
    }

    #[inline(always)]
    fn call(&mut self, waker: Option<Waker>) {
        debug_assert!(self.woken.is_none(), "one wake-up in each section");
        // Nothing is there to drop; said so, or code to drop it would be made.
        core::mem::forget(core::mem::replace(&mut self.woken, waker));
    }

    /// Whoever has it puts all of `from` behind `to`.
    #[inline]
    pub(super) fn append(&mut self, from: usize, to: usize) {
        self.list.append(from, to);
    }
}
