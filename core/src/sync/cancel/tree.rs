//! The tree of everything that can be cancelled, as a row of brackets.
//!
//! Each knot of the tree is a pair of marks in one list, and what stands between them hangs below it:
//!
//! ```text
//!   root with a and d; a with b and c        (a (b )b (c )c )a (d )d
//!   a goes, its children stay                (b )b (c )c (d )d
//!   a is cancelled instead                   (d )d      leaving: (b )b (c )c
//! ```
//!
//! So a child is added, a knot goes, and a knot is cancelled by touching a handful of links, however deep the tree is and
//! however many children there are; nothing recurses. Those who were below a knot that is being cancelled stand in a lane of their own,
//! from which whoever cancels takes them, a few in each section, until it is empty: hence after any `cancel` all below are
//! cancelled, also where two cancel at once. Whoever waits below is ready then, and was woken, or is about to be by who
//! cancels what it waits for by itself. Each knot comes after all below it, so that whoever sees that it is cancelled sees that of
//! all below: one that leaves has its open mark moved to its close mark first, so that what stood between them comes before it.
//!
//! ```text
//!   leaving: (b (c )c )b    is    (c )c (b )b    before b is told
//! ```
//!
//! The knot that `cancel` is called on is *closed* first, so that what is added below it is cancelled at once, and stays in its place,
//! where a `cancel` of what is above finds it. It begins where nobody is leaving any more: else what is above it could be told before
//! what it moves behind that.
//!
//! Each knot has a wait list with a lock of its own; the lock of the tree is for its shape. Inside the tree's lock a
//! knot's may be taken, never the other way round.
//!
//! # Invariants
//!
//! - *alive*: a knot whose marks are in the list of its tree takes them out under the tree's lock before it is dropped; it
//!   is pinned from `attach` on. So who finds a mark in the list, under the lock, finds a live knot.
//! - *linked*: the open mark points to its knot while both marks are in the list, and to nothing while none is. It changes
//!   under the tree's lock.
//! - *marked*: a knot that was attached and is not cancelled is linked. `closed` and `cancelled` are set under the tree's lock.
//! - *one tree*: a knot is attached to and used with one tree.

use core::pin::Pin;
use core::ptr::NonNull;

use crate::atomic::{AtomicBool, AtomicPtr, Ordering};
use crate::const_fn;
use crate::list::{Linked, Links, List};
use crate::lock::{Lock, RawLock};
use crate::sync::waiters::{Batch, Protocol, Section, Step, Waiters, Wakes};

/// The lane of those that are not cancelled.
const LIVE: usize = 0;
/// The lane of those that were below a cancelled one and have yet to be told.
const LEAVING: usize = 1;
const LANES: usize = 2;

/// Knots that are told in one section at most.
const STEPS: usize = 8;

/// A tree: its root, and the row of all knots.
pub(super) struct Tree<L: RawLock> {
    row: Lock<L, List<Mark<L>, LANES>>,
    root: Bell<L>,
}

/// Whether something is cancelled, and who waits for it.
pub(super) struct Bell<L: RawLock> {
    /// Whether nothing is added below it: it is cancelled, or is being cancelled. Under the tree's lock.
    closed: AtomicBool,
    cancelled: AtomicBool,
    /// The same, under the lock of those who wait.
    waiters: Waiters<L, bool, ()>,
}

/// A knot of a tree.
pub(super) struct Knot<L: RawLock> {
    open: Mark<L>,
    close: Mark<L>,
    bell: Bell<L>,
    attached: AtomicBool,
}

/// A bracket.
struct Mark<L: RawLock> {
    links: Links<Self>,
    knot: AtomicPtr<Knot<L>>,
}

// SAFETY: always the field `links`, projected without a reference.
unsafe impl<L: RawLock> Linked for Mark<L> {
    #[inline(always)]
    unsafe fn links(node: NonNull<Self>) -> NonNull<Links<Self>> {
        // SAFETY: the caller's node is alive, so the place is inside of it.
        let links = unsafe { &raw mut (*node.as_ptr()).links };
        // SAFETY: a field's address is not null.
        unsafe { NonNull::new_unchecked(links) }
    }
}

