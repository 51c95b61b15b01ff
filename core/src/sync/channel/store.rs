//! What holds a channel's messages: the seam below the one algorithm.

use core::task::Waker;

/// Holds messages, and says which is next. Runs under the lock: moves messages, and runs no code of theirs.
pub(in crate::sync) trait Store {
    /// What is in it.
    type Message;

    /// Puts a message in.
    ///
    /// # Errors
    ///
    /// The message, where the store is full. Who counted the room before does not see it.
    fn push(&mut self, message: Self::Message) -> Result<(), Self::Message>;

    /// Takes the next message out.
    fn pop(&mut self) -> Option<Self::Message>;

    /// Messages in it.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool;

    /// Takes the waker of the one receiver, where a channel has one that stands in no line.
    #[inline(always)]
    fn caller(&mut self) -> Option<Waker> {
        None
    }
}

#[cfg(feature = "heapless")]
mod fixed {
    use heapless::deque::DequeInner;
    use heapless::vec::VecStorage;

    use super::Store;

    /// First in, first out, in place; also where the type has forgotten how many fit.
    impl<T, S: VecStorage<T> + ?Sized> Store for DequeInner<T, S> {
        type Message = T;

        #[inline(always)]
        fn push(&mut self, message: T) -> Result<(), T> {
            self.push_back(message)
        }

        #[inline(always)]
        fn pop(&mut self) -> Option<T> {
            self.pop_front()
        }

        #[inline(always)]
        fn len(&self) -> usize {
            self.storage_len()
        }

        #[inline(always)]
        fn is_empty(&self) -> bool {
            DequeInner::is_empty(self)
        }
    }
}
