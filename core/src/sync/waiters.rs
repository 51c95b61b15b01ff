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
//! - *unlinked*: a node whose `Waiting` is not being polled and that is in no list has no waker: who took it out took that too.
//! - *no foreign code*: wakers leave a section by value and are cloned, woken and dropped outside.

use core::future::Future;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker, ready};

use crate::atomic::UnsafeCell;
use crate::list::{Linked, Links, List};
use crate::lock::{Lock, RawLock};
use crate::task::coop;
use crate::task::waker::{self, WAKES_WITHIN};
use crate::{const_fn, guard};

/// Wakers taken out in one section, where there are many to wake.
const BATCH: usize = 8;

/// What a waiter of some primitive does under the lock.
pub(super) trait Protocol<const LANES: usize> {
    /// The primitive's state.
    type State: ?Sized;
    /// What others tell a waiter.
    type Tag: Copy;
    /// What the waiter waits for.
    type Output;

    /// The lane to wait in.
    const LANE: usize;

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
struct Entry<W> {
    waker: Option<Waker>,
    linked: bool,
    tag: Option<W>,
}

/// A place in the list.
pub(super) struct Node<W> {
    links: Links<Self>,
    entry: UnsafeCell<Entry<W>>,
}

impl<W> Node<W> {
    fn new() -> Self {
        Self { links: Links::new(), entry: UnsafeCell::new(Entry { waker: None, linked: false, tag: None }) }
    }
}

// SAFETY: *under the lock*: a shared node is reached by one thread at a time, which may take wakers (`Send`) and tags out.
unsafe impl<W: Send> Sync for Node<W> {}

// SAFETY: always the field `links`, projected without a reference.
unsafe impl<W> Linked for Node<W> {
    #[inline(always)]
    unsafe fn links(node: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's node is alive, so the place is inside of it.
        let links = unsafe { &raw mut (*node.as_ptr()).links };
        // SAFETY: a field's address is not null.
        unsafe { NonNull::new_unchecked(links) }
    }
}

struct Shared<S: ?Sized, W, const LANES: usize> {
    list: List<Node<W>, LANES>,
    state: S,
}

/// A primitive's state and its waiters, behind a lock. A borrow of one can forget how large the state is.
pub(super) struct Waiters<L, S: ?Sized, W, const LANES: usize = 1> {
    shared: Lock<L, Shared<S, W, LANES>>,
}

impl<L: RawLock, S, W, const LANES: usize> Waiters<L, S, W, LANES> {
    const_fn! {
        /// Nobody waits.
        pub(super) const fn new(state: S) -> Self {
            // SAFETY: *unnested*: what runs under it is here and in the protocols of this module, and no foreign code.
            Self { shared: unsafe { Lock::any(Shared { list: List::new(), state }) } }
        }
    }
}

impl<L: RawLock, S: ?Sized, W, const LANES: usize> Waiters<L, S, W, LANES> {
    /// Runs one section, and wakes whom it took out of the list.
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Section<'_, S, W, LANES>) -> R) -> R {
        let (answer, woken) = self.section(f);
        if let Some(waker) = woken {
            waker.wake();
        }
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

    /// Takes everybody out of `lane` and wakes them, a few in each section, until none is left or `stop` says so. A
    /// waker that panics does not keep the others from being woken; the first panic goes on when all are.
    pub(super) fn drain(&self, lane: usize, tag: W, stop: impl Fn(&S) -> bool)
    where
        W: Copy,
    {
        self.repeat(|section| !stop(section.state) && section.pop(lane, tag));
    }

