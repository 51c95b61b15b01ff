//! Every waiting method is dropped at every poll, before and after it was let go on, and what is lost is seen.
//!
//! The table in `docs/CANCEL.md` is written by this test (`ZOKIO_WRITE=1`) and held against it otherwise.

use std::fmt::Write as _;

use crate::rigs::{Rig, Waiting, all};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/CANCEL.md");

const HEADING: &str = "# What is lost when a wait is dropped\n\n\
    Written by `ZOKIO_WRITE=1 cargo test --test waiting cancel`, and held against what happens by the same test. Each method \
    is polled 0 to 3 times and then dropped, while it waits and when it has been let go on but not polled since.\n\n\
    - *nothing*: calling again is as if the first call had never been made.\n\
    - *place in line*: another call that came later goes first.\n\
    - *data*: the value that the call carries does not arrive, or what it takes with it is gone, or it counts as made although \
    nobody hears of it. An `Arc` that a call takes with it is dropped with the call.\n\n\
    Futures that wrap another (`timeout` but for the time, `unconstrained`, `track_future`, a task local's `scope`, joins \
    and selections) lose what that loses.\n\n\
    | method | lost before the first poll | lost while it waits | lost after it was let go on |\n|---|---|---|---|\n";

/// What was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Lost {
    Nothing,
    Place,
    Data,
    Arrival,
    Count,
}

impl Lost {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Place => "place in line",
            Self::Data => "data: what it carries or would give",
            Self::Count => "data: how much of it was written",
            Self::Arrival => "data: it counts as made",
        }
    }
}

/// The rig of this number, fresh.
fn fresh(at: usize) -> Rig {
    all().swap_remove(at)
}

/// Whether the second of two calls, the one of the method or its rival, went first.
fn went_first(rig: &Rig, second: bool, first: bool) -> bool {
    match &rig.rival {
        Some(rival) => (rival.went_first)(second, first),
        None => second && !first,
    }
}

/// Whether a call that was dropped while it waited, and is made again, goes behind one that came between.
fn loses_place(at: usize, polls: usize) -> bool {
    let rig = fresh(at);
    if rig.single {
        return false;
    }
    let first = Waiting::start(&rig, polls);
    let mut second = Waiting::rival(&rig);
    drop(first);
    let mut again = Waiting::start(&rig, 1);
    (rig.grant)();
    let done = (second.poll_if_woken(), again.poll_if_woken());
    assert!(done.0 || done.1, "{}: nobody was let go on", rig.name);
    went_first(&rig, done.0, done.1)
}

/// Whether the first of two calls goes first at all.
fn has_order(at: usize) -> bool {
    let rig = fresh(at);
    if rig.single {
        return false;
    }
    let (mut first, mut second) = (Waiting::start(&rig, 1), Waiting::rival(&rig));
    (rig.grant)();
    let done = (first.poll_if_woken(), second.poll_if_woken());
    match rig.rival {
        Some(_) => done.0 && !went_first(&rig, done.1, done.0),
        None => done == (true, false),
    }
}

/// Whether what the call takes with it is gone when it is dropped.
fn takes(at: usize, polls: usize) -> Option<&'static str> {
    let rig = fresh(at);
    let (name, there) = rig.takes.as_ref()?;
    let call = Waiting::start(&rig, polls);
    assert!(there(), "{}: it has {name}", rig.name);
    drop(call);
    (!there()).then_some(name)
}

/// Drops a call that was let go on, or was about to be: what it was woken for must reach the next one.
fn hands_on(at: usize, polls: usize) {
    let rig = fresh(at);
    let first = Waiting::start(&rig, polls);
    let mut next = None;
    if !rig.single {
        next = Some(Waiting::start(&rig, 1));
    }
    if polls == 0 {
        drop(first);
        (rig.grant)();
    } else {
        (rig.grant)();
        drop(first);
    }
    let done = match &mut next {
        Some(next) => next.poll_if_woken(),
        None => Waiting::start(&rig, 0).settle(),
    };
    assert!(done, "{}: dropped after {polls} polls, it took what it was woken for with it", rig.name);
}

/// Drops a call that was let go on and waits for a second thing: what it was woken for must reach the next one.
fn hands_on_late(at: usize, polls: usize) {
    let rig = fresh(at);
    let Some(second) = &rig.second else { return };
    let (mut first, mut next) = (Waiting::start(&rig, polls), Waiting::start(&rig, 1));
    let held = second();
    (rig.grant)();
    assert!(!first.poll_if_woken() && !next.poll_if_woken(), "{}: it does not wait for the second thing", rig.name);
    drop(first);
    drop(held);
    assert!(
        next.poll_if_woken(),
        "{}: dropped while it waits for the second thing, it took the wake with it",
        rig.name
    );
}

/// Whether a value that the call carries arrives although the call is dropped; `after`: when it has been let go on.
fn carries(at: usize, polls: usize, after: bool) -> Option<bool> {
    let rig = fresh(at);
    let arrived = rig.arrived.as_ref()?;
    let call = Waiting::start(&rig, polls);
    if after {
        (rig.grant)();
    }
    drop(call);
    (rig.grant)();
    Some(arrived() > 0)
}

/// Whether a call that was dropped while it waits counts all the same.
fn counts(at: usize, polls: usize) -> bool {
    let rig = fresh(at);
    drop(Waiting::start(&rig, polls));
    Waiting::start(&rig, 0).poll()
}

fn row(at: usize) -> String {
    let mut lost = [Lost::Nothing; 3];
    if fresh(at).counts {
        for polls in 0..=3 {
            let seen = if counts(at, polls) { Lost::Arrival } else { Lost::Nothing };
            lost[usize::from(polls > 0)] = seen;
        }
        return shown(at, lost);
    }
    for polls in 0..=3 {
        hands_on(at, polls);
        if polls > 0 {
            hands_on_late(at, polls);
        }
        for after in [false, true] {
            let place = if polls == 0 { 0 } else { 1 + usize::from(after) };
            if polls == 0 && after {
                continue;
            }
            let mut seen = Lost::Nothing;
            // Before its first poll it has no place to lose.
            if polls > 0 && has_order(at) && loses_place(at, polls) {
                seen = Lost::Place;
            }
            if carries(at, polls, after) == Some(false) {
                seen = match (fresh(at).borrows, polls) {
                    (false, _) => Lost::Data,
                    (true, 0) => Lost::Nothing,
                    (true, _) => Lost::Count,
                };
            }
            lost[place] = lost[place].max(seen);
        }
    }
    shown(at, lost)
}

fn shown(at: usize, lost: [Lost; 3]) -> String {
    let name = fresh(at).name;
    let mut row = format!("| `{name}` |");
    for (polls, lost) in lost.into_iter().enumerate() {
        let _ = match (lost, takes(at, polls)) {
            (lost, None) => write!(row, " {} |", lost.name()),
            (Lost::Nothing, Some(taken)) => write!(row, " data: {taken} |"),
            (lost, Some(taken)) => write!(row, " data: {taken}; and {} |", lost.name()),
        };
    }
    row
}

// Mutant: core/src/sync/condvar.rs :: received = PassOn(if timed_out { None } else { Some(&self.queue) }); => received = PassOn::<L>(None);
#[test]
fn cancel_table_is_what_happens() {
    let mut text = HEADING.to_owned();
    for at in 0..all().len() {
        let _ = writeln!(text, "{}", row(at));
    }
    if std::env::var_os("ZOKIO_WRITE").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(committed, text, "docs/CANCEL.md is stale: ZOKIO_WRITE=1 writes it anew; read the difference");
}
