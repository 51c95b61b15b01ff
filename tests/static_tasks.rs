//! Functions with a pool of their own (`#[zokio::task]`), and generic tasks of a library in an arena it is handed.
#![cfg(all(feature = "std", feature = "macros"))]

use std::cell::Cell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zokio::executor::{Config, Executor};
use zokio::task::{Arena, JoinHandle, SpawnError, yield_now};
use zokio_core::park::{Park, Unpark};
use zokio_core::task::Spawn;
use zokio_core::time::Instant;

/// Nobody else wakes the executors of these tests.
#[derive(Clone)]
struct Alone;

impl Unpark for Alone {
    const NEEDED: bool = false;
    fn unpark(&self) {}
}

/// These executors always have something to do, or are done.
struct NeverPark;

impl Park for NeverPark {
    type Unpark = Alone;
    fn unpark(&self) -> Alone {
        Alone
    }
    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert!(!is_idle(), "nobody would wake this executor");
    }
    fn poll(&mut self) {}
}

/// Ends `Executor::run`, which gives the spawner and does not return.
struct EndOfTest;

/// Runs `body` on an executor without a pool of its own, as a program of a chip does.
fn on_static(executor: &'static Executor<Alone>, start: impl FnOnce(zokio::executor::Spawner) + 'static, polls: usize) {
    struct Count(usize);
    impl Park for Count {
        type Unpark = Alone;
        fn unpark(&self) -> Alone {
            Alone
        }
        fn park(&mut self, _: Option<Instant>, _: impl FnOnce() -> bool) {
            self.poll();
        }
        fn poll(&mut self) {
            self.0 -= 1;
            if self.0 == 0 {
                std::panic::resume_unwind(Box::new(EndOfTest));
            }
        }
    }
    let ended = catch_unwind(AssertUnwindSafe(|| executor.run(Count(polls), start)));
    assert!(ended.unwrap_err().is::<EndOfTest>());
}

/// Drops are counted.
struct Argument(Arc<AtomicUsize>);

impl Drop for Argument {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

const WORKERS: usize = 2;

/// With documentation, an argument that changes, and an output.
#[zokio::task(pool_size = WORKERS)]
async fn worker(mut turns: usize, argument: Argument) -> usize {
    let before = turns;
    while turns > 0 {
        yield_now().await;
        turns -= 1;
    }
    drop(argument);
    before
}

#[zokio::task(pool_size = 0x1)]
async fn for_ever() -> ! {
    loop {
        pending::<()>().await;
    }
}

#[zokio::task]
async fn helper(argument: Argument) {
    yield_now().await;
    drop(argument);
}

#[zokio::task]
async fn local(seen: Rc<Cell<u32>>, pair: (u32, Vec<Option<u32>>)) {
    yield_now().await;
    seen.set(pair.0 + pair.1.len() as u32);
}

/// The arrow closes nothing, and the comma behind it separates no arguments.
#[zokio::task]
async fn apply(both: Result<fn(u8) -> u8, u8>, to: u8) -> u8 {
    yield_now().await;
    both.map_or(0, |function| function(to))
}

/// The type comes in a group without delimiters.
macro_rules! endless {
    ($name:ident -> $output:ty) => {
        #[zokio::task]
        async fn $name() -> $output {
            loop {
                pending::<()>().await;
            }
        }
    };
}
endless!(out_of_a_macro -> !);

#[test]
fn a_task_out_of_a_macro_may_never_end() {
    static EXECUTOR: Executor<Alone> = Executor::new(Alone, Config::new());
    EXECUTOR.block_on(&mut NeverPark, async {
        let endless = out_of_a_macro().spawn();
        endless.abort();
        assert!(endless.await.is_err());
    });
}

#[test]
fn a_type_of_an_argument_may_have_an_arrow() {
    static EXECUTOR: Executor<Alone> = Executor::new(Alone, Config::new());
    let eight = EXECUTOR.block_on(&mut NeverPark, async { apply(Ok(|n| n + 1), 7).spawn().await });
    assert_eq!(eight.unwrap(), 8);
}

#[test]
fn failure_071_a_full_pool_says_its_name_and_size_and_drops_arguments_once() {
    static EXECUTOR: Executor<Alone> = Executor::new(Alone, Config::new());
    let drops = Arc::new(AtomicUsize::new(0));
    let argument = || Argument(drops.clone());
    EXECUTOR.block_on(&mut NeverPark, async {
        let first = worker(3, argument()).spawn();
        let second = worker(4, argument()).spawn();
        let error = worker(5, argument()).try_spawn().unwrap_err();
        assert_eq!(error.to_string(), "all 2 slots of task pool `worker` are taken");
        assert!(matches!(error, SpawnError::Full { pool: "worker", slots: WORKERS, .. }));
        assert_eq!(drops.load(Ordering::Relaxed), 0, "the arguments are in the error");
        drop(error.into_future());
        assert_eq!(drops.load(Ordering::Relaxed), 1, "which gives them back");
        drop(worker(6, argument()));
        assert_eq!(drops.load(Ordering::Relaxed), 2, "a token that is not spawned");
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (3, 4));
        assert_eq!(drops.load(Ordering::Relaxed), 4);
        // The slots are free again.
        for turns in 0..10 {
            assert_eq!(worker(turns, argument()).spawn().await.unwrap(), turns);
        }
        let endless = for_ever().spawn();
        assert!(for_ever().try_spawn().is_err(), "one slot unless told otherwise");
        endless.abort();
        assert!(endless.await.is_err());
    });
    assert!(for_ever().try_spawn().unwrap_err().to_string().contains("no executor"), "outside of an executor");
}

