//! An interrupt at every distance within operations of the main context, for everything that may be called from one.
//!
//! What `operation_sweep` does for sending, notifying, waking and spawning, this does for all other operations whose docs
//! say that an interrupt may call them: each is one [`Operation`] here. A second timer fires after a distance that is swept
//! over what the main context does meanwhile with the same primitive, and its handler does the operation, which must have its
//! effect once: a wait that ends by its timeout has lost it, a count that is too high has doubled it. Run with
//! `-icount shift=6,sleep=off`: an instruction is 64 ns then, a tick of the timer 80 ns.
#![no_std]
#![no_main]

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use core::task::Poll;
use core::time::Duration;

use cortex_m::peripheral::NVIC;
use zokio::future::poll_once;
use zokio::sync::oneshot::{BorrowedReceiver as Answer, BorrowedSender as Asked};
use zokio::sync::watch::BorrowedReceiver as Watching;
use zokio::sync::{
    Broadcast, CancellationSource, Channel, Condvar, Mutex, Notify, Oneshot, Pipe, PriorityChannel, Semaphore, SetOnce,
    WaitGroup, WaitGroupGuard, WaitQueue, Watch, broadcast,
};
use zokio::task::{AbortHandle, Arena, JoinHandle, yield_now};
use zokio::time::{now, timeout_at};
use zokio_board_qemu_lm3s6965::{self as board, Interrupt, interrupt, println};
use zokio_sweeps::timer1;

static TASKS: Arena<4, 64> = Arena::new();
static EXECUTOR: board::Executor = board::executor(&TASKS);

/// What the next interrupt does, how many there were, and how many of them could not do it.
static OPERATION: AtomicUsize = AtomicUsize::new(0);
static FIRED: AtomicU32 = AtomicU32::new(0);
static REFUSED: AtomicU32 = AtomicU32::new(0);
/// Whether the last interrupt found that the main context has the thing: allowed where the docs say so.
static BUSY: AtomicBool = AtomicBool::new(false);

/// How far the sweep goes, beyond what the noise takes, and how often each distance is tried.
const DISTANCES: u32 = 600;
const ROUNDS: u32 = 3;

/// Something that an interrupt may do, and what the main context does with the same thing meanwhile.
trait Operation {
    const NAME: &'static str;

    /// What the interrupt does; whether it could.
    fn interrupt() -> bool;

    /// Makes everything ready for interrupt number `round`.
    fn new(round: usize) -> Self;

    /// What the main context does meanwhile. How often it met the interrupt's doing.
    async fn noise(&mut self) -> u32;

    /// Waits for what the interrupt did; `before` is how many there were before it.
    async fn met(&mut self, before: u32) -> u32;

    /// What is still there of what interrupts did, which should be nothing.
    fn left(&mut self) -> u32 {
        0
    }
}

/// Waits until the interrupt has come.
async fn fired(before: u32) {
    while FIRED.load(Ordering::Relaxed) == before {
        yield_now().await;
    }
}

/// Polls a wait that remembers nothing until it is over, or the interrupt came before its first poll.
async fn met_by(before: u32, wait: impl Future) -> u32 {
    let mut wait = pin!(wait);
    poll_fn(|cx| {
        let over = wait.as_mut().poll(cx).is_ready();
        if over || FIRED.load(Ordering::Relaxed) != before { Poll::Ready(1) } else { Poll::Pending }
    })
    .await
}

static FULL: Channel<u32, 1> = Channel::new();
struct TryRecv;
impl Operation for TryRecv {
    const NAME: &'static str = "Channel::try_recv";
    fn interrupt() -> bool {
        FULL.try_recv().is_ok()
    }
    fn new(_: usize) -> Self {
        let _ = FULL.try_send(0);
        Self
    }
    async fn noise(&mut self) -> u32 {
        u32::from(poll_once(FULL.send(1)).await.is_some())
    }
    async fn met(&mut self, _: u32) -> u32 {
        u32::from(FULL.send(1).await.is_ok())
    }
    fn left(&mut self) -> u32 {
        u32::from(FULL.len() != 1)
    }
}

