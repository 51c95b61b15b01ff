//! [`StaticPlace`]: an executor in a `static`, as a place to spawn at.

use core::ptr::NonNull;

use super::arena::Slots;
use super::header::{Owner, TaskPtr};
use super::spawn::{Need, Refusal, Spawn, Vacancy};

/// An executor in a `static`, its pool if it has one, and whether its tasks stay on the calling thread.
///
/// A context keeps one as what it is, not as some `dyn Spawn`: so where nobody spawns by the context, the code for it is not
/// in the image.
///
/// *static*: the owner is that of a live executor in a `static`, which takes tasks of static arenas.
#[derive(Clone, Copy)]
pub struct StaticPlace {
    owner: NonNull<Owner>,
    pool: Option<(&'static str, &'static dyn Slots)>,
    is_local: bool,
}

impl StaticPlace {
    /// A place at the executor of this owner.
    ///
    /// # Safety
    ///
    /// *static*; where the owner is *direct* its queue must be [bound](crate::run_queue::RunQueue::bind). Where `is_local`, the
    /// place and its copies must stay on the one thread that polls and drops the executor's tasks.
    #[must_use]
    #[inline]
    pub const unsafe fn new(
        owner: NonNull<Owner>,
        pool: Option<(&'static str, &'static dyn Slots)>,
        is_local: bool,
    ) -> Self {
        Self { owner, pool, is_local }
    }

    /// The same place, of which no promise is made about the thread.
    #[must_use]
    pub const fn anywhere(self) -> Self {
        Self { is_local: false, ..self }
    }

    /// The name of the pool.
    #[must_use]
    pub fn pool_name(&self) -> Option<&'static str> {
        self.pool.map(|(name, _)| name)
    }
}

// SAFETY: *static*: the owner is alive, and slots are claimed as joined. The rest by the contract of `new`.
unsafe impl Spawn for StaticPlace {
    #[inline]
    fn owner(&self) -> NonNull<Owner> {
        self.owner
    }

    #[inline]
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        Some(self.owner)
    }

    #[inline]
    fn is_local(&self) -> bool {
        self.is_local
    }

    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        let (name, slots) = self.pool.ok_or(Refusal::NoPool)?;
        slots.vacancy(name, need.slot)
    }

    #[inline]
    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: filled, and its NOTIFIED handed over, by this function's contract.
        unsafe { task.launch_at(self.owner, false) };
    }
}

impl core::fmt::Debug for StaticPlace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("StaticPlace").field("pool", &self.pool_name()).field("is_local", &self.is_local).finish()
    }
}
