//! A bounded channel without allocation: its messages are in it, its waiters in their futures.

use core::future::Future;

use heapless::Deque;

use super::waiters::{Protocol, Section, Step, Waiters};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

const SENDERS: usize = 0;
const RECEIVERS: usize = 1;
const LANES: usize = 2;

/// A queue of at most `N` messages between any number of senders and receivers.
///
/// One object, usually a `static`; both sides borrow it. Messages leave in the order in which they entered.
///
/// # Units
///
/// `N` counts messages and must not be zero, which is an error at compile time.
///
/// # Fairness
///
/// Senders wait in line: room that becomes free while they wait belongs to the first of them, and nobody takes it before
/// it. Receivers are woken in line, one for each message, but a message belongs to the first who asks; a receiver that
/// finds it gone waits behind the others.
///
/// # Closing
///
/// After [`close`](Self::close) nothing enters any more: every send that had not put its message in gets it back. What
/// was in is still received, and after it `None`; after the first `None` nothing is ever left in the channel. Messages in
/// it when it is dropped are dropped in order.
///
/// # Cost
///
/// The lock once for each operation that does not wait, for a few instructions and one move of a `T`; a wait takes it
/// three times. [`try_send`](Self::try_send) and [`try_recv`](Self::try_recv) may be called from an interrupt where `L`
/// may be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::{Channel, TrySendError};
///
/// static READINGS: Channel<u16, 2> = Channel::new();
///
/// fn interrupt(reading: u16) -> bool {
///     READINGS.try_send(reading).is_ok()
/// }
///
/// async fn sum() -> u32 {
///     let mut sum = 0;
///     while let Some(reading) = READINGS.recv().await {
///         sum += u32::from(reading);
///     }
///     sum
/// }
///
/// assert!(interrupt(1) && interrupt(2) && !interrupt(3));
/// assert_eq!(READINGS.try_recv(), Ok(1));
/// # let _ = sum();
/// # }
/// ```
///
/// There is no channel without room:
///
/// ```compile_fail
/// use zokio_core::{lock::LocalLock, sync::Channel};
/// let channel = Channel::<u8, 0, LocalLock>::with_lock();
/// ```
///
/// A channel may be shared between threads where its messages may be sent:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<zokio_core::sync::Channel<*const u8, 1>>();
/// ```
pub struct Channel<T, const N: usize, L: RawLock = DefaultLock> {
    waiters: Waiters<L, State<T, N>, Told, LANES>,
}

struct State<T, const N: usize> {
    messages: Deque<T, N>,
    /// Room that belongs to senders that were told so and have not come yet. While a sender waits there is no room but
    /// this.
    reserved: usize,
    closed: bool,
}

/// What a waiter is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// To wait.
    Wait,
    /// A sender: that there is room which is its own. A receiver: that there is a message.
    Come,
}

type Inner<'s, T, const N: usize> = Section<'s, State<T, N>, Told, LANES>;

impl<T, const N: usize> State<T, N> {
    fn room(&self) -> usize {
        N - self.messages.len() - self.reserved
    }
}

impl<T, const N: usize> Drop for State<T, N> {
    fn drop(&mut self) {
        // One by one: where a destructor panics, the buffer's own drop goes on with what is left, and not only with the
        // half of it that lies before the end of the array.
        while let Some(message) = self.messages.pop_front() {
            drop(message);
        }
    }
}

/// Puts a message in, if there is room that is nobody's, and wakes a receiver.
fn put<T, const N: usize>(section: &mut Inner<'_, T, N>, message: T) -> Result<(), T> {
    if section.state.room() == 0 {
        return Err(message);
    }
    section.state.messages.push_back(message)?;
    section.pop(RECEIVERS, Told::Come);
    Ok(())
}

/// Takes a message out, if there is one, and gives its room to the first sender in line.
fn get<T, const N: usize>(section: &mut Inner<'_, T, N>) -> Option<T> {
    let message = section.state.messages.pop_front()?;
    give_room(section);
    Some(message)
}

/// Room has become free.
fn give_room<T, const N: usize>(section: &mut Inner<'_, T, N>) {
    if section.pop(SENDERS, Told::Come) {
        section.state.reserved += 1;
    }
}

impl<T, const N: usize> Channel<T, N> {
    const_fn! {
        /// Makes an empty channel.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<T, const N: usize, L: RawLock> Channel<T, N, L> {
    const_fn! {
        /// Makes an empty channel. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            const { assert!(N > 0, "a channel needs room for one message at least: N is 0") }
            Self { waiters: Waiters::new(State { messages: Deque::new(), reserved: 0, closed: false }) }
        }
    }

