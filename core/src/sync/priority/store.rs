//! Holds messages by priority, and among equals by their turn.

use core::cmp::Ordering;

use crate::sync::channel::store::Store;

/// A message with its priority and its turn. Ordered by them alone: no code of the message runs.
pub(in crate::sync) struct Ranked<T> {
    priority: u32,
    turn: usize,
    message: T,
}

impl<T> Ord for Ranked<T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        // Turns wrap: the earlier one is that from which the other is less than half a circle away.
        let earlier = || (other.turn.wrapping_sub(self.turn) as isize).cmp(&0);
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
    next: usize,
    pub(super) heap: H,
}

impl<H> ByPriority<H> {
    pub(super) const fn new(heap: H) -> Self {
        Self { next: 0, heap }
    }
}

impl<H: Heap> ByPriority<H> {
    fn put(&mut self, priority: u32, message: H::Message) {
        if self.heap.len() == 0 {
            self.next = 0;
        }
        let turn = self.next;
        self.next = turn.wrapping_add(1);
        // Its channel has counted the room.
        let _ = self.heap.push(Ranked { priority, turn, message });
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

    #[test]
    fn turns_keep_their_order_where_they_wrap() {
        let ranked = |priority, turn| Ranked { priority, turn, message: () };
        assert!(ranked(2, 9) > ranked(1, 0) && ranked(1, 0) > ranked(1, 1));
        assert!(ranked(1, usize::MAX) > ranked(1, 0) && ranked(1, usize::MAX - 3) > ranked(1, 5));
        assert!(ranked(1, 7) == ranked(1, 7));
    }
}
