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
//! To cancel is to *ring*, then to wake. A knot that is being cancelled and those below it stand in a lane of their own, from which
//! whoever cancels takes them, a few in each section, and marks them as cancelled; who is waited for goes to a lane of those whose
//! waiters have yet to be woken. No foreign code is called before all are rung. Each knot is rung after all below it, so that whoever
//! sees that it is cancelled sees that of all below: the open mark of one that leaves is moved to its close mark first, so that what stood
//! between them comes before it. The root, which has no marks, is rung when nobody is leaving any more.
//!
//! ```text
//!   leaving: (b (c )c )b    is    (c )c (b )b    before b is rung
//! ```
//!
//! A `cancel` begins where nobody is leaving: else what is above its knot could be rung before what it puts behind that. After any
//! `cancel` all below are cancelled, also where two cancel at once. Whoever waits below is ready then, and was woken, or is about to be
//! by who cancels what it waits for by itself.
//!
//! Whoever adds a knot does some steps of those that are leaving, more than it adds to them. So a `cancel` ends however fast others add,
//! and a loop that adds until it finds a knot cancelled does not wait for who cancels, which may be a context below its own. (It wakes
//! nobody: who has begun to cancel does that.)
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
//! - *marked*: a knot that was attached and is not cancelled is linked. `cancelled` is set under the tree's lock.
//! - *told*: while a knot is leaving, or the root closed and not rung, or one rung and in the lane of those to be woken for, somebody
//!   is in `cancel` who has yet to empty these lanes.
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
/// The lane of those that are being cancelled and have yet to be rung.
const LEAVING: usize = 1;
/// The lane of those that are rung, whose waiters have yet to be woken.
const RUNG: usize = 2;
const LANES: usize = 3;

/// Knots that are rung, or woken for, in one section at most. (Few in a model, where trees are small.)
const STEPS: usize = if cfg!(loom) { 2 } else { 8 };

/// A tree: its root, and the row of all knots.
pub(super) struct Tree<L: RawLock> {
    row: Lock<L, List<Mark<L>, LANES>>,
    root: Bell<L>,
    /// The root is cancelled, or to be rung when nobody is leaving: nothing is added below it. Under the lock of the row.
    closed: AtomicBool,
}

/// Whether something is cancelled, and who waits for it.
pub(super) struct Bell<L: RawLock> {
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
            Self { cancelled: AtomicBool::new(false), waiters: Waiters::new(false) }
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        // Ordering: acquires what was done before the `cancel` that set it; pairs with `ring`.
        self.cancelled.load(Ordering::Acquire)
    }

    pub(super) fn waiters(&self) -> &Waiters<L, bool, ()> {
        &self.waiters
    }

    /// Marks it as cancelled. Under the tree's lock. Answers whether somebody waits for that.
    fn ring(&self) -> bool {
        self.waiters.with(|section| {
            *section.state = true;
            // Ordering: releases what was done before `cancel` to those who only look. Within: who sees one of both sees both.
            self.cancelled.store(true, Ordering::Release);
            !section.is_empty(0)
        })
    }

    /// As `is_cancelled`, by the lock of those who wait: a load of the flag just before the store of `ring` hides from loom the races
    /// of that store.
    fn is_rung(&self) -> bool {
        self.waiters.with(|section| *section.state)
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
        if self.bell.ring() {
            self.move_to(row, RUNG);
        } else {
            self.unlink(row);
        }
    }

    /// Puts both marks at the end of a lane of the row, which is locked.
    fn move_to(&self, row: &mut List<Mark<L>, LANES>, lane: usize) {
        if !self.is_linked() {
            return;
        }
        for mark in [&self.open, &self.close].map(NonNull::from) {
            // SAFETY: *linked*: it is in the row.
            unsafe { row.remove(mark) };
            // SAFETY: it was just taken out, and stays by *alive*.
            unsafe { row.push_back(lane, mark) };
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
            Self { row: unsafe { Lock::any(List::new()) }, root: Bell::new(), closed: AtomicBool::new(false) }
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

    /// As [`attach`](Self::attach): `link` puts the marks into the row, unless the parent is cancelled.
    fn attach_by(
        &self,
        parent: Option<&Knot<L>>,
        knot: &Knot<L>,
        link: impl Fn(&mut List<Mark<L>, LANES>, NonNull<Mark<L>>),
    ) {
        self.row.with(|row| {
            // Ordering: under the tree's lock.
            if knot.attached.load(Ordering::Relaxed) {
                return;
            }
            // Ordering: under the tree's lock.
            if parent.map_or_else(|| self.closed.load(Ordering::Relaxed), |parent| parent.bell.is_cancelled()) {
                // Nobody waits before it is attached.
                knot.bell.ring();
            } else {
                // Ordering: *linked*: under the tree's lock.
                knot.open.knot.store(core::ptr::from_ref(knot).cast_mut(), Ordering::Relaxed);
                link(row, NonNull::from(&knot.open));
                link(row, NonNull::from(&knot.close));
            }
            knot.now_attached();
            // By *told* somebody else wakes.
            self.leave(row);
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
        if knot.map_or(&self.root, Knot::bell).is_rung() {
            // By *told* somebody else wakes, who may have called this one in a waker.
            return;
        }
        self.leave_all(|row| match knot {
            None => {
                // Ordering: under the tree's lock.
                self.closed.store(true, Ordering::Relaxed);
                row.append(LIVE, LEAVING);
            }
            Some(knot) if knot.is_linked() => {
                let (open, close) = (NonNull::from(&knot.open), NonNull::from(&knot.close));
                // SAFETY: *linked*: both are in the row, one after the other.
                unsafe { row.move_between(open, close, LEAVING) };
                knot.move_to(row, LEAVING);
            }
            Some(_) => {}
        });
        self.leave_all(|_| {});
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

    /// Rings all that are leaving, and in the section in which there are none calls `then`.
    fn leave_all(&self, then: impl Fn(&mut List<Mark<L>, LANES>)) {
        while self.row.with(|row| {
            let more = self.leave(row);
            if !more {
                then(row);
            }
            more
        }) {}
    }

    /// Rings some of those that are leaving. Answers whether there may be more.
    fn leave(&self, row: &mut List<Mark<L>, LANES>) -> bool {
        let step = |row: &mut List<Mark<L>, LANES>, knot: &Knot<L>| {
            let (open, close) = (NonNull::from(&knot.open), NonNull::from(&knot.close));
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
        let more = (0..STEPS).all(|_| Self::at_front(row, LEAVING, step));
        // Ordering: under the tree's lock.
        if !more && self.closed.load(Ordering::Relaxed) {
            // Where it is rung already this changes nothing.
            self.root.ring();
        }
        more
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
