//! Races around one task, every order of them.
//!
//! The main thread of a model is the executor: it runs what is ready while others act, and again when they are done. What is
//! not complete then was forgotten. To free a boxed task is a write to its header (`Line`), which finds whoever still uses it.

mod end;
mod join;
mod join_set;
mod reuse;
mod wake;

use core::future::Future;
use core::task::Poll;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::cell::UnsafeCell;

use super::util::{Direct, Home, Line, arena};
use crate::task::{Arena, Slots};

/// A value that notices whoever reaches it while another does, and counts its drops.
pub(super) struct Watched {
    value: UnsafeCell<usize>,
    drops: Arc<AtomicUsize>,
}

// SAFETY: the model checks each access.
unsafe impl Send for Watched {}
// SAFETY: as above.
unsafe impl Sync for Watched {}

impl Watched {
    pub(super) fn new(drops: &Drops) -> Self {
        Self { value: UnsafeCell::new(0), drops: drops.0.clone() }
    }

    pub(super) fn touch(&self) {
        // SAFETY: the model checks.
        self.value.with_mut(|value| unsafe { *value += 1 });
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.touch();
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many `Watched` were dropped.
#[derive(Default)]
pub(super) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs a model once with boxed tasks, once with slots, and with those of one runner; is told how many references to memory there
/// are to free.
pub(super) fn each_kind(model: impl Fn(&'static Line, usize) + Sync + Send + Copy + 'static) {
    loom::model(move || model(Line::new(Home::Boxed), 1));
    loom::model(move || model(Line::new(Home::Pool(arena::<2, 256>())), 0));
    each_one_runner(move |line| model(line, 0));
}

/// Runs a model with slots of one runner: once of one who is asked to queue them, and once of a *direct* one.
pub(super) fn each_one_runner(model: impl Fn(&'static Line) + Sync + Send + Copy + 'static) {
    loom::model(move || model(Line::new(Home::Alone(arena::<2, 256>()))));
    loom::model(move || model(Line::new(Home::Direct(arena::<2, 256>(), Direct::new()))));
}

/// Runs a model with one slot: of many runners, of one who is asked, and of a *direct* one.
pub(super) fn each_slot(model: impl Fn(&'static Line, &'static Arena<1, 256>) + Sync + Send + Copy + 'static) {
    fn of(home: impl Fn(&'static dyn Slots) -> Home) -> (&'static Line, &'static Arena<1, 256>) {
        let slots = arena::<1, 256>();
        (Line::new(home(slots)), slots)
    }
    let run = move |(line, slots)| model(line, slots);
    let check = |of: fn() -> (&'static Line, &'static Arena<1, 256>)| {
        let mut builder = loom::model::Builder::new();
        // What comes between a look and the exchange that follows it is found by one more.
        builder.preemption_bound = Some(3);
        let count = Arc::new(AtomicUsize::new(0));
        let runs = count.clone();
        builder.check(move || {
            runs.fetch_add(1, Ordering::Relaxed);
            run(of());
        });
        // As `loom::model` says it where it is asked to.
        std::println!("Completed in {} iterations", count.load(Ordering::Relaxed));
    };
    check(|| of(Home::Pool));
    check(|| of(Home::Alone));
    check(|| of(|slots| Home::Direct(slots, Direct::new())));
}

/// Touches `watched` at each poll, and is ready as `ready` says.
pub(super) fn polling<T>(
    watched: Watched,
    mut ready: impl FnMut(&mut core::task::Context<'_>) -> Poll<T> + Send,
) -> impl Future<Output = T> + Send {
    core::future::poll_fn(move |cx| {
        watched.touch();
        let poll = ready(cx);
        watched.touch();
        poll
    })
}
