//! One task, and everybody who may touch it, at every moment of its life: wakes, aborts, polls of its handle and their ends,
//! from outside, during its poll, in its future's destructor, in its output's, and in its joiner's waker.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use zokio_core::task::{AbortHandle, Arena, JoinHandle, Slots, try_spawn_local_at};

use crate::line::Line;
use crate::planted;

/// Where the task is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Idle,
    /// In its poll.
    Running,
    /// In its future's destructor, and after it until the run is over.
    Ending,
    Done,
}

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Output,
    Panic,
    Cancelled,
}

/// The task as the model knows it.
#[derive(Clone, Copy)]
struct Model {
    phase: Phase,
    queued: bool,
    /// Woken while it runs.
    again: bool,
    aborted: bool,
    end: End,
    /// Whether somebody was told to wait, and not yet that it is over.
    joiner_waits: bool,
}

impl Model {
    const OVER: Self = Self {
        phase: Phase::Done,
        queued: false,
        again: false,
        aborted: false,
        end: End::Cancelled,
        joiner_waits: false,
    };
}

/// Everything: the task's parts find it here.
struct World {
    script: RefCell<VecDeque<u8>>,
    line: Line,
    model: Cell<Model>,
    /// Which task it is: slots are used again, and have wakers of tasks before.
    name: Cell<usize>,
    wakers: RefCell<Vec<(usize, Waker)>>,
    handle: RefCell<Option<JoinHandle<Output>>>,
    abort: RefCell<Vec<(usize, AbortHandle)>>,
    /// The last means, which no act takes.
    last: RefCell<Option<AbortHandle>>,
    polls: Cell<usize>,
    futures: Cell<usize>,
    outputs: Cell<usize>,
    expected_outputs: Cell<usize>,
    /// How deep destructors and wakers are in each other.
    depth: Cell<usize>,
}

thread_local! {
    static WORLD: Cell<Option<&'static World>> = const { Cell::new(None) };
}

fn world() -> &'static World {
    WORLD.get().expect("a target runs")
}

struct Task;

impl Future for Task {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let world = world();
        world.polls.set(world.polls.get() + 1);
        let mut model = world.model.get();
        assert!(model.phase == Phase::Idle && !model.aborted, "polled at the wrong time: {:?}", model.phase);
        model.phase = Phase::Running;
        world.model.set(model);
        if world.wakers.borrow().len() < 16 {
            world.wakers.borrow_mut().push((world.name.get(), cx.waker().clone()));
        }
        world.acts();
        match world.byte() % 8 {
            0 => {
                world.end(End::Output);
                Poll::Ready(Output)
            }
            1 => {
                world.end(End::Panic);
                std::panic::resume_unwind(Box::new("as planned"))
            }
            _ => Poll::Pending,
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let world = world();
        world.futures.set(world.futures.get() + 1);
        let mut model = world.model.get();
        assert!(model.phase != Phase::Ending && model.phase != Phase::Done, "dropped twice");
        model.phase = Phase::Ending;
        world.model.set(model);
        world.acts();
    }
}

/// Counts its drops.
struct Output;

impl Drop for Output {
    fn drop(&mut self) {
        let world = world();
        world.outputs.set(world.outputs.get() + 1);
        world.acts();
    }
}

/// The waker of who waits for the task.
struct Joiner;

impl Wake for Joiner {
    fn wake(self: Arc<Self>) {
        let world = world();
        let mut model = world.model.get();
        assert!(model.phase == Phase::Ending && model.joiner_waits, "woken for nothing");
        // From here on the handle sees the end.
        (model.phase, model.joiner_waits) = (Phase::Done, false);
        world.model.set(model);
        world.acts();
    }
}

impl World {
    fn byte(&self) -> u8 {
        self.script.borrow_mut().pop_front().unwrap_or(0)
    }

