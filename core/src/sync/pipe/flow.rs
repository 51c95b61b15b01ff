//! Bytes in a ring, and who waits for them or for room.
//!
//! # Invariants
//!
//! - *nobody left*: a reader waits only while the pipe is empty and open, a writer only while it is full and open, or they
//!   were told to come. Whoever was told and goes away, or leaves something, tells the next.

use core::marker::PhantomData;

use super::{PipeClosed, PipeEmpty, TryWriteError};
use crate::const_fn;
use crate::lock::RawLock;
use crate::sync::waiters::{Protocol, Section, Step, Tag, Waiters, Waiting};

const READERS: usize = 0;
const WRITERS: usize = 1;
const LANES: usize = 2;

/// Where the bytes of a pipe are: in an array, in the heap, or somewhere, so many. Always the same number.
pub(in crate::sync) trait Ring: AsRef<[u8]> + AsMut<[u8]> {}

impl<B: AsRef<[u8]> + AsMut<[u8]> + ?Sized> Ring for B {}

pub(in crate::sync) struct State<B: ?Sized> {
    front: usize,
    len: usize,
    closed: bool,
    bytes: B,
}

/// What a waiter is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Told {
    /// To wait.
    Wait,
    /// That there is something for it.
    Come,
}

impl Tag for Told {
    type Mark = ();
}

type Inner<'s, B> = Section<'s, State<B>, Told, LANES>;

impl<B: Ring + ?Sized> State<B> {
    fn room(&self) -> usize {
        self.bytes.as_ref().len() - self.len
    }

    /// Moves bytes out, in at most two pieces.
    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let bytes = self.bytes.as_ref();
        let taken = buffer.len().min(self.len);
        let Some((first, second)) = buffer.get_mut(..taken).map(|buffer| {
            let straight = taken.min(bytes.len() - self.front);
            buffer.split_at_mut(straight)
        }) else {
            return 0;
        };
        first.copy_from_slice(&bytes[self.front..self.front + first.len()]);
        second.copy_from_slice(&bytes[..second.len()]);
        self.front = if second.is_empty() { self.front + taken } else { second.len() };
        if self.front == bytes.len() {
            self.front = 0;
        }
        self.len -= taken;
        taken
    }

    /// Moves bytes in, in at most two pieces.
    fn put(&mut self, bytes: &[u8]) -> usize {
        let put = bytes.len().min(self.room());
        let ring = self.bytes.as_mut();
        let size = ring.len();
        // No sum overflows: both parts are less than the size, and a slice's size is at most half of what a word counts.
        let back = (self.front + self.len) % size;
        let (first, second) = bytes[..put].split_at(put.min(size - back));
        ring[back..back + first.len()].copy_from_slice(first);
        ring[..second.len()].copy_from_slice(second);
        self.len += put;
        put
    }
}

/// A pipe without its handles.
pub(in crate::sync) struct Flow<L: RawLock, B: ?Sized> {
    waiters: Waiters<L, State<B>, Told, LANES>,
}

impl<L: RawLock, B> Flow<L, B> {
    const_fn! {
        /// An empty pipe with `bytes` for room, which must not be empty.
        pub(super) const fn new(bytes: B) -> Self {
            Self { waiters: Waiters::new(State { front: 0, len: 0, closed: false, bytes }) }
        }
    }
}

impl<L: RawLock, const N: usize> Flow<L, [u8; N]> {
    pub(super) fn erased(&self) -> &Flow<L, [u8]> {
        self
    }
}

/// Whom one that took or left has yet to tell.
#[derive(Clone, Copy, Default)]
pub(in crate::sync) enum Next {
    /// A reader, if there are bytes; then a writer.
    #[default]
    Reader,
    /// A writer, if there is room.
    Writer,
}

impl Next {
    /// Tells one of them. Answers whether the other kind is left.
    fn tell<B: Ring + ?Sized>(&mut self, section: &mut Inner<'_, B>) -> bool {
        match core::mem::replace(self, Self::Writer) {
            Self::Reader => {
                if section.state.len > 0 {
                    section.pop(READERS, Told::Come);
                }
                true
            }
            Self::Writer => {
                if section.state.room() > 0 {
                    section.pop(WRITERS, Told::Come);
                }
                false
            }
        }
    }
}