static BYTES: Pipe<8> = Pipe::new();
struct TryWrite;
impl Operation for TryWrite {
    const NAME: &'static str = "Pipe::try_write";
    fn interrupt() -> bool {
        BYTES.try_write(&[1]) == Ok(1)
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        let mut byte = [0];
        let _ = BYTES.try_write(&[0]);
        let read = poll_once(BYTES.read(&mut byte)).await.is_some();
        u32::from(read) * u32::from(byte[0])
    }
    async fn met(&mut self, _: u32) -> u32 {
        let mut byte = [0];
        while byte[0] == 0 {
            BYTES.read(&mut byte).await;
        }
        1
    }
    fn left(&mut self) -> u32 {
        let mut bytes = [0; 8];
        let read = BYTES.try_read(&mut bytes).unwrap_or(0);
        bytes[..read].iter().map(|byte| u32::from(*byte)).sum()
    }
}

static FULL_BYTES: Pipe<1> = Pipe::new();
struct TryRead;
impl Operation for TryRead {
    const NAME: &'static str = "Pipe::try_read";
    fn interrupt() -> bool {
        FULL_BYTES.try_read(&mut [0]) == Ok(1)
    }
    fn new(_: usize) -> Self {
        let _ = FULL_BYTES.try_write(&[0]);
        Self
    }
    async fn noise(&mut self) -> u32 {
        u32::from(poll_once(FULL_BYTES.write(&[1])).await.is_some())
    }
    async fn met(&mut self, _: u32) -> u32 {
        u32::from(FULL_BYTES.write(&[1]).await == Ok(1))
    }
    fn left(&mut self) -> u32 {
        u32::from(FULL_BYTES.len() != 1)
    }
}

static URGENT: PriorityChannel<u32, 4> = PriorityChannel::new();
struct PrioritySend;
impl Operation for PrioritySend {
    const NAME: &'static str = "PriorityChannel::try_send";
    fn interrupt() -> bool {
        URGENT.try_send(1, 1).is_ok()
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        let _ = URGENT.try_send(0, 0);
        poll_once(URGENT.recv()).await.flatten().unwrap_or(0)
    }
    async fn met(&mut self, _: u32) -> u32 {
        loop {
            match URGENT.recv().await {
                Some(0) => {}
                message => return message.unwrap_or(0),
            }
        }
    }
    fn left(&mut self) -> u32 {
        core::iter::from_fn(|| URGENT.try_recv().ok()).sum()
    }
}

static FULL_URGENT: PriorityChannel<u32, 1> = PriorityChannel::new();
struct PriorityRecv;
impl Operation for PriorityRecv {
    const NAME: &'static str = "PriorityChannel::try_recv";
    fn interrupt() -> bool {
        FULL_URGENT.try_recv().is_ok()
    }
    fn new(_: usize) -> Self {
        let _ = FULL_URGENT.try_send(0, 0);
        Self
    }
    async fn noise(&mut self) -> u32 {
        u32::from(poll_once(FULL_URGENT.send(0, 1)).await.is_some())
    }
    async fn met(&mut self, _: u32) -> u32 {
        u32::from(FULL_URGENT.send(0, 1).await.is_ok())
    }
    fn left(&mut self) -> u32 {
        u32::from(FULL_URGENT.len() != 1)
    }
}

static LEVEL: Watch<u32> = Watch::new(0);
struct WatchSend {
    level: Watching<'static, u32>,
    last: u32,
}
impl Operation for WatchSend {
    const NAME: &'static str = "Watch::try_send";
    fn interrupt() -> bool {
        // Refused where the main context looks, which is what it says.
        let sent = LEVEL.try_send(FIRED.load(Ordering::Relaxed)).is_ok();
        BUSY.store(!sent, Ordering::Relaxed);
        true
    }
    fn new(_: usize) -> Self {
        let level = LEVEL.subscribe();
        let last = *level.borrow();
        Self { level, last }
    }
    async fn noise(&mut self) -> u32 {
        let changed = poll_once(self.level.changed()).await.is_some();
        let level = *self.level.borrow();
        if changed {
            assert!(level != self.last);
        }
        u32::from(changed)
    }
    async fn met(&mut self, before: u32) -> u32 {
        let busy = pin!(async {
            fired(before).await;
            if !BUSY.load(Ordering::Relaxed) {
                core::future::pending::<()>().await;
            }
        });
        zokio::future::select(self.level.changed(), busy).await;
        1
    }
}

static LOOKED_AT: Watch<u32> = Watch::new(0);
struct WatchLook;
impl Operation for WatchLook {
    const NAME: &'static str = "Watch::try_borrow";
    fn interrupt() -> bool {
        // `None` in the middle of a change: then it must not be read.
        LOOKED_AT.try_borrow().is_none_or(|value| *value <= 1)
    }
    fn new(_: usize) -> Self {
        Self
    }
    async fn noise(&mut self) -> u32 {
        // Never refused: an interrupt is over before this goes on.
        assert!(LOOKED_AT.try_send(1).is_ok() && *LOOKED_AT.borrow() == 1);
        assert!(LOOKED_AT.send(0).await.is_ok());
        0
    }
    async fn met(&mut self, before: u32) -> u32 {
        fired(before).await;
        u32::from(LOOKED_AT.try_send(0).is_ok())
    }
}

