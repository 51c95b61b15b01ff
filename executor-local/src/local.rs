//! Tasks that are not `Send`, boxed: the right to spawn them, and what binds an executor to their thread.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
use std::sync::OnceLock;

use zokio_core::park::Unpark;
use zokio_core::task::{Need, Owner, Refusal, Spawn, TaskPtr, Vacancy};

use crate::shared::SharedSpawner;

/// Spawns tasks that need not be `Send` on an executor of this thread. It cannot leave the thread.
///
/// *one thread*: it is made where its executor is run, and its tasks are dropped, on this thread from then on and on no
/// other: by `LocalSet`, which cannot be sent either, and of an executor that `SharedExecutor::bind` has bound to it.
pub struct LocalSpawner<U: Unpark> {
    spawner: SharedSpawner<U>,
    _not_send: PhantomData<*const ()>,
}

impl<U: Unpark> LocalSpawner<U> {
    /// # Safety
    ///
    /// *one thread* must hold for the executor of `spawner` from now on.
    pub(crate) unsafe fn new(spawner: SharedSpawner<U>) -> Self {
        Self { spawner, _not_send: PhantomData }
    }

    /// Spawns tasks that are `Send`, from anywhere.
    #[must_use]
    pub fn to_send(&self) -> SharedSpawner<U> {
        self.spawner.clone()
    }
}

impl<U: Unpark> Clone for LocalSpawner<U> {
    fn clone(&self) -> Self {
        Self { spawner: self.spawner.clone(), _not_send: PhantomData }
    }
}

impl<U: Unpark> fmt::Debug for LocalSpawner<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSpawner").finish_non_exhaustive()
    }
}

// SAFETY: owner and memory are those of `SharedSpawner`. Local: *one thread*, which is this one, since `self` never left it.
unsafe impl<U: Unpark> Spawn for LocalSpawner<U> {
    fn owner(&self) -> NonNull<Owner> {
        self.spawner.owner()
    }

    fn static_owner(&self) -> Option<NonNull<Owner>> {
        None
    }

    fn is_local(&self) -> bool {
        true
    }

    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        self.spawner.vacancy(need)
    }

    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: by this function's contract.
        unsafe { self.spawner.launch(task) };
    }
}

/// Which thread may run an executor: any, until it is bound.
#[derive(Debug)]
pub(crate) struct Bound(OnceLock<usize>);

impl Bound {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Binds to this thread. `false`: it is bound to another one.
    pub(crate) fn bind(&self) -> bool {
        *self.0.get_or_init(this_thread) == this_thread()
    }

    /// Whether it is bound to this thread.
    pub(crate) fn is_here(&self) -> bool {
        self.0.get().is_some_and(|thread| *thread == this_thread())
    }

    /// Whether this thread may run the executor, and drop its tasks.
    pub(crate) fn admits(&self) -> bool {
        self.0.get().is_none_or(|thread| *thread == this_thread())
    }

    /// Panics where it may not.
    #[track_caller]
    pub(crate) fn check(&self) {
        assert!(
            self.admits(),
            "this executor has tasks that are not `Send`: only the thread that it is bound to may run it"
        );
    }
}

/// A number that no other thread has or will have. Not that of `std`, which a thread that ends may not ask for.
fn this_thread() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NEXT: AtomicUsize = AtomicUsize::new(1);
    std::thread_local! {
        static THIS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
    }
    THIS.with(|this| {
        if this.get() == 0 {
            let mine = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| next.checked_add(1));
            this.set(mine.expect("there have been as many threads as there are numbers"));
        }
        this.get()
    })
}
