//! Who wants permits: one, or several at once, for which the first in line gathers.

use super::{Inner, SENDERS, State, Told, recount};
use crate::sync::channel::error::SendError;
use crate::sync::channel::store::Store;
use crate::sync::waiters::{Protocol, Step};

/// Keeps a place for the first in line, who wants several.
pub(super) fn gather<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) {
    section.state.gathered += 1;
    call_first(section);
}

/// Lets the first in line, who wants several places, go with them if they are there, so that it keeps nobody behind it from
/// others. Answers whether it went and left some.
fn call_first<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) -> bool {
    let wanted = section.front(SENDERS).map_or(0, Told::several);
    if section.state.gathered < wanted {
        return false;
    }
    section.state.gathered -= wanted;
    section.pop(SENDERS, Told::COME);
    section.state.gathered > 0
}

/// Gives one of the gathered places on, or leaves them where they belong. Answers whether there may be more to do.
pub(super) fn settle<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) -> bool {
    if section.state.gathered == 0 {
        return false;
    }
    match section.front(SENDERS) {
        None => section.state.taken -= core::mem::take(&mut section.state.gathered),
        Some(told) if told.gathers() => return section.apart(call_first),
        Some(_) => {
            section.state.gathered -= 1;
            section.pop(SENDERS, Told::COME);
        }
    }
    section.state.gathered > 0
}

/// One who wants permits.
pub(in crate::sync) struct Reserving<B: ?Sized> {
    places: usize,
    _store: core::marker::PhantomData<fn(&B)>,
}

impl<B: ?Sized> Reserving<B> {
    pub(super) fn new(places: usize) -> Self {
        Self { places, _store: core::marker::PhantomData }
    }
}

impl<B: Store + ?Sized, const LANES: usize> Protocol<LANES> for Reserving<B> {
    type State = State<B>;
    type Tag = Told;
    type Output = Result<(), SendError<()>>;
    const LANE: usize = SENDERS;

    fn poll(&mut self, section: &mut Inner<'_, B, LANES>, told: Option<Told>) -> Step<Self::Output, Told> {
        if section.state.room() < self.places {
            recount(section, true);
        }
        let state = &mut *section.state;
        if state.closed() {
            if told == Some(Told::COME) {
                state.gathered += self.places;
            }
            return Step::Ready(Err(SendError(())));
        }
        if told != Some(Told::COME) {
            if state.room() < self.places {
                return Step::Wait(Told::wait_for(self.places));
            }
            state.taken += self.places;
        }
        state.permits += self.places;
        Step::Ready(Ok(()))
    }

    /// *no barging*: what room there is, is gathered. There is none where others stand in line before it.
    fn linked(&mut self, section: &mut Inner<'_, B, LANES>, _: Told) {
        let room = section.state.room();
        section.state.taken += room;
        section.state.gathered += room;
    }

    fn cancel(&mut self, section: &mut Inner<'_, B, LANES>, told: Told) {
        if told == Told::COME {
            section.state.gathered += self.places;
        }
    }

    const SETTLES: bool = true;

    fn settle(&mut self, section: &mut Inner<'_, B, LANES>) -> bool {
        settle(section)
    }
}
