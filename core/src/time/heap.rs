//! A smooth heap (a pairing heap that melds with more care) whose nodes sit inside the sleeps; who may touch one, and the names of
//! invariants, are in [`node`](super::node).
//!
//! ```text
//!            root            next of the last child: its parent      prev of the root: itself
//!          /                 prev of the first child: the last one   next of the root: not read
//!     first <-> .. <-> last
//! ```
//!
//! Children form a ring through their parent, so that a tree can be hung in front of the others or behind them, and any
//! node can be taken out, in a fixed number of steps. Taking a node out melds its children into one tree and puts that
//! where the node was. Everything is a loop: a million nodes need no more stack than one.
//!
//! **Order.** Of two nodes with one deadline the one inserted first leaves first, exactly, without a sequence number:
//! among siblings and what is below them, the further in front, the younger (of those with one deadline). Only
//! neighbours are melded, the older wins a tie, and a loser is hung on the side where it stood: in front of the older
//! one's children, behind the younger one's.
//!
//! **Which neighbours.** Pairing heaps meld two by two and then all in a row. With losers on both sides that needed 2.5
//! log2(n) links where deadlines are spread evenly (n = 100,000, one leaves and one comes), and more with growing n; in
//! front only, 1.5, but then the order is lost. Melding under the later neighbour, as smooth heaps do, needs 1.0.
//!
//! Fredman, Sedgewick, Sleator, Tarjan: The pairing heap (1986). Kozma, Saranurak: Smooth heaps and a dual view of
//! self-adjusting data structures (2018).

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::task::Waker;

use super::Instant;
use super::node::{Links, Node, State};
use super::queue::Place;
use crate::atomic::{Ordering, store_published};
use crate::task::waker::Kept;

/// The nodes that wait, earliest first: what the lock of a [`Timers`](super::Timers) is around.
///
/// - *closed*: while it is closed nothing is put in.
/// - *below*: what was in it when it was closed hangs below a node of who has closed it, until each of them was taken out there, or
///   has gone by itself. All that is known of a linked node holds for these too: a parent, which is never taken out, stands where
///   there was none. That one stays where it is until nothing is below it.
pub(super) struct Heap {
    /// The earliest node; null: there is none; [`CLOSED`].
    root: *mut Node,
}

/// No address of a node, which is aligned to four at least: insertions are refused.
const CLOSED: *mut Node = ptr::without_provenance_mut(1);

// SAFETY: the nodes are reached through `&mut Heap` only (*home*), and what is in them is `Send`.
unsafe impl Send for Heap {}
// SAFETY: `&Heap` only reads: the root, its deadline and its waker, which are written through `&mut Heap` (*home*), and are `Sync`.
unsafe impl Sync for Heap {}

/// The earliest node, as who has the heap knows it without looking again.
pub(super) struct Left<'a>(Option<Tree>, PhantomData<&'a Heap>);

impl Left<'_> {
    /// Whether it is due at `now`, which no clock says that is as late as [`Instant::FAR`].
    #[inline(always)]
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.0.is_some_and(|root| root.deadline() <= now)
    }
}

impl Heap {
    pub(super) const fn new() -> Self {
        Self { root: ptr::null_mut() }
    }

    #[inline(always)]
    fn root(&self) -> Option<Tree> {
        NonNull::new(self.root).map(Tree).filter(|root| root.is_node())
    }

