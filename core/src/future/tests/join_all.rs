//! Ways for the join of a list to work too much, or to mix things up.

use super::*;
use crate::task::raw::in_main;
use std::boxed::Box;
use std::cell::Cell;
use std::sync::Mutex;

/// Pending until it is told, by the waker it left.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<(bool, Option<Waker>)>>);

impl Gate {
    fn open(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            state.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self, polls: &Cell<usize>) {
        poll_fn(|cx| {
            polls.set(polls.get() + 1);
            let mut state = self.0.lock().unwrap();
            if state.0 {
                return Poll::Ready(());
            }
            state.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// How many polls of children it takes to join so many that finish one after the other.
fn polls_of(count: usize) -> usize {
    let gates: Vec<Gate> = (0..count).map(|_| Gate::default()).collect();
    let polls = Cell::new(0);
    let mut join = pin!(join_all(gates.iter().map(|gate| gate.wait(&polls))));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(join.as_mut().poll(&mut cx).is_pending());
    for (number, gate) in gates.iter().enumerate() {
        gate.open();
        assert_eq!(wakes.0.load(Ordering::Relaxed), number + 1);
        assert_eq!(join.as_mut().poll(&mut cx).is_ready(), number + 1 == count);
    }
    polls.get()
}

/// Two polls a child: one to begin, one when it was woken.
// Mutant: core/src/future/join_all/alloc.rs :: Context::from_waker(self.children.waker(number)) => Context::from_waker({ (0..self.children.ready()).for_each(drop); cx.waker() })
// Mutant: core/src/future/children/alloc.rs :: state.queue.push_back(number); => state.queue.extend(0..state.queued.len());
#[test]
fn failure_107_joining_a_thousand_futures_polls_each_twice() {
    let (few, many) = if cfg!(miri) { (20, 40) } else { (500, 1000) };
    assert_eq!((polls_of(few), polls_of(many)), (2 * few, 2 * many));
}

/// With a budget, who has none left is not polled to be told so.
// Mutant: core/src/future/join_all/alloc.rs :: if coop::poll_proceed(cx).is_pending() { => if false {
#[test]
fn failure_107_joining_is_linear_under_a_budget() {
    let (polls, count) = (Cell::new(0), if cfg!(miri) { 300 } else { 1000_usize });
    let mut join = pin!(join_all((0..count).map(|_| async {
        poll_fn(|cx| {
            polls.set(polls.get() + 1);
            crate::task::coop::poll_proceed(cx).map(|unit| unit.made_progress())
        })
        .await;
    })));
    let rounds = (1..).find(|_| in_main(|| poll(join.as_mut()).is_ready())).unwrap();
    assert_eq!((polls.get(), rounds), (count, count.div_ceil(128)));
}

#[test]
fn outputs_are_in_the_order_of_the_futures() {
    let gates = [(); 3].map(|()| Gate::default());
    let polls = Cell::new(0);
    let mut join = pin!(join_all(gates.iter().enumerate().map(async |(number, gate)| {
        gate.wait(&polls).await;
        number
    })));
    assert!(poll(join.as_mut()).is_pending());
    for number in [2, 0, 1] {
        gates[number].open();
    }
    assert_eq!(poll(join.as_mut()), Poll::Ready(std::vec![0, 1, 2]));
    assert_eq!(polls.get(), 6);
}

#[test]
fn an_empty_list_is_ready_and_so_is_one_of_ready_futures() {
    assert_eq!(run(join_all(Vec::<Ready<u8>>::new())), (Vec::new(), 1));
    assert_eq!(run(join_all([ready(1), ready(2)])), (std::vec![1, 2], 1));
    assert_eq!(run([ready(1)].into_iter().collect::<JoinAll<_>>()).0, [1]);
    assert_eq!(run(try_join_all(Vec::<Ready<Result<u8, ()>>>::new())).0, Ok(Vec::new()));
}

/// A child that always wakes itself does not keep the poll.
// Mutant: core/src/future/join_all/alloc.rs :: for _ in 0..self.children.ready() { => while self.children.ready() > 0 {
#[test]
fn failure_106_a_child_that_always_wakes_itself_does_not_keep_the_poll() {
    let mut left = 50;
    let mut join = pin!(join_all([poll_fn(|cx| {
        cx.waker().wake_by_ref();
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })]));
    let polls = (1..).find(|_| poll(join.as_mut()).is_ready());
    assert_eq!(polls, Some(50));
}

#[test]
fn the_first_error_drops_the_others_at_once() {
    let diary = Diary::default();
    let entries = [diary.future('a', 9), diary.future('b', 1), diary.future('c', 9)];
    let mut join = Box::pin(try_join_all(entries.into_iter().map(async |entry| {
        let name = entry.name;
        entry.await;
        if name == 'b' { Err(name) } else { Ok(()) }
    })));
    let mut polls = 0;
    let error = loop {
        polls += 1;
        if let Poll::Ready(output) = poll(join.as_mut()) {
            break output.unwrap_err();
        }
        assert!(polls < 20);
    };
    assert_eq!(error, 'b');
    let mut dropped: Vec<char> = diary.who("future dropped").chars().collect();
    dropped.sort_unstable();
    assert_eq!(dropped, ['a', 'b', 'c']);
    assert!(crate::test_util::panics(|| drop(poll(join.as_mut()))));
}

#[test]
fn parts_and_outputs_are_dropped_once_at_every_poll() {
    cancel_at_every_poll("ab", 4, |diary| join_all([diary.future('a', 0), diary.future('b', 2)]));
}
