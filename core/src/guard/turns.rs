//! How tasks are ended that nobody will run: one after the other where one's destructor spawns or wakes the next, and not inside of
//! each other. A chain of those must not become a chain of calls, which no stack has room for.
//!
//! The first few are ended inside of each other all the same, where the caller says so: who spawns in a destructor may wait for what
//! it has spawned.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::cell::{Cell, RefCell};

/// So many are ended inside of each other where one is spawned by the other.
pub const DEEPEST: usize = 16;

/// The ends that a thread is in the middle of, and those that wait for the first of them.
struct Turns {
    depth: Cell<usize>,
    waiting: RefCell<VecDeque<Box<dyn FnOnce()>>>,
}

std::thread_local! {
    static HERE: Turns = const { Turns { depth: Cell::new(0), waiting: RefCell::new(VecDeque::new()) } };
}

/// Ends a task that nobody will run: at once, unless `deepest` of these calls are on the stack of this thread already. Then the
/// first of them does it, before it returns. `end` does not panic.
pub fn in_turn(deepest: usize, end: impl FnOnce() + 'static) {
    let mut end = Some(end);
    // Modelled threads share the memory of one. Where the thread ends, and its memory is gone, at once as well.
    if cfg!(not(any(loom, shuttle))) {
        let _ = HERE.try_with(|turns| turns.take(deepest, &mut end));
    }
    if let Some(end) = end {
        end();
    }
}

impl Turns {
    /// Runs `end`, and if it is the first what waits then; or lets it wait.
    fn take(&self, deepest: usize, end: &mut Option<impl FnOnce() + 'static>) {
        let (depth, Some(end)) = (self.depth.get(), end.take()) else { return };
        if depth >= deepest {
            return self.waiting.borrow_mut().push_back(Box::new(end));
        }
        self.depth.set(depth + 1);
        end();
        while let Some(next) = (depth == 0).then(|| self.waiting.borrow_mut().pop_front()).flatten() {
            next();
        }
        self.depth.set(depth);
    }
}

#[cfg(all(test, feature = "std", not(any(loom, shuttle))))]
mod tests {
    use alloc::rc::Rc;
    use alloc::vec::Vec;
    use core::cell::RefCell;

    use super::in_turn;

    /// Ends inside of each other, and beside each other.
    // Mutant: core/src/guard/turns.rs :: if depth >= deepest { => if depth > deepest {
    // Mutant: core/src/guard/turns.rs :: (depth == 0).then( => (depth == 1).then(
    #[test]
    fn ends_wait_for_the_first_where_they_are_too_deep() {
        type Told = Rc<RefCell<Vec<&'static str>>>;
        let told = Told::default();
        let tell = |told: &Told, what| told.borrow_mut().push(what);
        let first = told.clone();
        in_turn(2, move || {
            let second = first.clone();
            in_turn(2, move || {
                let third = second.clone();
                in_turn(2, move || {
                    let fourth = third.clone();
                    in_turn(2, move || tell(&fourth, "begins again"));
                    tell(&third, "waits");
                });
                tell(&second, "is at once");
            });
            let later = first.clone();
            in_turn(1, move || tell(&later, "waits too"));
            tell(&first, "first");
        });
        assert_eq!(*told.borrow(), ["is at once", "first", "begins again", "waits", "waits too"]);
    }
}