    /// The earliest deadline that will come.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<Instant> {
        Some(self.first_or_far()).filter(|deadline| !deadline.is_far())
    }

    /// The earliest deadline, which may be [`Instant::FAR`] as well where somebody waits.
    #[inline(always)]
    pub(super) fn first_or_far(&self) -> Instant {
        match self.root() {
            Some(root) => root.deadline(),
            None => Instant::far_apart(),
        }
    }

    /// Whether nothing is linked.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.root().is_none()
    }

    /// Whether insertions are refused.
    pub(super) fn is_closed(&self) -> bool {
        self.root == CLOSED
    }

    /// Refuses insertions no more.
    pub(super) fn reopen(&mut self) {
        if self.is_closed() {
            self.root = ptr::null_mut();
        }
    }

    /// Takes out the earliest node if it is due at `now`, which no clock says that is as late as [`Instant::FAR`]; returns its
    /// waker, and who is the earliest then. `home` are the timers of this heap.
    #[inline(always)]
    pub(super) fn pop_due(&mut self, now: Instant, home: Place) -> Option<(Kept, Left<'_>)> {
        let root = self.root().filter(|root| root.deadline() <= now)?;
        // The last of what is read and written of the links: *seen*.
        let (waker, left) = self.pop(root);
        root.node().keep_place(home);
        root.release(State::Elapsed);
        Some((waker, left))
    }

    /// Takes out the earliest node, because this heap is to go.
    pub(super) fn pop_last(&mut self) -> Option<Kept> {
        self.remove(self.root()?.node(), State::Closed)
    }

    /// Refuses insertions from now on, and hangs what waits *below* `rest`, a node of these timers that is not linked.
    pub(super) fn close_below(&mut self, rest: Pin<&Node>) {
        let (rest, root) = (Tree::of(&rest), self.root());
        // Nobody waits for it.
        rest.write(root, Kept::new(Waker::noop().clone()));
        rest.set_prev(rest);
        if let Some(root) = root {
            root.alone_under(rest);
        }
        self.root = CLOSED;
    }

    /// Takes out the earliest node *below* `rest`.
    pub(super) fn pop_below(&mut self, rest: Pin<&Node>) -> Option<Kept> {
        let first = Tree::of(&rest).links(|links| links.child)?;
        self.remove(first.node(), State::Closed)
    }

    /// Gives `rest` back, *below* which there is nothing any more.
    pub(super) fn give_back(&mut self, rest: Pin<&Node>) {
        Tree::of(&rest).release(State::Closed);
    }

    /// Takes out the root, and returns its waker, and the next root. It is to be released.
    #[inline(always)]
    fn pop(&mut self, root: Tree) -> (Kept, Left<'static>) {
        // The only one, or not.
        let next = root.links(|links| links.child).map(meld_all);
        self.set_root(next);
        let waker = root.links(|links| links.waker);
        (waker, Left(next, PhantomData))
    }

    /// Links a node of whoever has this heap for itself, under a `waker` that is not foreign code, and says whether its
    /// deadline is the earliest now. The node must be taken out again before it goes: by itself it would ask its `timers`.
    pub(super) fn link(&mut self, node: Pin<&Node>, waker: Waker) -> bool {
        self.insert(node, Kept::new(waker)).unwrap_or(false)
    }

    /// Takes a node out that was put in by [`link`](Self::link).
    pub(super) fn unlink(&mut self, node: Pin<&Node>) -> Option<Waker> {
        // SAFETY: *one waker*: moved out here.
        self.remove(&node, State::Idle).map(|waker| unsafe { waker.waker() })
    }

    /// Looks at the waker of the earliest node.
    pub(super) fn first_waker<R>(&self, f: impl FnOnce(&Waker) -> R) -> Option<R> {
        Some(self.root()?.node().links.with(|links| {
            // SAFETY: *owner or lock*: who has the heap may read, and others who have it do no more.
            let links = unsafe { &*links };
            // SAFETY: *written*: the root is linked.
            unsafe { links.assume_init_ref() }.waker.with(f)
        }))
    }

    fn set_root(&mut self, root: Option<Tree>) {
        if let Some(root) = root {
            root.set_prev(root);
        }
        self.root = root.map_or(ptr::null_mut(), |root| root.0.as_ptr());
    }

    /// Links a node that is not, and says whether it is the first now. Of those with one deadline the one that is there
    /// leaves first. `None`: the queue is closed.
    #[inline(always)]
    pub(super) fn insert(&mut self, node: Pin<&Node>, waker: Kept) -> Option<bool> {
        let node = Tree::of(&node);
        node.write(None, waker);
        // The only one asks once.
        if !self.root.is_null() {
            match self.root() {
                None => return None,
                Some(root) if root.deadline() <= node.deadline() => {
                    root.push_front(node);
                    return Some(false);
                }
                Some(root) => node.push_back(root),
            }
        }
        node.set_prev(node);
        self.root = node.0.as_ptr();
        Some(true)
    }

    /// Polls a node that has been polled before, or was due from the start, or has just been refused: one that is linked exchanges
    /// its waker, one that was due has elapsed then, and what is refused stays as it is.
    #[inline(always)]
    pub(super) fn keep(&mut self, node: Pin<&Node>, waker: &mut Kept) {
        // Ordering: Relaxed: under the lock.
        let prev = node.prev.load(Ordering::Relaxed);
        if State::is_linked(prev) {
            Tree::of(&node).links(|links| core::mem::swap(&mut links.waker, waker));
        } else if !State::is_refused(prev) {
            node.elapse();
        }
    }

    /// Whether a node is linked, and would wake the same task as `waker`.
    pub(super) fn wakes(&mut self, node: &Node, waker: &Waker) -> bool {
        let node = Tree::of(node);
        node.is_linked() && node.links(|links| links.waker.with(|own| own.will_wake(waker)))
    }

    /// Gives a linked node another waker and returns the old one; gives the new one back if the node is not linked.
    pub(super) fn replace_waker(&mut self, node: &Node, waker: Waker) -> Result<Waker, Waker> {
        let node = Tree::of(node);
        if !node.is_linked() {
            return Err(waker);
        }
        let old = node.links(|links| core::mem::replace(&mut links.waker, Kept::new(waker)));
        // SAFETY: *one waker*: moved out here.
        Ok(unsafe { old.waker() })
    }

    /// Puts what is below a node in its place.
    #[inline]
    fn cut(&mut self, node: Tree) {
        let melded = node.links(|links| links.child).map(meld_all);
        if self.root == node.0.as_ptr() {
            self.set_root(melded);
        } else {
            replace(node, node.behind(), melded);
        }
    }

    /// Takes a node out if it is linked, leaves `state` in it, and returns its waker.
    pub(super) fn remove(&mut self, node: &Node, state: State) -> Option<Kept> {
        let node = Tree::of(node);
        if !node.is_linked() {
            return None;
        }
        self.cut(node);
        let waker = node.links(|links| links.waker);
        node.release(state);
        Some(waker)
    }
}

