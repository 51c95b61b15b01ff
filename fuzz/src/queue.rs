//! The run queue and the stack of tasks against two ordinary queues: pushed, taken, taken all at once, moved from one to the
//! other and closed in any order.

use std::collections::VecDeque;

use zokio_core::run_queue::RunQueue;
use zokio_core::stack::TakeAll;
use zokio_core::task::{Notified, TaskPtr, try_spawn_at};

use crate::line::Line;
use crate::{Input, planted};

/// How many tasks there are.
const TASKS: usize = 12;

/// A right to queue a task, kept as a pointer: a finding must not drop a right, which is a panic of its own.
fn keep(task: Notified<Line>) -> TaskPtr {
    task.into_ptr()
}

fn right(task: TaskPtr) -> Notified<Line> {
    // SAFETY: made by `keep`, and used once: it is in one place at a time.
    unsafe { Notified::from_ptr(task) }
}

/// The target.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let line = Line::new(None);
    let mut hand: Vec<TaskPtr> = Vec::new();
    for _ in 0..TASKS {
        try_spawn_at(&line, std::future::pending::<()>()).expect("it takes all").detach();
        hand.push(keep(line.pop().expect("it was launched")));
    }
    let (queue, stack) = (RunQueue::<Line>::new(), TakeAll::<Line>::new());
    let (mut queued, mut stacked) = (VecDeque::new(), Vec::new());
    let mut closed = false;
    while let Some(operation) = input.operation() {
        let which = usize::from(operation >> 3);
        match operation % 8 {
            0..3 if !hand.is_empty() => {
                let task = hand.swap_remove(which % hand.len());
                queued.push_back(task);
                queue.push(right(task), &line);
            }
            3 | 4 => {
                if planted() && queued.len() == 3 {
                    queued.rotate_left(1);
                }
                let task = line.take(&queue).map(keep);
                assert_eq!(task, queued.pop_front(), "out of order, or lost");
                hand.extend(task);
            }
            5 if !hand.is_empty() => {
                let task = hand.swap_remove(which % hand.len());
                match stack.push(right(task)).map_err(keep) {
                    Ok(first) => {
                        assert!(!closed && first == stacked.is_empty(), "who is first says so");
                        stacked.push(task);
                    }
                    Err(back) => {
                        assert!(closed && back == task, "refused while it is open");
                        hand.push(task);
                    }
                }
            }
            // To the queue, or back to the hand, in the order of the pushes.
            6 => {
                let taken: Vec<TaskPtr> = stack.take_all().map(keep).collect();
                assert_eq!(taken, std::mem::take(&mut stacked), "out of order, or not all");
                for task in taken {
                    if which % 2 == 0 {
                        queued.push_back(task);
                        queue.push(right(task), &line);
                    } else {
                        hand.push(task);
                    }
                }
            }
            7 if operation == 255 => {
                let taken: Vec<TaskPtr> = stack.close().map(keep).collect();
                assert_eq!(taken, std::mem::take(&mut stacked), "out of order, or not all");
                hand.extend(taken);
                closed = true;
            }
            _ => {}
        }
        // SAFETY: *one consumer*: this thread.
        assert_eq!(unsafe { queue.is_empty(&line) }, queued.is_empty());
        assert_eq!((stack.is_empty(), stack.is_closed()), (stacked.is_empty(), closed));
        assert_eq!(hand.len() + queued.len() + stacked.len(), TASKS);
    }
    hand.extend(std::iter::from_fn(|| line.take(&queue).map(keep)));
    hand.extend(stack.close().map(keep));
    assert_eq!(hand.len(), TASKS, "lost at the end");
    hand.into_iter().for_each(|task| right(task).cancel());
    assert_eq!(line.released(), TASKS);
}
