//! Values that belong to a task: [`task_local!`](crate::task_local).
//!
//! A value lies in the future that it is set around. While that is polled or dropped it is swapped into a thread-local
//! place, and out again afterwards: so it goes where the task goes, and `with` finds it without an argument.
//!
//! Only with `std`. On a chip the place would be a `static`, which an executor of higher priority can find while one of lower
//! priority is in the middle of a poll: it would see another task's value, and could take it while it is borrowed.

use core::cell::RefCell;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::{error, fmt};

pub use std::thread_local;

/// Where the value of the task that runs is found.
pub type Place<T> = RefCell<Option<T>>;

/// Declares values that a task has for itself, of type [`LocalKey`](crate::task::LocalKey).
///
/// # Examples
///
/// ```
/// zokio_core::task_local! {
///     /// Whose request it is.
///     pub static USER: String;
///     static DEPTH: u32;
/// }
///
/// async fn greet() -> String {
///     USER.with(|user| format!("hello {user}"))
/// }
///
/// # async fn example() {
/// assert_eq!(USER.scope("ann".into(), greet()).await, "hello ann");
/// assert!(DEPTH.try_get().is_err());
/// # }
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty $(; $($rest:tt)*)?) => {
        $(#[$attribute])*
        $visibility static $name: $crate::task::LocalKey<$type> = {
            $crate::task::__private::thread_local! {
                // The type is in its scope, which may name a constant.
                static __ZOKIO_PLACE: $crate::task::__private::Place<$type> =
                    const { $crate::task::__private::Place::new(::core::option::Option::None) };
            }
            $crate::task::LocalKey::new(__ZOKIO_PLACE)
        };
        $($crate::task_local! { $($rest)* })?
    };
}

/// The key of a value that a task has for itself, declared by [`task_local!`](crate::task_local).
///
/// # Cost
///
/// A poll of a [`scope`](Self::scope) swaps the value in and out. No atomics, no allocation.
pub struct LocalKey<T: 'static> {
    place: std::thread::LocalKey<Place<T>>,
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey { .. }")
    }
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn new(place: std::thread::LocalKey<Place<T>>) -> Self {
        Self { place }
    }

    /// Sets the value for a future, while it is polled and dropped.
    ///
    /// Scopes nest; the innermost value is seen. A task that is spawned inside does not inherit it.
    ///
    /// # Panics
    ///
    /// The future panics when it is polled inside of [`with`](Self::with) of the same key.
    ///
    /// # Cancel safety
    ///
    /// That of the future. The value is dropped after it.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture { key: self, value: Some(value), future: Some(future) }
    }

    /// Sets the value while `f` runs.
    ///
    /// # Panics
    ///
    /// Panics inside of [`with`](Self::with) of the same key, and where the thread's own memory is gone already.
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        match self.swapped(&mut value, f) {
            Ok(output) => output,
            Err(refusal) => refusal.panic(),
        }
    }

    /// Runs `f` with the value in its place; it comes back out also when `f` panics.
    fn swapped<R>(&'static self, value: &mut Option<T>, f: impl FnOnce() -> R) -> Result<R, Refusal> {
        struct Back<'a, T: 'static> {
            key: &'static LocalKey<T>,
            value: &'a mut Option<T>,
        }
        impl<T> Drop for Back<'_, T> {
            fn drop(&mut self) {
                // No borrow is left: those of `with` end before `f` does, whatever `f` does.
                let _ = self.key.place.try_with(|place| mem::swap(self.value, &mut *place.borrow_mut()));
            }
        }
        let entered = self.place.try_with(|place| match place.try_borrow_mut() {
            Ok(mut place) => {
                mem::swap(value, &mut *place);
                true
            }
            Err(_) => false,
        });
        match entered {
            Ok(true) => {}
            Ok(false) => return Err(Refusal::Borrowed),
            Err(_) => return Err(Refusal::Gone),
        }
        let _back = Back { key: self, value };
        Ok(f())
    }

    /// Runs `f` on the value.
    ///
    /// # Panics
    ///
    /// Panics where it is not set.
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(output) => output,
            Err(_) => panic!("a task-local value was asked for where it is not set"),
        }
    }

    /// Runs `f` on the value, if it is set.
    ///
    /// # Errors
    ///
    /// [`AccessError`] where it is not set.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let found = self.place.try_with(|place| place.borrow().as_ref().map(f));
        found.ok().flatten().ok_or(AccessError(()))
    }

    /// A copy of the value.
    ///
    /// # Panics
    ///
    /// Panics where it is not set.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A copy of the value, if it is set.
    ///
    /// # Errors
    ///
    /// [`AccessError`] where it is not set.
    pub fn try_get(&'static self) -> Result<T, AccessError>
    where
        T: Clone,
    {
        self.try_with(T::clone)
    }
}

/// Why a scope cannot be entered.
#[derive(Clone, Copy)]
enum Refusal {
    Borrowed,
    Gone,
}

impl Refusal {
    #[cold]
    #[track_caller]
    fn panic(self) -> ! {
        match self {
            Self::Borrowed => panic!("the scope of a task-local value cannot be entered while the value is looked at"),
            Self::Gone => panic!("the scope of a task-local value cannot be entered while its thread ends"),
        }
    }
}

/// A task-local value is not set here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessError")
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task-local value is not set")
    }
}

impl error::Error for AccessError {}

/// A future with a value of its own. Made by [`LocalKey::scope`].
///
/// *pinned in place*: `future` is dropped where it lies, by setting it to `None`, and never moved.
#[must_use = "futures do nothing unless awaited"]
pub struct TaskLocalFuture<T: 'static, F> {
    key: &'static LocalKey<T>,
    value: Option<T>,
    future: Option<F>,
}

impl<T: 'static, F: Unpin> Unpin for TaskLocalFuture<T, F> {}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Key, value and future.
    fn parts(self: Pin<&mut Self>) -> (&'static LocalKey<T>, &mut Option<T>, Pin<&mut Option<F>>) {
        // SAFETY: *pinned in place*; key and value are not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: *pinned in place*: part of a whole that is pinned for as long.
        (this.key, &mut this.value, unsafe { Pin::new_unchecked(&mut this.future) })
    }

    /// Takes the value out, of a future that has completed too. `None`: it was taken before.
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.parts().1.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// Panics when polled after it was ready, and when its scope cannot be entered.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (key, value, mut future) = self.parts();
        let polled = key.swapped(value, || {
            let polled = future.as_mut().as_pin_mut().map(|future| future.poll(cx));
            if matches!(polled, Some(Poll::Ready(_))) {
                // Dropped while its value is in place.
                future.set(None);
            }
            polled
        });
        match polled {
            Ok(Some(polled)) => polled,
            Ok(None) => panic!("a future with a task-local value was polled after it had completed"),
            Err(refusal) => refusal.panic(),
        }
    }
}

impl<T: 'static, F> Drop for TaskLocalFuture<T, F> {
    fn drop(&mut self) {
        // SAFETY: dropped in place, so it was pinned where it is, or never.
        let (key, value, mut future) = unsafe { Pin::new_unchecked(self) }.parts();
        if mem::needs_drop::<F>() && future.is_some() {
            // Where the scope cannot be entered the future is dropped without its value, a little later.
            let _ = key.swapped(value, || future.set(None));
        }
    }
}

impl<T: 'static + fmt::Debug, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").field("value", &self.value).finish_non_exhaustive()
    }
}
