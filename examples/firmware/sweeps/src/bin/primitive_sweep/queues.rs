//! Channels, pipes, watches: what is sent and received.

use core::pin::pin;
use core::sync::atomic::Ordering;

use zokio::future::poll_once;
use zokio::sync::watch::BorrowedReceiver as Watching;
use zokio::sync::{Broadcast, Channel, Pipe, PriorityChannel, Watch, broadcast};

use super::{BUSY, FIRED, Operation, fired};

static FULL: Channel<u32, 1> = Channel::new();
pub(super) struct TryRecv;
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
pub(super) struct TryWrite;
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
pub(super) struct TryRead;
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
pub(super) struct PrioritySend;
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
pub(super) struct PriorityRecv;
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
pub(super) struct WatchSend {
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
pub(super) struct WatchLook;
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
pub(super) struct BroadcastSend(broadcast::BorrowedReceiver<'static, u32, 8>);
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
