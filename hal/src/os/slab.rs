//! Where sources live while they are registered: slots that never move and are never freed before the reactor is.
//!
//! # Invariants
//!
//! *stable slots*: pages are added, never taken away, so the poller looks up a slot without a lock and may touch it at
//! any time; what it finds there may belong to a later tenant, which the generation tells (`direction`: *right tenant*).
//! So a release needs neither to wait for the poller nor to be deferred.
//!
//! *one gate*: slots are given and taken back, and the slab is shut, under one lock; a slot is either seen by `shut`
//! or not given any more.

use std::boxed::Box;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::vec::Vec;

use zokio_core::atomic::{AtomicUsize, Ordering};

use super::direction::{Direction, GENERATION_BITS};

/// Slots of the first page; each page has twice as many as the one before.
const FIRST: usize = 64;
const PAGES: usize = 16;
const CAPACITY: usize = FIRST * ((1 << PAGES) - 1);
const INDEX_BITS: u32 = usize::BITS - GENERATION_BITS;
const _: () = assert!(CAPACITY < (1 << INDEX_BITS) - 1, "an index must fit into a token, and one token is the waker's");

/// What a source's readiness is kept in. Two cache lines apart from its neighbours.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Slot {
    pub read: Direction,
    pub write: Direction,
}

impl Slot {
    fn new() -> Self {
        Self { read: Direction::new(), write: Direction::new() }
    }

    /// The number an event of the present tenant of slot `index` carries.
    pub fn token(&self, index: usize) -> usize {
        self.read.generation() << INDEX_BITS | index
    }
}

/// The two parts of a token: index and generation.
pub(super) fn split(token: usize) -> (usize, usize) {
    (token & ((1 << INDEX_BITS) - 1), token >> INDEX_BITS)
}

#[derive(Debug)]
struct Gate {
    shut: bool,
    /// Slots handed out at least once are those below.
    used: usize,
    /// Slots below `used` that are nobody's.
    free: Vec<usize>,
}

/// Why there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSlot {
    Shut,
    Full,
}

/// All slots of one reactor.
#[derive(Debug)]
pub(super) struct Slab {
    pages: [OnceLock<Box<[Slot]>>; PAGES],
    gate: Mutex<Gate>,
    /// Slots that are somebody's, for who does not come through the gate.
    taken: AtomicUsize,
}

/// The page of a slot and its place there.
fn locate(index: usize) -> (usize, usize) {
    let page = ((index / FIRST) + 1).ilog2() as usize;
    (page, index - FIRST * ((1 << page) - 1))
}

impl Slab {
    pub fn new() -> Self {
        let gate = Gate { shut: false, used: 0, free: Vec::new() };
        Self { pages: [const { OnceLock::new() }; PAGES], gate: Mutex::new(gate), taken: AtomicUsize::new(0) }
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slot of an index; `None` for an index that was never handed out.
    pub fn slot(&self, index: usize) -> Option<&Slot> {
        let (page, place) = locate(index);
        self.pages.get(page)?.get()?.get(place)
    }

    /// Gives out a slot, whose directions start as `ready` says.
    pub fn claim(&self, ready: bool) -> Result<usize, NoSlot> {
        let mut gate = self.gate();
        if gate.shut {
            return Err(NoSlot::Shut);
        }
        let index = match gate.free.pop() {
            Some(index) => index,
            None if gate.used == CAPACITY => return Err(NoSlot::Full),
            None => {
                gate.used += 1;
                gate.used - 1
            }
        };
        let (page, place) = locate(index);
        let slots = self.pages[page].get_or_init(|| (0..FIRST << page).map(|_| Slot::new()).collect());
        slots[place].read.open(ready);
        slots[place].write.open(ready);
        self.taken.fetch_add(1, Ordering::Relaxed);
        Ok(index)
    }

    /// Takes a slot back.
    pub fn release(&self, index: usize) {
        let Some(slot) = self.slot(index) else { return };
        slot.read.forget_all();
        slot.write.forget_all();
        let mut gate = self.gate();
        slot.read.close();
        slot.write.close();
        gate.free.push(index);
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there is no source. Who registers one on another thread is seen some time after.
    pub fn is_empty(&self) -> bool {
        self.taken.load(Ordering::Relaxed) == 0
    }

    /// Tells every waiter that no event will come any more, and gives out no further slots.
    pub fn shut(&self) {
        let used = {
            let mut gate = self.gate();
            gate.shut = true;
            gate.used
        };
        // Slots released meanwhile are nobody's: what `shutdown` leaves there is never seen.
        for slot in (0..used).filter_map(|index| self.slot(index)) {
            slot.read.shutdown();
            slot.write.shutdown();
        }
    }

    /// Sources registered now, and slots there is memory for.
    pub fn usage(&self) -> (usize, usize) {
        let gate = self.gate();
        let memory = self.pages.iter().filter_map(OnceLock::get).map(|page| page.len()).sum();
        (gate.used - gate.free.len(), memory)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::testing::panics_in_its_drop;
    use super::*;

    #[test]
    fn indices_fill_the_pages_without_gap_or_overlap() {
        let mut expected = (0, 0);
        for index in 0..FIRST * 31 {
            assert_eq!(locate(index), expected);
            expected.1 += 1;
            if expected.1 == FIRST << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(locate(CAPACITY - 1), (PAGES - 1, (FIRST << (PAGES - 1)) - 1));
    }

    #[test]
    fn a_slot_is_reused_under_a_new_token() {
        let slab = Slab::new();
        let first = slab.claim(true).unwrap();
        let token = slab.slot(first).unwrap().token(first);
        slab.release(first);
        let second = slab.claim(true).unwrap();
        assert_eq!(first, second);
        assert_ne!(slab.slot(second).unwrap().token(second), token);
        assert_eq!(slab.usage(), (1, FIRST));
    }

    #[test]
    fn a_shut_slab_gives_nothing_and_tells_those_who_have() {
        let slab = Slab::new();
        let index = slab.claim(false).unwrap();
        slab.shut();
        assert_eq!(slab.claim(false), Err(NoSlot::Shut));
        let slot = slab.slot(index).unwrap();
        assert!(slot.read.snapshot().is_shutdown() && slot.write.snapshot().is_shutdown());
        slab.release(index);
        assert_eq!(slab.usage().0, 0);
    }

    /// A slot is given back, whatever the waker does that its tenant has left there.
    // Mutant: hal/src/os/direction.rs :: foreign(|| drop(self.poller.take())); => drop(self.poller.take());
    #[test]
    fn a_waker_that_panics_in_its_drop_keeps_no_slot() {
        let slab = Slab::new();
        let index = slab.claim(false).unwrap();
        let slot = slab.slot(index).unwrap();
        let token = slot.token(index);
        for direction in [&slot.read, &slot.write] {
            assert!(direction.poll(&panics_in_its_drop()).is_pending());
        }
        slab.release(index);
        assert_eq!(slab.usage().0, 0);
        assert_ne!(slot.token(index), token, "what is on its way to the tenant is stale");
    }
}
