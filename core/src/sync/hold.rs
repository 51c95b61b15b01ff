//! A value behind a pointer, together with the right to use it: what guards are made of.
//!
//! *right*: whoever makes one has, and gives into it, the right to use the value alone ([`Exclusive`]) or beside others
//! that only look ([`Shared`]), for as long as the right is not dropped; and the value stays where it is for as long.

use core::ops::{Deref, DerefMut};

/// A value that nobody else reaches.
pub(super) struct Exclusive<T: ?Sized, R> {
    /// Not `NonNull`: that could be made to point to another type with a longer lifetime in it.
    value: *mut T,
    right: R,
}

// SAFETY: *right*: it is as good as the `&mut T` it gives, and the right itself.
unsafe impl<T: ?Sized + Send, R: Send> Send for Exclusive<T, R> {}
// SAFETY: as above; shared, it gives `&T`.
unsafe impl<T: ?Sized + Sync, R: Sync> Sync for Exclusive<T, R> {}

impl<T: ?Sized, R> Exclusive<T, R> {
    /// Of a value and the *right* to it.
    pub(super) fn new(value: *mut T, right: R) -> Self {
        Self { value, right }
    }

    /// A part of the value. The right is dropped if `f` panics.
    pub(super) fn map<U: ?Sized>(mut self, f: impl FnOnce(&mut T) -> &mut U) -> Exclusive<U, R> {
        let value: *mut U = f(&mut *self);
        Exclusive { value, right: self.right }
    }

    /// A part of the value, if there is one.
    pub(super) fn try_map<U: ?Sized>(
        mut self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<Exclusive<U, R>, Self> {
        match f(&mut *self) {
            Some(part) => {
                let value: *mut U = part;
                Ok(Exclusive { value, right: self.right })
            }
            None => Err(self),
        }
    }

    /// The right.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // only owned guards ask
    pub(super) fn right(&self) -> &R {
        &self.right
    }

    /// A part of the value, to look at.
    pub(super) fn share<U: ?Sized>(self, f: impl FnOnce(&T) -> &U) -> Shared<U, R> {
        let value: *const U = f(&*self);
        Shared { value, right: self.right }
    }

    /// A part of the value to look at, if there is one.
    pub(super) fn try_share<U: ?Sized>(self, f: impl FnOnce(&T) -> Option<&U>) -> Result<Shared<U, R>, Self> {
        match f(&*self) {
            Some(part) => {
                let value: *const U = part;
                Ok(Shared { value, right: self.right })
            }
            None => Err(self),
        }
    }
}

/// A value that others look at as well.
pub(super) struct Shared<T: ?Sized, R> {
    value: *const T,
    right: R,
}

// SAFETY: *right*: it is as good as the `&T` it gives, and the right itself.
unsafe impl<T: ?Sized + Sync, R: Send> Send for Shared<T, R> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync, R: Sync> Sync for Shared<T, R> {}

impl<T: ?Sized, R> Shared<T, R> {
    /// Of a value and the *right* to look at it.
    pub(super) fn new(value: *const T, right: R) -> Self {
        Self { value, right }
    }

    /// A part of the value. The right is dropped if `f` panics.
    pub(super) fn map<U: ?Sized>(self, f: impl FnOnce(&T) -> &U) -> Shared<U, R> {
        let value: *const U = f(&*self);
        Shared { value, right: self.right }
    }

    /// A part of the value, if there is one.
    pub(super) fn try_map<U: ?Sized>(self, f: impl FnOnce(&T) -> Option<&U>) -> Result<Shared<U, R>, Self> {
        match f(&*self) {
            Some(part) => {
                let value: *const U = part;
                Ok(Shared { value, right: self.right })
            }
            None => Err(self),
        }
    }

    /// The right.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    pub(super) fn right(&self) -> &R {
        &self.right
    }

    /// The right, to change what it is to.
    pub(super) fn right_mut(&mut self) -> &mut R {
        &mut self.right
    }
}

impl<T: ?Sized, R> Deref for Shared<T, R> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: *right*, which is borrowed.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized, R> Deref for Exclusive<T, R> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: *right*, which is borrowed.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized, R> DerefMut for Exclusive<T, R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: *right*, which is borrowed exclusively.
        unsafe { &mut *self.value }
    }
}

/// What a guard that is made of a `hold` offers: its value, to look at and, with `mut` before it, to change.
macro_rules! guard_impls {
    ([$($generics:tt)*] $guard:ty, mut $value:ty) => {
        guard_impls!([$($generics)*] $guard, $value);

        impl<$($generics)*> core::ops::DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut $value {
                &mut self.hold
            }
        }
    };
    ([$($generics:tt)*] $guard:ty, $value:ty) => {
        impl<$($generics)*> core::ops::Deref for $guard {
            type Target = $value;

            #[inline]
            fn deref(&self) -> &$value {
                &self.hold
            }
        }

        impl<$($generics)*> core::fmt::Debug for $guard
        where
            $value: core::fmt::Debug,
        {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($generics)*> core::fmt::Display for $guard
        where
            $value: core::fmt::Display,
        {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}
pub(super) use guard_impls;
