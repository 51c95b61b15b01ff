//! [`Node`]: what a sleep is made of, and what its owner does with it.
//!
//! # Who may touch a node
//!
//! - *home*: a node is only ever linked in the heap of its own `place`, and a heap only exists inside the lock of a
//!   `Timers`; so `&mut Heap` shows that the lock is held over every node linked in it. A delay queue has a heap for itself,
//!   where `&mut` is its lock, and takes its nodes out before they go ([`Heap::link`]).
//! - *owner or lock*: `prev` tells whose the links are. One of the four marks (idle, elapsed, closed, due): its owner's, who
//!   holds `Pin<&mut Node>`. A pointer: whoever's who holds the lock. Only the owner turns a mark into a pointer, and
//!   only under the lock is a pointer turned into a mark, as the last access to that node.
//! - *calm deadline*: the deadline is written by the owner while the node is not linked, and read by anybody. So is `place`, and
//!   read by the owner.
//! - *seen*: of a node that has elapsed the place stands where the links were as well. When a poll has said that it is over, its
//!   owner clears `place`, and writes it back before the node may be linked again. So a node without a place is not linked.
//! - *ring*: the `next` of a child is a sibling or its parent, but inside of `meld_all`: null, or one that it has put aside. Of the
//!   root it is not read, and need not be written.
//! - *alive*: a linked node is pinned, and takes itself out before it goes. A [`Tree`] is a pointer to a linked node (or
//!   to the caller's own) and never leaves a call that holds the lock.

use core::marker::PhantomPinned;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr;
use core::task::{Poll, Waker, ready};

use super::Instant;
use super::heap::{Heap, Tree};
use super::queue::{ONE_BY_ONE, Place};
use crate::atomic::{AtomicPtr, LAYOUT_IS_REAL, Ordering, UnsafeCell, load_published};
use crate::task::waker::Kept;

/// What a sleep is made of: a deadline, the queue it counts by, and its place in there.
///
/// In this order, which is that of the registers in which a new sleep has deadline, mark and place: they are written at once.
#[repr(C)]
pub(super) struct Node {
    /// *written*: by the insertion, before anything else looks at them; of a node that has left the queue nothing is read.
    pub(super) links: UnsafeCell<MaybeUninit<Links>>,
    deadline: UnsafeCell<Instant>,
    /// The node before this one (see the ring of [`heap`](super::heap)), or a mark.
    pub(super) prev: AtomicPtr<Node>,
    /// Its queue. Of one that was polled to its end it is none, until it is reset (*seen*).
    place: UnsafeCell<Place>,
    _pinned: PhantomPinned,
}

#[repr(C)]
pub(super) struct Links {
    pub(super) child: Option<Tree>,
    /// *ring*.
    pub(super) next: MaybeUninit<Option<Tree>>,
    /// Moved out by who takes the node out, under the lock.
    pub(super) waker: Kept,
}

/// Where a node is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its deadline has passed and its waker has been called (or is about to be). The first, hence zero, for which each poll
    /// looks.
    Elapsed,
    /// Not linked: not polled yet, or reset after its end. As [`Place::NONE`], so that a sleep needs one constant for both.
    Idle,
    /// Made with a deadline that had passed, and not polled yet.
    Due,
    /// Taken out because its queue was closed.
    Closed,
    /// In the queue.
    Linked,
}

impl State {
    /// The marks are no addresses of nodes, which are aligned to four at least.
    pub(super) const fn mark(self) -> *mut Node {
        ptr::without_provenance_mut(self as usize)
    }

    /// Whether a `prev` is a pointer.
    #[inline(always)]
    pub(super) fn is_linked(prev: *mut Node) -> bool {
        prev.addr() > Self::Closed as usize
    }

    /// Whether a `prev` is of a node that is refused: neither linked, nor over.
    #[inline(always)]
    pub(super) fn is_refused(prev: *mut Node) -> bool {
        prev.addr() & 1 != 0
    }

    /// What a `prev` says.
    #[inline(always)]
    fn of(prev: *mut Node) -> Self {
        match prev.addr() {
            0 => Self::Elapsed,
            1 => Self::Idle,
            2 => Self::Due,
            3 => Self::Closed,
            _ => Self::Linked,
        }
    }
}

