//! Producers against the consumer.

use std::boxed::Box;
use std::vec::Vec;

use loom::thread;

use super::RunQueue;
use crate::future::yield_now;
use crate::task::Notified;
use crate::task::tests::util::{Home, Line};

/// Tasks in nobody's queue, and their places.
fn tasks<const N: usize>(line: &'static Line) -> ([Notified<Line>; N], Vec<usize>) {
    let tasks = core::array::from_fn(|_| {
        line.spawn(yield_now()).detach();
        line.pop().unwrap()
    });
    let places = tasks.iter().map(|task: &Notified<Line>| task.task().as_ptr().addr()).collect();
    (tasks, places)
}

fn queue() -> &'static RunQueue<Line> {
    Box::leak(Box::new(RunQueue::new()))
}

/// Takes what is there, and says where it came from.
fn take(queue: &RunQueue<Line>, line: &Line, taken: &mut Vec<usize>) {
    // SAFETY: *one consumer*: the main thread of the model.
    while let Some(task) = unsafe { queue.pop(line) } {
        taken.push(task.task().as_ptr().addr());
        task.cancel();
    }
}

/// Two producers: each one's tasks come in its order, and none is lost.
// Mutant: core/src/run_queue/lock_free.rs :: NonNull::new(reverse(taken.as_ptr(), end(owner))) => Some(taken)
#[test]
fn two_producers_race_the_consumer() {
    loom::model(|| {
        let (line, queue): (&Line, _) = (Line::new(Home::Boxed), queue());
        let ([a, b, c], places) = tasks::<3>(line);
        let mut taken = Vec::new();
        let first = thread::spawn(move || {
            queue.push(a, line);
            queue.push(b, line);
        });
        let second = thread::spawn(move || queue.push(c, line));
        take(queue, line, &mut taken);
        first.join().unwrap();
        second.join().unwrap();
        take(queue, line, &mut taken);
        // SAFETY: *one consumer*.
        assert!(unsafe { queue.is_empty(line) });
        let at = |place| taken.iter().position(|&taken| taken == places[place]).expect("a task was lost");
        assert!(at(0) < at(1), "out of order");
        at(2);
        assert_eq!(taken.len(), 3);
        assert_eq!(line.released(), 3);
    });
}

/// The queue is taken as a whole while a producer is at it.
// Mutant: core/src/run_queue/lock_free.rs :: link.as_ptr(), Ordering::Release, Ordering::Relaxed).map => link.as_ptr(), Ordering::Relaxed, Ordering::Relaxed).map
// Mutant: core/src/run_queue/lock_free.rs :: self.top.swap(end(owner), Ordering::Relaxed) => { let top = self.top.load(Ordering::Relaxed); self.top.store(end(owner), Ordering::Relaxed); top }
#[test]
fn the_last_task_is_taken_while_another_comes() {
    loom::model(|| {
        let (line, queue): (&Line, _) = (Line::new(Home::Boxed), queue());
        let ([a, b], places) = tasks::<2>(line);
        queue.push(a, line);
        let producer = thread::spawn(move || queue.push(b, line));
        let mut taken = Vec::new();
        take(queue, line, &mut taken);
        // SAFETY: *one consumer*.
        let empty = unsafe { queue.is_empty(line) };
        assert!(empty || taken.len() < 2, "what says that it has something has it");
        producer.join().unwrap();
        take(queue, line, &mut taken);
        assert_eq!(taken, places);
        assert_eq!(line.released(), 2);
    });
}
