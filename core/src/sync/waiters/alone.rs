//! One who waits in no line: its waker lies in the primitive's state.

use core::task::{Context, Poll, Waker, ready};

use super::waiter::call;
use super::{Section, Tag, Waiters};
use crate::guard;
use crate::lock::RawLock;
use crate::task::coop;

impl<L: RawLock, S: ?Sized, W: Tag, const LANES: usize> Waiters<L, S, W, LANES> {
    /// One look of a waiter that stands in no line: what `take` takes, or its waker is kept in `place`, which is part of
    /// the state. Whoever has something for it takes the waker out of there, and [wakes](Section::wake) it.
    #[allow(dead_code)] // for channels on the heap
    #[inline]
    pub(in crate::sync) fn poll_alone<R>(
        &self,
        cx: &mut Context<'_>,
        place: impl Fn(&mut S) -> &mut Option<Waker>,
        mut take: impl FnMut(&mut Section<'_, S, W, LANES>) -> Option<R>,
    ) -> Poll<R> {
        let budget = ready!(coop::poll_proceed(cx));
        let waker = cx.waker();
        // The waker to store, once it is known that one is needed; after that the one it replaced.
        let mut fresh: Option<Waker> = None;
        loop {
            let (step, woken) = self.section(|section| {
                if let Some(answer) = take(section) {
                    return Some(Poll::Ready(answer));
                }
                let stored = place(section.state);
                if !stored.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
                    let new = fresh.take()?;
                    fresh = stored.replace(new);
                }
                Some(Poll::Pending)
            });
            call(woken, matches!(step, Some(Poll::Ready(_))));
            match step {
                Some(Poll::Ready(answer)) => {
                    // *kept*: the waker that was not needed is dropped here.
                    guard::swallow(|| drop(fresh));
                    budget.made_progress();
                    return Poll::Ready(answer);
                }
                Some(Poll::Pending) => return Poll::Pending,
                None => fresh = Some(waker.clone()),
            }
        }
    }
}