impl<L: RawLock, B: Ring + ?Sized> Flow<L, B> {
    pub(super) fn read<'a, 'b>(&'a self, buffer: &'b mut [u8]) -> Waiting<'a, L, Reading<'b, B>, LANES> {
        self.waiters.wait(Reading { buffer, next: Next::default(), pipe: PhantomData })
    }

    pub(super) fn write<'a, 'b>(&'a self, bytes: &'b [u8]) -> Waiting<'a, L, Writing<'b, B>, LANES> {
        self.waiters.wait(Writing { bytes, next: Next::default(), pipe: PhantomData })
    }

    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> Result<(), PipeClosed> {
        while !bytes.is_empty() {
            let written = self.write(bytes).await?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    pub(super) fn try_read(&self, buffer: &mut [u8]) -> Result<usize, PipeEmpty> {
        self.waiters.with_kept(|section| {
            let taken = section.state.take(buffer);
            if taken > 0 {
                section.pop(WRITERS, Told::Come);
            }
            if taken > 0 || section.state.closed || buffer.is_empty() { Ok(taken) } else { Err(PipeEmpty(())) }
        })
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> Result<usize, TryWriteError> {
        self.waiters.with(|section| {
            if section.state.closed {
                return Err(TryWriteError::Closed);
            }
            let put = section.state.put(bytes);
            if put > 0 {
                section.pop(READERS, Told::Come);
            }
            if put > 0 || bytes.is_empty() { Ok(put) } else { Err(TryWriteError::Full) }
        })
    }

    pub(super) fn close(&self) -> bool {
        let open = self.waiters.with(|section| !core::mem::replace(&mut section.state.closed, true));
        // Nobody begins to wait at a closed pipe, so this ends.
        self.waiters.repeat(|section| (0..LANES).any(|lane| section.pop(lane, Told::Wait)));
        open
    }

    pub(super) fn is_closed(&self) -> bool {
        self.waiters.with(|section| section.state.closed)
    }

    pub(super) fn len(&self) -> usize {
        self.waiters.with(|section| section.state.len)
    }

    pub(super) fn capacity(&self) -> usize {
        self.waiters.with(|section| section.state.bytes.as_ref().len())
    }
}

/// One reader's side.
pub(in crate::sync) struct Reading<'b, B: ?Sized> {
    buffer: &'b mut [u8],
    next: Next,
    pipe: PhantomData<fn(&B)>,
}

impl<B: Ring + ?Sized> Protocol<LANES> for Reading<'_, B> {
    type State = State<B>;
    type Tag = Told;
    type Output = usize;
    const LANE: usize = READERS;

    fn poll(&mut self, section: &mut Inner<'_, B>, _: Option<Told>) -> Step<usize, Told> {
        let taken = section.state.take(self.buffer);
        if taken == 0 && !section.state.closed && !self.buffer.is_empty() {
            return Step::Wait(Told::Wait);
        }
        Step::Ready(taken)
    }

    fn cancel(&mut self, _: &mut Inner<'_, B>, _: Told) {}

    const SETTLES: bool = true;

    fn settle(&mut self, section: &mut Inner<'_, B>) -> bool {
        self.next.tell(section)
    }
}

/// One writer's side.
pub(in crate::sync) struct Writing<'b, B: ?Sized> {
    bytes: &'b [u8],
    next: Next,
    pipe: PhantomData<fn(&B)>,
}

impl<B: Ring + ?Sized> Protocol<LANES> for Writing<'_, B> {
    type State = State<B>;
    type Tag = Told;
    type Output = Result<usize, PipeClosed>;
    const LANE: usize = WRITERS;

    fn poll(&mut self, section: &mut Inner<'_, B>, _: Option<Told>) -> Step<Self::Output, Told> {
        if section.state.closed {
            return Step::Ready(Err(PipeClosed(())));
        }
        let put = section.state.put(self.bytes);
        if put == 0 && !self.bytes.is_empty() {
            return Step::Wait(Told::Wait);
        }
        Step::Ready(Ok(put))
    }

    fn cancel(&mut self, _: &mut Inner<'_, B>, _: Told) {}

    const SETTLES: bool = true;

    fn settle(&mut self, section: &mut Inner<'_, B>) -> bool {
        self.next.tell(section)
    }
}
