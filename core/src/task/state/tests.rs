//! The state word: every word through every transition, and every sequence of transitions that the protocol allows.

use core::ops::ControlFlow;
use std::collections::{BTreeSet, VecDeque};
use std::vec::Vec;

use super::*;

const GENERATIONS: [usize; 7] = [0, 1, 2, 3, usize::MAX / 2 / UNIT, usize::MAX / 2 / UNIT + 1, usize::MAX / UNIT];

fn words() -> impl Iterator<Item = Snapshot> {
    (0..UNIT).flat_map(|flags| GENERATIONS.map(|high| Snapshot(flags | (high * UNIT))))
}

/// The flags that differ.
fn changed(before: Snapshot, after: Snapshot) -> usize {
    (before.0 ^ after.0) & FLAGS
}

/// What holds for every word that can be reached.
fn broken(word: Snapshot) -> Option<&'static str> {
    let live = word.has(LIVE);
    let rules = [
        (live || word.0 & FLAGS & !NOTIFIED == 0, "a free slot has no flag but NOTIFIED"),
        (live || word.has(NOTIFIED) == word.was_used(), "a stale waker of a free slot wins nothing"),
        (!word.has(COUNTED) || word.high() != 0, "a live task that is counted has a reference"),
        (!word.has(OUTPUT) || word.has(COMPLETE), "an output is there after completion"),
        (!word.has(OUTPUT) || word.has(JOIN_INTEREST), "an output is there for a handle only"),
        (
            !(word.has(JOIN_WAKER | COMPLETE)) || word.has(RUNNING),
            "a waker is lent after completion only while it is woken",
        ),
        (!word.has(JOIN_WAKER) || word.has(JOIN_INTEREST) || word.has(COMPLETE), "a waker is lent by a handle"),
        (
            !QUEUED_WHILE_RUNNING || !word.has(RUNNING) || word.0 & (COMPLETE | CANCELLED) != 0,
            "on one core a poll does not keep RUNNING",
        ),
    ];
    rules.into_iter().find(|rule| !rule.0).map(|rule| rule.1)
}

// Mutant: core/src/task/state/mod.rs :: let wins = self.0 & (NOTIFIED | RUNNING | COMPLETE) == 0; => let wins = self.0 & (NOTIFIED | RUNNING) == 0;
#[test]
fn every_wake() {
    for word in words() {
        let (action, next) = word.wake();
        assert_eq!(next.0, word.0 | NOTIFIED, "{word:?}: a wake writes even where it changes nothing");
        let wins = word.0 & (NOTIFIED | RUNNING | COMPLETE) == 0;
        assert_eq!(action == Wake::Schedule, wins, "{word:?}");
        assert_eq!(word.wins_push(), wins && !word.has(ASKED), "{word:?}");
        // Whoever wins, wins once.
        assert_eq!(next.wake().0, Wake::Nothing, "{word:?}");
    }
}

#[test]
fn every_abort() {
    for word in words() {
        for generation in [None, Some(word.high()), Some(word.high().wrapping_add(1))] {
            let (action, next) = word.abort(generation);
            let meant = generation.is_none_or(|generation| generation == word.high());
            if meant && word.has(LIVE) && !word.has(COMPLETE) {
                assert_eq!(next.0, word.0 | NOTIFIED | CANCELLED, "{word:?}");
                assert_eq!(action == Wake::Schedule, word.0 & (NOTIFIED | RUNNING) == 0, "{word:?}");
            } else {
                assert_eq!((action, next), (Wake::Nothing, word), "a finished, free or later task is left alone");
            }
        }
    }
}

#[test]
fn every_claim() {
    for word in words().filter(|word| word.has(LIVE) || word.0 & FLAGS & !NOTIFIED == 0) {
        for joined in [false, true] {
            let Some(next) = word.claim(joined) else {
                assert!(word.has(LIVE));
                continue;
            };
            assert!(!word.has(LIVE));
            assert_eq!(next.direct().0, next.0 & !ASKED);
            let flags = LIVE | NOTIFIED | ASKED | if joined { JOIN_INTEREST } else { 0 };
            assert_eq!(next.0 & FLAGS, flags, "{word:?}");
            assert!(next.was_used() && next.vacated().was_used(), "{word:?}: also in generation zero");
            assert_ne!(next.high(), word.high(), "{word:?}: another tenant, another generation");
            assert!(next.high() == word.high() + 1 || (word.high() == usize::MAX / UNIT && next.high() == 0));
            assert_eq!(next.wake().0, Wake::Nothing, "a stale waker cannot queue what is not written yet");
        }
    }
}