    /// Sends a message, waiting for room if there is none.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The message is in the future until it is in the channel: dropping the future before it is ready drops the message
    /// and gives up the place in line; nothing of it is in the channel then. To keep the message use
    /// [`try_send`](Self::try_send), which gives it back.
    pub fn send(&self, message: T) -> impl Future<Output = Result<(), SendError<T>>> {
        self.waiters.wait(Sending { message: Some(message) })
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// With the message: [`TrySendError::Full`] if there is no room that is not promised to a waiting sender,
    /// [`TrySendError::Closed`] once the channel is closed.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.waiters.with(|section| {
            if section.state.closed {
                return Err(TrySendError::Closed(message));
            }
            put(section, message).map_err(TrySendError::Full)
        })
    }

    /// Receives a message, waiting for one if there is none. `None` once the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message: one that it was woken for goes to the next receiver.
    pub fn recv(&self) -> impl Future<Output = Option<T>> {
        self.waiters.wait(Receiving(core::marker::PhantomData))
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] once the channel is closed and empty.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.waiters.with(|section| match get(section) {
            Some(message) => Ok(message),
            None if section.state.closed => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        })
    }

    /// Closes the channel, which wakes everybody who waits. Returns whether it was open.
    ///
    /// # Cost
    ///
    /// Proportional to the number of waiters; the lock is taken once for every few of them.
    pub fn close(&self) -> bool {
        let open = self.waiters.with(|section| !core::mem::replace(&mut section.state.closed, true));
        // Nobody begins to wait at a closed channel, so this ends.
        for lane in [SENDERS, RECEIVERS] {
            self.waiters.drain(lane, Told::Wait, |_| false);
        }
        open
    }

    /// Whether the channel is closed. There may still be messages in it.
    pub fn is_closed(&self) -> bool {
        self.waiters.with(|section| section.state.closed)
    }

    /// Messages that are in the channel.
    pub fn len(&self) -> usize {
        self.waiters.with(|section| section.state.messages.len())
    }

    /// Whether no message is in the channel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Messages that can be sent now without waiting: room that is neither used nor promised to a waiting sender.
    pub fn capacity(&self) -> usize {
        self.waiters.with(|section| section.state.room())
    }

    /// Messages that the channel can hold: `N`.
    pub const fn max_capacity(&self) -> usize {
        N
    }

    /// Whether a message sent now would have to wait.
    pub fn is_full(&self) -> bool {
        self.capacity() == 0
    }
}

impl<T, const N: usize, L: RawLock> Default for Channel<T, N, L> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<T, const N: usize, L: RawLock> core::fmt::Debug for Channel<T, N, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (len, closed) = self.waiters.with(|section| (section.state.messages.len(), section.state.closed));
        f.debug_struct("Channel").field("len", &len).field("closed", &closed).finish_non_exhaustive()
    }
}

/// One sender's side. The message is in here until it is in the channel.
struct Sending<T, const N: usize> {
    message: Option<T>,
}

impl<T, const N: usize> Protocol<LANES> for Sending<T, N> {
    type State = State<T, N>;
    type Tag = Told;
    type Output = Result<(), SendError<T>>;
    const LANE: usize = SENDERS;

    fn poll(&mut self, section: &mut Inner<'_, T, N>, told: Option<Told>) -> Step<Self::Output, Told> {
        let own = usize::from(told == Some(Told::Come));
        let Some(message) = self.message.take() else { return Step::Wait(Told::Wait) };
        section.state.reserved -= own;
        if section.state.closed {
            return Step::Ready(Err(SendError(message)));
        }
        match put(section, message) {
            Ok(()) => Step::Ready(Ok(())),
            Err(message) => {
                // Who was told to come has room, so that nothing changed here.
                self.message = Some(message);
                Step::Wait(Told::Wait)
            }
        }
    }

    fn cancel(&mut self, section: &mut Inner<'_, T, N>, told: Told) {
        if told == Told::Come {
            section.state.reserved -= 1;
            give_room(section);
        }
    }
}

/// One receiver's side.
struct Receiving<T, const N: usize>(core::marker::PhantomData<fn() -> T>);

impl<T, const N: usize> Protocol<LANES> for Receiving<T, N> {
    type State = State<T, N>;
    type Tag = Told;
    type Output = Option<T>;
    const LANE: usize = RECEIVERS;

    fn poll(&mut self, section: &mut Inner<'_, T, N>, _: Option<Told>) -> Step<Option<T>, Told> {
        match get(section) {
            None if !section.state.closed => Step::Wait(Told::Wait),
            message => Step::Ready(message),
        }
    }

    fn cancel(&mut self, section: &mut Inner<'_, T, N>, told: Told) {
        if told == Told::Come && !section.state.messages.is_empty() {
            section.pop(RECEIVERS, Told::Come);
        }
    }
}

/// The channel is closed; here is the message.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SendError<T>(pub T);

/// A message could not be sent at once; here it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TrySendError<T> {
    /// There is no room now.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// Returns the message.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

/// No message was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TryRecvError {
    /// There is none yet.
    Empty,
    /// The channel is closed and empty.
    Disconnected,
}

impl<T> core::fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> core::fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> core::fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the channel is closed")
    }
}

impl<T> core::fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the channel is full",
            Self::Closed(_) => "the channel is closed",
        })
    }
}

impl core::fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Empty => "the channel is empty",
            Self::Disconnected => "the channel is closed and empty",
        })
    }
}

impl<T> core::error::Error for SendError<T> {}
impl<T> core::error::Error for TrySendError<T> {}
impl core::error::Error for TryRecvError {}