    /// One look of a waiter that stands in no line: what `take` takes, or its waker is kept in `place`, which is part of
    /// the state. Whoever has something for it takes the waker out of there, and [wakes](Section::wake) it.
    #[allow(dead_code)] // for channels on the heap
    #[inline]
    pub(super) fn poll_alone<R>(
        &self,
        cx: &mut Context<'_>,
        place: impl Fn(&mut S) -> &mut Option<Waker>,
        mut take: impl FnMut(&mut Section<'_, S, W, LANES>) -> Option<R>,
    ) -> Poll<R> {
        let budget = ready!(coop::poll_proceed(cx));
        let waker = cx.waker();
        // The waker to store, once it is known that one is needed; after that the one it replaced.
        let mut fresh: Option<Waker> = None;
        loop {
            let (step, woken) = self.section(|section| {
                if let Some(answer) = take(section) {
                    return Some(Poll::Ready(answer));
                }
                let stored = place(section.state);
                if !stored.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
                    let new = fresh.take()?;
                    fresh = stored.replace(new);
                }
                Some(Poll::Pending)
            });
            if let Some(waker) = woken {
                waker.wake();
            }
            match step {
                Some(Poll::Ready(answer)) => {
                    budget.made_progress();
                    return Poll::Ready(answer);
                }
                Some(Poll::Pending) => return Poll::Pending,
                None => fresh = Some(waker.clone()),
            }
        }
    }

    /// Runs `step` until it answers `false`, a few times in each section; each time it may take one waiter out. A waker
    /// that panics does not keep the others from being woken; the first panic goes on when all are.
    ///
    /// Between two sections others have the lock: what `step` has yet to give away must be told apart by the state from
    /// what anybody may take.
    #[inline]
    pub(super) fn repeat(&self, mut step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool) {
        let (more, woken) = self.section(&mut step);
        if more {
            self.repeat_on(woken, step);
        } else if let Some(waker) = woken {
            waker.wake();
        }
    }

    /// The steps after the first one, which took `woken` out.
    #[inline(never)]
    fn repeat_on(&self, woken: Option<Waker>, mut step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool) {
        let mut wakes = Wakes::new();
        let mut batch = Batch::of(woken);
        while {
            let more = self.collect(&mut batch, &mut step);
            wakes.wake(core::mem::replace(&mut batch, Batch::new()));
            more
        } {}
        wakes.finish();
    }

    /// Runs `step` in one section until it answers `false` or the batch is full; answers whether to go on. For who has
    /// more than one queue to empty: see [`repeat`](Self::repeat).
    #[inline]
    pub(super) fn collect(
        &self,
        batch: &mut Batch,
        mut step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool,
    ) -> bool {
        let (more, _) = self.section(|section| {
            for _ in 0..BATCH {
                let Some(place) = batch.wakers.get_mut(batch.taken) else { return true };
                let more = step(section);
                batch.taken += usize::from(section.woken.is_some());
                core::mem::swap(place, &mut section.woken);
                if !more {
                    return false;
                }
            }
            true
        });
        more
    }

    /// The future of one waiter.
    pub(super) fn wait<P>(&self, protocol: P) -> Waiting<'_, L, P, LANES>
    where
        P: Protocol<LANES, State = S, Tag = W>,
        W: Copy,
    {
        Waiter::new(self, protocol)
    }
}

/// Wakers that were taken out under a lock, to be woken when none is held.
pub(super) struct Batch {
    wakers: [Option<Waker>; BATCH],
    taken: usize,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self { wakers: [const { None }; BATCH], taken: 0 }
    }

    fn of(waker: Option<Waker>) -> Self {
        let mut this = Self::new();
        this.taken = usize::from(waker.is_some());
        this.wakers[0] = waker;
        this
    }
}

/// Wakes many: one that panics does not keep the others from being woken.
pub(super) struct Wakes {
    panic: Option<guard::Payload>,
}

impl Wakes {
    pub(super) const fn new() -> Self {
        Self { panic: None }
    }

    /// Wakes all of a batch.
    pub(super) fn wake(&mut self, batch: Batch) {
        for waker in batch.wakers.into_iter().flatten() {
            if let Err(payload) = guard::run(|| waker.wake()) {
                match self.panic {
                    None => self.panic = Some(payload),
                    // A second one is let go with care: its destructor is foreign code as well.
                    Some(_) => guard::discard(payload),
                }
            }
        }
    }

    /// Goes on with the first panic, if there was one.
    pub(super) fn finish(self) {
        if let Some(payload) = self.panic {
            guard::resume(payload);
        }
    }
}

/// What keeps a queue in its place for those who wait in it.
///
/// # Safety
///
/// `waiters` must answer the same queue at every call, and that queue must stay alive and where it is for as long as the
/// home does, also while the home itself is moved.
pub(super) unsafe trait Home<const LANES: usize> {
    /// The lock of the queue.
    type Lock: RawLock;
    /// The primitive's state.
    type State: ?Sized;
    /// What others tell a waiter.
    type Tag: Copy;

