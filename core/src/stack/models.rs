//! Producers against takers and the end.

use std::boxed::Box;
use std::vec::Vec;

use loom::thread;

use super::{TakeAll, Taken};
use crate::future::yield_now;
use crate::task::Notified;
use crate::task::tests::util::{Home, Line};

fn task(line: &'static Line) -> (Notified<Line>, usize) {
    line.spawn(yield_now()).detach();
    let task = line.pop().unwrap();
    let place = task.task().as_ptr().addr();
    (task, place)
}

fn take(batch: Taken<Line>, taken: &mut Vec<usize>) {
    for task in batch {
        taken.push(task.task().as_ptr().addr());
        task.cancel();
    }
}

fn take_all() -> &'static TakeAll<Line> {
    Box::leak(Box::new(TakeAll::new()))
}

/// Each task is taken, or handed back by a closed box; those of one producer in its order.
// Mutant: core/src/stack.rs :: let top = self.top.swap(CLOSED, Ordering::Acquire); => let top = self.top.load(Ordering::Acquire); self.top.store(CLOSED, Ordering::Release);
#[test]
fn push_races_take_and_close() {
    loom::model(|| {
        let (line, inbox): (&Line, _) = (Line::new(Home::Boxed), take_all());
        let ((a, first), (b, second)) = (task(line), task(line));
        let taker = thread::spawn(move || {
            let mut taken = Vec::new();
            take(inbox.take_all(), &mut taken);
            take(inbox.close(), &mut taken);
            taken
        });
        let back: Vec<_> = [a, b].into_iter().filter_map(|task| inbox.push(task).err()).collect();
        let mut taken = taker.join().unwrap();
        assert!(inbox.is_closed() && inbox.is_empty());
        for task in back {
            taken.push(task.task().as_ptr().addr());
            task.cancel();
        }
        assert_eq!(taken, [first, second], "lost, or out of order");
        assert!(inbox.take_all().is_empty());
        assert_eq!(line.released(), 2);
    });
}

/// Two producers and a taker; exactly one push of those that fill an empty box says so.
// Mutant: core/src/stack.rs :: unsafe { link.as_ref() }.next.store(top, Ordering::Relaxed); => unsafe { link.as_ref() }.next.store(null_mut(), Ordering::Relaxed);
#[test]
fn two_producers_race_a_taker() {
    loom::model(|| {
        let (line, inbox): (&Line, _) = (Line::new(Home::Boxed), take_all());
        let ((a, _), (b, _)) = (task(line), task(line));
        let push = move |task| usize::from(inbox.push(task).map_err(Notified::into_ptr).unwrap());
        let producer = thread::spawn(move || push(a));
        let taker = thread::spawn(move || {
            let mut taken = Vec::new();
            take(inbox.take_all(), &mut taken);
            taken
        });
        let told = [push(b), producer.join().unwrap()];
        let mut taken = taker.join().unwrap();
        let batches = usize::from(!taken.is_empty());
        let before = taken.len();
        take(inbox.take_all(), &mut taken);
        let batches = batches + usize::from(taken.len() > before);
        assert_eq!(taken.len(), 2, "a task was lost");
        assert_eq!(told[0] + told[1], batches, "who fills an empty box is told");
        assert_eq!(line.released(), 2);
    });
}

/// What a producer wrote into a task is seen by who takes it.
// Mutant: core/src/stack.rs :: (top, link.as_ptr(), Ordering::Release, Ordering::Relaxed) => (top, link.as_ptr(), Ordering::Relaxed, Ordering::Relaxed)
#[test]
fn a_task_in_a_box_is_seen_whole() {
    loom::model(|| {
        let (line, inbox): (&'static Line, _) = (Line::new(Home::Boxed), take_all());
        // The taker is the one that is spawned: the model tries both orders of its load and a push only then.
        let taker = thread::spawn(move || {
            let mut taken = Vec::new();
            take(inbox.take_all(), &mut taken);
            taken
        });
        // Made here: nothing but the box shows it to the taker.
        let handle = line.spawn(yield_now());
        inbox.push(line.pop().unwrap()).map_err(Notified::into_ptr).unwrap();
        let mut taken = taker.join().unwrap();
        take(inbox.take_all(), &mut taken);
        drop(handle);
        assert_eq!((taken.len(), line.released()), (1, 1));
    });
}
