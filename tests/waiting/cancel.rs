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
    - *data*: the value that the call carries does not arrive.\n\n\
    | method | lost before the first poll | lost while it waits | lost after it was let go on |\n|---|---|---|---|\n";

/// What was lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Lost {
    Nothing,
    Place,
    Data,
}

impl Lost {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Place => "place in line",
            Self::Data => "data: the value it carries",
        }
    }
}

/// The rig of this number, fresh.
fn fresh(at: usize) -> Rig {
    all().swap_remove(at)
}

/// Whether a call that was dropped while it waited, and is made again, goes behind one that came between.
fn loses_place(at: usize, polls: usize) -> bool {
    let rig = fresh(at);
    if rig.single {
        return false;
    }
    let first = Waiting::start(&rig, polls);
    let mut second = Waiting::start(&rig, 1);
    drop(first);
    let mut again = Waiting::start(&rig, 1);
    (rig.grant)();
    let done = (second.poll_if_woken(), again.poll_if_woken());
    assert!(done.0 || done.1, "{}: nobody was let go on", rig.name);
    done == (true, false)
}

/// Whether the first of two calls goes first at all.
fn has_order(at: usize) -> bool {
    let rig = fresh(at);
    if rig.single {
        return false;
    }
    let (mut first, mut second) = (Waiting::start(&rig, 1), Waiting::start(&rig, 1));
    (rig.grant)();
    (first.poll_if_woken(), second.poll_if_woken()) == (true, false)
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
        None => Waiting::start(&rig, 0).poll(),
    };
    assert!(done, "{}: dropped after {polls} polls, it took what it was woken for with it", rig.name);
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

fn row(at: usize) -> String {
    let mut lost = [Lost::Nothing; 3];
    for polls in 0..=3 {
        hands_on(at, polls);
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
                seen = Lost::Data;
            }
            lost[place] = lost[place].max(seen);
        }
    }
    let name = fresh(at).name;
    format!("| `{name}` | {} | {} | {} |", lost[0].name(), lost[1].name(), lost[2].name())
}

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