    /// The queue.
    fn waiters(&self) -> &Waiters<Self::Lock, Self::State, Self::Tag, LANES>;
}

// SAFETY: one queue, which is borrowed for as long as the reference may be used.
unsafe impl<L: RawLock, S: ?Sized, W: Copy, const LANES: usize> Home<LANES> for &Waiters<L, S, W, LANES> {
    type Lock = L;
    type State = S;
    type Tag = W;

    #[inline(always)]
    fn waiters(&self) -> &Waiters<L, S, W, LANES> {
        self
    }
}

/// The state and the list, while the lock is held.
pub(super) struct Section<'s, S: ?Sized, W, const LANES: usize> {
    /// The primitive's state.
    pub(super) state: &'s mut S,
    list: &'s mut List<Node<W>, LANES>,
    woken: Option<Waker>,
}

impl<S: ?Sized, W, const LANES: usize> Section<'_, S, W, LANES> {
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
    pub(super) fn front(&mut self, lane: usize) -> Option<W>
    where
        W: Copy,
    {
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

    #[inline]
    fn tell(&mut self, node: NonNull<Node<W>>, tag: W, linked: bool) {
        // SAFETY: *alive* and *home*: both callers just found it in the list.
        let entry = unsafe { self.entry(node) };
        entry.linked = linked;
        entry.tag = Some(tag);
        let waker = entry.waker.take();
        self.call(waker);
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

/// What a waiter knows by itself of where it is. A node is made when it may be needed: who never waits pays for none.
enum Place<W> {
    /// In no list, and never was.
    New,
    /// The node is made, and reached under the lock only: *enrolled*, once it has a tag.
    Here(Node<W>),
    /// The wait is over.
    Done,
}

/// One waiter: a future that takes its place in the list when it has to wait.
///
/// # Cost
///
/// A unit of the task's budget for an output. Without waiting one section and no clone of the waker; a wait takes two, and one more when it ends.
pub(super) struct Waiter<H, P, const LANES: usize>
where
    H: Home<LANES>,
    P: Protocol<LANES, State = H::State, Tag = H::Tag>,
{
    home: H,
    protocol: P,
    place: Place<P::Tag>,
}

/// One waiter that borrows the queue.
pub(super) type Waiting<'a, L, P, const LANES: usize> =
    Waiter<&'a Waiters<L, <P as Protocol<LANES>>::State, <P as Protocol<LANES>>::Tag, LANES>, P, LANES>;

impl<H, P, const LANES: usize> Waiter<H, P, LANES>
where
    H: Home<LANES>,
    P: Protocol<LANES, State = H::State, Tag = H::Tag>,
{
    /// A waiter of the queue that `home` keeps: an `Arc` for one that borrows nothing.
    #[inline]
    pub(super) fn new(home: H, protocol: P) -> Self {
        Self { home, protocol, place: Place::New }
    }

    /// What keeps the queue.
    #[allow(dead_code)] // only owned waiters need it
    pub(super) fn home(&self) -> &H {
        &self.home
    }

    /// A poll that takes no unit of budget and asks for none: for who charges it elsewhere, or must keep its turn.
    #[inline(always)]
    pub(super) fn poll_free(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        self.advance(Some(cx.waker()))
    }

    /// Takes its place in the list without a waker, if it has to wait.
    pub(super) fn enroll(self: Pin<&mut Self>) -> Poll<P::Output> {
        self.advance(None)
    }

    #[inline(always)]
    fn advance(self: Pin<&mut Self>, waker: Option<&Waker>) -> Poll<P::Output> {
        // SAFETY: nothing is moved out of it, here or below; `protocol` is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        if !matches!(this.place, Place::New) {
            return if P::LEAVES { this.resume(waker) } else { this.wait(waker) };
        }
        // Who never waits makes no node, and is compiled into its caller.
        let Self { home, protocol, place } = this;
        if P::LIFTS {
            let Some(mut lifted) = protocol.lift() else { return Poll::Ready(protocol.again()) };
            let poll = Self::glance(home, &mut lifted, place, waker);
            if let Some(Poll::Ready(output)) = poll {
                // SAFETY: it was new above, and a look that is ready leaves it so. Said so for the destructor that follows.
                unsafe { core::hint::assert_unchecked(matches!(place, Place::New)) };
                return Poll::Ready(output);
            }
            *protocol = lifted;
            return poll.unwrap_or_else(|| this.wait(waker));
        }
        let poll =
            if P::QUICK { protocol.quick().map(Poll::Ready) } else { Self::glance(home, protocol, place, waker) };
        let Some(poll) = poll else { return this.wait(waker) };
        if poll.is_ready() {
            // It was new: nothing is there to drop; said so, or code to drop it would be made.
            core::mem::forget(core::mem::replace(place, Place::Done));
        }
        poll
    }

    /// One look under the lock; and its place in the list, where the waker may be cloned there.
    #[inline(always)]
    fn glance(home: &H, protocol: &mut P, place: &mut Place<P::Tag>, waker: Option<&Waker>) -> Option<Poll<P::Output>> {
        let (poll, woken) = home.waiters().section(|section| Self::look(protocol, place, section, None, waker));
        if let Some(waker) = woken {
            waker.wake();
        }
        if P::SETTLES && matches!(poll, Some(Poll::Ready(_))) {
            home.waiters().repeat(|section| protocol.settle(section));
        }
        poll
    }

    /// Looks, and takes its place in the list behind all others where the waker may be cloned under the lock. `None`: nothing
    /// has happened, and there is more to do.
    #[inline(always)]
    fn look(
        protocol: &mut P,
        place: &mut Place<P::Tag>,
        section: &mut Section<'_, P::State, P::Tag, LANES>,
        tag: Option<P::Tag>,
        waker: Option<&Waker>,
    ) -> Option<Poll<P::Output>> {
        match protocol.poll(section, tag) {
            Step::Ready(output) => Some(Poll::Ready(output)),
            Step::Wait(tag) => {
                let stored = match waker {
                    Some(waker) => Some(waker::clone_within(waker)?),
                    None => None,
                };
                Self::link(place, section, tag, stored);
                protocol.linked(section, tag);
                Some(Poll::Pending)
            }
        }
    }

    /// A poll of who waited: most were taken out of the list, and need their node no more.
    #[inline(never)]
    fn resume(&mut self, waker: Option<&Waker>) -> Poll<P::Output> {
        let Self { home, protocol, place } = self;
        let (poll, woken) = home.waiters().section(|section| {
            let Place::Here(node) = &*place else { return None };
            // SAFETY: *home*, and alive: it is our own node.
            let entry = unsafe { section.entry(NonNull::from(node)) };
            if entry.linked {
                return None;
            }
            let tag = entry.tag;
            Self::look(protocol, place, section, tag, waker)
        });
        if let Some(waker) = woken {
            waker.wake();
        }
        let Some(poll) = poll else { return self.wait(waker) };
        if poll.is_ready() {
            // *unlinked*: nothing is there to drop; said so, or code to drop it would be made.
            core::mem::forget(core::mem::replace(place, Place::Done));
            if P::SETTLES {
                home.waiters().repeat(|section| protocol.settle(section));
            }
        }
        poll
    }

    /// Makes a node and puts it into the list.
    #[inline(always)]
    fn link(
        place: &mut Place<P::Tag>,
        section: &mut Section<'_, P::State, P::Tag, LANES>,
        tag: P::Tag,
        waker: Option<Waker>,
    ) {
        let node = Node { links: Links::new(), entry: UnsafeCell::new(Entry { waker, linked: true, tag: Some(tag) }) };
        core::mem::forget(core::mem::replace(place, Place::Here(node)));
        if let Place::Here(node) = place {
            // SAFETY: in no list; *alive*: its waiter is pinned, and *enrolled*, by which `drop` removes it.
            unsafe { section.list.push_back(P::LANE, NonNull::from(node)) };
        }
    }

    /// A poll of who has to wait, or waited.
    #[inline(never)]
    fn wait(&mut self, waker: Option<&Waker>) -> Poll<P::Output> {
        let this = self;
        // The waker to store, once it is known that one is needed; after that the one it replaced.
        let (mut fresh, mut needed) = (None, waker);
        if matches!(this.place, Place::New) {
            (fresh, needed) = (waker.map(waker::clone), None);
            this.place = Place::Here(Node::new());
        } else if waker.is_some() && this.protocol.expects_to_wait() {
            (fresh, needed) = (waker.map(waker::clone), None);
        }
        let Place::Here(node) = &this.place else { return Poll::Ready(this.protocol.again()) };
        let own = NonNull::from(node);
        loop {
            let (step, woken) = this.home.waiters().section(|section| {
                // SAFETY: *home*, and alive: it is our own node.
                let tag = unsafe { section.entry(own) }.tag;
                let step = this.protocol.poll(section, tag);
                // SAFETY: as above.
                let entry = unsafe { section.entry(own) };
                match step {
                    Step::Ready(output) => {
                        entry.tag = None;
                        if core::mem::replace(&mut entry.linked, false) {
                            // SAFETY: *home*: it says that it is linked.
                            unsafe { section.list.remove(own) };
                        }
                        Some(Poll::Ready(output))
                    }
                    Step::Wait(tag) => {
                        if let Some(waker) = needed {
                            if !entry.waker.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
                                return None;
                            }
                        } else if fresh.is_some() {
                            core::mem::swap(&mut entry.waker, &mut fresh);
                        }
                        entry.tag = Some(tag);
                        if !core::mem::replace(&mut entry.linked, true) {
                            // SAFETY: in no list; *alive*: pinned, and *enrolled*, by which `drop` removes it.
                            unsafe { section.list.push_back(P::LANE, own) };
                        }
                        this.protocol.linked(section, tag);
                        Some(Poll::Pending)
                    }
                }
            });
            if let Some(waker) = woken {
                waker.wake();
            }
            match step {
                Some(poll) => {
                    if poll.is_ready() {
                        this.place = Place::Done;
                        if P::SETTLES {
                            this.home.waiters().repeat(|section| this.protocol.settle(section));
                        }
                    }
                    return poll;
                }
                // The clone is made between two sections; the second one looks at everything again.
                None => fresh = needed.take().map(waker::clone),
            }
        }
    }
}

