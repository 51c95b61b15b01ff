//! One who waits: the future with a node inside, and what keeps its queue in its place.
//!
//! The invariants are those of the list, in the module above.

use core::future::Future;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker, ready};

use super::{Entry, Mark, Node, Protocol, Section, Step, Tag, Waiters};
use crate::guard;
use crate::lock::RawLock;
use crate::task::coop;
use crate::task::waker;

/// What keeps a queue in its place for those who wait in it.
///
/// # Safety
///
/// `waiters` must answer the same queue at every call, and that queue must stay alive and where it is for as long as the
/// home does, also while the home itself is moved.
pub(in crate::sync) unsafe trait Home<const LANES: usize> {
    /// The lock of the queue.
    type Lock: RawLock;
    /// The primitive's state.
    type State: ?Sized;
    /// What others tell a waiter.
    type Tag: Tag;

    /// The queue.
    fn waiters(&self) -> &Waiters<Self::Lock, Self::State, Self::Tag, LANES>;
}

// SAFETY: one queue, which is borrowed for as long as the reference may be used.
unsafe impl<L: RawLock, S: ?Sized, W: Tag, const LANES: usize> Home<LANES> for &Waiters<L, S, W, LANES> {
    type Lock = L;
    type State = S;
    type Tag = W;

    #[inline(always)]
    fn waiters(&self) -> &Waiters<L, S, W, LANES> {
        self
    }
}

/// What a waiter knows by itself of where it is. A node is made when it may be needed: who never waits pays for none.
enum Place<W: Tag> {
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
/// A unit of the task's budget for an output, unless its protocol is free of that. Without waiting one section and no clone of the waker; a wait takes two, and one more when it ends.
pub(in crate::sync) struct Waiter<H, P, const LANES: usize>
where
    H: Home<LANES>,
    P: Protocol<LANES, State = H::State, Tag = H::Tag>,
{
    home: H,
    protocol: P,
    place: Place<P::Tag>,
}

/// One waiter that borrows the queue.
pub(in crate::sync) type Waiting<'a, L, P, const LANES: usize> =
    Waiter<&'a Waiters<L, <P as Protocol<LANES>>::State, <P as Protocol<LANES>>::Tag, LANES>, P, LANES>;

impl<H, P, const LANES: usize> Waiter<H, P, LANES>
where
    H: Home<LANES>,
    P: Protocol<LANES, State = H::State, Tag = H::Tag>,
{
    /// A waiter of the queue that `home` keeps: an `Arc` for one that borrows nothing.
    #[inline]
    pub(in crate::sync) fn new(home: H, protocol: P) -> Self {
        Self { home, protocol, place: Place::New }
    }

    /// What keeps the queue.
    #[allow(dead_code)] // only owned waiters need it
    pub(in crate::sync) fn home(&self) -> &H {
        &self.home
    }

    /// A poll that takes no unit of budget and asks for none: for who charges it elsewhere, or must keep its turn.
    #[inline(always)]
    pub(in crate::sync) fn poll_free(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        self.advance(Some(cx.waker()))
    }

    /// Takes its place in the list without a waker, if it has to wait.
    pub(in crate::sync) fn enroll(self: Pin<&mut Self>) -> Poll<P::Output> {
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
        let poll = if P::QUICK {
            let Some(output) = protocol.quick() else { return this.begin(waker) };
            Poll::Ready(output)
        } else {
            let Some(poll) = Self::glance(home, protocol, place, waker) else { return this.wait(waker) };
            poll
        };
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
        let ready = matches!(poll, Some(Poll::Ready(_)));
        call(woken, ready);
        if P::SETTLES && ready {
            home.waiters().repeat_kept(|section| protocol.settle(section));
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

    /// The first poll of who probably has to wait: one section, with all in its place before it.
    #[inline(never)]
    fn begin(&mut self, waker: Option<&Waker>) -> Poll<P::Output> {
        let Self { home, protocol, place } = self;
        let node = Node::of(Entry { waker: waker.map(waker::clone), linked: false, tag: None });
        // It was new: nothing is there to drop; said so, or code to drop it would be made.
        core::mem::forget(core::mem::replace(place, Place::Here(node)));
        let Place::Here(node) = &*place else { unreachable!("it was put there") };
        let own = NonNull::from(node);
        let (poll, woken) = home.waiters().section(|section| match protocol.poll(section, None) {
            Step::Ready(output) => Poll::Ready(output),
            Step::Wait(tag) => {
                // SAFETY: *home*, and alive: it is our own node.
                let entry = unsafe { section.entry(own) };
                (entry.linked, entry.tag) = (true, Some(tag));
                // SAFETY: in no list; *alive*: pinned, and *enrolled*, by which `drop` removes it.
                unsafe { section.list.push_back(P::LANE, own) };
                protocol.linked(section, tag);
                Poll::Pending
            }
        });
        call(woken, poll.is_ready());
        if poll.is_ready() {
            // *kept*: the waker in the node is dropped here.
            guard::swallow(|| *place = Place::Done);
            if P::SETTLES {
                home.waiters().repeat_kept(|section| protocol.settle(section));
            }
        }
        poll
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
        call(woken, matches!(poll, Some(Poll::Ready(_))));
        let Some(poll) = poll else { return self.wait(waker) };
        if poll.is_ready() {
            // *unlinked*: nothing is there to drop; said so, or code to drop it would be made.
            core::mem::forget(core::mem::replace(place, Place::Done));
            if P::SETTLES {
                home.waiters().repeat_kept(|section| protocol.settle(section));
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
        let node = Node::of(Entry { waker, linked: true, tag: Some(tag) });
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
        if let Place::Here(node) = &this.place {
            // *last word*: nobody reaches the node any more.
            if let Some(output) = node.out.is_set().then(|| this.protocol.taken_out()).flatten() {
                // *unlinked*: nothing is there to drop; said so, or code to drop it would be made.
                core::mem::forget(core::mem::replace(&mut this.place, Place::Done));
                return Poll::Ready(output);
            }
        }
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
            call(woken, matches!(step, Some(Poll::Ready(_))));
            match step {
                Some(poll) => {
                    if poll.is_ready() {
                        // *kept*: the waker in the node is dropped here, and the one that was not needed.
                        guard::swallow(|| this.place = Place::Done);
                        guard::swallow(|| drop(fresh));
                        if P::SETTLES {
                            this.home.waiters().repeat_kept(|section| this.protocol.settle(section));
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
        if P::FREE {
            return self.poll_free(cx);
        }
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
        // Others may depend on each: the later ones happen even if a waker panics in the first.
        let mut panic = None;
        guard::keep_first(&mut panic, guard::run(|| _ = woken.map(Waker::wake)));
        if P::SETTLES {
            let settled = guard::run(|| self.home.waiters().repeat(|section| self.protocol.settle(section)));
            guard::keep_first(&mut panic, settled);
        }
        guard::keep_first(&mut panic, guard::run(|| self.protocol.cancelled()));
        if let Some(payload) = panic {
            guard::resume(payload);
        }
    }
}

/// Wakes whom a look took out. *kept*: its panic goes on only if that look was not `ready`.
#[inline(always)]
pub(in crate::sync) fn call(woken: Option<Waker>, ready: bool) {
    let Some(waker) = woken else { return };
    if let Err(payload) = guard::run(|| waker.wake()) {
        if ready {
            guard::discard(payload);
        } else {
            guard::resume(payload);
        }
    }
}
