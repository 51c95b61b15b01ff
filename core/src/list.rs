//! A doubly linked list whose links sit in its nodes: no allocation, removal from the middle in constant time.
//!
//! A list has one or more *lanes*, each a queue of its own with a front and a back. A node is in one lane at most; a
//! whole lane can be put behind another one in constant time, and [`List::remove`] need not be told which lane a node
//! is in.
//!
//! The list points to nodes and owns none of them. What keeps that sound, relied on by every block below:
//!
//! - *alive*: from `push_back` on, until it is removed, a node stays where it is and is not freed. Its owner ensures it
//!   by removing the node in its destructor, with the list borrowed exclusively (under the list's lock).
//! - *first*: what the first node of a lane says to stand before it may have left, and is not followed.
//! - *list's own*: the links of a linked node are touched by its list only, through `&mut List`.
//!
//! Learned from cordyceps and tokio's `util/linked_list.rs`.

use core::marker::PhantomPinned;
use core::ptr::NonNull;

use crate::atomic::UnsafeCell;
use crate::const_fn;

/// A type with [`Links`] in it.
///
/// # Safety
///
/// `links` must return the same field of the node at every call, reached without making a reference to the node.
pub unsafe trait Linked: Sized {
    /// Points to the links of a node.
    ///
    /// # Safety
    ///
    /// `node` must point to a live node.
    unsafe fn links(node: NonNull<Self>) -> NonNull<Links<Self>>;
}

/// The place in a node where its neighbours are kept. Not `Unpin`: neighbours point back.
pub struct Links<T> {
    pair: UnsafeCell<Pair<T>>,
    _pinned: PhantomPinned,
}

// SAFETY: *list's own*: nothing but pointers that only the list follows; what may be done to `T` by the list's other
// users is asked of `T: Send` where the list is sent.
unsafe impl<T> Send for Links<T> {}
// SAFETY: as above; a shared `Links` offers nothing.
unsafe impl<T> Sync for Links<T> {}

impl<T> Links<T> {
    const_fn! {
        /// Links of a node that is in no list.
        #[must_use]
        pub const fn new() -> Self {
            Self { pair: UnsafeCell::new(Pair::NONE), _pinned: PhantomPinned }
        }
    }
}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> core::fmt::Debug for Links<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Links").finish_non_exhaustive()
    }
}

/// In a node: what stands before and after it. In a lane: what stands last and first, as if the lane were a node
/// between its two ends.
struct Pair<T> {
    before: Option<NonNull<T>>,
    after: Option<NonNull<T>>,
}

impl<T> Pair<T> {
    const NONE: Self = Self { before: None, after: None };
}

/// A list of `LANES` queues.
pub struct List<T, const LANES: usize = 1> {
    lanes: [Pair<T>; LANES],
}

// SAFETY: *list's own*: a list is its pointers; who has it can reach its nodes from where it is, hence `T: Send`.
unsafe impl<T: Send, const LANES: usize> Send for List<T, LANES> {}

impl<T, const LANES: usize> List<T, LANES> {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { lanes: [const { Pair::NONE }; LANES] }
    }

    /// Whether nothing is in `lane`.
    #[must_use]
    pub fn is_empty(&self, lane: usize) -> bool {
        self.lanes[lane].after.is_none()
    }

    /// The first node of `lane`.
    #[must_use]
    pub fn front(&self, lane: usize) -> Option<NonNull<T>> {
        self.lanes[lane].after
    }
}

impl<T: Linked, const LANES: usize> List<T, LANES> {
    /// Reaches the links of a node.
    ///
    /// # Safety
    ///
    /// The node must be alive, and in this list or in none.
    #[inline(always)]
    unsafe fn pair(&mut self, node: NonNull<T>) -> &mut Pair<T> {
        // SAFETY: the caller's node is alive.
        let links = unsafe { T::links(node) };
        // SAFETY: the links are a field of it.
        let links = unsafe { links.as_ref() };
        // SAFETY: *list's own*, and the list is borrowed exclusively for as long as the answer lives.
        links.pair.with_mut(|pair| unsafe { &mut *pair })
    }

    /// Where `first` is the first of a lane, `next` is from now on; answers whether it was. *first*: only so is it found out.
    #[inline]
    fn replace_first(&mut self, first: NonNull<T>, next: Option<NonNull<T>>) -> bool {
        let lane = self.lanes.iter_mut().find(|lane| lane.after == Some(first));
        lane.map(|lane| lane.after = next).is_some()
    }

