//! Select, race and join over futures that are ready at a poll of their own choice: who wins, who is polled how often, and
//! that each is dropped once.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use zokio_core::future::{join_all, join_array, race, select_array, try_join_array};

use crate::{Input, planted};

const PARTS: usize = 4;

/// Ready at poll number `at`, with whether it has succeeded.
struct Part {
    name: usize,
    at: u8,
    polls: Rc<Cell<u8>>,
    drops: Rc<Cell<usize>>,
    good: bool,
}

impl Future for Part {
    type Output = Result<usize, usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polls = self.polls.get() + 1;
        self.polls.set(polls);
        assert!(polls <= self.at, "polled after it was ready");
        if polls < self.at {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(if self.good { Ok(self.name) } else { Err(self.name) })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
    }
}

struct Script {
    at: [u8; PARTS],
    good: [bool; PARTS],
    polls: [Rc<Cell<u8>>; PARTS],
    drops: Rc<Cell<usize>>,
}

impl Script {
    fn read(input: &mut Input<'_>) -> Self {
        let at: [u8; PARTS] = std::array::from_fn(|_| 1 + input.byte() % 6);
        let good = std::array::from_fn(|_| input.byte() % 4 != 0);
        Self { at, good, polls: Default::default(), drops: Rc::default() }
    }

    fn part(&self, name: usize) -> Part {
        let at = if planted() && name == 2 && self.at[2] > 1 { self.at[2] - 1 } else { self.at[name] };
        Part { name, at, polls: self.polls[name].clone(), drops: self.drops.clone(), good: self.good[name] }
    }

    fn parts(&self) -> [Part; PARTS] {
        std::array::from_fn(|name| self.part(name))
    }

    fn result(&self, name: usize) -> Result<usize, usize> {
        if self.good[name] { Ok(name) } else { Err(name) }
    }

    /// Polls until ready or dropped; gives the output and the number of polls.
    fn drive<F: Future>(&self, future: F, give_up: u8) -> (Option<F::Output>, u8) {
        let mut future = Box::pin(future);
        let mut cx = Context::from_waker(Waker::noop());
        for polls in 1..=give_up {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return (Some(output), polls);
            }
        }
        (None, give_up)
    }
}

/// The target.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    while let Some(operation) = input.operation() {
        let script = Script::read(&mut input);
        // Six polls are enough for all; fewer drop it while it is pending.
        let give_up = 1 + input.byte() % 8;
        let last = script.at.iter().copied().max().unwrap_or(0);
        let first = script.at.iter().copied().min().unwrap_or(0);
        let winner = script.at.iter().position(|&at| at == first).unwrap_or(0);
        let mut dropped = PARTS;
        match operation % 5 {
            0 => {
                let (output, polls) = script.drive(join_array(script.parts()), give_up);
                let wanted = std::array::from_fn(|name| script.result(name));
                assert_eq!(output, (give_up >= last).then_some(wanted));
                assert_eq!(polls, give_up.min(last));
            }
            1 => {
                let (output, polls) = script.drive(join_all(script.parts()), give_up);
                let wanted = (0..PARTS).map(|name| script.result(name)).collect::<Vec<_>>();
                assert_eq!(output, (give_up >= last).then_some(wanted));
                assert!(polls <= last);
            }
            2 => {
                let (output, _) = script.drive(select_array(script.parts()), give_up);
                let output = output.map(|(output, at)| {
                    assert_eq!(at, winner);
                    output
                });
                assert_eq!(output, (give_up >= first).then(|| script.result(winner)));
            }
            3 => {
                dropped = 2;
                let (output, _) = script.drive(race(script.part(0), script.part(1)), give_up);
                let winner = usize::from(script.at[1] < script.at[0]);
                assert_eq!(output, (give_up >= script.at[winner]).then(|| script.result(winner)));
            }
            _ => {
                let (output, _) = script.drive(try_join_array(script.parts()), give_up);
                // Each poll begins one part further than the one before.
                let turn = |name: usize| (name + PARTS - usize::from(script.at[name] - 1) % PARTS) % PARTS;
                let failed =
                    (0..PARTS).filter(|&name| !script.good[name]).min_by_key(|&name| (script.at[name], turn(name)));
                let wanted = match failed {
                    Some(name) => (give_up >= script.at[name]).then_some(Err(name)),
                    None => (give_up >= last).then(|| Ok(std::array::from_fn(|name| name))),
                };
                assert_eq!(output, wanted);
            }
        }
        assert_eq!(script.drops.get(), dropped, "each part is dropped once");
    }
}
