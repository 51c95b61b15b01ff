//! Messages in place, first in, first out: a ring of slots, where it begins, and how many are full.
//!
//! heapless's deque keeps both ends and a flag that tells a full ring from an empty one, which is read and written with each
//! message; a length does without, and is what a channel counts anyhow.
//!
//! # Invariant
//!
//! - *full*: the `len` slots from `front` on, past the end of the array from its beginning, hold messages; no other does.
//!   `front` is less than the number of slots, `len` at most that.

use core::mem::MaybeUninit;

use super::store::Store;

/// The slots: an array, or one whose length the type has forgotten.
///
/// # Safety
///
/// `wrap` must answer a place of `slots`, which must always have the same number of slots.
pub(in crate::sync) unsafe trait Slots {
    /// What is in a slot.
    type Message;

    /// The slot at a place that is less than twice their number, which is not zero, counted past the end.
    fn wrap(&self, place: usize) -> usize;

    /// The slots.
    fn slots(&self) -> &[MaybeUninit<Self::Message>];

    /// The slots.
    fn slots_mut(&mut self) -> &mut [MaybeUninit<Self::Message>];
}

// SAFETY: an array, and what is left of a division by its length.
unsafe impl<T, const N: usize> Slots for [MaybeUninit<T>; N] {
    type Message = T;

    #[inline(always)]
    fn wrap(&self, place: usize) -> usize {
        if N.is_power_of_two() { place & (N - 1) } else { self.as_slice().wrap(place) }
    }

    #[inline(always)]
    fn slots(&self) -> &[MaybeUninit<T>] {
        self
    }

    #[inline(always)]
    fn slots_mut(&mut self) -> &mut [MaybeUninit<T>] {
        self
    }
}

// SAFETY: one slice; less than twice its length is, once that is taken off, less than it.
unsafe impl<T> Slots for [MaybeUninit<T>] {
    type Message = T;

    #[inline(always)]
    fn wrap(&self, place: usize) -> usize {
        if place < self.len() { place } else { place - self.len() }
    }

    #[inline(always)]
    fn slots(&self) -> &[MaybeUninit<T>] {
        self
    }

    #[inline(always)]
    fn slots_mut(&mut self) -> &mut [MaybeUninit<T>] {
        self
    }
}

/// The ring. A borrow of one can forget how many slots it has.
pub(in crate::sync) struct Ring<A: Slots + ?Sized> {
    front: usize,
    len: usize,
    slots: A,
}

impl<T, const N: usize> Ring<[MaybeUninit<T>; N]> {
    /// An empty one.
    pub(in crate::sync) const fn new() -> Self {
        Self { front: 0, len: 0, slots: [const { MaybeUninit::uninit() }; N] }
    }
}

impl<A: Slots + ?Sized> Store for Ring<A> {
    type Message = A::Message;

    #[inline(always)]
    unsafe fn push(&mut self, message: A::Message) {
        let place = self.slots.wrap(self.front + self.len);
        // SAFETY: `wrap` answers a place of the array: *full*, so it was asked for less than twice their number.
        let slot = unsafe { self.slots.slots_mut().get_unchecked_mut(place) };
        slot.write(message);
        // *full*: one more, which the array has by this function's contract.
        self.len += 1;
    }

    #[inline(always)]
    fn places(&self, _: usize) -> usize {
        self.slots.slots().len()
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<A::Message> {
        let (front, len) = (self.front, self.len);
        if len == 0 {
            return None;
        }
        (self.front, self.len) = (self.slots.wrap(front + 1), len - 1);
        // SAFETY: *full*: `front` was a place of the array.
        let slot = unsafe { self.slots.slots().get_unchecked(front) };
        // SAFETY: *full*: it was the first, and is not one of them any more.
        Some(unsafe { slot.assume_init_read() })
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<A: Slots + ?Sized> Drop for Ring<A> {
    fn drop(&mut self) {
        while let Some(message) = self.pop() {
            drop(message);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::rc::Rc;
    use std::vec::Vec;

    use super::*;

    type Message = (usize, Rc<()>);

    /// Every fill level from every place on, for lengths that are powers of two and others, seen with the length and without.
    fn turns<const N: usize>() {
        let counted = Rc::new(());
        for lead in 0..2 * N {
            for fill in 0..=N {
                let mut ring = Ring::<[MaybeUninit<Message>; N]>::new();
                for number in 0..lead {
                    // SAFETY: it is empty.
                    unsafe { ring.push((number, counted.clone())) };
                    assert_eq!(ring.pop().map(|message| message.0), Some(number));
                }
                let ring: &mut Ring<[MaybeUninit<Message>]> = &mut ring;
                for number in 0..fill {
                    // SAFETY: fewer than `N` were pushed.
                    unsafe { ring.push((number, counted.clone())) };
                }
                assert_eq!((ring.len(), ring.is_empty(), ring.places(0)), (fill, fill == 0, N));
                assert_eq!(Rc::strong_count(&counted), 1 + fill);
                let half: Vec<usize> =
                    core::iter::from_fn(|| ring.pop()).take(fill / 2).map(|message| message.0).collect();
                assert_eq!(half, (0..fill / 2).collect::<Vec<_>>());
            }
            assert_eq!(Rc::strong_count(&counted), 1, "what is left is dropped with the ring");
        }
    }

    #[test]
    fn first_in_first_out_from_every_place() {
        turns::<1>();
        turns::<2>();
        turns::<3>();
        turns::<4>();
        turns::<7>();
    }
}
