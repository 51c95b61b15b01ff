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
/// others; asks how many it wants where it did not say. Answers whether it went.
fn call_first<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) -> bool {
    let goal = section.state.goal;
    if section.state.gathered < goal {
        return false;
    }
    if goal == 0 {
        section.rouse(SENDERS, Told::First);
        return false;
    }
    section.state.goal = 0;
    section.state.gathered -= goal;
    section.pop(SENDERS, Told::Come)
}

/// Gives one of the gathered places on, or leaves them where they belong. Answers whether there may be more to do.
pub(super) fn settle<B: Store + ?Sized, const LANES: usize>(section: &mut Inner<'_, B, LANES>) -> bool {
    if section.state.gathered == 0 {
        return false;
    }
    match section.front(SENDERS) {
        None => section.state.taken -= core::mem::take(&mut section.state.gathered),
        Some(Told::Several | Told::First) => return section.apart(call_first),
        Some(_) => {
            section.state.gathered -= 1;
            section.pop(SENDERS, Told::Come);
            return true;
        }
    }
    false
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
        let alone = section.is_empty(SENDERS);
        if section.state.room() < self.places {
            recount(section, true);
        }
        let state = &mut *section.state;
        if state.closed() {
            if told == Some(Told::Come) {
                state.gathered += self.places;
            }
            return Step::Ready(Err(SendError(())));
        }
        match told {
            Some(Told::Come) => {}
            Some(Told::First) => {
                if state.gathered < self.places {
                    return Step::Wait(Told::First);
                }
                state.gathered -= self.places;
                state.goal = 0;
            }
            _ if state.room() >= self.places => state.taken += self.places,
            _ if self.places == 1 => return Step::Wait(Told::Wait),
            None if alone => return Step::Wait(Told::First),
            _ => return Step::Wait(Told::Several),
        }
        state.permits += self.places;
        Step::Ready(Ok(()))
    }

    fn linked(&mut self, section: &mut Inner<'_, B, LANES>, told: Told) {
        if told == Told::First {
            section.state.goal = self.places;
            let room = section.state.room();
            section.state.taken += room;
            section.state.gathered += room;
        }
    }

    fn cancel(&mut self, section: &mut Inner<'_, B, LANES>, told: Told) {
        match told {
            Told::Come => section.state.gathered += self.places,
            Told::First => section.state.goal = 0,
            _ => {}
        }
    }

    const SETTLES: bool = true;

    fn settle(&mut self, section: &mut Inner<'_, B, LANES>) -> bool {
        settle(section)
    }
}
