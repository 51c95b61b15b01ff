//! Waking many: a few in each section, and a waker that panics keeps nobody from being woken.

use core::task::Waker;

use super::{Section, Tag, Waiters};
use crate::guard;
use crate::lock::RawLock;

/// Wakers taken out in one section, where there are many to wake.
const BATCH: usize = 8;

impl<L: RawLock, S: ?Sized, W: Tag, const LANES: usize> Waiters<L, S, W, LANES> {
    /// Takes everybody out of `lane` and wakes them, a few in each section, until none is left or `stop` says so. A
    /// waker that panics does not keep the others from being woken; the first panic goes on when all are.
    pub(in crate::sync) fn drain(&self, lane: usize, tag: W, stop: impl Fn(&S) -> bool) {
        self.repeat(|section| !stop(section.state) && section.pop(lane, tag));
    }

    /// Runs `step` until it answers `false`, a few times in each section; each time it may take one waiter out. A waker
    /// that panics does not keep the others from being woken; the first panic goes on when all are.
    ///
    /// Between two sections others have the lock: what `step` has yet to give away must be told apart by the state from
    /// what anybody may take.
    #[inline]
    pub(in crate::sync) fn repeat(&self, mut step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool) {
        let (more, woken) = self.section(&mut step);
        if more {
            self.repeat_on(woken, step).finish();
        } else if let Some(waker) = woken {
            waker.wake();
        }
    }

    /// As [`repeat`](Self::repeat), for who has got something and must keep it: a panic is let go.
    #[inline]
    pub(super) fn repeat_kept(&self, mut step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool) {
        let (more, woken) = self.section(&mut step);
        if more {
            self.repeat_on(woken, step).discard();
        } else if let Some(waker) = woken {
            guard::swallow(|| waker.wake());
        }
    }

    /// As [`repeat`](Self::repeat), where the first step is another one than those after it.
    #[inline]
    pub(in crate::sync) fn repeat_after(
        &self,
        first: impl FnOnce(&mut Section<'_, S, W, LANES>) -> bool,
        step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool,
    ) {
        let (more, woken) = self.section(first);
        if more {
            self.repeat_on(woken, step).finish();
        } else if let Some(waker) = woken {
            waker.wake();
        }
    }

    /// The steps after the first one, which took `woken` out.
    #[inline(never)]
    fn repeat_on(&self, woken: Option<Waker>, mut step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool) -> Wakes {
        let mut wakes = Wakes::new();
        let mut batch = Batch::of(woken);
        while {
            let more = self.collect(&mut batch, &mut step);
            wakes.wake(core::mem::replace(&mut batch, Batch::new()));
            more
        } {}
        wakes
    }

    /// Runs `step` in one section until it answers `false` or the batch is full; answers whether to go on. For who has
    /// more than one queue to empty: see [`repeat`](Self::repeat).
    #[inline]
    pub(in crate::sync) fn collect(
        &self,
        batch: &mut Batch,
        mut step: impl FnMut(&mut Section<'_, S, W, LANES>) -> bool,
    ) -> bool {
        let (more, _) = self.section(|section| {
            for _ in 0..BATCH {
                let Some(place) = batch.wakers.get_mut(batch.taken) else { return true };
                let more = step(section);
                batch.taken += usize::from(section.woken.is_some());
                core::mem::swap(place, &mut section.woken);
                if !more {
                    return false;
                }
            }
            true
        });
        more
    }
}

/// Wakers that were taken out under a lock, to be woken when none is held.
pub(in crate::sync) struct Batch {
    wakers: [Option<Waker>; BATCH],
    taken: usize,
}

impl Batch {
    pub(in crate::sync) const fn new() -> Self {
        Self { wakers: [const { None }; BATCH], taken: 0 }
    }

    fn of(waker: Option<Waker>) -> Self {
        let mut this = Self::new();
        this.taken = usize::from(waker.is_some());
        this.wakers[0] = waker;
        this
    }
}

/// Wakes many: one that panics does not keep the others from being woken.
pub(in crate::sync) struct Wakes {
    panic: Option<guard::Payload>,
}

impl Wakes {
    pub(in crate::sync) const fn new() -> Self {
        Self { panic: None }
    }

    /// Wakes all of a batch.
    pub(in crate::sync) fn wake(&mut self, batch: Batch) {
        for waker in batch.wakers.into_iter().flatten() {
            if let Err(payload) = guard::run(|| waker.wake()) {
                match self.panic {
                    None => self.panic = Some(payload),
                    // A second one is let go with care: its destructor is foreign code as well.
                    Some(_) => guard::discard(payload),
                }
            }
        }
    }

    /// Goes on with the first panic, if there was one.
    pub(in crate::sync) fn finish(self) {
        if let Some(payload) = self.panic {
            guard::resume(payload);
        }
    }

    /// Lets the panic go, if there was one.
    pub(in crate::sync) fn discard(self) {
        if let Some(payload) = self.panic {
            guard::discard(payload);
        }
    }
}
