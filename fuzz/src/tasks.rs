//! Tasks and their run queue against a queue of names: spawned, woken, aborted, polled, joined and dropped in any order.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use zokio_core::park::{Park, Unpark};
use zokio_core::task::{JoinHandle, try_spawn_at};
use zokio_core::time::Instant;
use zokio_executor_local::{Config, SharedExecutor};

use crate::{Input, planted};

#[derive(Clone)]
struct Nobody;

impl Unpark for Nobody {
    fn unpark(&self) {}
}

/// Never waits: steps are made by hand.
struct Never;

impl Park for Never {
    type Unpark = Nobody;
    fn unpark(&self) -> Nobody {
        Nobody
    }
    fn park(&mut self, _: Option<Instant>, _: impl FnOnce() -> bool) {}
    fn poll(&mut self) {}
}

/// What task and test share.
#[derive(Default)]
struct Shared {
    waker: Option<Waker>,
    finish: bool,
    polls: usize,
    dropped: usize,
    outputs: usize,
}

type Seat = Arc<Mutex<Shared>>;

fn with<R>(seat: &Seat, f: impl FnOnce(&mut Shared) -> R) -> R {
    f(&mut seat.lock().expect("seat"))
}

struct Task(Seat, usize);

/// Counts its drops.
struct Output(Seat, usize);

impl Drop for Output {
    fn drop(&mut self) {
        with(&self.0, |shared| shared.outputs += 1);
    }
}

impl Future for Task {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let waker = cx.waker().clone();
        let (before, finish) = with(&self.0, |shared| {
            shared.polls += 1;
            (shared.waker.replace(waker), shared.finish)
        });
        drop(before);
        if finish { Poll::Ready(Output(self.0.clone(), self.1)) } else { Poll::Pending }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        with(&self.0, |shared| shared.dropped += 1);
    }
}

/// A task as the model knows it.
struct Known {
    seat: Seat,
    handle: Option<JoinHandle<Output>>,
    queued: bool,
    polls: usize,
    aborted: bool,
    done: bool,
    finished: bool,
}

impl Known {
    fn check(&self) {
        let (polls, dropped) = with(&self.seat, |shared| (shared.polls, shared.dropped));
        assert_eq!((polls, dropped), (self.polls, usize::from(self.done)));
        if let Some(handle) = &self.handle {
            assert_eq!(handle.is_finished(), self.done);
        }
    }
}

/// The target.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut executor = SharedExecutor::new(Never, Config::new());
    let spawner = executor.spawner();
    let mut stepper = executor.step(None);
    let mut tasks: Vec<Known> = Vec::new();
    let mut queue: VecDeque<usize> = VecDeque::new();
    let mut wakers: Vec<(usize, Waker)> = Vec::new();
    while let Some(operation) = input.operation() {
        let which = usize::from(operation >> 4);
        if operation % 16 < 3 {
            if tasks.len() < 24 {
                let seat = Seat::default();
                let handle = try_spawn_at(&spawner, Task(seat.clone(), tasks.len())).ok().expect("it is open");
                queue.push_back(tasks.len());
                tasks.push(Known {
                    seat,
                    handle: Some(handle),
                    queued: true,
                    polls: 0,
                    aborted: false,
                    done: false,
                    finished: false,
                });
            }
        } else if operation % 16 < 7 {
            let made = stepper.run_once();
            let mut expected = 0;
            while let Some(name) = queue.pop_front() {
                let task = &mut tasks[name];
                task.queued = false;
                if task.aborted {
                    task.done = true;
                    continue;
                }
                expected = 1;
                task.polls += 1;
                task.done = with(&task.seat, |shared| shared.finish);
                task.finished = task.done;
                break;
            }
            assert_eq!(made, expected);
            if let Some(name) = tasks.iter().position(|task| with(&task.seat, |shared| shared.polls) != task.polls) {
                panic!("task {name} was polled in the place of another");
            }
        } else if !tasks.is_empty() {
            let at = which % tasks.len();
            let task = &mut tasks[at];
            match operation % 16 {
                7 | 8 => {
                    let waker = with(&task.seat, |shared| shared.waker.clone());
                    if let Some(waker) = waker {
                        if !(planted() && task.polls == 2) {
                            waker.wake_by_ref();
                        }
                        if wakers.len() < 32 {
                            wakers.push((at, waker));
                        }
                        if !task.done && !task.queued {
                            task.queued = true;
                            queue.push_back(at);
                        }
                    }
                }
                9 => {
                    if !wakers.is_empty() {
                        let (at, waker) = wakers.swap_remove(which % wakers.len());
                        waker.wake();
                        let task = &mut tasks[at];
                        if !task.done && !task.queued {
                            task.queued = true;
                            queue.push_back(at);
                        }
                    }
                }
                10 => drop((!wakers.is_empty()).then(|| wakers.swap_remove(which % wakers.len()))),
                11 => with(&task.seat, |shared| shared.finish = true),
                12 => {
                    if let Some(handle) = &task.handle {
                        handle.abort();
                        if !task.done {
                            task.aborted = true;
                            if !task.queued {
                                task.queued = true;
                                queue.push_back(at);
                            }
                        }
                    }
                }
                13 => {
                    if let Some(mut handle) = task.handle.take() {
                        match Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())) {
                            Poll::Pending => {
                                assert!(!task.done, "complete, and its handle waits");
                                task.handle = Some(handle);
                            }
                            Poll::Ready(Ok(output)) => assert!(task.finished && output.1 == at),
                            Poll::Ready(Err(error)) => assert!(task.done && !task.finished && error.is_cancelled()),
                        }
                    }
                }
                14 => drop(task.handle.take()),
                _ => {
                    if let Some(handle) = task.handle.take() {
                        handle.detach();
                    }
                }
            }
        }
        tasks.iter().for_each(Known::check);
    }
    drop(stepper);
    drop(executor);
    // Stale by now.
    wakers.into_iter().for_each(|(_, waker)| waker.wake());
    for task in tasks {
        drop(task.handle);
        let (dropped, outputs) = with(&task.seat, |shared| (shared.dropped, shared.outputs));
        assert_eq!(dropped, 1, "a future is dropped once");
        assert_eq!(outputs, usize::from(task.finished), "an output is dropped once");
        let waker = with(&task.seat, |shared| shared.waker.take());
        drop(waker);
    }
}