/// A node with all that is below it; see *alive*.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tree(NonNull<Node>);

impl Tree {
    fn of(node: &Node) -> Self {
        Self(NonNull::from(node))
    }

    fn node<'a>(self) -> &'a Node {
        // SAFETY: *alive*: the node is linked and we hold the lock, or it is the caller's.
        unsafe { self.0.as_ref() }
    }

    /// Writes the links of a node that is not linked, and whose owner is in this call.
    #[inline(always)]
    fn write(self, child: Option<Tree>, waker: Kept) {
        // SAFETY: *owner or lock*: as just said.
        self.node()
            .links
            .with_mut(|links| unsafe { &mut *links }.write(Links { child, next: MaybeUninit::uninit(), waker }));
    }

    /// Must not nest for one node, and no closure of this file does.
    fn links<R>(self, f: impl FnOnce(&mut Links) -> R) -> R {
        self.node().links.with_mut(|links| {
            // SAFETY: *owner or lock*: every caller holds the lock, and the node is linked or its owner is in this call.
            let links = unsafe { &mut *links };
            // SAFETY: *written*: every caller's node is linked, or has been.
            f(unsafe { links.assume_init_mut() })
        })
    }

    /// Whether it is, and not [`CLOSED`], which is nowhere but in a root. Asked elsewhere where a null ends a loop: of a pointer that
    /// is known to be null, the compiler would forget it, and carry another null along.
    #[inline(always)]
    fn is_node(self) -> bool {
        self.0.as_ptr().addr() > CLOSED.addr()
    }

    fn deadline(self) -> Instant {
        self.node().deadline()
    }

    /// Whether it is linked, asked under the lock.
    fn is_linked(self) -> bool {
        // Ordering: Relaxed: under the lock, or by the owner.
        State::is_linked(self.node().prev.load(Ordering::Relaxed))
    }

    #[inline(always)]
    fn next(self) -> Option<Tree> {
        // SAFETY: *ring*: only of the root it is not written, which is never asked.
        self.links(|links| unsafe { links.next.assume_init() })
    }

