//! Every sequence of transitions that the protocol allows.

use core::ops::ControlFlow;
use std::collections::{BTreeSet, VecDeque};
use std::vec::Vec;

use super::*;

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

    fn abort(self, (action, next): (Wake, Snapshot)) -> Self {
        let after = self.with(next);
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
                out.push(("abort", self.abort(word.abort(None))));
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
            out.push(("stale abort", self.abort(word.abort(Some(word.high() + 1)))));
            if !self.freed {
                out.push(("abort", self.abort(word.abort(Some(word.high())))));
            }
            return;
        }
        if polling || self.references > 0 {
            out.push(("wake", self.wake(word.wake())));
        }
        if self.references > 0 {
            out.push(("abort", self.abort(word.abort(None))));
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

#[cfg(zokio_unicore)]
mod one_core {
    use super::*;

    /// The word of a task that is cancelled says that it is in a queue only where it is: else nobody would release it.
    // Mutant: core/src/task/state/mod.rs :: let ends = if QUEUED_WHILE_RUNNING { COMPLETE | RUNNING } else { COMPLETE }; => let ends = COMPLETE;
    #[test]
    fn a_task_that_is_aborted_while_it_is_cancelled_is_freed() {
        match search(Task::new(Snapshot::counted(true), true)) {
            ControlFlow::Break(way) => panic!("{way}"),
            ControlFlow::Continue(tasks) => assert!(tasks.iter().any(|task| task.freed)),
        }
    }
}