impl<H, P, const LANES: usize> Future for Waiter<H, P, LANES>
where
    H: Home<LANES>,
    P: Protocol<LANES, State = H::State, Tag = H::Tag>,
{
    type Output = P::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        let budget = ready!(coop::poll_proceed(cx));
        let output = ready!(self.advance(Some(cx.waker())));
        budget.made_progress();
        Poll::Ready(output)
    }
}

impl<H, P, const LANES: usize> Drop for Waiter<H, P, LANES>
where
    H: Home<LANES>,
    P: Protocol<LANES, State = H::State, Tag = H::Tag>,
{
    #[inline]
    fn drop(&mut self) {
        if let Place::Here(node) = &self.place {
            let own = NonNull::from(node);
            self.leave(own);
        }
    }
}

impl<H, P, const LANES: usize> Waiter<H, P, LANES>
where
    H: Home<LANES>,
    P: Protocol<LANES, State = H::State, Tag = H::Tag>,
{
    /// Gives up the place in the list, and what was promised.
    #[inline(never)]
    fn leave(&mut self, own: NonNull<Node<P::Tag>>) {
        let ((), woken) = self.home.waiters().section(|section| {
            // SAFETY: *home*, and alive: it is our own node.
            let entry = unsafe { section.entry(own) };
            let tag = entry.tag.take();
            if core::mem::replace(&mut entry.linked, false) {
                // SAFETY: *home*: it says that it is linked.
                unsafe { section.list.remove(own) };
            }
            if let Some(tag) = tag {
                self.protocol.cancel(section, tag);
            }
        });
        // Others may depend on both: the second one happens even if a waker panics in the first.
        let woken = guard::run(|| woken.map(Waker::wake));
        if P::SETTLES {
            self.home.waiters().repeat(|section| self.protocol.settle(section));
        }
        self.protocol.cancelled();
        if let Err(payload) = woken {
            guard::resume(payload);
        }
    }
}
