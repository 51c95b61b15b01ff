//! A waker for each child, and the queue of those that were woken.
//!
//! A future that polls all its children whenever one of them was woken does n polls for each of n wake-ups. Here each child
//! has a waker of its own, which puts the child's number into a queue, once, and wakes the task around. So a child is polled
//! as often as it is woken, and the order among them is that of their wake-ups.
//!
//! The task's waker is registered before children are taken from the queue (*register first*): who is woken after that wakes
//! the task. It is used up by the first wake, so a thousand children that are woken together wake the task once.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::task::Waker;

use crate::lock::{DefaultLock, Lock};

/// The wakers of a growing number of children, which are known by their numbers.
#[derive(Debug)]
pub(crate) struct Children {
    shared: Arc<Shared>,
    wakers: Vec<Waker>,
}

#[derive(Debug)]
struct Shared {
    state: Lock<DefaultLock, State>,
}

#[derive(Debug)]
struct State {
    /// Children that were woken, each once.
    queue: VecDeque<usize>,
    /// Whether a child is in the queue.
    queued: Vec<bool>,
    /// Whom to wake for them.
    parent: Option<Waker>,
}

/// What the waker of a child is.
struct Child {
    number: usize,
    shared: Arc<Shared>,
}

impl Shared {
    fn wake(&self, number: usize) {
        let parent = self.state.with(|state| {
            if core::mem::replace(&mut state.queued[number], true) {
                return None;
            }
            state.queue.push_back(number);
            state.parent.take()
        });
        // Outside of the lock.
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

impl Wake for Child {
    fn wake(self: Arc<Self>) {
        self.shared.wake(self.number);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.shared.wake(self.number);
    }
}

impl Children {
    /// No children.
    pub(crate) fn new() -> Self {
        let state = State { queue: VecDeque::new(), queued: Vec::new(), parent: None };
        // SAFETY: *unnested*: what runs under it is here, and no foreign code.
        let state = unsafe { Lock::any(state) };
        Self { shared: Arc::new(Shared { state }), wakers: Vec::new() }
    }

    /// No children, for whom these would wake, and these wake nobody.
    pub(crate) fn renewed(&self) -> Self {
        let this = Self::new();
        let parent = self.shared.state.with(|state| state.parent.take());
        this.shared.state.with(|state| state.parent = parent);
        this
    }

    /// So many children, all to be polled.
    pub(crate) fn woken(count: usize) -> Self {
        let mut this = Self::new();
        this.wakers.reserve_exact(count);
        for _ in 0..count {
            let number = this.add();
            this.shared.wake(number);
        }
        this
    }

    /// One more child, not woken yet: its number.
    ///
    /// # Cost
    ///
    /// One allocation, for its waker.
    pub(crate) fn add(&mut self) -> usize {
        let number = self.wakers.len();
        self.shared.state.with(|state| {
            state.queued.push(false);
            // So that no wake allocates.
            let capacity = state.queued.len();
            let room = capacity - state.queue.len();
            state.queue.reserve(room);
        });
        self.wakers.push(Waker::from(Arc::new(Child { number, shared: self.shared.clone() })));
        number
    }

    /// The waker of a child.
    pub(crate) fn waker(&self, number: usize) -> &Waker {
        &self.wakers[number]
    }

    /// Puts a child into the queue, and wakes the task.
    pub(crate) fn wake(&self, number: usize) {
        self.shared.wake(number);
    }

    /// Whom to wake when a child is woken.
    pub(crate) fn register(&self, parent: &Waker) {
        let known = |state: &mut State| state.parent.as_ref().is_some_and(|known| known.will_wake(parent));
        if !self.shared.state.with(known) {
            let parent = parent.clone();
            // The old one is dropped outside of the lock.
            let _old = self.shared.state.with(|state| state.parent.replace(parent));
        }
    }

    /// How many children were woken and not taken.
    pub(crate) fn ready(&self) -> usize {
        self.shared.state.with(|state| state.queue.len())
    }

    /// Takes the child that was woken first. It can be woken again from now on.
    pub(crate) fn next(&self) -> Option<usize> {
        self.shared.state.with(|state| {
            let number = state.queue.pop_front()?;
            state.queued[number] = false;
            Some(number)
        })
    }
}
