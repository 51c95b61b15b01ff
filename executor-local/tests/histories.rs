//! Tasks in static slots that do to each other, at random, whatever safe code can: in their polls, in their destructors and in those
//! of their outputs. What is checked is what was promised: who was woken is polled, who was aborted is dropped, who waits for an
//! end hears of it; and everything is dropped once, by its own end or an abort of its own.
#![cfg(not(any(loom, shuttle)))]

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use zokio_core::park::{Park, Unpark};
use zokio_core::task::{AbortHandle, Arena, FixedJoinSet, JoinHandle};
use zokio_core::time::Instant;
use zokio_executor_local::{Config, Executor, Spawner};

const SLOTS: usize = 6;
const TASKS: usize = 40;
const SEEDS: u64 = if cfg!(miri) { 3 } else { 4_000 };

#[derive(Clone)]
struct Nobody<const NEEDED: bool>;
impl<const NEEDED: bool> Unpark for Nobody<NEEDED> {
    const NEEDED: bool = NEEDED;
    fn unpark(&self) {}
}

struct Never<const NEEDED: bool>;
impl<const NEEDED: bool> Park for Never<NEEDED> {
    type Unpark = Nobody<NEEDED>;
    fn unpark(&self) -> Nobody<NEEDED> {
        Nobody
    }
    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert!(!is_idle(), "a step waits for nobody");
    }
    fn poll(&mut self) {}
}

/// A value for the rest of the program, where Miri sees that it is not lost.
fn forever<T: Sync + 'static>(value: T) -> &'static T {
    static KEPT: Mutex<Vec<&'static (dyn Any + Sync)>> = Mutex::new(Vec::new());
    let value: &'static T = Box::leak(Box::new(value));
    KEPT.lock().unwrap().push(value);
    value
}

/// What is known of a task.
#[derive(Default)]
struct Known {
    waker: Option<Waker>,
    abort: Option<AbortHandle>,
    handle: Option<JoinHandle<Output>>,
    /// The last poll of its handle was pending, by this task.
    joiner: Option<usize>,
    lone: bool,
    finish: bool,
    finished: bool,
    aborted: bool,
    /// It was woken since its last poll began.
    owed: bool,
    polled_at: usize,
    gone_at: usize,
    outputs: usize,
    in_set: bool,
}

