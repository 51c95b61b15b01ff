//! Things that happen once in the life of a value: there is one for each interrupt, or a new one each time.

use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering};

use zokio::future::poll_once;
use zokio::sync::oneshot::{BorrowedReceiver as Answer, BorrowedSender as Asked};
use zokio::sync::{CancellationScope, CancellationSource, Channel, Oneshot, SetOnce};
use zokio::task::{AbortHandle, JoinHandle, yield_now};

use super::{DISTANCES, Operation, ROUNDS};

/// Things that happen once in the life of a value: there is one for each interrupt.
pub(super) const ONCE: usize = (ROUNDS * DISTANCES) as usize / 6;
static ROUND: AtomicUsize = AtomicUsize::new(0);

static QUESTION: Oneshot<u32> = Oneshot::new();
static ASKED: Channel<Asked<'static, u32>, 1> = Channel::new();
pub(super) struct OneshotSend(Option<Answer<'static, u32>>);
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

static STOPS: [CancellationSource; ONCE] = [const { CancellationSource::new() }; ONCE];
pub(super) struct Cancel(&'static CancellationSource);
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

static ROOT: CancellationSource = CancellationSource::new();
static SCOPES: [SetOnce<CancellationScope<'static>>; ONCE] = [const { SetOnce::new() }; ONCE];
pub(super) struct CancelScope(Pin<&'static CancellationScope<'static>>);
impl Operation for CancelScope {
    const NAME: &'static str = "CancellationScope::cancel";
    fn interrupt() -> bool {
        let scope = SCOPES[ROUND.load(Ordering::Relaxed)].get();
        scope.is_some_and(|scope| {
            Pin::static_ref(scope).cancel();
            true
        })
    }
    fn new(round: usize) -> Self {
        let _ = SCOPES[round].set(ROOT.child());
        let scope = SCOPES[round].get().expect("it was set above");
        ROUND.store(round, Ordering::Relaxed);
        Self(Pin::static_ref(scope))
    }
    async fn noise(&mut self) -> u32 {
        let below = pin!(self.0.child());
        let beside = pin!(ROOT.child());
        let _ = poll_once(below.as_ref().cancelled()).await;
        let _ = poll_once(beside.as_ref().cancelled()).await;
        0
    }
    async fn met(&mut self, _: u32) -> u32 {
        let below = pin!(self.0.child());
        below.as_ref().cancelled().await;
        1
    }
    fn left(&mut self) -> u32 {
        u32::from(ROOT.is_cancelled())
    }
}

static VALUES: [SetOnce<u32>; ONCE] = [const { SetOnce::new() }; ONCE];
pub(super) struct Set(&'static SetOnce<u32>);
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

static HANDLES: Channel<AbortHandle, 1> = Channel::new();
pub(super) struct Abort(Option<JoinHandle<()>>);
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