    fn end(&self, end: End) {
        self.model.set(Model { end, ..self.model.get() });
        self.expected_outputs.set(self.expected_outputs.get() + usize::from(end == End::Output));
    }

    /// Some of what may be done at any place.
    fn acts(&self) {
        if self.depth.get() < 3 {
            self.depth.set(self.depth.get() + 1);
            for _ in 0..self.byte() % 4 {
                let act = self.byte();
                self.act(act);
            }
            self.depth.set(self.depth.get() - 1);
        }
    }

    fn woken(&self) {
        let mut model = self.model.get();
        match model.phase {
            Phase::Idle => model.queued = true,
            Phase::Running => model.again = true,
            Phase::Ending | Phase::Done => {}
        }
        self.model.set(model);
    }

    fn act(&self, act: u8) {
        let which = usize::from(act >> 3);
        let (wakers, aborts) = (self.wakers.borrow().len(), self.abort.borrow().len());
        match act % 8 {
            0 | 1 => {
                let waker = which.checked_rem(wakers).map(|at| self.wakers.borrow()[at].clone());
                if let Some((name, waker)) = waker {
                    // A slot's waker wakes whoever is in it now.
                    if name == self.name.get() || self.line.has_slots() {
                        self.woken();
                    }
                    if !(planted() && self.model.get().phase == Phase::Running) {
                        waker.wake_by_ref();
                    }
                }
            }
            2 => {
                let gone = which.checked_rem(wakers).map(|at| self.wakers.borrow_mut().swap_remove(at));
                drop(gone);
            }
            3 => {
                let at = which.checked_rem(aborts);
                if let Some((name, handle)) = at.map(|at| self.abort.borrow()[at].clone()) {
                    let mut model = self.model.get();
                    if name == self.name.get() && matches!(model.phase, Phase::Idle | Phase::Running) {
                        model.aborted = true;
                        self.model.set(model);
                        self.woken();
                    }
                    handle.abort();
                }
            }
            4 | 5 => {
                let handle = self.handle.borrow_mut().take();
                if let Some(mut handle) = handle {
                    let waker = Waker::from(Arc::new(Joiner));
                    match Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
                        Poll::Pending => {
                            let mut model = self.model.get();
                            assert!(model.phase != Phase::Done, "over, and its handle waits");
                            model.joiner_waits = true;
                            self.model.set(model);
                            *self.handle.borrow_mut() = Some(handle);
                        }
                        Poll::Ready(output) => {
                            let model = self.model.get();
                            assert!(model.phase == Phase::Done && !model.joiner_waits, "ready before its end");
                            let end = match &output {
                                Ok(_) => End::Output,
                                Err(error) if error.is_cancelled() => End::Cancelled,
                                Err(_) => End::Panic,
                            };
                            assert_eq!(end, model.end);
                            drop(handle);
                            drop(output);
                        }
                    }
                }
            }
            6 => {
                let handle = self.handle.borrow_mut().take();
                if let Some(handle) = handle {
                    self.model.set(Model { joiner_waits: false, ..self.model.get() });
                    // Polled before or not, it may drop an output, whose destructor acts.
                    drop(handle);
                }
            }
            _ => {
                let abort = self.handle.borrow().as_ref().map(JoinHandle::abort_handle);
                if let Some(abort) = abort.filter(|_| self.abort.borrow().len() < 4) {
                    self.abort.borrow_mut().push((self.name.get(), abort));
                }
            }
        }
    }

    fn spawn(&self) {
        self.name.set(self.name.get() + 1);
        self.model.set(Model { phase: Phase::Idle, queued: true, ..Model::OVER });
        let handle = try_spawn_local_at(&self.line, Task).ok().expect("there is room");
        *self.last.borrow_mut() = Some(handle.abort_handle());
        *self.handle.borrow_mut() = Some(handle);
    }

    /// Runs the task, if it is ready.
    fn run(&self) {
        let model = self.model.get();
        let polls = self.polls.get();
        let Some(task) = self.line.pop() else {
            return assert!(!model.queued, "a wake was lost");
        };
        self.model.set(Model { queued: false, ..model });
        let polled = task.run();
        assert!(model.queued, "queued by nobody");
        assert_eq!((polled, self.polls.get() - polls), (!model.aborted, usize::from(!model.aborted)));
        let mut after = self.model.get();
        after.phase = match after.phase {
            Phase::Ending => {
                assert!(!after.joiner_waits, "over, and the joiner was not woken");
                Phase::Done
            }
            Phase::Done => Phase::Done,
            _ => {
                assert!(!after.aborted, "aborted, and still there");
                after.queued = std::mem::take(&mut after.again);
                Phase::Idle
            }
        };
        self.model.set(after);
    }

    fn check(&self) {
        let over = self.model.get().phase == Phase::Done;
        assert_eq!(self.futures.get(), self.name.get() - usize::from(!over), "a future is dropped once, at its end");
        if let Some(handle) = &*self.handle.borrow() {
            assert_eq!(handle.is_finished(), over);
        }
    }

    /// Aborts what is left; then everything has been dropped once.
    fn finish(&self) {
        if let Some(last) = self.last.take() {
            last.abort();
            let model = self.model.get();
            if model.phase == Phase::Idle {
                self.model.set(Model { aborted: true, queued: true, ..model });
            }
        }
        self.run();
        self.check();
        assert_eq!(self.model.get().phase, Phase::Done);
        drop(self.handle.take());
        self.wakers.take().into_iter().for_each(|(_, waker)| waker.wake());
        drop(self.abort.take());
        assert!(self.line.pop().is_none(), "a stale waker has queued something");
        assert_eq!(self.outputs.get(), self.expected_outputs.get(), "an output is dropped once");
        if !self.line.has_slots() {
            assert_eq!(self.line.released(), self.name.get(), "memory is given back once");
        }
    }
}

