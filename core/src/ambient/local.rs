//! Where a context puts tasks that stay on their thread, where that is not where `spawn` puts them: a set of local tasks
//! inside of a runtime. Without an allocator there are no such sets, and this is nothing.

#[cfg(feature = "alloc")]
mod place {
    use crate::task::Spawn;

    #[derive(Clone, Copy, Default)]
    pub(crate) struct Local<'a>(Option<&'a dyn Spawn>);

    impl<'a> Local<'a> {
        pub(crate) const NONE: Self = Self(None);

        pub(crate) const fn new(place: &'a dyn Spawn) -> Self {
            Self(Some(place))
        }

        pub(crate) fn place(self) -> Option<&'a dyn Spawn> {
            self.0
        }
    }
}

#[cfg(not(feature = "alloc"))]
mod place {
    use core::marker::PhantomData;

    use crate::task::Spawn;

    #[derive(Clone, Copy, Default)]
    pub(crate) struct Local<'a>(PhantomData<&'a dyn Spawn>);

    impl<'a> Local<'a> {
        pub(crate) const NONE: Self = Self(PhantomData);

        pub(crate) const fn new(_: &'a dyn Spawn) -> Self {
            Self::NONE
        }

        pub(crate) fn place(self) -> Option<&'a dyn Spawn> {
            None
        }
    }
}

pub(crate) use place::Local;
