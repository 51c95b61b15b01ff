//! How the types of this module look in the log of firmware: their names, and guards as what they guard.

use crate::formats::named;
use crate::lock::RawLock;

named! {
    [L: RawLock] super::barrier::Barrier<L> => "Barrier",
    [] super::barrier::BarrierWaitResult => "BarrierWaitResult",
    #[cfg(feature = "alloc")]
    [T] super::broadcast::Sender<T> => "Sender",
    #[cfg(feature = "alloc")]
    [T] super::broadcast::WeakSender<T> => "WeakSender",
    #[cfg(feature = "heapless")]
    [T, const N: usize, L: RawLock] super::broadcast::Broadcast<T, N, L> => "Broadcast",
    #[cfg(feature = "alloc")]
    [] super::cancel::CancellationToken => "CancellationToken",
    #[cfg(feature = "alloc")]
    ['a] super::cancel::WaitForCancellationFuture<'a> => "WaitForCancellationFuture",
    #[cfg(feature = "alloc")]
    [] super::cancel::WaitForCancellationFutureOwned => "WaitForCancellationFutureOwned",
    #[cfg(feature = "alloc")]
    [] super::cancel::DropGuard => "DropGuard",
    #[cfg(feature = "alloc")]
    ['a] super::cancel::DropGuardRef<'a> => "DropGuardRef",
    [L: RawLock] super::cancel::CancellationSource<L> => "CancellationSource",
    ['a, L: RawLock] super::cancel::CancellationScope<'a, L> => "CancellationScope",
    #[cfg(feature = "heapless")]
    ['a, T, L: RawLock] super::channel::DynSender<'a, T, L> => "DynSender",
    #[cfg(feature = "heapless")]
    ['a, T, L: RawLock] super::channel::DynReceiver<'a, T, L> => "DynReceiver",
    #[cfg(feature = "heapless")]
    ['a, T, L: RawLock] super::channel::Permit<'a, T, L> => "Permit",
    #[cfg(feature = "heapless")]
    [T, const N: usize, L: RawLock] super::channel::Channel<T, N, L> => "Channel",
    [L: RawLock] super::condvar::Condvar<L> => "Condvar",
    [] super::condvar::WaitTimeoutResult => "WaitTimeoutResult",
    #[cfg(feature = "alloc")]
    [T] super::mpmc::Sender<T> => "Sender",
    #[cfg(feature = "alloc")]
    [T] super::mpmc::Receiver<T> => "Receiver",
    #[cfg(feature = "alloc")]
    [T, A] super::mpsc::Sender<T, A> => "Sender",
    #[cfg(feature = "alloc")]
    [T, A] super::mpsc::WeakSender<T, A> => "WeakSender",
    #[cfg(feature = "alloc")]
    [T] super::mpsc::Receiver<T> => "Receiver",
    #[cfg(feature = "alloc")]
    ['a, T] super::mpsc::Permit<'a, T> => "Permit",
    #[cfg(feature = "alloc")]
    ['a, T] super::mpsc::PermitIterator<'a, T> => "PermitIterator",
    #[cfg(feature = "alloc")]
    [T, A] super::mpsc::OwnedPermit<T, A> => "OwnedPermit",
    #[cfg(feature = "alloc")]
    [T] super::mpsc::UnboundedSender<T> => "UnboundedSender",
    #[cfg(feature = "alloc")]
    [T] super::mpsc::WeakUnboundedSender<T> => "WeakUnboundedSender",
    #[cfg(feature = "alloc")]
    [T] super::mpsc::UnboundedReceiver<T> => "UnboundedReceiver",
    [T: ?Sized, L: RawLock] super::mutex::Mutex<T, L> => "Mutex",
    [L: RawLock] super::notify::Notify<L> => "Notify",
    ['a, L: RawLock] super::notify::Notified<'a, L> => "Notified",
    #[cfg(feature = "alloc")]
    [L: RawLock] super::notify::OwnedNotified<L> => "OwnedNotified",
    [T, L: RawLock] super::once_cell::OnceCell<T, L> => "OnceCell",
    [const N: usize, L: RawLock] super::pipe::Pipe<N, L> => "Pipe",
    ['a, L: RawLock] super::pipe::PipeReader<'a, L> => "PipeReader",
    ['a, L: RawLock] super::pipe::PipeWriter<'a, L> => "PipeWriter",
    #[cfg(feature = "alloc")]
    [] super::pipe::Reader => "Reader",
    #[cfg(feature = "alloc")]
    [] super::pipe::Writer => "Writer",
    #[cfg(feature = "embedded-io-async")]
    [R, B] super::pipe::BufReader<R, B> => "BufReader",
    #[cfg(feature = "alloc")]
    [T] super::priority::Sender<T> => "Sender",
    #[cfg(feature = "alloc")]
    [T] super::priority::Receiver<T> => "Receiver",
    #[cfg(feature = "heapless")]
    [T, const N: usize, L: RawLock] super::priority::PriorityChannel<T, N, L> => "PriorityChannel",
    [T: ?Sized, L: RawLock] super::rwlock::RwLock<T, L> => "RwLock",
    [L: RawLock] super::semaphore::Semaphore<L> => "Semaphore",
    ['a, L: RawLock] super::semaphore::SemaphorePermit<'a, L> => "SemaphorePermit",
    #[cfg(feature = "alloc")]
    [L: RawLock] super::semaphore::OwnedSemaphorePermit<L> => "OwnedSemaphorePermit",
    [T, L: RawLock] super::set_once::SetOnce<T, L> => "SetOnce",
    [T, L] super::signal::Signal<T, L> => "Signal",
    [L] super::wait_cell::WaitCell<L> => "WaitCell",
    #[cfg(feature = "alloc")]
    [] super::wait_group::TaskTracker => "TaskTracker",
    #[cfg(feature = "alloc")]
    [] super::wait_group::TaskTrackerToken => "TaskTrackerToken",
    #[cfg(feature = "alloc")]
    [F] super::wait_group::TrackedFuture<F> => "TrackedFuture",
    #[cfg(feature = "alloc")]
    ['a] super::wait_group::TaskTrackerWaitFuture<'a> => "TaskTrackerWaitFuture",
    [L: RawLock] super::wait_queue::WaitQueue<L> => "WaitQueue",
    ['a, L: RawLock] super::wait_queue::Wait<'a, L> => "Wait",
    #[cfg(feature = "alloc")]
    [T] super::watch::Sender<T> => "Sender",
    [T, L: RawLock] super::watch::Watch<T, L> => "Watch",
}

/// Guards look like the value they guard.
macro_rules! guards {
    ($($(#[$meta:meta])* [$($generics:tt)*] $type:ty,)*) => {
        $($(#[$meta])* impl<$($generics)*> defmt::Format for $type {
            fn format(&self, f: defmt::Formatter<'_>) {
                (**self).format(f);
            }
        })*
    };
}

guards! {
    #[cfg(feature = "alloc")]
    [T: ?Sized + defmt::Format, L: RawLock] super::mutex::OwnedMutexGuard<T, L>,
    #[cfg(feature = "alloc")]
    [T: ?Sized, U: ?Sized + defmt::Format, L: RawLock] super::mutex::OwnedMappedMutexGuard<T, U, L>,
    ['a, T: ?Sized + defmt::Format, L: RawLock] super::mutex::MutexGuard<'a, T, L>,
    ['a, T: ?Sized + defmt::Format, L: RawLock] super::mutex::MappedMutexGuard<'a, T, L>,
    #[cfg(feature = "alloc")]
    [T: ?Sized, U: ?Sized + defmt::Format, L: RawLock] super::rwlock::OwnedRwLockReadGuard<T, U, L>,
    #[cfg(feature = "alloc")]
    [T: ?Sized + defmt::Format, L: RawLock] super::rwlock::OwnedRwLockWriteGuard<T, L>,
    #[cfg(feature = "alloc")]
    [T: ?Sized, U: ?Sized + defmt::Format, L: RawLock] super::rwlock::OwnedRwLockMappedWriteGuard<T, U, L>,
    ['a, T: ?Sized + defmt::Format, L: RawLock] super::rwlock::RwLockReadGuard<'a, T, L>,
    ['a, T: ?Sized + defmt::Format, L: RawLock] super::rwlock::RwLockWriteGuard<'a, T, L>,
    ['a, T: ?Sized + defmt::Format, L: RawLock] super::rwlock::RwLockMappedWriteGuard<'a, T, L>,
    ['a, T: defmt::Format, L: RawLock] super::watch::Ref<'a, T, L>,
}