#[test]
fn every_poll() {
    for word in words() {
        let (start, next) = word.start();
        assert!(!next.has(NOTIFIED), "{word:?}");
        let expected = if QUEUED_WHILE_RUNNING && word.has(COMPLETE) {
            Start::Release
        } else if word.has(CANCELLED) {
            Start::Cancel
        } else {
            Start::Poll
        };
        assert_eq!(start, expected, "{word:?}");
        assert_eq!(changed(word, next) & !(NOTIFIED | RUNNING), 0, "{word:?}");
        assert_eq!(next.high(), word.high(), "{word:?}");

        let (start, next) = word.start_alone();
        assert_eq!(word.is_common(), start == Start::Poll, "{word:?}");
        let expected = if word.has(COMPLETE) {
            (Start::Release, word.0 & !(NOTIFIED | QUEUED) | RUNNING)
        } else {
            (if word.has(CANCELLED) { Start::Cancel } else { Start::Poll }, word.0 & !NOTIFIED)
        };
        assert_eq!((start, next.0), expected, "{word:?}");

        let (idle, next) = word.idle();
        let expected = match (word.has(CANCELLED), word.has(NOTIFIED)) {
            (true, _) => (Idle::Cancel, word.0),
            (false, true) => (Idle::Requeue, word.0 & !RUNNING),
            (false, false) => (Idle::Rest, word.0 & !RUNNING),
        };
        assert_eq!((idle, next.0), expected, "{word:?}");
    }
}

#[test]
fn every_end() {
    for word in words() {
        for output in [false, true] {
            let (finish, next) = word.complete(output);
            // A task that is notified while nobody keeps RUNNING is in a queue.
            let word = if QUEUED_WHILE_RUNNING {
                word
            } else if word.0 & (NOTIFIED | RUNNING) == NOTIFIED {
                Snapshot(word.0 | QUEUED)
            } else {
                Snapshot(word.0 & !QUEUED)
            };
            if output && !word.has(JOIN_INTEREST) {
                assert_eq!((finish, next.0), (Finish::DropOutput, word.0 | COMPLETE | RUNNING), "{word:?}");
            } else if word.has(JOIN_WAKER) {
                let out = if output { OUTPUT } else { 0 };
                assert_eq!((finish, next.0), (Finish::WakeJoiner, word.0 | COMPLETE | RUNNING | out), "{word:?}");
            } else {
                let done = Snapshot(word.0 | COMPLETE | RUNNING | if output { OUTPUT } else { 0 });
                assert_eq!((finish, next), done.release(), "{word:?}");
            }
        }
        let (finish, next) = word.release();
        if word.has(JOIN_WAKER) && !word.has(JOIN_INTEREST) {
            assert_eq!((finish, next.0), (Finish::DropWaker, word.0 & !JOIN_WAKER), "{word:?}");
            continue;
        }
        assert_eq!(next.0 & (RUNNING | JOIN_WAKER), 0, "{word:?}");
        match finish {
            Finish::Free if word.has(COUNTED) => assert_eq!((word.high(), next.high()), (1, 0), "{word:?}"),
            Finish::Free => {
                assert!(!word.has(JOIN_INTEREST), "{word:?}");
                assert_eq!((next.0 & FLAGS, next.high()), (NOTIFIED, word.high()), "{word:?}");
            }
            Finish::Kept if word.has(QUEUED) => assert_eq!(next.high(), word.high()),
            Finish::Kept if word.has(COUNTED) => {
                assert_eq!(next.high(), word.0.wrapping_sub(UNIT) / UNIT, "{word:?}");
                assert_ne!(next.high(), 0, "{word:?}");
            }
            Finish::Kept => assert!(word.has(JOIN_INTEREST) && next.high() == word.high(), "{word:?}"),
            other => panic!("{word:?}: {other:?}"),
        }
    }
}