    /// Puts a node behind all others of `lane`.
    ///
    /// # Safety
    ///
    /// The node must be in no list, and must stay alive and where it is until it is removed from this one: *alive*.
    pub unsafe fn push_back(&mut self, lane: usize, node: NonNull<T>) {
        let before = self.lanes[lane].before.replace(node);
        // SAFETY: the caller's node is alive and in no list.
        *unsafe { self.pair(node) } = Pair { before, after: None };
        match before {
            // SAFETY: *alive*: it is the last node of this lane.
            Some(last) => unsafe { self.pair(last) }.after = Some(node),
            None => self.lanes[lane].after = Some(node),
        }
    }

    /// Takes a node out, whatever its lane.
    ///
    /// # Safety
    ///
    /// The node must be in this list.
    pub unsafe fn remove(&mut self, node: NonNull<T>) {
        // SAFETY: *alive*: the caller's node is in this list.
        let Pair { before, after } = core::mem::replace(unsafe { self.pair(node) }, Pair::NONE);
        let before = if self.replace_first(node, after) { None } else { before };
        if let Some(before) = before {
            // SAFETY: *alive*: a neighbour in this list.
            unsafe { self.pair(before) }.after = after;
        }
        match after {
            // SAFETY: *alive*: a neighbour in this list.
            Some(after) => unsafe { self.pair(after) }.before = before,
            None => {
                self.lanes.iter_mut().filter(|lane| lane.before == Some(node)).for_each(|lane| lane.before = before)
            }
        }
    }

    /// Takes the first node of `lane` out.
    #[inline]
    pub fn pop_front(&mut self, lane: usize) -> Option<NonNull<T>> {
        let node = self.front(lane)?;
        // SAFETY: *alive*: the front of a lane is in the list. Nobody reads the links it keeps.
        let after = unsafe { self.pair(node) }.after;
        self.lanes[lane].after = after;
        // *first*: what is first now is not written to. It may lie in another core's cache, with who waits there.
        if after.is_none() {
            self.lanes[lane].before = None;
        }
        Some(node)
    }

    /// Takes the last node of `lane` out.
    pub fn pop_back(&mut self, lane: usize) -> Option<NonNull<T>> {
        let node = self.lanes[lane].before?;
        // SAFETY: the back of a lane is in the list.
        unsafe { self.remove(node) };
        Some(node)
    }

    /// Puts all nodes of one lane behind those of another one, in their order.
    pub fn append(&mut self, from: usize, to: usize) {
        if let Pair { before: Some(last), after: Some(first) } = core::mem::replace(&mut self.lanes[from], Pair::NONE) {
            self.hang(first, last, to);
        }
    }

    /// Puts nodes that were just taken out, and still hang together, behind those of `to`.
    fn hang(&mut self, first: NonNull<T>, last: NonNull<T>, to: usize) {
        let end = self.lanes[to].before.replace(last);
        // SAFETY: *alive*: the callers took it out of this list.
        unsafe { self.pair(first) }.before = end;
        match end {
            // SAFETY: *alive*: it was the back of a lane.
            Some(end) => unsafe { self.pair(end) }.after = Some(first),
            None => self.lanes[to].after = Some(first),
        }
    }

    /// Puts a node before another one.
    ///
    /// # Safety
    ///
    /// `next` must be in this list, and `node` be fit for [`push_back`](Self::push_back).
    pub unsafe fn insert_before(&mut self, next: NonNull<T>, node: NonNull<T>) {
        // SAFETY: *alive*: it is in this list.
        let before = unsafe { self.pair(next) }.before.replace(node);
        let before = if self.replace_first(next, Some(node)) { None } else { before };
        // SAFETY: the caller's node is alive and in no list.
        *unsafe { self.pair(node) } = Pair { before, after: Some(next) };
        if let Some(before) = before {
            // SAFETY: *alive*: a neighbour in this list.
            unsafe { self.pair(before) }.after = Some(node);
        }
    }

    /// Puts what stands between two nodes behind those of `to`.
    ///
    /// # Safety
    ///
    /// Both must be in one lane of this list, `open` before `close`.
    pub unsafe fn move_between(&mut self, open: NonNull<T>, close: NonNull<T>, to: usize) {
        // SAFETY: *alive*: it is in this list.
        let first = unsafe { self.pair(open) }.after.replace(close);
        // SAFETY: *alive*: it is in this list.
        let last = unsafe { self.pair(close) }.before.replace(open);
        let (Some(first), Some(last)) = (first, last) else { return };
        if first == close {
            return;
        }
        // SAFETY: *alive*: it stood in this list.
        unsafe { self.pair(last) }.after = None;
        self.hang(first, last, to);
    }
}

