//! A sleep in every state it may be in, against a model of its life, over random programs: polled by whoever comes, reset, dropped,
//! closed and opened again.

use std::boxed::Box;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::vec::Vec;

use super::util::{Hand, Here, Random, timers, within};
use crate::test_util::panics;
use crate::time::{Instant, Sleep, Timers, sleep, sleep_until};

const STEPS: usize = if cfg!(miri) { 200 } else { 1000 };
const PROGRAMS: u64 = if cfg!(miri) { 3 } else { 40 };
const WAKERS: usize = 3;

/// Writes its name into a log when woken.
struct Log {
    name: usize,
    log: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Log {
    fn wake(self: Arc<Self>) {
        self.log.lock().unwrap().push(self.name);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Not linked: a poll links it.
    Idle,
    /// Due from the start: a poll ends it.
    Due,
    /// Linked at this place in the order, under the waker of this name.
    Linked(Instant, u64, usize),
    Elapsed,
    Closed,
}

struct World {
    timers: &'static Timers<Hand>,
    random: Random,
    log: Arc<Mutex<Vec<usize>>>,
    wakers: Vec<Arc<Log>>,
    sleeps: Vec<(Pin<Box<Sleep>>, State)>,
    now: u64,
    order: u64,
    closed: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let log = Arc::<Mutex<Vec<usize>>>::default();
        let wakers = (0..WAKERS).map(|name| Arc::new(Log { name, log: log.clone() })).collect();
        Self {
            timers: timers(),
            random: Random::new(seed),
            log,
            wakers,
            sleeps: Vec::new(),
            now: 0,
            order: 0,
            closed: false,
        }
    }

    fn instant(&mut self) -> Instant {
        match self.random.below(12) {
            0 => Instant::EPOCH,
            1 => Instant::FAR,
            2 => Instant::from_nanos(u64::MAX - 1),
            3 => Instant::from_nanos(self.now),
            4 => Instant::from_nanos(self.now.saturating_sub(1)),
            _ => Instant::from_nanos((self.now + 1).saturating_add(self.random.below(6))),
        }
    }

    /// What must have been written into the log by now.
    fn told(&mut self, expected: &[usize]) {
        assert_eq!(core::mem::take(&mut *self.log.lock().unwrap()), expected);
    }

    /// All that are linked and for which `is` holds, in order.
    fn linked(&self, is: impl Fn(Instant) -> bool) -> Vec<usize> {
        let mut map = BTreeMap::new();
        for (at, (_, state)) in self.sleeps.iter().enumerate() {
            match *state {
                State::Linked(deadline, order, _) if is(deadline) => _ = map.insert((deadline, order), at),
                _ => {}
            }
        }
        map.into_values().collect()
    }

    fn leaves(&mut self, all: Vec<usize>, state: State) -> Vec<usize> {
        let take = |at: usize| match core::mem::replace(&mut self.sleeps[at].1, state) {
            State::Linked(_, _, name) => name,
            other => unreachable!("{other:?}"),
        };
        all.into_iter().map(take).collect()
    }

    fn make(&mut self) {
        let (sleep, due) = match self.random.below(3) {
            0 => (within(self.timers, || sleep::<Here>(core::time::Duration::ZERO)), true),
            1 => (within(self.timers, || sleep::<Here>(core::time::Duration::from_nanos(3))), false),
            _ => {
                let deadline = self.instant();
                let due = deadline.is_due(Instant::from_nanos(self.now));
                (within(self.timers, || sleep_until::<Here>(deadline)), due)
            }
        };
        self.sleeps.push((Box::pin(sleep), if due { State::Due } else { State::Idle }));
    }

    fn poll(&mut self, at: usize) {
        let name = self.random.below(WAKERS as u64) as usize;
        let waker = Waker::from(self.wakers[name].clone());
        let (sleep, state) = &mut self.sleeps[at];
        let mut polled = None;
        let refused = panics(|| polled = Some(sleep.as_mut().poll(&mut Context::from_waker(&waker))));
        let wanted = match *state {
            State::Closed => None,
            State::Idle if self.closed => None,
            State::Idle => {
                self.order += 1;
                *state = State::Linked(sleep.deadline(), self.order, name);
                Some(Poll::Pending)
            }
            State::Linked(deadline, order, _) => {
                *state = State::Linked(deadline, order, name);
                Some(Poll::Pending)
            }
            State::Due | State::Elapsed => {
                *state = State::Elapsed;
                Some(Poll::Ready(()))
            }
        };
        assert_eq!((polled, refused), (wanted, wanted.is_none()));
    }

    fn reset(&mut self, at: usize) {
        let deadline = self.instant();
        let due = deadline.is_due(Instant::from_nanos(self.now));
        let (sleep, state) = &mut self.sleeps[at];
        sleep.as_mut().reset(deadline);
        let mut woken = Vec::new();
        *state = match *state {
            State::Linked(_, _, name) if due => {
                woken.push(name);
                State::Elapsed
            }
            State::Linked(_, _, name) => {
                self.order += 1;
                State::Linked(deadline, self.order, name)
            }
            _ if due => State::Elapsed,
            _ => State::Idle,
        };
        assert_eq!(sleep.deadline(), deadline);
        self.told(&woken);
    }

    fn expire(&mut self) {
        self.now = match self.random.below(8) {
            0 => self.now.saturating_add(1 << self.random.below(20)),
            1 => self.timers.next_deadline().map_or(self.now, |next| next.as_nanos().max(self.now)),
            _ => self.now + self.random.below(4),
        };
        // The end of time is for the end, as the last before it is.
        self.now = self.now.min(1 << 40);
        self.timers.clock().set(self.now);
        let now = Instant::from_nanos(self.now);
        let due = self.linked(|deadline| deadline <= now);
        let woken = self.leaves(due, State::Elapsed);
        assert_eq!(self.timers.expire(), woken.len());
        self.told(&woken);
    }

    fn close_or_reopen(&mut self) {
        self.closed = !self.closed;
        if self.closed {
            let all = self.linked(|_| true);
            let woken = self.leaves(all, State::Closed);
            self.timers.close();
            self.told(&woken);
        } else {
            self.timers.reopen();
        }
    }

    fn check(&self) {
        for (sleep, state) in &self.sleeps {
            assert_eq!(sleep.is_elapsed(), *state == State::Elapsed);
        }
        let first = self.linked(|_| true).first().map(|&at| self.sleeps[at].0.deadline());
        assert_eq!(self.timers.next_deadline(), first.filter(|first| *first != Instant::FAR));
        assert_eq!(self.timers.is_closed(), self.closed);
        for (name, waker) in self.wakers.iter().enumerate() {
            let held = self.sleeps.iter().filter(|(_, state)| matches!(state, State::Linked(.., own) if *own == name));
            assert_eq!(
                Arc::strong_count(waker),
                1 + held.count(),
                "whoever is linked holds one waker, and nobody else does"
            );
        }
        assert!(self.log.lock().unwrap().is_empty(), "nobody is woken for nothing");
    }

    fn run(mut self) {
        for _ in 0..STEPS {
            let count = self.sleeps.len() as u64;
            let at = if count > 0 { self.random.below(count) as usize } else { 0 };
            match self.random.below(100) {
                0..20 if count < 12 => self.make(),
                20..50 if count > 0 => self.poll(at),
                50..70 if count > 0 => self.reset(at),
                70..80 if count > 0 => drop(self.sleeps.swap_remove(at)),
                80..83 => self.close_or_reopen(),
                _ => self.expire(),
            }
            self.check();
        }
        self.sleeps.clear();
        self.check();
    }
}

// Mutant: core/src/time/node.rs :: Some(waker) if elapsed => waker.wake(), => Some(waker) if elapsed => drop(waker),
#[test]
fn a_sleep_does_in_every_state_what_its_model_does() {
    for program in 0..PROGRAMS {
        World::new(program).run();
    }
}
