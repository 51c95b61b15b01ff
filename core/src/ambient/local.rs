//! What a context has of a runtime on the heap: where tasks go that stay on their thread, where that is not where `spawn` puts
//! them (a set of local tasks inside of a runtime), and the runtime's handle. Without an allocator there are neither such sets
//! nor such handles, and this is nothing.

#[cfg(feature = "alloc")]
mod place {
    use core::any::Any;

    use crate::task::Spawn;

    /// The place, and the same as what it is.
    #[derive(Clone, Copy, Default)]
    pub(crate) struct Local<'a>(Option<(&'a dyn Spawn, &'a dyn Any)>);

    impl<'a> Local<'a> {
        pub(crate) const NONE: Self = Self(None);

        pub(crate) const fn new<S: Spawn + 'static>(place: &'a S) -> Self {
            Self(Some((place, place)))
        }

        pub(crate) fn place(self) -> Option<&'a dyn Spawn> {
            self.0.map(|(place, _)| place)
        }

        pub(crate) fn downcast<S: 'static>(self) -> Option<&'a S> {
            self.0?.1.downcast_ref()
        }
    }

    /// The handle.
    #[derive(Clone, Copy, Default)]
    pub(crate) struct Handle<'a>(Option<&'a dyn Any>);

    impl<'a> Handle<'a> {
        pub(crate) const NONE: Self = Self(None);

        pub(crate) const fn new(handle: &'a dyn Any) -> Self {
            Self(Some(handle))
        }

        pub(crate) fn get(self) -> Option<&'a dyn Any> {
            self.0
        }
    }
}

#[cfg(not(feature = "alloc"))]
mod place {
    use core::any::Any;
    use core::marker::PhantomData;

    use crate::task::Spawn;

    #[derive(Clone, Copy, Default)]
    pub(crate) struct Local<'a>(PhantomData<&'a dyn Spawn>);

    impl<'a> Local<'a> {
        pub(crate) const NONE: Self = Self(PhantomData);

        pub(crate) const fn new<S: Spawn + 'static>(_: &'a S) -> Self {
            Self::NONE
        }

        pub(crate) fn place(self) -> Option<&'a dyn Spawn> {
            None
        }

        pub(crate) fn downcast<S: 'static>(self) -> Option<&'a S> {
            None
        }
    }

    #[derive(Clone, Copy, Default)]
    pub(crate) struct Handle<'a>(PhantomData<&'a dyn Any>);

    impl<'a> Handle<'a> {
        pub(crate) const NONE: Self = Self(PhantomData);

        pub(crate) const fn new(_: &'a dyn Any) -> Self {
            Self::NONE
        }

        pub(crate) fn get(self) -> Option<&'a dyn Any> {
            None
        }
    }
}

pub(crate) use place::{Handle, Local};
