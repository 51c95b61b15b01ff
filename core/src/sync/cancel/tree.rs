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
//! however many children there are; nothing recurses.
//!
//! To cancel is to *ring*, then to wake. Those below a knot that is being cancelled stand in a lane of their own, from which whoever
//! cancels takes them, a few in each section, and marks them as cancelled; who is waited for goes to a lane of those whose waiters have
//! yet to be woken. No foreign code is called before all are rung. Each knot is rung after all below it, so that whoever sees that it is
//! cancelled sees that of all below: the open mark of one that leaves is moved to its close mark first, so that what stood between them
//! comes before it.
//!
//! ```text
//!   leaving: (b (c )c )b    is    (c )c (b )b    before b is rung
//! ```
//!
//! The knot that `cancel` is called on stays in its place until it is rung, where a `cancel` of what is above finds it. It begins where
//! nobody is leaving any more: else what is above it could be rung before what it moves behind that. After any `cancel` all below are
//! cancelled, also where two cancel at once. Whoever waits below is ready then, and was woken, or is about to be by who cancels what it
//! waits for by itself.
//!
//! A knot whose turn it is to be rung is *closed* first: what is added below it is rung at once, so that this ends however fast others
//! add. But who adds must not find its child cancelled and the parent not, and go on adding in the place of who cancels, which may be a
//! context below its own: it rings the parent before it returns. (It wakes nobody, since who has begun to cancel does.)
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
//! - *told*: while a knot is leaving, or closed and not rung, or rung in the lane of those to be woken for, somebody is in `cancel` who
//!   has yet to empty these lanes.
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
/// The lane of those that were below a cancelled one and have yet to be rung.
const LEAVING: usize = 1;
/// The lane of those that are rung, whose waiters have yet to be woken.
const RUNG: usize = 2;
const LANES: usize = 3;