    /// What is behind a child: a sibling, or its parent.
    #[inline(always)]
    fn behind(self) -> Tree {
        // SAFETY: *ring*: null only inside of `meld_all`.
        unsafe { self.next().unwrap_unchecked() }
    }

    fn set_next(self, next: Option<Tree>) {
        self.links(|links| links.next = MaybeUninit::new(next));
    }

    fn prev(self) -> Tree {
        // Ordering: Relaxed: under the lock.
        let prev = self.node().prev.load(Ordering::Relaxed);
        // SAFETY: *owner or lock*: of a linked node it is a pointer to one, and only those are asked.
        Tree(unsafe { NonNull::new_unchecked(prev) })
    }

    fn set_prev(self, prev: Tree) {
        // Ordering: Relaxed: under the lock. The owner, who reads without it, asks for marks only, and this is none.
        self.node().prev.store(prev.0.as_ptr(), Ordering::Relaxed);
    }

    /// Gives the node back to its owner, who may free it at once: the last access.
    fn release(self, state: State) {
        // Ordering: pairs with the Acquire in `Node::state`.
        store_published(&self.node().prev, state.mark());
    }

    fn push_front(self, child: Tree) {
        match self.links(|links| links.child.replace(child)) {
            None => child.alone_under(self),
            Some(first) => {
                child.set_next(Some(first));
                child.set_prev(first.prev());
                first.set_prev(child);
            }
        }
    }

    fn push_back(self, child: Tree) {
        match self.links(|links| links.child) {
            None => {
                self.links(|links| links.child = Some(child));
                child.alone_under(self);
            }
            Some(first) => {
                let last = first.prev();
                last.set_next(Some(child));
                child.set_next(Some(self));
                child.set_prev(last);
                first.set_prev(child);
            }
        }
    }

    fn alone_under(self, parent: Tree) {
        self.set_next(Some(parent));
        self.set_prev(self);
    }
}

/// Makes one tree of the children of a node, of which `first` is the first.
///
/// Goes from the front to the back. `left` is a stack of those in front of `tree`, each later than the one below it, all
/// earlier than `tree`. A tree that is no earlier than the one behind it goes under the later one of its two neighbours,
/// the one in front if both are equal: that one meets the one behind next, and the older wins. At the end each goes under
/// the one in front.
///
/// Every instruction counts, of which there are six to eight a comparison where a word is half a deadline. So no more is kept
/// than fits into the registers of a small core: not the parent, for the ring is opened first, and what is behind a tree is
/// asked again each time.
#[inline(never)]
fn meld_all(first: Tree) -> Tree {
    first.prev().set_next(None);
    let mut tree = first;
    let mut left: Option<Tree> = None;
    loop {
        let right = tree.next();
        if let Some(older) = right.filter(|older| tree.deadline() < older.deadline()) {
            tree.set_next(left);
            left = Some(tree);
            tree = older;
            continue;
        }
        let older = loop {
            let younger = match right {
                Some(older) => match left.filter(|left| left.is_node()) {
                    Some(younger) if younger.deadline() >= older.deadline() => younger,
                    _ => break older,
                },
                None => match left {
                    Some(younger) => younger,
                    None => return tree,
                },
            };
            left = younger.next();
            younger.push_back(tree);
            tree = younger;
        };
        older.push_front(tree);
        tree = older;
    }
}

/// Puts `new`, or nothing, where `old` is among its siblings. `next` is what comes after `old`.
fn replace(old: Tree, next: Tree, new: Option<Tree>) {
    let prev = old.prev();
    // `next` is a sibling or, for the last child, the parent, whose own `prev` is no child of it.
    let is_last = next.prev() != old;
    // `prev` is a sibling or, for the first child, the last one (of an only child itself), after which comes the parent.
    let before = prev.behind();
    if before == old {
        prev.set_next(new.or(Some(next)));
    } else {
        let alone = is_last;
        before.links(|links| links.child = new.or(if alone { None } else { Some(next) }));
    }
    if let Some(new) = new {
        new.set_next(Some(next));
        new.set_prev(prev);
    }
    let successor = if is_last { next.links(|links| links.child) } else { Some(next) };
    if let Some(successor) = successor {
        successor.set_prev(new.unwrap_or(prev));
    }
}