/// What the owner of a node has seen in its `prev`.
#[derive(Clone, Copy)]
pub(super) struct Mark(*mut Node);

impl Mark {
    /// Whether the node is not linked and waits for a poll. Good for as long as its owner does nothing: this mark is his, and
    /// no other is turned into it.
    #[inline(always)]
    pub(super) fn is_idle(self) -> bool {
        self.0 == State::Idle.mark()
    }
}

/// The queue refuses: its runtime is gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closed;

// SAFETY: *owner or lock*: the links are reached by their owner, who may be on any thread, or under the lock. A waker may
// be dropped and called on any thread.
unsafe impl Send for Node {}
// SAFETY: *calm deadline* and `prev`, an atomic, are all that `&Node` reaches.
unsafe impl Sync for Node {}

const _: () = if LAYOUT_IS_REAL {
    let word = size_of::<usize>();
    assert!(size_of::<Node>() == 8 + 6 * word && align_of::<Node>() == word);
    assert!(size_of::<Heap>() == word);
};

impl Node {
    /// A node that is not linked. Where its deadline is known to have passed, its first poll makes it elapsed.
    #[inline(always)]
    pub(super) fn new(place: Place, deadline: Instant, due: bool) -> Self {
        let state = if due { State::Due } else { State::Idle };
        Self {
            deadline: UnsafeCell::new(deadline),
            place: UnsafeCell::new(place),
            links: UnsafeCell::new(MaybeUninit::uninit()),
            prev: AtomicPtr::new(state.mark()),
            _pinned: PhantomPinned,
        }
    }

    /// Its queue.
    #[inline(always)]
    pub(super) fn place(&self) -> Place {
        let place = self.written_place();
        if !place.is_none() {
            return place;
        }
        // SAFETY: *seen*.
        self.links.with(|links| unsafe { links.cast::<Place>().read() })
    }

    /// As [`place`](Self::place), of one that is not *seen*.
    #[inline(always)]
    pub(super) fn place_unseen(&self) -> Place {
        let place = self.written_place();
        debug_assert!(!place.is_none(), "it is over");
        place
    }

    #[inline(always)]
    fn written_place(&self) -> Place {
        // SAFETY: *calm deadline*: whoever writes it has `Pin<&mut Node>`, and this is `&Node`.
        self.place.with(|place| unsafe { *place })
    }

    #[inline(always)]
    fn write_place(self: Pin<&mut Self>, new: Place) {
        // SAFETY: *calm deadline*: the node is not linked, and `Pin<&mut Node>` is its owner's.
        self.place.with_mut(|place| unsafe { *place = new });
    }

    pub(super) fn deadline(&self) -> Instant {
        // SAFETY: *calm deadline*: whoever writes it has `Pin<&mut Node>`, and this is `&Node`; the queue only reads.
        self.deadline.with(|deadline| unsafe { *deadline })
    }

    /// Answers for good unless it is [`State::Linked`], which the next moment may change.
    pub(super) fn state(&self) -> State {
        // Ordering: Acquire pairs with the Release in `Tree::release`: whoever sees a mark owns the links, and what the
        // queue did to them is over. Weaker, a node could be freed or linked anew while the queue still writes to it.
        State::of(self.prev.load(Ordering::Acquire))
    }

    /// Says that it is over, of a node that is not linked.
    pub(super) fn elapse(&self) {
        self.keep_place(self.written_place());
        // Ordering: Relaxed: the node is not linked, and its owner is here.
        self.prev.store(State::Elapsed.mark(), Ordering::Relaxed);
    }

    /// As [`poll`](Self::poll), fast where the node has elapsed; panics if the queue is closed.
    #[inline(always)]
    pub(super) fn poll_fast(self: Pin<&mut Self>, waker: &Waker) -> Poll<Result<(), Closed>> {
        if ONE_BY_ONE {
            return self.poll_in_one_section(waker);
        }
        if load_published(&self.prev) != State::Elapsed.mark() {
            return self.poll(waker);
        }
        self.see();
        Poll::Ready(Ok(()))
    }