#[test]
fn every_step_of_a_join_handle() {
    for word in words() {
        let complete = word.has(COMPLETE);
        assert_eq!(word.lend_waker(), (!complete, if complete { word } else { Snapshot(word.0 | JOIN_WAKER) }));
        assert_eq!(word.recall_waker(), (!complete, if complete { word } else { Snapshot(word.0 & !JOIN_WAKER) }));
        for emptied in [false, true] {
            let (leave, next) = word.leave(emptied);
            let (lent, output) = (word.has(JOIN_WAKER), word.has(OUTPUT));
            match leave {
                Leave::DropWaker => {
                    assert!(if lent { !complete } else { !emptied }, "{word:?}");
                    assert_eq!(next.0, word.0 & !JOIN_WAKER, "{word:?}");
                }
                Leave::DropOutput => assert!(output && next.0 == word.0 & !OUTPUT, "{word:?}"),
                Leave::Free | Leave::Kept => {
                    assert!(!output && (emptied || lent) && (!lent || complete), "{word:?}");
                    assert!(!next.has(JOIN_INTEREST), "{word:?}");
                    let free = if word.has(COUNTED) {
                        assert_eq!(next.high(), word.0.wrapping_sub(UNIT) / UNIT, "{word:?}");
                        next.high() == 0
                    } else {
                        assert_eq!(next.high(), word.high(), "{word:?}");
                        complete && word.0 & BUSY == 0
                    };
                    assert_eq!(leave == Leave::Free, free, "{word:?}");
                    if free && !word.has(COUNTED) {
                        assert_eq!(next.0 & FLAGS, NOTIFIED, "{word:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_shutdown_and_count() {
    for word in words() {
        let (action, next) = word.shut_down();
        let alive = word.has(LIVE) && !word.has(COMPLETE);
        let idle = word.0 & (RUNNING | NOTIFIED) == 0;
        let expected = match (alive, idle) {
            (false, _) => (Shutdown::Held, word.0),
            (true, false) => (Shutdown::Held, word.0 | CANCELLED),
            (true, true) => (Shutdown::Claimed, word.0 | CANCELLED | RUNNING),
        };
        assert_eq!((action, next.0), expected, "{word:?}");
        if alive {
            assert_eq!(next.wake().0, Wake::Nothing, "{word:?}: nobody queues what is being shut down");
        }

        let (last, next) = word.drop_reference();
        assert_eq!(last, word.high() == 1, "{word:?}");
        assert_eq!(next.0, word.0.wrapping_sub(UNIT), "{word:?}");
        match word.add_reference() {
            Some(next) => assert_eq!((next.high(), next.0 & FLAGS), (word.high() + 1, word.0 & FLAGS), "{word:?}"),
            None => assert!(word.0 > usize::MAX / 2, "{word:?}"),
        }
    }
    for joined in [false, true] {
        let word = Snapshot::counted(joined);
        assert_eq!(word.high(), 1 + usize::from(joined));
        assert_eq!(word.0 & FLAGS, LIVE | COUNTED | NOTIFIED | if joined { JOIN_INTEREST } else { 0 });
    }
}

/// The short ways are what the long ways would do.
// Mutant: core/src/task/state/mod.rs :: if self.0 & (JOIN_WAKER | COUNTED | COMPLETE) == 0 { => if self.0 & (JOIN_WAKER | COUNTED) == 0 {
// Mutant: core/src/task/state/mod.rs :: Some(Self((self.0 | COMPLETE | OUTPUT) & !(RUNNING | JOIN_WAKER | QUEUED))) => Some(Self((self.0 | COMPLETE | OUTPUT) & !RUNNING))
#[test]
fn every_short_way() {
    for word in words() {
        if let Some(next) = word.vacate() {
            assert_eq!(word.complete(false), (Finish::Free, next), "{word:?}");
            assert!(!word.has(ASKED), "{word:?}: an owner who must be asked hears of the end");
        }
        if let Some(next) = word.hand_over() {
            let (finish, done) = word.complete(true);
            assert_eq!((finish, done.release()), (Finish::WakeJoiner, (Finish::Kept, next)), "{word:?}");
            assert!(!word.has(ASKED), "{word:?}: an owner who must be asked hears of the end");
        }
        if let Some(next) = word.rest() {
            assert_eq!(word.idle(), (Idle::Rest, next), "{word:?}");
        }
        if let Some(next) = word.requeue() {
            assert_eq!(word.idle(), (Idle::Requeue, next), "{word:?}");
        }
        // There is no output before the end.
        if let Some(next) = word.detach().filter(|_| !word.has(OUTPUT) || word.has(COMPLETE)) {
            assert_eq!(word.leave(true), (Leave::Kept, next), "{word:?}");
        }
    }
    // Queued when it completed, and taken from there: one core only.
    for word in words().filter(|word| QUEUED_WHILE_RUNNING && word.has(LIVE)) {
        if let Some(next) = word.free_popped() {
            let (start, started) = word.start();
            assert_eq!((start, started.release()), (Start::Release, (Finish::Free, next)), "{word:?}");
        }
    }
    assert!(Snapshot(LIVE | UNIT | COMPLETE).free_popped().is_some());
    for word in words() {
        if let Some(next) = word.collect() {
            let (leave, taken) = word.leave(true);
            assert_eq!((leave, taken.leave(true)), (Leave::DropOutput, (Leave::Free, next)), "{word:?}");
        }
    }
    assert!(Snapshot(LIVE | UNIT | COMPLETE | OUTPUT | JOIN_INTEREST).collect().is_some());
    assert!(Snapshot(LIVE | UNIT | RUNNING).rest().is_some());
    assert!(Snapshot(LIVE | UNIT | RUNNING | NOTIFIED).requeue().is_some());
    assert!(Snapshot(LIVE | UNIT).vacate().is_some());
    assert!(Snapshot(LIVE | UNIT | JOIN_INTEREST | JOIN_WAKER).hand_over().is_some());
    assert!(Snapshot(LIVE | UNIT | NOTIFIED | JOIN_INTEREST).detach().is_some());
}

/// The back end applies the pure functions: its shortcuts (one `fetch_or`, sums) too.
// Mutant: core/src/task/state/lock_free.rs :: self.0.fetch_add(RUNNING - NOTIFIED, Ordering::Acquire) => self.0.fetch_sub(NOTIFIED, Ordering::Acquire)
// Mutant: core/src/task/state/lock_free.rs :: if before.is_complete() { self.apply(Snapshot::start_alone) } else { before.start_alone().0 } => before.start_alone().0
#[cfg(not(loom))]
#[test]
fn the_back_end_does_what_the_transitions_say() {
    use std::cell::Cell;
    for word in words() {
        let after = |apply: &dyn Fn(&State)| {
            let state = State::new(word);
            apply(&state);
            state.load()
        };
        let scheduled = Cell::new(false);
        let (action, next) = word.wake();
        let woken = after(&|state| state.wake(|| scheduled.set(true)));
        assert_eq!(scheduled.replace(false), action == Wake::Schedule, "{word:?}");
        // On one core a wake that changes nothing for anybody is not written.
        assert_eq!(woken, if QUEUED_WHILE_RUNNING && action == Wake::Nothing { word } else { next }, "{word:?}");
        let asked = Cell::new(false);
        assert_eq!(after(&|state| state.wake_slot(|| scheduled.set(true), || asked.set(true))), woken, "{word:?}");
        assert_eq!(scheduled.replace(false), word.wins_push(), "{word:?}");
        assert_eq!(asked.get(), action == Wake::Schedule && word.has(ASKED), "{word:?}");
        assert_eq!(after(&|state| state.direct()), word.direct());
        let (action, next) = word.abort(None);
        assert_eq!(after(&|state| state.abort(None, || scheduled.set(true))), next, "{word:?}");
        assert_eq!(scheduled.replace(false), action == Wake::Schedule, "{word:?}");
        assert_eq!(after(&|state| assert_eq!(state.vacate(), word.vacate().is_some())), word.vacate().unwrap_or(word));
        assert_eq!(
            after(&|state| assert_eq!(state.collect(), word.collect().is_some())),
            word.collect().unwrap_or(word)
        );
        assert_eq!(after(&|state| assert_eq!(state.detach(), word.detach().is_some())), word.detach().unwrap_or(word));
        if word.has(NOTIFIED) && !word.has(RUNNING) {
            let (action, next) = word.start();
            assert_eq!(after(&|state| assert_eq!(state.start(), action)), next, "{word:?}");
        }
        if word.has(NOTIFIED) && (word.has(COMPLETE) || !word.has(RUNNING)) {
            let (action, next) = if QUEUED_WHILE_RUNNING { word.start() } else { word.start_alone() };
            assert_eq!(after(&|state| assert_eq!(state.start_alone(), action)), next, "{word:?}");
        }
        if !QUEUED_WHILE_RUNNING {
            let next = if word.is_running() { word.rest() } else { Some(word) };
            assert_eq!(after(&|state| assert_eq!(state.rest(), next.is_some())), next.unwrap_or(word), "{word:?}");
        }
        if !QUEUED_WHILE_RUNNING {
            let (action, next) = word.idle();
            assert_eq!(after(&|state| assert_eq!(state.idle(), action)), next, "{word:?}");
        }
        for wakes in [false, true] {
            let next = word.hand_over().filter(|_| QUEUED_WHILE_RUNNING && wakes);
            let ended = after(&|state| {
                let done = state.hand_over(|| {
                    assert!(word.has(JOIN_WAKER), "{word:?}");
                    assert!(state.load().has(COMPLETE), "who joins itself is not queued again");
                    wakes
                });
                assert_eq!(done, next.is_some());
            });
            assert_eq!(ended, next.unwrap_or(word), "{word:?}");
        }
        let wrote = Cell::new(false);
        let lent = Cell::new(None);
        let over = after(&|state| lent.set(state.lend_over(|| wrote.set(true))));
        if QUEUED_WHILE_RUNNING {
            let (expected, next) = word.lend_waker();
            assert_eq!((lent.get(), wrote.get(), over), (Some(expected), expected, next), "{word:?}");
        } else {
            assert_eq!((lent.get(), wrote.get(), over), (None, false, word), "{word:?}");
        }
        for flag in [false, true] {
            let (action, next) = word.complete(flag);
            assert_eq!(after(&|state| assert_eq!(state.complete(flag), action)), next, "{word:?}");
            let (action, next) = word.leave(flag);
            assert_eq!(after(&|state| assert_eq!(state.leave(flag), action)), next, "{word:?}");
            if !word.has(LIVE) && word.0 & FLAGS & !NOTIFIED != 0 {
                continue; // no free slot is so
            }
            let next = word.claim(flag);
            let generation = next.map(Snapshot::high);
            assert_eq!(after(&|state| assert_eq!(state.claim(flag), generation)), next.unwrap_or(word), "{word:?}");
        }
        let (action, next) = word.release();
        assert_eq!(after(&|state| assert_eq!(state.release(), action)), next, "{word:?}");
        let (action, next) = word.lend_waker();
        assert_eq!(after(&|state| assert_eq!(state.lend_waker(), action)), next, "{word:?}");
        let (action, next) = word.recall_waker();
        assert_eq!(after(&|state| assert_eq!(state.recall_waker(), action)), next, "{word:?}");
        let (action, next) = word.shut_down();
        assert_eq!(after(&|state| assert_eq!(state.shut_down(), action)), next, "{word:?}");
        let (last, next) = word.drop_reference();
        assert_eq!(after(&|state| assert_eq!(state.drop_reference(), last)), next, "{word:?}");
        if let Some(next) = word.add_reference() {
            assert_eq!(after(&|state| state.add_reference()), next, "{word:?}");
        }
    }
}

/// Whether a scheduler has one runner: on one core each has.
fn kinds() -> impl Iterator<Item = bool> {
    [false, true].into_iter().filter(|&alone| alone || !QUEUED_WHILE_RUNNING)
}

/// Where the executor's side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Executor {
    /// It does not work on the task.
    Away,
    Polling,
    /// It drops the future, to cancel.
    Dropping,
    /// The future is gone; the stage holds an output, or not.
    Completing(bool),
    /// It is about to do what a `Finish` asks for, and then to release.
    DroppingOutput,
    Waking,
    DroppingWaker,
    Releasing,
}

/// Where the join handle is. `filled`: what the handle knows of the waker field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Handle {
    Gone,
    Waiting {
        filled: bool,
    },
    /// It has the waker field for itself, and has not lent it again.
    Owning {
        filled: bool,
    },
    /// It has seen `COMPLETE`.
    Taking {
        filled: bool,
    },
    Leaving {
        emptied: bool,
        taken: bool,
    },
    DroppingWaker {
        taken: bool,
    },
    DroppingOutput {
        emptied: bool,
        taken: bool,
    },
}

/// A task as it is, beside what its word says. *One step* is one transition of the word, or one access to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    word: usize,
    /// Somebody holds its `Notified`, or a queue does.
    queued: bool,
    executor: Executor,
    handle: Handle,
    /// Wakers and abort handles that count; those of a slot keep nothing and are always there.
    references: u8,
    future: bool,
    output: bool,
    /// The waker field holds something.
    field: bool,
    /// The executor's side has let go.
    released: bool,
    freed: bool,
    counted: bool,
    /// Its scheduler has one runner.
    alone: bool,
}

type Next = Vec<(&'static str, Task)>;

impl Task {
    fn new(word: Snapshot, alone: bool) -> Self {
        let handle = if word.has(JOIN_INTEREST) { Handle::Waiting { filled: false } } else { Handle::Gone };
        let counted = word.is_counted();
        Self {
            word: word.0,
            queued: true,
            executor: Executor::Away,
            handle,
            references: 0,
            future: true,
            output: false,
            field: false,
            released: false,
            freed: false,
            counted,
            alone,
        }
    }

    fn state(self) -> Snapshot {
        Snapshot(self.word)
    }

    fn with(mut self, word: Snapshot) -> Self {
        self.word = word.0;
        self
    }

    fn push(mut self) -> Self {
        assert!(!self.queued, "queued twice: {self:?}");
        self.queued = true;
        self
    }

    fn wake(self, (action, next): (Wake, Snapshot)) -> Self {
        let after = self.with(if QUEUED_WHILE_RUNNING && action == Wake::Nothing && next.0 == self.word | NOTIFIED {
            self.state() // see `unicore`
        } else {
            next
        });
        if action == Wake::Schedule { after.push() } else { after }
    }

    fn free(mut self) -> Self {
        assert!(!self.freed, "freed twice: {self:?}");
        assert!(!self.future && !self.output && !self.field, "freed with something in it: {self:?}");
        assert!(!self.queued, "freed while queued: {self:?}");
        assert!(self.released && self.handle == Handle::Gone && self.references == 0, "freed in use: {self:?}");
        self.freed = true;
        self
    }

    fn finish(mut self, (finish, next): (Finish, Snapshot)) -> Self {
        self = self.with(next);
        self.executor = match finish {
            Finish::DropOutput => Executor::DroppingOutput,
            Finish::WakeJoiner => Executor::Waking,
            Finish::DropWaker => Executor::DroppingWaker,
            Finish::Free => {
                self.executor = Executor::Away;
                self.released = true;
                return self.free();
            }
            Finish::Kept => {
                // Of one runner a finished task may be in the queue, whose then it is.
                self.released = !(self.alone && self.queued);
                Executor::Away
            }
        };
        self
    }

    fn at(mut self, executor: Executor) -> Self {
        self.executor = executor;
        self
    }

    fn handle_at(mut self, handle: Handle) -> Self {
        self.handle = handle;
        self
    }

    fn executor_steps(self, out: &mut Next) {
        let word = self.state();
        match self.executor {
            Executor::Away if self.queued => {
                let mut popped = self;
                popped.queued = false;
                let (start, next) = if self.alone && !QUEUED_WHILE_RUNNING { word.start_alone() } else { word.start() };
                let popped = popped.with(next);
                match start {
                    Start::Poll => {
                        out.push(("run", popped.at(Executor::Polling)));
                        out.push(("cancel", popped.at(Executor::Dropping)));
                    }
                    Start::Cancel => out.push(("run", popped.at(Executor::Dropping))),
                    Start::Release => out.push(("run", popped.at(Executor::Releasing))),
                    Start::Unusual => unreachable!("a back end says so"),
                }
            }
            Executor::Away if self.counted && !self.released => {
                let (action, next) = word.shut_down();
                let claimed = action == Shutdown::Claimed;
                out.push(("shut down", self.with(next).at(if claimed { Executor::Dropping } else { Executor::Away })));
            }
            Executor::Away => {}
            Executor::Polling => {
                assert!(self.future, "polled after it was gone: {self:?}");
                let mut ready = self;
                (ready.future, ready.output) = (false, true);
                out.push(("ready", ready.at(Executor::Completing(true))));
                if self.alone {
                    out.push(("pending", self.at(Executor::Away)));
                } else {
                    let (idle, next) = word.idle();
                    let next = self.with(next);
                    out.push(match idle {
                        Idle::Rest => ("pending", next.at(Executor::Away)),
                        Idle::Requeue => ("pending", next.at(Executor::Away).push()),
                        Idle::Cancel => ("pending", next.at(Executor::Dropping)),
                    });
                }
            }
            Executor::Dropping => {
                assert!(self.future, "dropped twice: {self:?}");
                for panics in [false, true] {
                    let mut dropped = self;
                    (dropped.future, dropped.output) = (false, panics);
                    out.push(("drop future", dropped.at(Executor::Completing(panics))));
                }
            }
            Executor::Completing(true) if !word.has_join_interest() => {
                let mut dropped = self;
                dropped.output = false;
                out.push(("drop output early", dropped.at(Executor::Completing(false))));
                out.push(("complete", self.finish(word.complete(true))));
            }
            Executor::Completing(output) => out.push(("complete", self.finish(word.complete(output)))),
            Executor::DroppingOutput => {
                assert!(self.output, "no output to drop: {self:?}");
                let mut dropped = self;
                dropped.output = false;
                out.push(("drop output", dropped.at(Executor::Releasing)));
            }
            Executor::Waking => {
                assert!(self.field, "no waker to wake: {self:?}");
                out.push(("wake joiner", self.at(Executor::Releasing)));
            }
            Executor::DroppingWaker => {
                assert!(self.field && self.handle == Handle::Gone, "not ours to drop: {self:?}");
                let mut dropped = self;
                dropped.field = false;
                out.push(("drop waker", dropped.at(Executor::Releasing)));
            }
            Executor::Releasing => out.push(("release", self.finish(word.release()))),
        }
    }

    fn handle_steps(self, out: &mut Next) {
        let word = self.state();
        let owned = |task: Self| {
            assert!(!word.has_join_waker() && task.executor != Executor::Waking, "not ours to write: {task:?}");
        };
        match self.handle {
            Handle::Gone => {}
            Handle::Waiting { filled } => {
                out.push(("abort", self.wake(word.abort(None))));
                out.push(("drop handle", self.handle_at(Handle::Leaving { emptied: !filled, taken: false })));
                if word.is_complete() {
                    out.push(("join", self.handle_at(Handle::Taking { filled })));
                } else if word.has_join_waker() {
                    let (mine, next) = word.recall_waker();
                    assert!(mine);
                    out.push(("recall", self.with(next).handle_at(Handle::Owning { filled })));
                } else {
                    out.push(("join", self.handle_at(Handle::Owning { filled })));
                }
            }
            Handle::Owning { filled } => {
                out.push(("clone panics", self.handle_at(Handle::Waiting { filled })));
                owned(self);
                let mut full = self;
                full.field = true;
                let (lent, next) = word.lend_waker();
                let handle = if lent { Handle::Waiting { filled: true } } else { Handle::Taking { filled: true } };
                // Writing the field and lending it are two steps; what comes between them cannot tell.
                out.push(("lend", full.with(next).handle_at(handle)));
            }
            Handle::Taking { filled } => {
                assert!(word.is_complete() && word.has_output() == self.output, "{self:?}");
                let mut taken = self;
                taken.output = false;
                out.push(("take", taken.handle_at(Handle::Leaving { emptied: !filled, taken: true })));
            }
            Handle::Leaving { emptied, taken } => {
                let (leave, next) = word.leave(emptied);
                let left = self.with(next);
                out.push(match leave {
                    Leave::DropWaker => ("leave", left.handle_at(Handle::DroppingWaker { taken })),
                    Leave::DropOutput => ("leave", left.handle_at(Handle::DroppingOutput { emptied, taken })),
                    Leave::Free => ("leave", left.handle_at(Handle::Gone).free()),
                    Leave::Kept => ("leave", left.handle_at(Handle::Gone)),
                });
            }
            Handle::DroppingWaker { taken } => {
                owned(self);
                let mut dropped = self;
                dropped.field = false;
                out.push(("empty field", dropped.handle_at(Handle::Leaving { emptied: true, taken })));
            }
            Handle::DroppingOutput { emptied, taken } => {
                assert_eq!(self.output, !taken, "{self:?}");
                let mut dropped = self;
                dropped.output = false;
                out.push(("drop output by handle", dropped.handle_at(Handle::Leaving { emptied, taken })));
            }
        }
    }

    fn waker_steps(self, out: &mut Next) {
        let word = self.state();
        let polling = self.executor == Executor::Polling;
        if !self.counted {
            // Stale ones too.
            out.push(("wake", self.wake(word.wake())));
            out.push(("stale abort", self.wake(word.abort(Some(word.high() + 1)))));
            if !self.freed {
                out.push(("abort", self.wake(word.abort(Some(word.high())))));
            }
            return;
        }
        if polling || self.references > 0 {
            out.push(("wake", self.wake(word.wake())));
        }
        if self.references > 0 {
            out.push(("abort", self.wake(word.abort(None))));
            let (last, next) = word.drop_reference();
            let mut less = self.with(next);
            less.references -= 1;
            out.push(("drop waker", if last { less.free() } else { less }));
        }
        let cloned_from = polling || self.references > 0 || matches!(self.handle, Handle::Waiting { .. });
        if cloned_from && self.references < 2 {
            let mut more = self.with(word.add_reference().expect("few references"));
            more.references += 1;
            out.push(("clone", more));
        }
    }

    fn steps(self) -> Next {
        let mut out = Vec::new();
        if self.freed {
            if !self.counted {
                self.waker_steps(&mut out);
                for joined in [false, true] {
                    // Generations are told apart by their last two bits here, or the search would not end.
                    let next = self.state().claim(joined).expect("a free slot");
                    let next = if next.high() > 3 { Snapshot(next.0 & FLAGS | UNIT) } else { next };
                    // The next tenant's scheduler may be of the other kind.
                    for alone in kinds() {
                        out.push(("claim", Self::new(next, alone)));
                    }
                }
            }
            return out;
        }
        self.executor_steps(&mut out);
        self.handle_steps(&mut out);
        self.waker_steps(&mut out);
        out
    }

    fn broken(self) -> Option<&'static str> {
        let word = self.state();
        if self.freed {
            let gone = if self.counted { word.high() == 0 } else { !word.is_live() };
            return if gone {
                broken(word).filter(|_| !self.counted)
            } else {
                Some("freed, and the word does not know")
            };
        }
        let away = self.executor == Executor::Away;
        let holders =
            usize::from(!self.released) + usize::from(self.handle != Handle::Gone) + usize::from(self.references);
        let rules = [
            (word.is_live(), "alive"),
            (word.has(JOIN_INTEREST) == (self.handle != Handle::Gone), "interest is a handle"),
            (!self.counted || word.high() == holders, "references are counted"),
            (!self.queued || word.has(NOTIFIED), "what is queued is notified"),
            (self.alone || !self.queued || away, "nobody polls what is queued"),
            (word.is_complete() || self.alone || word.has(RUNNING) != away, "RUNNING is the executor at work"),
            (
                word.is_complete()
                    || !word.has(NOTIFIED)
                    || self.queued
                    || (!away && (!self.alone || word.has(RUNNING))),
                "no orphan: a wake-up is in a queue, or the poller will see it",
            ),
            (word.is_complete() || !word.has(CANCELLED) || self.queued || !away, "no orphan: an abort is on its way"),
            (!word.is_complete() || !self.future, "a complete task has no future"),
            (!self.released || word.is_complete(), "released after completion"),
            (holders > 0 || self.queued, "no leak: a task that nobody holds is freed"),
        ];
        broken(word).or_else(|| rules.into_iter().find(|rule| !rule.0).map(|rule| rule.1))
    }
}

/// Searches all tasks that can come of `first`; says how many there are, or by which way one is broken.
fn search(first: Task) -> ControlFlow<std::string::String, Vec<Task>> {
    let mut seen = BTreeSet::from([first]);
    let mut open = VecDeque::from([first]);
    while let Some(task) = open.pop_front() {
        for (step, next) in task.steps() {
            if let Some(rule) = next.broken() {
                return ControlFlow::Break(std::format!(
                    "{rule}:\n{:?} {task:?}\n{step}\n{:?} {next:?}",
                    task.state(),
                    next.state()
                ));
            }
            if seen.insert(next) {
                open.push_back(next);
            }
        }
    }
    ControlFlow::Continue(seen.into_iter().collect())
}

/// Every sequence, hence every pair, of transitions that handles, wakers, aborts, shutdown and executor can do, in every
/// order: nothing is used after it is gone, dropped twice, freed twice, freed in use, leaked or forgotten in no queue.
// Mutant: core/src/task/state/mod.rs :: if self.has(COMPLETE) && self.0 & BUSY == 0 { => if self.has(COMPLETE) {
#[test]
fn failure_030_every_sequence_of_transitions() {
    let starts = [
        Snapshot::counted(true),
        Snapshot::counted(false),
        Snapshot(0).claim(true).expect("free"),
        Snapshot(0).claim(false).expect("free"),
    ];
    for first in starts {
        for alone in kinds() {
            match search(Task::new(first, alone)) {
                ControlFlow::Break(way) => panic!("{way}"),
                ControlFlow::Continue(tasks) => {
                    assert!(tasks.len() > 50, "{first:?}: the search found {} only", tasks.len());
                    // Each end that can be, is.
                    assert!(tasks.iter().any(|task| task.freed), "{first:?}");
                    let aborted = if QUEUED_WHILE_RUNNING { CANCELLED | COMPLETE } else { CANCELLED };
                    assert!(tasks.iter().any(|task| task.state().has(aborted)), "{first:?}");
                    let queued = tasks.iter().any(|task| task.state().has(QUEUED | COMPLETE) && task.queued);
                    assert!(queued || !alone, "{first:?}: none ended while it was queued");
                    if first.has_join_interest() {
                        assert!(tasks.iter().any(|task| task.executor == Executor::Waking), "{first:?}");
                        assert!(tasks.iter().any(|task| task.executor == Executor::DroppingWaker), "{first:?}");
                        assert!(tasks.iter().any(|task| task.executor == Executor::DroppingOutput), "{first:?}");
                    }
                }
            }
        }
    }
}
