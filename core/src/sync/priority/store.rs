//! Holds messages by priority, and among equals by their turn.

use core::cmp::Ordering;

use crate::sync::channel::store::Store;

/// A message with its priority and its turn. Ordered by them alone: no code of the message runs.
pub(in crate::sync) struct Ranked<T> {
    priority: u32,
    /// The halves of a number of 64 bits, the upper one first: so that it is aligned as the priority. A smaller one would come
    /// round while a message waits that more urgent ones pass all the time.
    turn: [u32; 2],
    message: T,
}

impl<T> Ranked<T> {
    #[inline]
    fn new(priority: u32, turn: u64, message: T) -> Self {
        Self { priority, turn: [(turn >> 32) as u32, turn as u32], message }
    }

    #[inline]
    fn turn(&self) -> u64 {
        let [upper, lower] = self.turn;
        u64::from(upper) << 32 | u64::from(lower)
    }
}

impl<T> Ord for Ranked<T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let earlier = || other.turn().cmp(&self.turn());
        self.priority.cmp(&other.priority).then_with(earlier)
    }
}

impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Ranked<T> {}

/// A heap of the largest.
pub(in crate::sync) trait Heap {
    /// What a message is.
    type Message;

    /// Puts one in; gives it back where there is no room.
    fn push(&mut self, ranked: Ranked<Self::Message>) -> Result<(), Ranked<Self::Message>>;

    /// Takes the largest out.
    fn pop(&mut self) -> Option<Ranked<Self::Message>>;

    /// How many there are.
    fn len(&self) -> usize;
}

/// Messages with their priorities, over a heap.
pub(in crate::sync) struct ByPriority<H> {
    next: u64,
    pub(super) heap: H,
}

impl<H> ByPriority<H> {
    pub(super) const fn new(heap: H) -> Self {
        Self { next: 0, heap }
    }
}

impl<H: Heap> ByPriority<H> {
    fn put(&mut self, priority: u32, message: H::Message) {
        let ranked = Ranked::new(priority, self.next, message);
        self.next += 1;
        // Its channel has counted the room.
        let _ = self.heap.push(ranked);
    }
}

impl<H: Heap> Store for ByPriority<H> {
    type Message = (u32, H::Message);

    unsafe fn push(&mut self, (priority, message): Self::Message) {
        self.put(priority, message);
    }

    fn pop(&mut self) -> Option<Self::Message> {
        let ranked = self.heap.pop()?;
        Some((ranked.priority, ranked.message))
    }

    fn len(&self) -> usize {
        self.heap.len()
    }

    fn is_empty(&self) -> bool {
        self.heap.len() == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Ranked;

    // Mutant: core/src/sync/priority/store.rs :: u64::from(upper) << 32 | u64::from(lower) => u64::from(lower)
    #[test]
    fn turns_keep_their_order_beyond_a_word_of_a_chip() {
        let ranked = |priority, turn| Ranked::new(priority, turn, ());
        assert!(ranked(2, 9) > ranked(1, 0) && ranked(1, 0) > ranked(1, 1));
        for far in [u64::from(u32::MAX >> 1), u64::from(u32::MAX), u64::MAX - 3] {
            assert!(ranked(1, 0) > ranked(1, far + 1) && ranked(1, far) > ranked(1, far + 1));
        }
        assert!(ranked(1, 7) == ranked(1, 7));
    }
}