static EVENTS: Broadcast<u32, 8> = Broadcast::new();
struct BroadcastSend(broadcast::BorrowedReceiver<'static, u32, 8>);
impl Operation for BroadcastSend {
    const NAME: &'static str = "Broadcast::send";
    fn interrupt() -> bool {
        EVENTS.send(1).is_ok()
    }
    fn new(_: usize) -> Self {
        Self(EVENTS.subscribe())
    }
    async fn noise(&mut self) -> u32 {
        let _ = EVENTS.send(0);
        poll_once(self.0.recv()).await.and_then(Result::ok).unwrap_or(0)
    }
    async fn met(&mut self, _: u32) -> u32 {
        loop {
            match self.0.recv().await {
                Ok(0) => {}
                message => return message.unwrap_or(0),
            }
        }
    }
    fn left(&mut self) -> u32 {
        core::iter::from_fn(|| self.0.try_recv().ok()).sum()
    }
}

static PERMITS: Semaphore = Semaphore::new(0);
struct AddPermits;
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
struct TryAcquire;
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
struct TryLock(u32);
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
struct Done {
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

static QUESTION: Oneshot<u32> = Oneshot::new();
static ASKED: Channel<Asked<'static, u32>, 1> = Channel::new();
struct OneshotSend(Option<Answer<'static, u32>>);
impl Operation for OneshotSend {
    const NAME: &'static str = "oneshot::Sender::send";
    fn interrupt() -> bool {
        ASKED.try_recv().is_ok_and(|sender| sender.send(1).is_ok())
    }
    fn new(_: usize) -> Self {
        let Some((sender, receiver)) = QUESTION.split() else { return Self(None) };
        let _ = ASKED.try_send(sender);
        Self(Some(receiver))
    }
    async fn noise(&mut self) -> u32 {
        let Some(receiver) = &mut self.0 else { return 0 };
        match poll_once(&mut *receiver).await {
            Some(answer) => {
                self.0 = None;
                answer.unwrap_or(0)
            }
            None => 0,
        }
    }
    async fn met(&mut self, _: u32) -> u32 {
        match self.0.take() {
            Some(receiver) => receiver.await.unwrap_or(0),
            None => 0,
        }
    }
}

/// Things that happen once in the life of a value: there is one for each interrupt.
const ONCE: usize = (ROUNDS * DISTANCES) as usize / 6;
static ROUND: AtomicUsize = AtomicUsize::new(0);

static STOPS: [CancellationSource; ONCE] = [const { CancellationSource::new() }; ONCE];
struct Cancel(&'static CancellationSource);
impl Operation for Cancel {
    const NAME: &'static str = "CancellationSource::cancel";
    fn interrupt() -> bool {
        STOPS[ROUND.load(Ordering::Relaxed)].cancel();
        true
    }
    fn new(round: usize) -> Self {
        ROUND.store(round, Ordering::Relaxed);
        Self(&STOPS[round])
    }
    async fn noise(&mut self) -> u32 {
        let scope = pin!(self.0.child());
        let below = pin!(scope.as_ref().child());
        let _ = poll_once(below.as_ref().cancelled()).await;
        0
    }
    async fn met(&mut self, _: u32) -> u32 {
        let scope = pin!(self.0.child());
        scope.as_ref().cancelled().await;
        1
    }
}

static VALUES: [SetOnce<u32>; ONCE] = [const { SetOnce::new() }; ONCE];
struct Set(&'static SetOnce<u32>);
impl Operation for Set {
    const NAME: &'static str = "SetOnce::set";
    fn interrupt() -> bool {
        VALUES[ROUND.load(Ordering::Relaxed)].set(1).is_ok()
    }
    fn new(round: usize) -> Self {
        ROUND.store(round, Ordering::Relaxed);
        Self(&VALUES[round])
    }
    async fn noise(&mut self) -> u32 {
        assert!(matches!(self.0.get(), None | Some(1)));
        let _ = poll_once(self.0.wait()).await;
        0
    }
    async fn met(&mut self, _: u32) -> u32 {
        *self.0.wait().await
    }
}

static LOCKED: Mutex<()> = Mutex::new(());
static CONDVAR: Condvar = Condvar::new();
struct CondvarNotify;
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
struct WakeOne;
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

struct WakeAll;
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
struct NotifyWaiters;
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

static HANDLES: Channel<AbortHandle, 1> = Channel::new();
struct Abort(Option<JoinHandle<()>>);
impl Operation for Abort {
    const NAME: &'static str = "AbortHandle::abort";
    fn interrupt() -> bool {
        HANDLES.try_recv().map(|handle| handle.abort()).is_ok()
    }
    fn new(_: usize) -> Self {
        let task = zokio::spawn(async {
            loop {
                yield_now().await;
            }
        });
        let _ = HANDLES.try_send(task.abort_handle());
        Self(Some(task))
    }
    async fn noise(&mut self) -> u32 {
        yield_now().await;
        0
    }
    async fn met(&mut self, _: u32) -> u32 {
        match self.0.take() {
            Some(task) => u32::from(task.await.is_err()),
            None => 0,
        }
    }
}

/// Sweeps over one operation. How much was lost, doubled or refused.
async fn sweep<O: Operation>(rounds: u32, distances: u32) -> u32 {
    let (mut lost, mut effects, mut fires) = (0, 0, 0);
    for round in 0..rounds {
        for step in 0..distances {
            let mut operation = O::new(fires as usize);
            let before = FIRED.load(Ordering::Relaxed);
            timer1::fire_after(1 + step * DISTANCES / distances);
            fires += 1;
            // A tick is 1.25 instructions: another one of five each round.
            cortex_m::asm::delay(1 + 2 * round);
            let mut here = operation.noise().await;
            yield_now().await;
            here += operation.noise().await;
            if here == 0 {
                match timeout_at(now() + Duration::from_millis(20), operation.met(before)).await {
                    Ok(met) => here = met,
                    Err(_) => lost += 1,
                }
            }
            fired(before).await;
            effects += here + operation.left();
        }
    }
    let refused = REFUSED.swap(0, Ordering::Relaxed);
    println!("{}: {fires} interrupts, {effects} effects, {lost} lost, {refused} refused", O::NAME);
    lost + refused + u32::from(effects != fires)
}

/// The table of what interrupts do, and the sweep over each.
macro_rules! operations {
    ($($operation:ident: $rounds:expr, $distances:expr;)+) => {
        static INTERRUPTS: &[fn() -> bool] = &[$(<$operation as Operation>::interrupt),+];

        async fn sweep_all() -> u32 {
            let (mut wrong, mut number) = (0, 0);
            $(
                OPERATION.store(number, Ordering::Relaxed);
                wrong += sweep::<$operation>($rounds, $distances).await;
                number += 1;
            )+
            println!("primitive sweep: {number} operations, {} interrupts, {wrong} wrong", FIRED.load(Ordering::Relaxed));
            wrong
        }
    };
}

operations! {
    TryRecv: ROUNDS, DISTANCES;
    TryWrite: ROUNDS, DISTANCES;
    TryRead: ROUNDS, DISTANCES;
    PrioritySend: ROUNDS, DISTANCES;
    PriorityRecv: ROUNDS, DISTANCES;
    WatchSend: ROUNDS, DISTANCES;
    WatchLook: ROUNDS, DISTANCES;
    BroadcastSend: ROUNDS, DISTANCES;
    AddPermits: ROUNDS, DISTANCES;
    TryAcquire: ROUNDS, DISTANCES;
    TryLock: ROUNDS, DISTANCES;
    Done: ROUNDS, DISTANCES;
    OneshotSend: ROUNDS, DISTANCES;
    Cancel: 1, ONCE as u32;
    Set: 1, ONCE as u32;
    CondvarNotify: ROUNDS, DISTANCES;
    WakeOne: ROUNDS, DISTANCES;
    WakeAll: ROUNDS, DISTANCES;
    NotifyWaiters: ROUNDS, DISTANCES;
    Abort: ROUNDS, DISTANCES;
}

#[interrupt]
fn TIMER1A() {
    timer1::acknowledge();
    let done = INTERRUPTS[OPERATION.load(Ordering::Relaxed)]();
    if !done {
        REFUSED.store(REFUSED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    FIRED.store(FIRED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[board::entry]
fn main() -> ! {
    let mut park = board::take().expect("the board is taken once");
    timer1::start();
    // SAFETY: no critical section is open; the handler is above.
    unsafe { NVIC::unmask(Interrupt::TIMER1A) };
    let wrong = EXECUTOR.block_on(&mut park, sweep_all());
    board::exit(u8::from(wrong != 0))
}
