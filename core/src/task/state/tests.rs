//! The state word: every word through every transition; every sequence of transitions that the protocol allows is in
//! `sequences`.

mod sequences;

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
// Mutant: core/src/task/state/mod.rs :: self.0 & (NOTIFIED | RUNNING | COMPLETE | CANCELLED) == 0 => self.0 & (RUNNING | COMPLETE | CANCELLED) == 0
#[test]
fn every_wake() {
    for word in words() {
        let (action, next) = word.wake();
        assert_eq!(next.0, word.0 | NOTIFIED, "{word:?}: a wake writes even where it changes nothing");
        let wins = word.0 & (NOTIFIED | RUNNING | COMPLETE) == 0;
        assert_eq!(action == Wake::Schedule, wins, "{word:?}");
        assert_eq!(word.wins_push(), wins && !word.has(ASKED), "{word:?}");
        assert!(word.waits() || word.waits_to_ask() == (wins && word.has(ASKED) && !word.has(CANCELLED)), "{word:?}");
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
            let cancelled = QUEUED_WHILE_RUNNING && word.has(RUNNING);
            if meant && word.has(LIVE) && !word.has(COMPLETE) && !cancelled {
                assert!(
                    !QUEUED_WHILE_RUNNING || action == Wake::Schedule || word.has(NOTIFIED),
                    "{word:?}: in no queue"
                );
                assert_eq!(next.0, word.0 | NOTIFIED | CANCELLED, "{word:?}");
                assert_eq!(action == Wake::Schedule, word.0 & (NOTIFIED | RUNNING) == 0, "{word:?}");
            } else {
                assert_eq!(
                    (action, next),
                    (Wake::Nothing, word),
                    "a finished, free or later task, or one that is cancelled already, is left alone"
                );
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
            assert_eq!(next.ask().0, next.0 | ASKED);
            let flags = LIVE | NOTIFIED | if joined { JOIN_INTEREST } else { 0 };
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

        for direct in [false, true].into_iter().filter(|_| QUEUED_WHILE_RUNNING && word.has(NOTIFIED)) {
            match word.start_common(direct) {
                Some(common) => assert_eq!((Start::Poll, common), (start, next), "{word:?}"),
                // On one core a poll does not keep RUNNING.
                None => assert!(start != Start::Poll || word.has(RUNNING) || (direct && word.has(ASKED)), "{word:?}"),
            }
        }

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
        assert_eq!(word.0 & FLAGS, LIVE | COUNTED | ASKED | NOTIFIED | if joined { JOIN_INTEREST } else { 0 });
    }
}

/// The short ways are what the long ways would do.
// Mutant: core/src/task/state/mod.rs :: if self.0 & (JOIN_WAKER | COUNTED | COMPLETE) == 0 { => if self.0 & (JOIN_WAKER | COUNTED) == 0 {
// Mutant: core/src/task/state/mod.rs :: if self.has(JOIN_INTEREST) { Some(Self(self.0 & !(RUNNING | JOIN_WAKER))) } else { None } => Some(Self(self.0 & !(RUNNING | JOIN_WAKER)))
// Mutant: core/src/task/state/mod.rs :: if self.0 & (COMPLETE | JOIN_WAKER) == 0 { Some => if self.0 & COMPLETE == 0 { Some
// Mutant: core/src/task/state/mod.rs :: Some(Self((self.0 | COMPLETE | OUTPUT) & !(RUNNING | JOIN_WAKER | QUEUED))) => Some(Self((self.0 | COMPLETE | OUTPUT) & !RUNNING))
#[test]
fn every_short_way() {
    for word in words() {
        if let Some(next) = word.vacate() {
            assert_eq!(word.complete(false), (Finish::Free, next), "{word:?}");
        }
        if let Some(next) = word.hand_over() {
            let (finish, done) = word.complete(true);
            assert_eq!((finish, done.release()), (Finish::WakeJoiner, (Finish::Kept, next)), "{word:?}");
            assert_eq!((word.complete_lent(), done.give_back()), (Some(done), Some(next)), "{word:?}");
        }
        if let Some(next) = word.lend_first() {
            assert_eq!(word.lend_waker(), (true, next), "{word:?}");
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
    for word in words() {
        // What is given back is what is released where somebody holds it; else there is more to do.
        if word.has(COMPLETE | JOIN_WAKER) && word.0 & (QUEUED | COUNTED) == 0 {
            let kept = word.has(JOIN_INTEREST).then(|| word.release().1);
            assert_eq!(word.give_back(), kept, "{word:?}");
        }
        assert_eq!(word.lend_first().is_some(), word.lend_waker().0 && !word.has(JOIN_WAKER), "{word:?}");
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
        assert_eq!(after(&|state| state.ask()), word.ask());
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
        #[cfg(not(zokio_unicore))]
        for own in [false, true] {
            let starts = own && word.waits();
            assert_eq!(after(&|state| assert_eq!(state.start_resting(|| own), starts)), word, "{word:?}");
        }
        if !QUEUED_WHILE_RUNNING {
            let next = if word.is_running() { word.rest() } else { Some(word) };
            assert_eq!(after(&|state| assert_eq!(state.rest(), next.is_some())), next.unwrap_or(word), "{word:?}");
        }
        if !QUEUED_WHILE_RUNNING {
            let (action, next) = word.idle();
            assert_eq!(after(&|state| assert_eq!(state.idle(), action)), next, "{word:?}");
        }
        for (joins, wakes) in [(false, false), (true, false), (true, true)] {
            let can = word.hand_over().filter(|_| !QUEUED_WHILE_RUNNING || (joins && wakes));
            let left = can.map(|_| if joins { Finish::Kept } else { Finish::WakeJoiner });
            let next = if joins { can } else { can.and(word.complete_lent()) };
            let asked = Cell::new(false);
            let ended = after(&|state| {
                let joiner = || {
                    assert!(word.has(JOIN_WAKER), "{word:?}");
                    joins.then_some(())
                };
                let done = state.hand_over(joiner, |()| {
                    asked.set(true);
                    assert!(state.load().has(COMPLETE), "who joins itself is not queued again");
                    assert!(!state.load().has(JOIN_WAKER), "who is woken may free the slot");
                    wakes
                });
                assert_eq!(done, left, "{word:?}");
            });
            assert_eq!(ended, next.unwrap_or(word), "{word:?}");
            assert_eq!(asked.get(), joins && word.hand_over().is_some(), "{word:?}");
        }
        let wrote = Cell::new(false);
        let lent = Cell::new(None);
        let over = after(&|state| lent.set(state.lend_over(|| wrote.set(true))));
        let (expected, next) = word.lend_waker();
        if QUEUED_WHILE_RUNNING || !word.has(JOIN_WAKER) || word.has(COMPLETE) {
            assert_eq!((lent.get(), wrote.get(), over), (Some(expected), expected, next), "{word:?}");
        } else {
            assert_eq!((lent.get(), wrote.get(), over), (None, false, word), "others may be reading: {word:?}");
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
            let ran = core::cell::Cell::new(false);
            let claims = |state: &State| assert_eq!(state.claim(flag, || ran.set(true)), next.is_some());
            assert_eq!(after(&claims), next.unwrap_or(word), "{word:?}");
            assert_eq!(ran.get(), next.is_some(), "{word:?}");
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
