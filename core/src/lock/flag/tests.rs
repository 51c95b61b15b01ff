use super::waiting::{LAST_LOOKS, LOOKS};
use super::{Bed, Bell, Flag, Held};
use core::cell::{Cell, RefCell};
use std::boxed::Box;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

type Act = Box<dyn FnOnce()>;

/// What others do while a thread waits.
#[derive(Default)]
struct Meanwhile {
    pauses: Cell<u32>,
    sleeps: Cell<u32>,
    rings: Cell<u32>,
    /// In the pauses of these numbers.
    in_pause: RefCell<VecDeque<(u32, Act)>>,
    /// In the next sleeps.
    in_sleep: RefCell<VecDeque<Act>>,
}

impl Bed for Rc<Meanwhile> {
    fn pause(&self) {
        self.pauses.set(self.pauses.get() + 1);
        let is_due = self.in_pause.borrow().front().is_some_and(|(number, _)| *number == self.pauses.get());
        let due = if is_due { self.in_pause.borrow_mut().pop_front() } else { None };
        due.into_iter().for_each(|(_, act)| act());
    }

    fn sleep(&self, is_rung: impl FnOnce() -> bool) {
        if is_rung() {
            return;
        }
        self.sleeps.set(self.sleeps.get() + 1);
        assert!(self.sleeps.get() < 10, "it sleeps for ever");
        let act = self.in_sleep.borrow_mut().pop_front();
        act.into_iter().for_each(|act| act());
    }
}

impl Bell for Rc<Meanwhile> {
    fn ring(&self) {
        self.rings.set(self.rings.get() + 1);
    }
}

/// A flag, and who else uses it.
#[derive(Clone)]
struct Scene {
    flag: Rc<Flag<Rc<Meanwhile>>>,
    bed: Rc<Meanwhile>,
}

impl Scene {
    fn new() -> Self {
        let bed = Rc::new(Meanwhile::default());
        Self { flag: Rc::new(Flag::new(bed.clone())), bed }
    }

    /// Somebody raises it, and keeps it up.
    fn raise(&self) {
        core::mem::forget(self.flag.take());
    }

    /// Who keeps it up lowers it.
    fn lower(&self) {
        drop(Held(&self.flag));
    }

    fn turn(&self) {
        drop(self.flag.take());
    }

    fn in_pause(&self, number: u32, act: impl FnOnce(&Self) + 'static) {
        let this = self.clone();
        self.bed.in_pause.borrow_mut().push_back((number, Box::new(move || act(&this))));
    }

    fn in_sleep(&self, act: impl FnOnce(&Self) + 'static) {
        let this = self.clone();
        self.bed.in_sleep.borrow_mut().push_back(Box::new(move || act(&this)));
    }

    /// Pauses, sleeps and rings so far.
    fn counts(&self) -> [u32; 3] {
        [self.bed.pauses.get(), self.bed.sleeps.get(), self.bed.rings.get()]
    }
}

// Mutant: core/src/lock/flag/waiting.rs :: if self.watch(LOOKS) {\n            return;\n        } => if false {\n            return;\n        }
#[test]
fn who_finds_it_down_while_it_looks_does_not_lie_down() {
    let scene = Scene::new();
    scene.raise();
    assert_eq!(scene.counts(), [0; 3], "nobody else has it up");
    scene.in_pause(3, Scene::lower);
    scene.turn();
    assert_eq!(scene.counts(), [3, 0, 0]);
}

// Mutant: core/src/lock/flag.rs :: if self.0.lying.load(Ordering::Relaxed) & WANTED != 0 { => if false {
#[test]
fn who_lies_there_is_rung_once() {
    let scene = Scene::new();
    scene.raise();
    scene.in_sleep(|scene| {
        scene.lower();
        // Others have their turns before it is up.
        scene.turn();
        scene.turn();
    });
    scene.turn();
    assert_eq!(scene.counts(), [LOOKS + LAST_LOOKS, 1, 1]);
    scene.turn();
    assert_eq!(scene.counts()[2], 1, "nobody lies there any more");
}

// Mutant: core/src/lock/flag/waiting.rs :: let got = self.watch(LAST_LOOKS); => let got = false;
#[test]
fn it_looks_on_when_it_has_said_that_it_lies_down() {
    let scene = Scene::new();
    scene.raise();
    scene.in_pause(LOOKS + 1, Scene::lower);
    scene.turn();
    assert_eq!(scene.counts()[..2], [LOOKS + 1, 0]);
}

// Mutant: core/src/lock/flag/waiting.rs :: self.lying.load(Ordering::Relaxed) & WANTED == 0 => { let _ = &self.lying; false }
#[test]
fn who_was_rung_before_it_sleeps_does_not_sleep() {
    let scene = Scene::new();
    scene.raise();
    scene.in_pause(LOOKS + LAST_LOOKS, |scene| {
        // Another one has it up when it looks next.
        scene.lower();
        scene.raise();
    });
    scene.in_pause(LOOKS + LAST_LOOKS + 2, Scene::lower);
    scene.turn();
    assert_eq!(scene.counts(), [LOOKS + LAST_LOOKS + 2, 0, 1]);
}

// Mutant: core/src/lock/flag/waiting.rs :: if self.lying.load(Ordering::Relaxed) >= ONE { => if false {
#[test]
fn who_was_rung_has_the_next_one_rung() {
    let scene = Scene::new();
    scene.raise();
    scene.in_sleep(|scene| {
        // A second one, whom the holder rings: it has its turn while the first one sleeps on.
        scene.in_sleep(Scene::lower);
        let turn = scene.flag.take();
        assert_eq!(scene.counts()[1..], [2, 1]);
        drop(turn);
        assert_eq!(scene.counts()[2], 2, "the first one is rung by the second");
    });
    scene.turn();
    assert_eq!(scene.counts()[1..], [2, 2]);
}

#[test]
fn a_panic_lowers_it() {
    let scene = Scene::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = scene.flag.take();
        panic!("inside");
    }));
    assert!(panicked.is_err());
    scene.turn();
    assert_eq!(scene.counts(), [0; 3], "it is down");
}
