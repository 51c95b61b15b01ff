//! What a thread knows of the poll that it is in: whose it is, and how much it may still do.
//!
//! An executor sets a [`Scope`] around each poll and restores what was there before, so that a poll inside of a poll (a
//! runtime driven by hand, a set of local tasks) has a scope of its own, and ends in the one around it.
//!
//! This is the one place where core holds state outside of a value: with feature `std` a few bytes a thread. It is here and
//! not in an executor because what uses it (a join handle, a timer, a channel) knows no executor, and an argument would
//! have to go through `Future::poll`. It names no runtime. Without `std` it is nothing: reading it gives a constant.
//! Models do without it as well: modelled threads share the memory of one thread.
//!
//! *in its poll*: the task of the current scope is alive: its executor holds it, and restores what was there before when it
//! lets go of it.

#[cfg(all(feature = "std", not(loom)))]
mod place {
    use alloc::sync::Arc;
    use core::cell::Cell;
    use core::ptr::NonNull;

    use crate::task::header::TaskPtr;

    /// Units of work that a task gets for each poll.
    const UNITS: u32 = 128;
    /// How often in one poll a task is told that it has used them up, before it gets new ones.
    ///
    /// A task hears it once and returns. Only what polls again without returning hears it often: another executor's
    /// `block_on` inside of a task, which would else wait for ever for a budget that only comes with the next poll of the
    /// task around it.
    const REFUSALS: u32 = 256;

    /// How much a poll may still do: refusals, and above them units. As large as the hole beside a pointer, so that it is
    /// read and written as a whole.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Budget(u32);

    impl Budget {
        pub(crate) const FULL: Self = Self(REFUSALS + UNITS);
        /// No poll, or that of a blocking call.
        pub(crate) const UNCONSTRAINED: Self = Self(u32::MAX);
        /// A poll that does not count what it does.
        const UNCOUNTED: Self = Self(u32::MAX - 1);

        pub(crate) const fn is_unconstrained(self) -> bool {
            self.0 >= Self::UNCOUNTED.0
        }

        /// Whether [`spend`](Self::spend) would take one: also after the last refusal.
        pub(crate) const fn has_remaining(self) -> bool {
            self.0 == 0 || self.0 > REFUSALS
        }

        /// Whether somebody was refused since there were units last.
        pub(crate) const fn is_refused(self) -> bool {
            self.0 < REFUSALS
        }

        /// Takes a unit of a budget that is not unconstrained: whether there was one, and what is left.
        pub(crate) const fn spend(self) -> (bool, Self) {
            match self.0 {
                0 => (true, Self(Self::FULL.0 - 1)),
                left => (left > REFUSALS, Self(left - 1)),
            }
        }
    }