impl<L: RawLock> Mark<L> {
    const_fn! {
        const fn new() -> Self {
            Self { links: Links::new(), knot: AtomicPtr::new(core::ptr::null_mut()) }
        }
    }
}

impl<L: RawLock> Bell<L> {
    const_fn! {
        const fn new() -> Self {
            let (closed, cancelled) = (AtomicBool::new(false), AtomicBool::new(false));
            Self { closed, cancelled, waiters: Waiters::new(false) }
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        // Ordering: acquires what was done before the `cancel` that set it; pairs with `ring`.
        self.cancelled.load(Ordering::Acquire)
    }

    pub(super) fn waiters(&self) -> &Waiters<L, bool, ()> {
        &self.waiters
    }

    /// Nothing is added below it from here on. Under the tree's lock.
    fn close(&self) {
        // Ordering: under the tree's lock.
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Marks it as cancelled. Under the tree's lock.
    fn ring(&self) {
        self.close();
        self.waiters.with(|section| {
            *section.state = true;
            // Ordering: releases what was done before `cancel` to those who only look. Within: who sees one of both sees both.
            self.cancelled.store(true, Ordering::Release);
        });
    }

    /// Takes waiters out. Answers whether there may be more.
    fn collect(&self, batch: &mut Batch) -> bool {
        self.waiters.collect(batch, |section| section.pop(0, ()))
    }
}

impl<L: RawLock> Knot<L> {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { open: Mark::new(), close: Mark::new(), bell: Bell::new(), attached: AtomicBool::new(false) }
        }
    }

    pub(super) fn bell(&self) -> &Bell<L> {
        &self.bell
    }

    /// Whether `attach` is done.
    pub(super) fn is_attached(&self) -> bool {
        // Ordering: acquires what `attach` found and did: who sees this sees whether it was cancelled by it.
        self.attached.load(Ordering::Acquire)
    }

    /// `attach` is done: others use it without the tree's lock from here on.
    fn now_attached(&self) {
        // Ordering: releases all that `attach` did to `is_attached`.
        self.attached.store(true, Ordering::Release);
    }

    fn is_linked(&self) -> bool {
        // Ordering: *linked*: under the tree's lock.
        !self.open.knot.load(Ordering::Relaxed).is_null()
    }

    /// Takes both marks out of the row, which is locked. What is between them stays where it is.
    fn unlink(&self, row: &mut List<Mark<L>, LANES>) {
        if !self.is_linked() {
            return;
        }
        for mark in [&self.open, &self.close] {
            // SAFETY: *linked*: both are in the row.
            unsafe { row.remove(NonNull::from(mark)) };
        }
        self.open.knot.store(core::ptr::null_mut(), Ordering::Relaxed);
    }
}

impl<L: RawLock> Tree<L> {
    const_fn! {
        pub(super) const fn new() -> Self {
            // SAFETY: *unnested*: inside of it only the locks of bells are taken, which are others.
            Self { row: unsafe { Lock::any(List::new()) }, root: Bell::new() }
        }
    }

    pub(super) fn root(&self) -> &Bell<L> {
        &self.root
    }

    /// Hangs a knot below another one, or below the root; it is cancelled if that one is.
    ///
    /// # Safety
    ///
    /// *alive*: the knot is not dropped without `detach`. *one tree*: the parent was attached to this tree.
    pub(super) unsafe fn attach(&self, parent: Option<Pin<&Knot<L>>>, knot: Pin<&Knot<L>>) {
        let knot = knot.get_ref();
        self.row.with(|row| {
            // Ordering: under the tree's lock.
            if knot.attached.load(Ordering::Relaxed) {
                return;
            }
            // Ordering: under the tree's lock.
            if parent.as_ref().map_or(&self.root, |parent| &parent.bell).closed.load(Ordering::Relaxed) {
                // Nobody waits before it is attached.
                knot.bell.ring();
                knot.now_attached();
                return;
            }
            // Ordering: *linked*: under the tree's lock.
            knot.open.knot.store(core::ptr::from_ref(knot).cast_mut(), Ordering::Relaxed);
            for mark in [&knot.open, &knot.close] {
                let mark = NonNull::from(mark);
                match parent {
                    // SAFETY: *marked*: the parent is linked; the mark was in no list, and stays by *alive*.
                    Some(parent) => unsafe { row.insert_before(NonNull::from(&parent.get_ref().close), mark) },
                    // SAFETY: it was in no list, and stays by *alive*.
                    None => unsafe { row.push_back(LIVE, mark) },
                }
            }
            knot.now_attached();
        });
    }