impl<T, const LANES: usize> Default for List<T, LANES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const LANES: usize> core::fmt::Debug for List<T, LANES> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use core::ptr::NonNull;
    use std::boxed::Box;
    use std::collections::VecDeque;
    use std::vec::Vec;

    use super::{Linked, Links, List};

    struct Node {
        links: Links<Node>,
        name: usize,
    }

    // SAFETY: one field, projected without a reference.
    unsafe impl Linked for Node {
        unsafe fn links(node: NonNull<Self>) -> NonNull<Links<Self>> {
            // SAFETY: the caller's node is alive.
            NonNull::new(unsafe { &raw mut (*node.as_ptr()).links }).unwrap()
        }
    }

    fn name(node: NonNull<Node>) -> usize {
        // SAFETY: the nodes of these tests outlive their lists.
        unsafe { node.as_ref() }.name
    }

    /// Ways to push, insert, pop, remove, append and move, five operations deep, against two ordinary queues.
    #[test]
    fn agrees_with_queues_in_every_short_history() {
        const NODES: usize = 3;
        let operations = NODES * 6 + 6;
        // Not all of them, but some of all kinds.
        for history in (0..operations.pow(5)).step_by(if cfg!(miri) { 59_999 } else { 37 }) {
            let nodes: Vec<NonNull<Node>> =
                (0..NODES).map(|name| NonNull::from(Box::leak(Box::new(Node { links: Links::new(), name })))).collect();
            let mut list = List::<Node, 2>::new();
            let mut model = [VecDeque::new(), VecDeque::new()];
            let mut rest = history;
            for _ in 0..5 {
                let operation = rest % operations;
                rest /= operations;
                let node = operation % NODES;
                let linked = model.iter().any(|lane| lane.contains(&node));
                match operation / NODES {
                    // SAFETY: in no list, and alive until the end of the round.
                    lane @ (0 | 1) if !linked => unsafe {
                        model[lane].push_back(node);
                        list.push_back(lane, nodes[node]);
                    },
                    // SAFETY: in the list.
                    2 if linked => unsafe {
                        model.iter_mut().for_each(|lane| lane.retain(|other| *other != node));
                        list.remove(nodes[node]);
                    },
                    3 if !linked => {
                        let next = (node + 1) % NODES;
                        for lane in &mut model {
                            if let Some(at) = lane.iter().position(|other| *other == next) {
                                lane.insert(at, node);
                                // SAFETY: alive and in no list, and the next one is in the list.
                                unsafe { list.insert_before(nodes[next], nodes[node]) };
                            }
                        }
                    }
                    lane @ (4 | 5) => {
                        let close = (node + 1) % NODES;
                        let place = |node| {
                            let at = |lane: &VecDeque<usize>| lane.iter().position(|other| *other == node);
                            Some((model.iter().position(|lane| at(lane).is_some())?, model.iter().find_map(at)?))
                        };
                        if let (Some((from, first)), Some((same, last))) = (place(node), place(close)) {
                            if from == same && first < last {
                                let moved: Vec<usize> = model[from].drain(first + 1..last).collect();
                                model[lane - 4].extend(moved);
                                // SAFETY: in one lane, one after the other.
                                unsafe { list.move_between(nodes[node], nodes[close], lane - 4) };
                            }
                        }
                    }
                    0..=3 => {}
                    _ => match operation - NODES * 6 {
                        lane @ (0 | 1) => assert_eq!(list.pop_front(lane).map(name), model[lane].pop_front()),
                        lane @ (4 | 5) => assert_eq!(list.pop_back(lane - 4).map(name), model[lane - 4].pop_back()),
                        from => {
                            let (from, to) = (from - 2, 3 - from);
                            list.append(from, to);
                            let moved = core::mem::take(&mut model[from]);
                            model[to].extend(moved);
                        }
                    },
                }
            }
            for (lane, model) in model.iter().enumerate() {
                let mut seen = VecDeque::new();
                while let Some(node) = list.pop_front(lane) {
                    seen.push_back(name(node));
                }
                assert_eq!(seen, *model, "history {history}");
                assert!(list.is_empty(lane));
            }
            for node in nodes {
                // SAFETY: leaked above, in no list any more.
                drop(unsafe { Box::from_raw(node.as_ptr()) });
            }
        }
    }
}