    /// Writes its place to where the links were, of a node that is about to have elapsed (*seen*).
    #[inline(always)]
    pub(super) fn keep_place(&self, place: Place) {
        debug_assert!(self.written_place() == place, "it is home");
        // SAFETY: *owner or lock*: the caller has the links, which nobody reads any more.
        self.links.with_mut(|links| unsafe { links.cast::<Place>().write(place) });
    }

    /// Notes that a poll has said that it is over.
    #[inline(always)]
    fn see(self: Pin<&mut Self>) {
        self.write_place(Place::NONE);
    }

    /// As [`poll`](Self::poll), in every image of a chip: one section, however the node is found. There to clone a waker costs no
    /// more than to compare it. Panics if the queue is closed.
    #[inline(always)]
    pub(super) fn poll_in_one_section(self: Pin<&mut Self>, waker: &Waker) -> Poll<Result<(), Closed>> {
        let mark = Mark(load_published(&self.prev));
        if mark.0 != State::Elapsed.mark() {
            ready!(self.place_unseen().poll(self.as_ref(), Kept::of(waker), mark));
        }
        self.see();
        Poll::Ready(Ok(()))
    }

    /// Asks to be woken by `waker` at the deadline.
    pub(super) fn poll(self: Pin<&mut Self>, waker: &Waker) -> Poll<Result<(), Closed>> {
        let this = self.as_ref();
        loop {
            match this.state() {
                State::Elapsed => return Poll::Ready(Ok(())),
                State::Closed => return Poll::Ready(Err(Closed)),
                State::Due => {
                    this.elapse();
                    return Poll::Ready(Ok(()));
                }
                State::Idle => match this.place_unseen().insert(this, waker.clone()) {
                    Ok(()) => return Poll::Pending,
                    Err(_refused) => return Poll::Ready(Err(Closed)),
                },
                State::Linked => {
                    if this.place_unseen().with(|heap| heap.wakes(&this, waker)) {
                        return Poll::Pending;
                    }
                    // Cloned and dropped outside of the lock: a waker is foreign code. Where the node has left the
                    // queue meanwhile, the clone comes back and the loop sees why. It must not ask `wakes` again: two
                    // clones of one waker need not know each other.
                    let waker = waker.clone();
                    if let Ok(_old) = this.place_unseen().with(|heap| heap.replace_waker(&this, waker)) {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Whether its state is [`State::Linked`].
    #[inline(always)]
    pub(super) fn is_linked(&self) -> bool {
        State::is_linked(load_published(&self.prev))
    }

    /// Takes a node out that is about to go. It is pinned, since it has been linked.
    #[inline(never)]
    fn take_out(&self) {
        let waker = self.place_unseen().with(|heap| heap.remove(self, State::Idle));
        // After the lock is left.
        if let Some(waker) = waker {
            // SAFETY: *one waker*: moved out of the queue.
            unsafe { waker.discard() };
        }
    }

    /// Moves the deadline. A node in the queue stays there, with its waker; any other is linked by the next poll.
    pub(super) fn reset(mut self: Pin<&mut Self>, deadline: Instant, now: Instant) {
        let place = self.place();
        if self.written_place().is_none() {
            self.as_mut().write_place(place);
        }
        let this = self.as_ref();
        let elapsed = deadline.is_due(now);
        let waker = match this.state() {
            State::Linked => place.with(|heap| heap.unlink(this)),
            _ => None,
        };
        // SAFETY: *calm deadline*: the node is not linked (it was not, or has been removed, or was taken out before),
        // and `Pin<&mut Node>` is its owner's.
        this.deadline.with_mut(|place| unsafe { *place = deadline });
        if elapsed {
            this.elapse();
        } else {
            // Ordering: Relaxed: the node is not linked, and its owner is here.
            this.prev.store(State::Idle.mark(), Ordering::Relaxed);
        }
        match waker {
            Some(waker) if elapsed => waker.wake(),
            Some(waker) => {
                // Where it is refused, the task is told by its next poll.
                if let Err(refused) = place.insert(this, waker) {
                    refused.wake();
                }
            }
            None => {}
        }
    }
}

impl Drop for Node {
    #[inline(always)]
    fn drop(&mut self) {
        // Known where it is dropped when it has just been awaited, as most are: there is no code for the rest then.
        if !self.written_place().is_none() && self.is_linked() {
            self.take_out();
        }
    }
}