#[test]
fn a_spawner_takes_tasks_of_functions_as_it_takes_futures() {
    static EXECUTOR: Executor<Alone> = Executor::new(Alone, Config::new());
    let seen = Rc::new(Cell::new(0));
    let (in_run, drops) = (seen.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = drops.clone();
    on_static(
        &EXECUTOR,
        move |spawner| {
            // It need not be `Send` here.
            spawner.spawn(local(in_run, (40, vec![None, Some(1)]))).detach();
            let refused = spawner.try_spawn(async {}).unwrap_err();
            assert!(matches!(refused, SpawnError::NoPool(_)), "a plain future has no pool of its own");
            spawner.to_send().spawn(helper(Argument(counted))).detach();
        },
        20,
    );
    assert_eq!((seen.get(), drops.load(Ordering::Relaxed)), (42, 1));
}

/// As a library would have it: generic over what it waits for, in an arena that it is handed.
mod library {
    use super::*;

    pub fn start<F, const SLOTS: usize>(
        arena: &'static Arena<SLOTS, 128>,
        place: &dyn Spawn,
        source: F,
    ) -> Result<JoinHandle<F::Output>, ()>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = async move {
            yield_now().await;
            source.await
        };
        arena.try_spawn_at(place, task).map_err(drop)
    }
}

/// A library spawns generic tasks of several types into one arena that its user made.
#[test]
fn row_302_a_library_spawns_generic_tasks_in_an_arena_it_is_handed() {
    static ARENA: Arena<2, 128> = Arena::new();
    static EXECUTOR: Executor<Alone> = Executor::new(Alone, Config::new());
    let sum = Arc::new(AtomicUsize::new(0));
    let in_run = sum.clone();
    on_static(
        &EXECUTOR,
        move |spawner| {
            let number = library::start(&ARENA, &spawner, async { 5_usize }).unwrap();
            let text = library::start(&ARENA, &spawner, std::future::ready("three")).unwrap();
            assert!(library::start(&ARENA, &spawner, async {}).is_err(), "both slots are taken");
            let joiner = async move {
                in_run.fetch_add(number.await.unwrap() + text.await.unwrap().len(), Ordering::Relaxed);
            };
            static JOINER: Arena<1, 128> = Arena::new();
            spawner.try_spawn_in(&JOINER, joiner).unwrap().detach();
        },
        20,
    );
    assert_eq!((sum.load(Ordering::Relaxed), ARENA.in_use(), ARENA.high_water()), (10, 0, 2));
}

// Mutant: core/src/task/heap.rs ::     spawn(future) => { _ = spawn; Err(SpawnError::NoExecutor(future)) }
#[test]
fn on_a_runtime_of_threads_they_are_tasks_as_any_other() {
    let drops = Arc::new(AtomicUsize::new(0));
    let argument = || Argument(drops.clone());
    for mut builder in [zokio::runtime::Builder::new_multi_thread(), zokio::runtime::Builder::new_current_thread()] {
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            // The pool, of two, is no limit here.
            let tasks: Vec<_> = (0..5).map(|turns| worker(turns, argument()).spawn()).collect();
            for (turns, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), turns);
            }
            let endless = for_ever().try_spawn().unwrap();
            endless.abort();
            assert!(endless.await.unwrap_err().is_cancelled());
            helper(argument()).spawn().await.unwrap();
        });
        drop(helper(argument()));
    }
    assert_eq!(drops.load(Ordering::Relaxed), 2 * 7);
}