    /// Takes a knot out; what is below it goes to what is above.
    pub(super) fn detach(&self, knot: &Knot<L>) {
        if knot.is_attached() {
            self.row.with(|row| knot.unlink(row));
        }
    }

    /// Cancels all that is below a knot, or the root, and then that.
    pub(super) fn cancel(&self, knot: Option<&Knot<L>>) {
        let bell = knot.map_or(&self.root, |knot| &knot.bell);
        let mut wakes = Wakes::new();
        // Else what is above this knot may be leaving, and what is below it would be moved behind that.
        self.tell(&mut wakes, |row| {
            bell.close();
            match knot {
                None => row.append(LIVE, LEAVING),
                Some(knot) if knot.is_linked() => {
                    let (open, close) = (NonNull::from(&knot.open), NonNull::from(&knot.close));
                    // SAFETY: *linked*: both are in the row, one after the other.
                    unsafe { row.move_between(open, close, LEAVING) };
                }
                Some(_) => {}
            }
        });
        self.tell(&mut wakes, |_| {});
        self.row.with(|row| {
            bell.ring();
            if let Some(knot) = knot {
                knot.unlink(row);
            }
        });
        while {
            let mut batch = Batch::new();
            let more = bell.collect(&mut batch);
            wakes.wake(batch);
            more
        } {}
        wakes.finish();
    }

    /// Cancels all that are to leave, and in the section in which there are none calls `then`.
    fn tell(&self, wakes: &mut Wakes, then: impl Fn(&mut List<Mark<L>, LANES>)) {
        while {
            let mut batch = Batch::new();
            let more = self.row.with(|row| {
                let more = Self::leave(row, &mut batch);
                if !more {
                    then(row);
                }
                more
            });
            wakes.wake(batch);
            more
        } {}
    }

    /// Cancels some of those that are to leave. Answers whether there may be more.
    fn leave(row: &mut List<Mark<L>, LANES>, batch: &mut Batch) -> bool {
        for _ in 0..STEPS {
            let Some(mark) = row.front(LEAVING) else { return false };
            // SAFETY: *alive*: it is in the row.
            let knot = unsafe { mark.as_ref() }.knot.load(Ordering::Relaxed);
            // SAFETY: *alive* and *linked*. A lane begins with an open mark, since pairs are moved and taken out whole.
            let Some(knot) = (unsafe { knot.as_ref() }) else { return false };
            let (open, close) = (NonNull::from(&knot.open), NonNull::from(&knot.close));
            // SAFETY: *linked*: it is in the row.
            unsafe { row.remove(open) };
            // SAFETY: *linked*: the other one is in the row; this one was just taken out, and stays by *alive*.
            unsafe { row.insert_before(close, open) };
            if row.front(LEAVING) != Some(mark) {
                // What is below it, which comes first.
                continue;
            }
            knot.bell.ring();
            if knot.bell.collect(batch) {
                return true;
            }
            knot.unlink(row);
        }
        true
    }
}

/// What waits for a bell.
pub(super) struct Listen;

impl Protocol<1> for Listen {
    type State = bool;
    type Tag = ();
    type Output = ();
    const LANE: usize = 0;
    const FREE: bool = true;

    fn poll(&mut self, section: &mut Section<'_, bool, (), 1>, _: Option<()>) -> Step<(), ()> {
        if *section.state { Step::Ready(()) } else { Step::Wait(()) }
    }

    fn cancel(&mut self, _: &mut Section<'_, bool, (), 1>, (): ()) {}

    fn again(&mut self) {}
}
