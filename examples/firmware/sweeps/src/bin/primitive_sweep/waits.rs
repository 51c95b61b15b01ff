//! Permits, locks and queues: who waits for them.

use core::pin::pin;
use core::sync::atomic::Ordering;

use zokio::future::poll_once;
use zokio::sync::{Channel, Condvar, Mutex, Notify, Semaphore, WaitGroup, WaitGroupGuard, WaitQueue};

use super::{BUSY, Operation, fired, met_by};

static PERMITS: Semaphore = Semaphore::new(0);
pub(super) struct AddPermits;
impl Operation for AddPermits {
    const NAME: &'static str = "Semaphore::add_permits";
    fn interrupt() -> bool {
        PERMITS.add_permits(1);
        true
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        match poll_once(PERMITS.acquire()).await {
            Some(Ok(permit)) => {
                permit.forget();
                1
            }
            _ => 0,
        }
    }
    async fn met(&mut self, _: u32) -> u32 {
        PERMITS.acquire().await.map_or(0, |permit| {
            permit.forget();
            1
        })
    }
    fn left(&mut self) -> u32 {
        PERMITS.forget_permits(usize::MAX) as u32
    }
}

static ONE_PERMIT: Semaphore = Semaphore::new(1);
pub(super) struct TryAcquire;
impl Operation for TryAcquire {
    const NAME: &'static str = "Semaphore::try_acquire";
    fn interrupt() -> bool {
        // And given back, to whoever waits.
        BUSY.store(ONE_PERMIT.try_acquire().is_err(), Ordering::Relaxed);
        true
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        let permit = ONE_PERMIT.acquire().await;
        assert!(poll_once(ONE_PERMIT.acquire()).await.is_none());
        drop(permit);
        0
    }
    async fn met(&mut self, before: u32) -> u32 {
        fired(before).await;
        u32::from(ONE_PERMIT.acquire().await.is_ok())
    }
    fn left(&mut self) -> u32 {
        u32::from(ONE_PERMIT.available_permits() != 1)
    }
}

static TOTAL: Mutex<u32> = Mutex::new(0);
pub(super) struct TryLock(u32);
impl Operation for TryLock {
    const NAME: &'static str = "Mutex::try_lock";
    fn interrupt() -> bool {
        // And unlocked again.
        let done = TOTAL.try_lock().map(|mut total| *total += 1).is_ok();
        BUSY.store(!done, Ordering::Relaxed);
        true
    }
    fn new(_: usize) -> Self {
        Self(TOTAL.try_lock().map_or(0, |total| *total))
    }
    async fn noise(&mut self) -> u32 {
        let total = TOTAL.lock().await;
        assert!(poll_once(TOTAL.lock()).await.is_none());
        drop(total);
        0
    }
    async fn met(&mut self, before: u32) -> u32 {
        fired(before).await;
        let total = *TOTAL.lock().await - self.0;
        u32::from(total == u32::from(!BUSY.load(Ordering::Relaxed)))
    }
}

static WORK: WaitGroup = WaitGroup::new();
static GUARDS: Channel<WaitGroupGuard<'static>, 1> = Channel::new();
pub(super) struct Done {
    met: bool,
}
impl Operation for Done {
    const NAME: &'static str = "WaitGroupGuard::done";
    fn interrupt() -> bool {
        GUARDS.try_recv().map(WaitGroupGuard::done).is_ok()
    }
    fn new(_: usize) -> Self {
        let handed = GUARDS.try_send(WORK.add()).is_ok();
        Self { met: !handed }
    }
    async fn noise(&mut self) -> u32 {
        drop(WORK.add());
        let done = poll_once(WORK.wait()).await.is_some() && !self.met;
        self.met |= done;
        u32::from(done)
    }
    async fn met(&mut self, _: u32) -> u32 {
        WORK.wait().await;
        1
    }
    fn left(&mut self) -> u32 {
        u32::from(!WORK.is_empty())
    }
}

static LOCKED: Mutex<()> = Mutex::new(());
static CONDVAR: Condvar = Condvar::new();
pub(super) struct CondvarNotify;
impl Operation for CondvarNotify {
    const NAME: &'static str = "Condvar::notify_one";
    fn interrupt() -> bool {
        CONDVAR.notify_one();
        true
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        let _ = poll_once(CONDVAR.wait(LOCKED.lock().await)).await;
        0
    }
    async fn met(&mut self, before: u32) -> u32 {
        met_by(before, CONDVAR.wait(LOCKED.lock().await)).await
    }
}

static QUEUE: WaitQueue = WaitQueue::new();
pub(super) struct WakeOne;
impl Operation for WakeOne {
    const NAME: &'static str = "WaitQueue::wake_one";
    fn interrupt() -> bool {
        QUEUE.wake_one();
        true
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        let _ = poll_once(QUEUE.wait()).await;
        0
    }
    async fn met(&mut self, before: u32) -> u32 {
        met_by(before, QUEUE.wait()).await
    }
}

pub(super) struct WakeAll;
impl Operation for WakeAll {
    const NAME: &'static str = "WaitQueue::wake_all";
    fn interrupt() -> bool {
        QUEUE.wake_all();
        true
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        let mut first = pin!(QUEUE.wait());
        let _ = poll_once(first.as_mut()).await;
        let _ = poll_once(QUEUE.wait()).await;
        0
    }
    async fn met(&mut self, before: u32) -> u32 {
        met_by(before, QUEUE.wait()).await
    }
}

static NOTIFY: Notify = Notify::new();
pub(super) struct NotifyWaiters;
impl Operation for NotifyWaiters {
    const NAME: &'static str = "Notify::notify_waiters";
    fn interrupt() -> bool {
        NOTIFY.notify_waiters();
        true
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        let _ = poll_once(NOTIFY.notified()).await;
        0
    }
    async fn met(&mut self, before: u32) -> u32 {
        met_by(before, NOTIFY.notified()).await
    }
}
