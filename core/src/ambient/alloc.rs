//! A context that a guard owns: what `Handle::enter` of a runtime gives.
//!
//! With `std` only, where the context is a thread's: on a chip an interrupt that keeps a guard would leave its context to the tasks
//! that it has interrupted, and free it in the middle of their looks at it.

use ::alloc::boxed::Box;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::{Ambient, Context, Entered};

/// Something that offers a context and is kept alive by whoever is in it: a runtime's handle.
pub trait Offer: 'static {
    /// What it offers.
    fn context(&self) -> Context<'_>;
}

/// Makes what `T` offers the context of this thread, until it is dropped.
///
/// A context that is entered inside an executor that polls is that of an executor that polls: entering another one does
/// not make blocking harmless.
///
/// # Panics
///
/// Dropping a guard while a later one lives panics, and leaks its context, which nobody can end then: it is the thread's
/// again when the later guard is dropped, and for as long as the thread lives.
#[must_use = "the context is left again when the guard is dropped"]
pub struct Held<A: Ambient, T: Offer> {
    /// Restores what was before, unless the guard is dropped out of order.
    entered: ManuallyDrop<Entered<A>>,
    /// *own or leaked*: freed only after `entered` has been dropped as the innermost one; a guard that is forgotten or
    /// dropped out of order leaves it to the thread for ever.
    place: NonNull<Place<T>>,
}

/// What must stay where it is while the context is the current one.
struct Place<T> {
    context: Option<Context<'static>>,
    offer: T,
}

impl<A: Ambient, T: Offer> Held<A, T> {
    /// Enters what `offer` offers, and keeps it.
    pub fn new(offer: T) -> Self {
        let polling = A::is_polling();
        let place = NonNull::from(Box::leak(Box::new(Place { context: None, offer }))).as_ptr();
        // SAFETY: *own or leaked*: in bounds of the place just made.
        let offer = unsafe { &raw const (*place).offer };
        // SAFETY: *own or leaked*: it outlives the context, which holds this reference and lies beside it.
        let offered = unsafe { &*offer }.context();
        // SAFETY: *own or leaked*: in bounds of the place just made.
        let context = unsafe { &raw mut (*place).context };
        // SAFETY: nobody else knows it yet.
        let context = unsafe { &mut *context };
        let context = NonNull::from(context.insert(if polling { offered.with_polling() } else { offered }));
        // SAFETY: *own or leaked*: the context is alive until `entered` has been dropped as the innermost guard, on this
        // thread, since neither is `Send`.
        let entered = unsafe { A::enter_raw(context) };
        // SAFETY: it came from a box.
        let place = unsafe { NonNull::new_unchecked(place) };
        Self { entered: ManuallyDrop::new(entered), place }
    }
}

impl<A: Ambient, T: Offer> Drop for Held<A, T> {
    fn drop(&mut self) {
        let place = self.place.as_ptr();
        // SAFETY: *own or leaked*: not freed yet.
        let context = unsafe { &raw const (*place).context };
        // SAFETY: only read since it was made.
        let own = unsafe { &*context }.as_ref().map(NonNull::from);
        if A::get() != own {
            out_of_order();
            return;
        }
        // SAFETY: once, here, and it is the innermost guard: its context is the current one.
        unsafe { ManuallyDrop::drop(&mut self.entered) };
        // SAFETY: *own or leaked*: made of a box, and no longer the current context.
        drop(unsafe { Box::from_raw(place) });
    }
}

#[cold]
fn out_of_order() {
    if std::thread::panicking() {
        return;
    }
    panic!("the guards of `enter` were dropped out of order: drop the one made last first");
}

impl<A: Ambient, T: Offer> core::fmt::Debug for Held<A, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use super::super::Current;
    use super::*;
    use crate::test_util::panics;

    std::thread_local! {
        static CURRENT: Cell<Current> = const { Cell::new(None) };
    }

    struct Here;

    // SAFETY: a thread-local cell is reached by its thread only.
    unsafe impl Ambient for Here {
        fn get() -> Current {
            CURRENT.get()
        }

        unsafe fn swap(next: Current) -> Current {
            CURRENT.replace(next)
        }
    }

    struct Answer(Arc<u32>);

    impl Offer for Answer {
        fn context(&self) -> Context<'_> {
            Context::EMPTY.with_handle(&*self.0)
        }
    }

    fn seen() -> Option<u32> {
        Here::with(|context| context.and_then(Context::handle)?.downcast_ref().copied())
    }

    #[test]
    fn guards_nest_and_restore() {
        assert_eq!(seen(), None);
        let outer = Held::<Here, _>::new(Answer(Arc::new(1)));
        let inner = Held::<Here, _>::new(Answer(Arc::new(2)));
        assert_eq!(seen(), Some(2));
        drop(inner);
        assert_eq!(seen(), Some(1));
        drop(outer);
        assert_eq!(seen(), None);
    }

    // Mutant: core/src/ambient/mod.rs :: Some(context) => Self::enter(&context, || f(Some(&context))), => Some(context) => f(Some(&context)),
    #[test]
    fn a_guard_that_is_dropped_while_its_context_is_looked_at_leaves_it_there() {
        let answer = Arc::new(7);
        let held = Held::<Here, _>::new(Answer(answer.clone()));
        Here::with(|context| {
            let handle = context.and_then(Context::handle).unwrap();
            assert!(panics(|| drop(held)), "it is not the innermost guard");
            assert_eq!(Arc::strong_count(&answer), 2, "freed under the feet of who looks at it");
            assert_eq!(handle.downcast_ref(), Some(&7_u32));
        });
        // It stays the thread's: nobody is left who could end it.
        assert_eq!(seen(), Some(7));
        // So that no leak is reported.
        let left = Here::get().expect("it was seen above").as_ptr();
        crate::test_util::forever(core::sync::atomic::AtomicPtr::new(left));
    }
}