#[derive(Default)]
struct World {
    random: u64,
    now: usize,
    fuel: usize,
    tasks: Vec<Known>,
    stale: Vec<(usize, Waker)>,
    set: Option<FixedJoinSet<Output, 3>>,
    set_joiner: Option<usize>,
    spawner: Option<(Spawner, &'static Arena<SLOTS, 64>)>,
    depth: usize,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

fn world<R>(f: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with(|world| f(&mut world.borrow_mut()))
}

fn below(bound: usize) -> usize {
    world(|world| {
        world.random = world.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((world.random >> 33) as usize) % bound.max(1)
    })
}

struct Task(usize);
struct Output(usize);

impl Drop for Output {
    fn drop(&mut self) {
        world(|world| world.tasks[self.0].outputs += 1);
        act(None, 2);
    }
}

impl Future for Task {
    type Output = Output;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let name = self.0;
        let old = world(|world| {
            world.now += 1;
            let task = &mut world.tasks[name];
            assert_eq!(task.gone_at, 0, "polled after its end");
            task.owed = false;
            task.polled_at = world.now;
            task.waker.replace(cx.waker().clone())
        });
        drop(old);
        act(Some((name, cx.waker())), 3);
        let finishes = world(|world| {
            let task = &mut world.tasks[name];
            task.finished = task.finish;
            task.finish
        });
        if finishes { Poll::Ready(Output(name)) } else { Poll::Pending }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let refused = world(|world| {
            world.now += 1;
            let now = world.now;
            let Some(task) = world.tasks.get_mut(self.0) else { return true };
            assert_eq!(task.gone_at, 0, "dropped twice");
            assert!(task.finished || task.aborted, "dropped for no reason: {}", self.0);
            task.gone_at = now;
            false
        });
        if !refused {
            act(None, 2);
        }
    }
}

/// A task without an output.
struct Alone(Task);
impl Future for Alone {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

fn spawn() {
    let (name, place) = world(|world| (world.tasks.len(), world.spawner));
    let Some((spawner, arena)) = place else { return };
    if name == TASKS {
        return;
    }
    let mut known = Known { owed: true, ..Known::default() };
    match below(4) {
        0 => match arena.try_spawn_detached_at(&spawner, Alone(Task(name))) {
            Ok(abort) => known.abort = Some(abort),
            Err(refused) => return drop(refused),
        },
        1 => match arena.try_spawn_unabortable_at(&spawner, Alone(Task(name))) {
            Ok(()) => known.lone = true,
            Err(refused) => return drop(refused),
        },
        way => {
            let spawned = match way {
                2 => arena.try_spawn_local_at(&spawner, Task(name)),
                _ => arena.try_spawn_at(&spawner.to_send(), Task(name)),
            };
            match spawned {
                Ok(handle) => {
                    known.abort = Some(handle.abort_handle());
                    known.handle = Some(handle);
                }
                Err(refused) => return drop(refused),
            }
        }
    }
    world(|world| world.tasks.push(known));
}

struct Foreign;
impl Wake for Foreign {
    fn wake(self: Arc<Self>) {}
}

fn woken(name: usize) {
    world(|world| {
        let task = &mut world.tasks[name];
        task.owed |= task.gone_at == 0;
    });
}

/// Something with one of the tasks, or with all of them.
fn act(who: Option<(usize, &Waker)>, most: usize) {
    let deep = world(|world| {
        world.depth += 1;
        world.depth > 6
    });
    for _ in 0..if deep { 0 } else { below(most + 1) } {
        let fuel = world(|world| world.fuel.checked_sub(1));
        let Some(fuel) = fuel else { break };
        world(|world| world.fuel = fuel);
        act_once(who);
    }
    world(|world| world.depth -= 1);
}

fn act_once(who: Option<(usize, &Waker)>) {
    let tasks = world(|world| world.tasks.len());
    let what = below(16);
    if tasks == 0 || what < 2 {
        return spawn();
    }
    let at = below(tasks);
    // The tasks of today more often than the first ones.
    let at = if below(3) > 0 { tasks - 1 - at.min(SLOTS).min(tasks - 1) } else { at };
    match what {
        2 | 3 => {
            let waker = world(|world| world.tasks[at].waker.clone());
            if let Some(waker) = waker {
                woken(at);
                waker.wake_by_ref();
                world(|world| world.stale.push((at, waker)));
            }
        }
        4 => {
            let stale = world(|world| world.stale.len());
            if stale > 0 {
                let which = below(stale);
                let (at, waker) = world(|world| world.stale.swap_remove(which));
                woken(at);
                waker.wake();
            }
        }
        5 | 6 => world(|world| world.tasks[at].finish = true),
        7 => {
            if let Some(abort) = world(|world| world.tasks[at].abort.take()) {
                world(|world| world.tasks[at].aborted = true);
                abort.abort();
                world(|world| world.tasks[at].abort = Some(abort));
            }
        }
        8 => {
            if let Some(handle) = world(|world| world.tasks[at].handle.take()) {
                world(|world| world.tasks[at].aborted = true);
                handle.abort();
                world(|world| world.tasks[at].handle = Some(handle));
            }
        }
        9 => drop(world(|world| world.tasks[at].handle.take())),
        10..=12 => {
            let Some(mut handle) = world(|world| world.tasks[at].handle.take()) else { return };
            let foreign = Waker::from(Arc::new(Foreign));
            let (joiner, waker) = match who {
                Some((name, waker)) => (Some(name), waker),
                None => (None, &foreign),
            };
            match Pin::new(&mut handle).poll(&mut Context::from_waker(waker)) {
                Poll::Pending => world(|world| {
                    let task = &mut world.tasks[at];
                    task.joiner = joiner;
                    task.handle = Some(handle);
                }),
                Poll::Ready(output) => joined(Some(at), output),
            }
        }
        13 => {
            let Some(mut set) = world(|world| world.set.take()) else { return };
            if let Some(handle) = world(|world| world.tasks[at].handle.take()) {
                match set.insert(handle) {
                    Ok(_) => world(|world| world.tasks[at].in_set = true),
                    Err(handle) => world(|world| world.tasks[at].handle = Some(handle)),
                }
            }
            world(|world| world.set = Some(set));
        }
        14 => {
            let Some(mut set) = world(|world| world.set.take()) else { return };
            let foreign = Waker::from(Arc::new(Foreign));
            let (joiner, waker) = match who {
                Some((name, waker)) => (Some(name), waker),
                None => (None, &foreign),
            };
            let polled = set.poll_join_next(&mut Context::from_waker(waker));
            world(|world| world.set = Some(set));
            match polled {
                Poll::Pending => world(|world| world.set_joiner = joiner),
                Poll::Ready(None) => world(|world| world.set_joiner = None),
                Poll::Ready(Some(output)) => {
                    // It asks again.
                    world(|world| world.set_joiner = None);
                    joined(None, output);
                }
            }
        }
        _ => {
            if below(8) == 0 {
                let Some(set) = world(|world| world.set.take()) else { return };
                world(|world| {
                    world.set_joiner = None;
                    for task in &mut world.tasks {
                        task.aborted |= mem::take(&mut task.in_set);
                    }
                });
                drop(set);
                world(|world| world.set = Some(FixedJoinSet::new()));
            } else if let Some(abort) = world(|world| world.tasks[at].abort.take()) {
                let gone = world(|world| world.tasks[at].gone_at > 0);
                if abort.is_finished() {
                    assert!(gone, "finished, and its future lives");
                }
                world(|world| world.tasks[at].abort = Some(abort));
            }
        }
    }
}

fn joined(name: Option<usize>, output: Result<Output, zokio_core::task::JoinError>) {
    match output {
        Ok(output) => world(|world| {
            assert!(name.is_none_or(|name| name == output.0), "the output of another");
            let task = &mut world.tasks[output.0];
            assert!(task.finished && task.gone_at > 0);
            task.in_set = false;
            // Dropped by whoever called.
            Some(output)
        }),
        Err(error) => world(|world| {
            assert!(error.is_cancelled());
            if let Some(name) = name {
                assert!(world.tasks[name].aborted && !world.tasks[name].finished);
            }
            None
        }),
    };
}

/// What must be so when nothing is left to do.
fn check(what: &str) {
    world(|world| {
        let done = |joiner: Option<usize>, since: usize, tasks: &[Known]| {
            joiner.is_none_or(|joiner| tasks[joiner].gone_at > 0 || tasks[joiner].polled_at > since)
        };
        for (name, task) in world.tasks.iter().enumerate() {
            if task.gone_at == 0 {
                assert!(!task.owed, "{what}: {name} was woken and not polled");
                assert!(!task.aborted, "{what}: {name} was aborted and lives");
                assert!(task.outputs == 0);
                if let Some(handle) = &task.handle {
                    assert!(!handle.is_finished(), "{what}: {name}");
                }
            } else if let Some(handle) = &task.handle {
                assert!(handle.is_finished(), "{what}: {name} is gone and its handle does not say so");
                assert!(done(task.joiner, task.gone_at, &world.tasks), "{what}: who waits for {name} was not woken");
            } else if task.in_set {
                assert!(done(world.set_joiner, task.gone_at, &world.tasks), "{what}: the set was not told of {name}");
            }
        }
    });
}

fn history<const NEEDED: bool>(seed: u64) {
    let arena: &'static Arena<SLOTS, 64> = forever(Arena::new());
    let executor: &'static Executor<Nobody<NEEDED>> = forever(Executor::new(Nobody, Config::new()));
    let mut stepper = executor.step(Never);
    world(|world| {
        *world = World {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            fuel: 400,
            spawner: Some((stepper.spawner(), arena)),
            set: Some(FixedJoinSet::new()),
            ..World::default()
        }
    });
    for round in 0..60 {
        act(None, 3);
        if below(2) == 0 {
            stepper.run_once();
        } else if below(4) == 0 {
            stepper.run_until_idle();
            check(&format!("seed {seed}, round {round}"));
        }
    }
    // The end: all are told to finish, and woken.
    world(|world| world.fuel = 0);
    stepper.run_until_idle();
    check(&format!("seed {seed}, end"));
    for name in 0..world(|world| world.tasks.len()) {
        let (waker, handle, set) = world(|world| {
            let set = world.set.take();
            let task = &mut world.tasks[name];
            task.finish = true;
            task.owed |= task.gone_at == 0;
            (task.waker.take(), task.handle.take(), set)
        });
        drop(set);
        drop(handle);
        waker.into_iter().for_each(Waker::wake);
    }
    world(|world| {
        for task in &mut world.tasks {
            task.aborted |= mem::take(&mut task.in_set);
        }
        world.set_joiner = None;
    });
    stepper.run_until_idle();
    check(&format!("seed {seed}, all"));
    world(|world| {
        for (name, task) in world.tasks.iter().enumerate() {
            assert!(task.gone_at > 0, "seed {seed}: {name} is left");
            assert_eq!(task.outputs, usize::from(task.finished), "seed {seed}: outputs of {name}");
        }
    });
    assert_eq!(arena.in_use(), 0, "seed {seed}");
    let end = world(mem::take);
    drop(end);
}

// Mutant: core/src/task/state/mod.rs :: if !self.has(LIVE) || self.0 & ends != 0 { => if self.0 & ends != 0 {
#[test]
fn whatever_tasks_do_promises_are_kept_where_a_wake_is_a_push() {
    (0..SEEDS).for_each(history::<false>);
}

#[test]
fn whatever_tasks_do_promises_are_kept_where_the_executor_is_asked() {
    (0..SEEDS).for_each(history::<true>);
}