/// The target.
pub fn run(bytes: &[u8]) {
    let mut script: VecDeque<u8> = bytes.iter().copied().collect();
    let slots = script.pop_front().unwrap_or(0) % 2 == 0;
    let place = Box::into_raw(Box::new(World {
        script: RefCell::new(script),
        line: Line::new(slots.then(one_slot)),
        model: Cell::new(Model::OVER),
        name: Cell::new(0),
        wakers: RefCell::default(),
        handle: RefCell::default(),
        abort: RefCell::default(),
        last: RefCell::default(),
        polls: Cell::new(0),
        futures: Cell::new(0),
        outputs: Cell::new(0),
        expected_outputs: Cell::new(0),
        depth: Cell::new(0),
    }));
    // SAFETY: leaked, and freed below, where nothing of it is left; a finding leaves it for ever.
    let world: &'static World = unsafe { &*place };
    WORLD.set(Some(world));
    world.spawn();
    while !world.script.borrow().is_empty() {
        match world.byte() {
            act if act % 4 < 2 => world.run(),
            act if act % 4 == 2 => world.act(act >> 2),
            _ => {
                if world.model.get().phase == Phase::Done && world.handle.borrow().is_none() {
                    world.spawn();
                }
            }
        }
        world.check();
    }
    world.finish();
    WORLD.set(None);
    // SAFETY: it came from a box; every task is gone, and nobody finds it in the cell.
    drop(unsafe { Box::from_raw(place) });
}

/// A slot of this thread, for ever.
fn one_slot() -> &'static dyn Slots {
    thread_local! {
        static SLOT: Cell<Option<&'static Arena<1, 64>>> = const { Cell::new(None) };
    }
    let fresh = || -> &'static Arena<1, 64> { Box::leak(Box::new(Arena::new())) };
    // One that a finding has left full is left alone.
    let slot = SLOT.get().filter(|slot| slot.in_use() == 0).unwrap_or_else(fresh);
    SLOT.set(Some(slot));
    slot
}