/// Knots that are rung, or woken for, in one section at most.
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

    /// Marks it as cancelled. Under the tree's lock. Answers whether somebody waits for that.
    fn ring(&self) -> bool {
        self.close();
        self.waiters.with(|section| {
            *section.state = true;
            // Ordering: releases what was done before `cancel` to those who only look. Within: who sees one of both sees both.
            self.cancelled.store(true, Ordering::Release);
            !section.is_empty(0)
        })
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

    /// Marks it as cancelled, in the row, which is locked.
    fn ring(&self, row: &mut List<Mark<L>, LANES>) {
        if !self.bell.ring() {
            return self.unlink(row);
        }
        if self.is_linked() {
            for mark in [&self.open, &self.close].map(NonNull::from) {
                // SAFETY: *linked*: it is in the row.
                unsafe { row.remove(mark) };
                // SAFETY: it was just taken out, and stays by *alive*.
                unsafe { row.push_back(RUNG, mark) };
            }
        }
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
        let parent = parent.map(Pin::get_ref);
        self.attach_by(parent, knot.get_ref(), |row, mark| match parent {
            // SAFETY: *marked*: the parent is linked; the mark was in no list, and stays by *alive*.
            Some(parent) => unsafe { row.insert_before(NonNull::from(&parent.close), mark) },
            // SAFETY: it was in no list, and stays by *alive*.
            None => unsafe { row.push_back(LIVE, mark) },
        });
    }

    /// As [`attach`](Self::attach): `link` puts the marks into the row, if the parent is not closed.
    fn attach_by(
        &self,
        parent: Option<&Knot<L>>,
        knot: &Knot<L>,
        link: impl Fn(&mut List<Mark<L>, LANES>, NonNull<Mark<L>>),
    ) {
        let above = parent.map_or(&self.root, |parent| &parent.bell);
        let is_early = self.row.with(|row| {
            // Ordering: under the tree's lock.
            if knot.attached.load(Ordering::Relaxed) {
                return false;
            }
            // Ordering: under the tree's lock.
            if above.closed.load(Ordering::Relaxed) {
                // Nobody waits before it is attached.
                knot.bell.ring();
                knot.now_attached();
                return !above.is_cancelled();
            }
            // Ordering: *linked*: under the tree's lock.
            knot.open.knot.store(core::ptr::from_ref(knot).cast_mut(), Ordering::Relaxed);
            link(row, NonNull::from(&knot.open));
            link(row, NonNull::from(&knot.close));
            knot.now_attached();
            false
        });
        if is_early {
            // By *told* somebody else wakes.
            self.ring(parent);
        }
    }

    /// Takes a knot out; what is below it goes to what is above.
    pub(super) fn detach(&self, knot: &Knot<L>) {
        if knot.is_attached() {
            self.row.with(|row| knot.unlink(row));
        }
    }

    /// Cancels all that is below a knot, or the root, and then that.
    pub(super) fn cancel(&self, knot: Option<&Knot<L>>) {
        self.ring(knot);
        let mut wakes = Wakes::new();
        while {
            let mut batch = Batch::new();
            let more = self.row.with(|row| Self::collect(row, &mut batch));
            wakes.wake(batch);
            more
        } {}
        while knot.is_none() && {
            let mut batch = Batch::new();
            let more = self.root.collect(&mut batch);
            wakes.wake(batch);
            more
        } {}
        wakes.finish();
    }

    /// Rings all that is below a knot, or the root, and then that.
    fn ring(&self, knot: Option<&Knot<L>>) {
        let bell = knot.map_or(&self.root, |knot| &knot.bell);
        self.leave_all(|row| {
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
        self.leave_all(|row| match knot {
            None => {
                bell.ring();
            }
            Some(knot) => knot.ring(row),
        });
    }

    /// Rings all that are to leave, and in the section in which there are none calls `then`.
    fn leave_all(&self, then: impl Fn(&mut List<Mark<L>, LANES>)) {
        while self.row.with(|row| {
            let more = Self::leave(row);
            if !more {
                then(row);
            }
            more
        }) {}
    }

    /// Rings some of those that are to leave. Answers whether there may be more.
    fn leave(row: &mut List<Mark<L>, LANES>) -> bool {
        let step = |row: &mut List<Mark<L>, LANES>, knot: &Knot<L>| {
            let (open, close) = (NonNull::from(&knot.open), NonNull::from(&knot.close));
            knot.bell.close();
            // SAFETY: *linked*: it is in the row.
            unsafe { row.remove(open) };
            // SAFETY: *linked*: the other one is in the row; this one was just taken out, and stays by *alive*.
            unsafe { row.insert_before(close, open) };
            // Else what is below it comes first.
            if row.front(LEAVING) == Some(open) {
                knot.ring(row);
            }
            true
        };
        (0..STEPS).all(|_| Self::at_front(row, LEAVING, step))
    }

    /// Takes out some who wait for those that are rung. Answers whether there may be more.
    fn collect(row: &mut List<Mark<L>, LANES>, batch: &mut Batch) -> bool {
        let mut is_full = false;
        let mut step = |row: &mut List<Mark<L>, LANES>, knot: &Knot<L>| {
            is_full = knot.bell.collect(batch);
            if !is_full {
                knot.unlink(row);
            }
            !is_full
        };
        (0..STEPS).all(|_| Self::at_front(row, RUNG, &mut step)) || is_full
    }

    /// Calls `f` with the first knot of a lane, if there is one, and answers what it does.
    fn at_front(
        row: &mut List<Mark<L>, LANES>,
        lane: usize,
        f: impl FnOnce(&mut List<Mark<L>, LANES>, &Knot<L>) -> bool,
    ) -> bool {
        let Some(mark) = row.front(lane) else { return false };
        // SAFETY: *alive*: it is in the row.
        let knot = unsafe { mark.as_ref() }.knot.load(Ordering::Relaxed);
        // SAFETY: *alive* and *linked*. A lane begins with an open mark: pairs are moved whole, and what is between them before them.
        let Some(knot) = (unsafe { knot.as_ref() }) else { return false };
        f(row, knot)
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