    /// What is known inside of a poll.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Scope {
        task: Option<TaskPtr>,
        budget: Budget,
    }

    std::thread_local! {
        static SCOPE: Cell<Scope> = const { Cell::new(Scope { task: None, budget: Budget::UNCONSTRAINED }) };
    }

    /// A name, whose it is, and what was there before.
    #[must_use]
    pub(crate) struct Name(Option<(TaskPtr, NonNull<Arc<str>>)>);

    std::thread_local! {
        /// *in its poll*: the name lies in the future of the task, which is polled.
        static NAME: Cell<Option<(TaskPtr, NonNull<Arc<str>>)>> = const { Cell::new(None) };
    }

    /// Names the current task until the result is dropped.
    pub(crate) fn enter_name(name: &Arc<str>) -> Name {
        Name(NAME.replace(task().map(|task| (task, NonNull::from(name)))))
    }

    impl Drop for Name {
        fn drop(&mut self) {
            NAME.set(self.0);
        }
    }

    /// Runs `f`, which must not enter or leave a name, on the name of the current task: not of one that is polled around it.
    pub(crate) fn with_name<R>(f: fn(&Arc<str>) -> R) -> Option<R> {
        let (owner, name) = NAME.get()?;
        // SAFETY: *in its poll*: it was stored by `enter_name`, whose result lives as long as the reference it was given.
        (task() == Some(owner)).then(|| f(unsafe { name.as_ref() }))
    }

    impl Scope {
        #[inline]
        pub(crate) fn new(task: Option<TaskPtr>, budget: Budget) -> Self {
            Self { task, budget }
        }

        /// The scope around, without a budget.
        #[inline]
        pub(crate) fn unconstrained() -> Self {
            let around = SCOPE.get();
            Self { budget: Budget(around.budget.0.max(Budget::UNCOUNTED.0)), ..around }
        }

        /// Makes it the current one; returns what was.
        #[inline]
        pub(super) fn replace(self) -> Self {
            SCOPE.replace(self)
        }
    }

    /// The task that is polled, *in its poll*.
    #[inline]
    pub(crate) fn task() -> Option<TaskPtr> {
        SCOPE.get().task
    }

    /// The budget of the current poll.
    #[inline]
    pub(crate) fn budget() -> Budget {
        SCOPE.get().budget
    }

    /// Takes a unit where there is one; answers `false` where there is none, and where nobody counts.
    #[inline(always)]
    pub(crate) fn spend() -> bool {
        SCOPE.with(|scope| {
            let now = scope.get();
            let counted = now.budget.0.wrapping_sub(REFUSALS + 1) < UNITS;
            if counted {
                scope.set(Scope { budget: Budget(now.budget.0 - 1), ..now });
            }
            counted
        })
    }

    /// Changes the budget of the current poll.
    #[inline]
    pub(crate) fn set_budget(budget: Budget) {
        SCOPE.with(|scope| scope.set(Scope { budget, ..scope.get() }));
    }
}

#[cfg(any(not(feature = "std"), loom))]
mod place {
    use crate::task::header::TaskPtr;

    /// As much as anybody wants.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Budget;

    impl Budget {
        pub(crate) const FULL: Self = Self;
        pub(crate) const UNCONSTRAINED: Self = Self;

        #[inline(always)]
        pub(crate) const fn is_unconstrained(self) -> bool {
            true
        }

        #[inline(always)]
        pub(crate) const fn has_remaining(self) -> bool {
            true
        }

        #[inline(always)]
        pub(crate) const fn is_refused(self) -> bool {
            false
        }

        #[inline(always)]
        pub(crate) const fn spend(self) -> (bool, Self) {
            (true, Self)
        }
    }

    /// Nothing is known.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Scope;

    impl Scope {
        #[inline(always)]
        pub(crate) fn new(_: Option<TaskPtr>, _: Budget) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn unconstrained() -> Self {
            Self
        }

        #[inline(always)]
        pub(super) fn replace(self) -> Self {
            self
        }
    }

    #[inline(always)]
    pub(crate) fn task() -> Option<TaskPtr> {
        None
    }

    #[inline(always)]
    pub(crate) fn budget() -> Budget {
        Budget
    }

    #[inline(always)]
    pub(crate) fn spend() -> bool {
        true
    }

    #[inline(always)]
    pub(crate) fn set_budget(_: Budget) {}

    /// No name.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(crate) struct Name(());

    /// Names nothing.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline(always)]
    pub(crate) fn enter_name<T>(_: T) -> Name {
        Name(())
    }

    /// There is no name.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline(always)]
    pub(crate) fn with_name<T, R>(_: fn(&T) -> R) -> Option<R> {
        None
    }
}

pub(super) use place::{Budget, Scope, budget, set_budget, spend, task};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub(super) use place::{enter_name, with_name};

/// Restores the scope that was there before.
#[must_use]
#[derive(Debug)]
pub(super) struct Entered {
    before: Scope,
}

impl Drop for Entered {
    #[inline(always)]
    fn drop(&mut self) {
        self.before.replace();
    }
}

/// Makes `scope` the current one until the guard is dropped.
#[inline(always)]
pub(super) fn enter(scope: Scope) -> Entered {
    Entered { before: scope.replace() }
}
