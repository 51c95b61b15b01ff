//! Delay queues, of both kinds of memory.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::vec::Vec;

use super::util::{Count, Hand, Here, Random, ms, timers, within};
use crate::test_util::{Event, TestWaker, forgotten};
use crate::time::delay_queue::{Expired, Full, Key};
use crate::time::{DelayQueue, FixedDelayQueue, Instant, Timers};

type Queue<T> = DelayQueue<T, Here>;

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// A task that polls, and counts its wakes.
#[derive(Default)]
struct Poller(Arc<Count>);

impl Poller {
    fn poll<T>(&self, queue: &mut Queue<T>) -> Poll<Option<T>> {
        let waker = Waker::from(self.0.clone());
        queue.poll_expired(&mut Context::from_waker(&waker)).map(|item| item.map(Expired::into_inner))
    }

    fn woken(&self) -> usize {
        self.0.woken.load(Ordering::SeqCst)
    }
}

/// A queue that has begun to wait by its timers.
fn queue<T>() -> (&'static Timers<Hand>, Queue<T>) {
    (timers(), Queue::new())
}

fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn values_come_out_at_their_time_in_order() {
    let (timers, mut queue) = queue();
    let task = Poller::default();
    assert_eq!(task.poll(&mut queue), Poll::Ready(None));
    within(timers, || {
        for (value, delay) in [("c", 30), ("a", 10), ("b", 20), ("b2", 20), ("now", 0)] {
            queue.insert(value, Duration::from_nanos(delay));
        }
    });
    assert_eq!((queue.len(), queue.is_empty()), (5, false));
    assert_eq!(task.poll(&mut queue), Poll::Ready(Some("now")));
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    assert_eq!(timers.next_deadline(), Some(at(10)));
    timers.clock().set(9);
    assert_eq!((timers.expire(), task.poll(&mut queue)), (0, Poll::Pending));
    timers.clock().set(25);
    assert_eq!(timers.expire(), 1, "one wake for two values");
    for value in ["a", "b", "b2"] {
        assert_eq!(task.poll(&mut queue), Poll::Ready(Some(value)));
    }
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    timers.clock().set(30);
    timers.expire();
    assert_eq!(task.poll(&mut queue), Poll::Ready(Some("c")));
    assert_eq!(task.poll(&mut queue), Poll::Ready(None));
    assert_eq!(timers.next_deadline(), None);
}

// Mutant: core/src/time/delay_queue/mod.rs :: if first || *len == 1 { => if false {
#[test]
fn failure_024_an_earlier_value_and_the_first_one_wake_who_waits() {
    let (timers, mut queue) = queue();
    let task = Poller::default();
    assert_eq!(task.poll(&mut queue), Poll::Ready(None));
    within(timers, || queue.insert(1, Duration::MAX));
    assert_eq!(task.woken(), 1, "it was told that the queue is empty, and it is not");
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    within(timers, || queue.insert(2, ms(10)));
    assert_eq!(task.woken(), 2);
    within(timers, || queue.insert(3, ms(5)));
    assert_eq!(task.woken(), 2, "woken once until it polls");
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    assert_eq!(timers.next_deadline(), Some(Instant::EPOCH + ms(5)));
    within(timers, || queue.insert(4, ms(5)));
    within(timers, || queue.insert(5, ms(7)));
    assert_eq!(task.woken(), 2, "later ones change nothing");
}

// Mutant: core/src/time/delay_queue/mod.rs :: if node.as_ref().as_pin_ref().is_some_and(|node| heap.link(node, name(key.slot))) { => if !node.as_ref().as_pin_ref().is_some_and(|node| heap.link(node, name(key.slot))) {
#[test]
fn failure_024_a_reset_to_expired_or_earlier_wakes_who_waits() {
    let (timers, mut queue) = queue();
    let task = Poller::default();
    let (late, later) = within(timers, || (queue.insert(1, ms(10)), queue.insert(2, ms(20))));
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    queue.reset(&later, ms(5));
    assert_eq!(task.woken(), 1);
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    assert_eq!(timers.next_deadline(), Some(Instant::EPOCH + ms(5)));
    queue.reset(&late, Duration::ZERO);
    assert_eq!(task.woken(), 2);
    assert_eq!(task.poll(&mut queue), Poll::Ready(Some(1)));
    timers.clock().set(1000);
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    queue.reset_at(&later, Instant::EPOCH);
    assert_eq!(task.woken(), 3);
    assert_eq!(task.poll(&mut queue), Poll::Ready(Some(2)));
}

// Mutant: core/src/time/delay_queue/mod.rs :: if *len == 0 {\n            guard::swallow(|| tell(waker)); => if false {\n            guard::swallow(|| tell(waker));
#[test]
fn failure_024_clear_and_the_last_removal_wake_who_waits() {
    let (timers, mut queue) = queue();
    let task = Poller::default();
    within(timers, || (queue.insert(1, ms(10)), queue.insert(2, ms(20))));
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    queue.clear();
    assert_eq!((task.woken(), queue.len()), (1, 0));
    assert_eq!(task.poll(&mut queue), Poll::Ready(None));
    let key = within(timers, || queue.insert(3, ms(10)));
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    let before = task.woken();
    assert_eq!(queue.remove(&key).into_inner(), 3);
    assert_eq!(task.woken(), before + 1);
    assert_eq!(task.poll(&mut queue), Poll::Ready(None));
}

// Mutant: core/src/time/delay_queue/mod.rs :: *generation = generation.wrapping_add(1); => _ = generation;
#[test]
fn a_key_names_one_value_and_no_later_one() {
    let (timers, mut queue) = queue();
    let old = within(timers, || queue.insert("old", ms(1)));
    assert_eq!(queue.deadline(&old), Instant::EPOCH + ms(1));
    assert_eq!(queue.peek(), Some(old));
    let taken = queue.remove(&old);
    assert_eq!((taken.key(), taken.deadline(), *taken.get_ref()), (old, Instant::EPOCH + ms(1), "old"));
    let new = within(timers, || queue.insert("new", ms(1)));
    assert_ne!(old, new);
    assert!(queue.try_remove(&old).is_none());
    assert!(panics(|| _ = queue.remove(&old)));
    assert!(panics(|| queue.reset(&old, ms(1))));
    assert!(panics(|| queue.reset_at(&old, at(1))));
    assert!(panics(|| _ = queue.deadline(&old)));
    assert_eq!(queue.peek(), Some(new));
    // A key of another queue.
    let mut other = Queue::<&str>::new();
    assert!(other.try_remove(&new).is_none());
    assert!(panics(|| other.reset(&new, ms(1))));
    assert_eq!(queue.len(), 1);
}

#[test]
fn never_is_never_and_keeps_its_place() {
    let (timers, mut queue) = queue();
    let task = Poller::default();
    let never = within(timers, || queue.insert(0, Duration::MAX));
    within(timers, || queue.insert_at(1, Instant::FAR));
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    timers.clock().set(u64::MAX);
    timers.expire();
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(queue.deadline(&never), Instant::FAR);
    queue.reset_at(&never, at(5));
    assert_eq!(task.poll(&mut queue), Poll::Ready(Some(0)));
}

/// A clock that is lent to another runtime may go back; what was found due stays due.
// Mutant: core/src/time/delay_queue/mod.rs :: now = timers.now().max(first); => now = timers.now(); if now < first { panic!("for ever") }
#[test]
fn a_clock_that_was_set_back_ends_no_loop() {
    let (timers, mut queue) = queue();
    let task = Poller::default();
    within(timers, || queue.insert(1, ms(10)));
    assert_eq!(task.poll(&mut queue), Poll::Pending);
    timers.clock().set(10_000_000);
    assert_eq!(timers.expire(), 1);
    timers.clock().set(0);
    assert_eq!(task.poll(&mut queue), Poll::Ready(Some(1)));
}

#[test]
fn dropping_and_forgetting_lose_no_value() {
    let (timers, mut queue) = queue();
    let value = Arc::new(());
    let task = Poller::default();
    let keys: Vec<Key> = within(timers, || (0..10).map(|n| queue.insert(value.clone(), ms(n))).collect());
    assert!(task.poll(&mut queue).is_ready());
    assert!(task.poll(&mut queue).is_pending());
    drop(queue.try_remove(&keys[5]));
    forgotten(queue.try_remove(&keys[6]));
    assert_eq!(Arc::strong_count(&value), 9);
    assert_eq!(timers.next_deadline(), Some(Instant::EPOCH + ms(1)));
    drop(queue);
    assert_eq!(Arc::strong_count(&value), 2, "the one that was forgotten");
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(Arc::strong_count(&task.0), 1, "its waker is gone");
}

#[test]
fn outside_of_a_runtime_says_so_and_keeps_nothing() {
    let mut queue = Queue::<u8>::new();
    assert!(panics(|| _ = queue.insert(1, ms(1))));
    assert_eq!(queue.len(), 0);
    assert_eq!(Poller::default().poll(&mut queue), Poll::Ready(None));
    let timers = timers();
    within(timers, || queue.insert(2, ms(1)));
    assert_eq!(queue.len(), 1);
    queue.insert(3, ms(1));
    assert_eq!(queue.len(), 2, "the first one chose the timers");
}

/// A moment that panics when it is asked for one.
#[derive(Clone, Copy)]
struct Wrong(Option<Instant>);

impl From<Instant> for Wrong {
    fn from(instant: Instant) -> Self {
        Self(Some(instant))
    }
}

impl From<Wrong> for Instant {
    fn from(moment: Wrong) -> Self {
        moment.0.expect("a moment that panics")
    }
}

/// The clock and the program's own moments are foreign code: what was there before stays, and nothing is there beside it.
// Mutant: core/src/time/delay_queue/mod.rs :: let deadline = deadline(timers);\n        let (mut node, => *len += 1; let deadline = deadline(timers); *len -= 1;\n        let (mut node,
// Mutant: core/src/time/delay_queue/mod.rs :: let deadline = deadline(timers);\n        if let Some(linked) = node.as_ref().as_pin_ref() {\n            heap.unlink(linked);\n        } => if let Some(linked) = node.as_ref().as_pin_ref() {\n            heap.unlink(linked);\n        }\n        let deadline = deadline(timers);
#[test]
fn a_clock_or_a_moment_that_panics_leaves_a_queue_whole() {
    let timers = timers();
    let clock_panics = |panics| timers.clock().panics.store(panics, Ordering::SeqCst);
    let mut cx = Context::from_waker(Waker::noop());
    let mut queue = DelayQueue::<u8, Here, Wrong>::new();
    assert!(panics(|| within(timers, || _ = queue.insert_at(0, Wrong(None)))), "and no timers are chosen");
    assert!(panics(|| _ = queue.insert(0, ms(1))));
    let mut fixed = pin!(FixedDelayQueue::<u8, 2, Here, Wrong>::new());
    let first = within(timers, || queue.insert(1, ms(5)));
    let fixed_first = within(timers, || fixed.as_mut().insert(1, ms(5)).unwrap());
    for _ in 0..3 {
        clock_panics(true);
        assert!(panics(|| _ = queue.insert(2, ms(1))));
        assert!(panics(|| queue.reset(&first, ms(1))));
        assert!(panics(|| _ = fixed.as_mut().insert(2, ms(1))));
        assert!(panics(|| fixed.as_mut().reset(&fixed_first, ms(1))));
        clock_panics(false);
        assert!(panics(|| _ = queue.insert_at(2, Wrong(None))));
        assert!(panics(|| queue.reset_at(&first, Wrong(None))));
        assert!(panics(|| _ = fixed.as_mut().insert_at(2, Wrong(None))));
        assert!(panics(|| fixed.as_mut().reset_at(&fixed_first, Wrong(None))));
        assert_eq!((queue.len(), queue.peek()), (1, Some(first)));
        assert_eq!((fixed.len(), fixed.peek()), (1, Some(fixed_first)));
    }
    assert!(queue.poll_expired(&mut cx).is_pending());
    assert!(fixed.as_mut().poll_expired(&mut cx).is_pending());
    within(timers, || (queue.insert(2, ms(6)), fixed.as_mut().insert(2, ms(6)).unwrap()));
    assert!(within(timers, || fixed.as_mut().insert(3, ms(1))).is_err(), "two places and no more");
    timers.clock().set(6_000_000);
    for expected in [Some(1), Some(2), None] {
        let value = |item: Poll<Option<Expired<u8, Wrong>>>| item.map(|item| item.map(Expired::into_inner));
        assert_eq!(value(queue.poll_expired(&mut cx)), Poll::Ready(expected));
        assert_eq!(value(fixed.as_mut().poll_expired(&mut cx)), Poll::Ready(expected));
    }
}

/// Whoever shares a queue looks at once, and nobody writes then.
#[test]
fn threads_look_at_the_first_value_at_once() {
    let timers = timers();
    let mut queue = Queue::new();
    let late = within(timers, || queue.insert('b', ms(2)));
    let first = within(timers, || queue.insert('a', ms(1)));
    let looks = || (queue.peek(), queue.len(), queue.deadline(&late));
    let expected = (Some(first), 2, Instant::EPOCH + ms(2));
    std::thread::scope(|scope| {
        let other = scope.spawn(looks);
        assert_eq!(looks(), expected);
        assert_eq!(other.join().unwrap(), expected);
    });
}

#[test]
fn room_is_made_and_given_back() {
    let timers = timers();
    let mut queue = Queue::with_capacity(3);
    assert!(queue.capacity() >= 3);
    let key = within(timers, || queue.insert('a', ms(1)));
    within(timers, || queue.insert('b', ms(2)));
    queue.remove(&key);
    queue.shrink_to_fit();
    assert!(queue.capacity() >= 2, "the memory of values stays");
    queue.reserve(0);
    queue.reserve(5);
    let room = queue.capacity();
    assert!(room >= 6, "{room}");
    within(timers, || (0..5).for_each(|n| _ = queue.insert('c', ms(n))));
    assert_eq!((queue.len(), queue.capacity()), (6, room), "no table was made anew");
    assert!(panics(|| queue.reserve(usize::MAX)));
    assert_eq!(queue.len(), 6);
}

/// What was taken at a peak can be given back, and no key names another value for that.
// Mutant: core/src/time/delay_queue/alloc.rs :: *fresh = last.generation.max(*fresh); => let _ = &fresh;
#[test]
fn the_memory_of_values_that_are_gone_is_given_back() {
    let timers = timers();
    let mut queue = Queue::with_capacity(3);
    let put = |queue: &mut Queue<char>, value, n| within(timers, || queue.insert(value, ms(n)));
    let gone = [put(&mut queue, 'a', 1), put(&mut queue, 'b', 2)];
    let stays = put(&mut queue, 'c', 3);
    let last = [put(&mut queue, 'd', 4), put(&mut queue, 'e', 5)];
    gone.iter().chain(&last).for_each(|key| _ = queue.remove(key));
    queue.compact();
    assert_eq!((queue.len(), queue.capacity()), (1, 3), "up to the last that is there");
    // The places before it are taken again, the first one first, and then there are new ones.
    let new = [6, 7, 8, 9].map(|n| put(&mut queue, 'n', n));
    for key in gone.iter().chain(&last) {
        assert!(queue.try_remove(key).is_none() && !new.contains(key));
    }
    assert_eq!(queue.len(), 5);
    new.iter().rev().for_each(|key| assert_eq!(queue.remove(key).into_inner(), 'n'));
    assert_eq!(queue.remove(&stays).into_inner(), 'c');
    queue.compact();
    assert_eq!((queue.len(), queue.capacity()), (0, 0));
    let again = put(&mut queue, 'z', 1);
    assert!(gone.iter().chain(&new).chain([&stays]).all(|key| queue.try_remove(key).is_none()));
    assert_eq!(queue.peek(), Some(again));
}

// Mutant: core/src/time/delay_queue/alloc.rs :: for (slot, place) in table.iter_mut().enumerate().rev() => for (slot, place) in table.iter_mut().enumerate()
#[test]
fn after_a_compaction_the_first_free_place_is_taken_first() {
    let timers = timers();
    let mut queue = Queue::new();
    let keys: Vec<_> = (1..=6).map(|n| within(timers, || queue.insert('a', ms(n)))).collect();
    keys[..4].iter().for_each(|key| _ = queue.remove(key));
    queue.compact();
    let low = within(timers, || [queue.insert('b', ms(1)), queue.insert('c', ms(1))]);
    keys[4..].iter().for_each(|key| _ = queue.remove(key));
    queue.compact();
    assert_eq!(queue.capacity(), 2, "both lie at the beginning");
    assert_eq!(low.map(|key| queue.remove(&key).into_inner()), ['b', 'c']);
}

#[test]
fn a_fixed_queue_is_full_and_has_room_again() {
    let timers = timers();
    let task = Arc::new(Count::default());
    let waker = Waker::from(task.clone());
    let mut cx = Context::from_waker(&waker);
    let mut queue = pin!(FixedDelayQueue::<u32, 3, Here>::new());
    within(timers, || {
        for n in 0..3 {
            queue.as_mut().insert(n, ms(u64::from(3 - n))).unwrap();
        }
        assert_eq!(queue.as_mut().insert(9, ms(1)), Err(Full(9)));
        assert_eq!(queue.as_mut().insert_at(9, at(1)), Err(Full(9)));
    });
    assert_eq!((queue.len(), queue.capacity()), (3, 3));
    let first = queue.peek().unwrap();
    assert_eq!(queue.deadline(&first), Instant::EPOCH + ms(1));
    assert!(queue.as_mut().poll_expired(&mut cx).is_pending());
    timers.clock().set(2_000_000);
    assert_eq!(timers.expire(), 1);
    let mut next = || match queue.as_mut().poll_expired(&mut cx) {
        Poll::Ready(Some(expired)) => Some(expired.into_inner()),
        _ => None,
    };
    assert_eq!([next(), next(), next()], [Some(2), Some(1), None]);
    let again = within(timers, || queue.as_mut().insert_at(7, at(0))).unwrap();
    assert_eq!(task.woken.load(Ordering::SeqCst), 2);
    queue.as_mut().reset(&again, ms(5));
    assert_eq!(queue.as_mut().remove(&again).into_inner(), 7);
    assert!(queue.as_mut().try_remove(&first).is_none());
    queue.as_mut().clear();
    assert!(queue.is_empty());
    // None at all.
    let mut none = pin!(FixedDelayQueue::<u32, 0, Here>::new());
    assert_eq!(within(timers, || none.as_mut().insert(1, ms(1))), Err(Full(1)));
    assert!(none.as_mut().poll_expired(&mut cx).map(|item| item.is_none()).is_ready());
}

#[cfg(feature = "futures-core")]
#[test]
fn it_is_a_stream() {
    use futures_core::Stream;
    let (timers, mut queue) = queue();
    within(timers, || queue.insert(1, Duration::ZERO));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(queue.size_hint(), (1, None));
    let mut stream = std::pin::Pin::new(&mut queue);
    assert!(stream.as_mut().poll_next(&mut cx).map(|item| item.is_some_and(|item| *item.get_ref() == 1)).is_ready());
    assert!(matches!(stream.poll_next(&mut cx), Poll::Ready(None)));
}

/// Against a map, over random programs.
// Mutant: core/src/time/delay_queue/mod.rs :: *free = key.slot; => _ = key;
#[test]
fn order_and_keys_are_those_of_a_map() {
    let (programs, steps) = if cfg!(miri) { (2, 150) } else { (30, 2000) };
    for program in 0..programs {
        let mut random = Random::new(program);
        let (timers, mut queue) = queue::<u64>();
        let task = Poller::default();
        let mut oracle: BTreeMap<(Instant, u64), (u64, Key)> = BTreeMap::new();
        let mut places: Vec<((Instant, u64), Key)> = Vec::new();
        let (mut order, mut now, mut most) = (0, program * 1000, 4);
        timers.clock().set(now);
        for step in 0..steps {
            order += 1;
            let delay = [1, 16, 1 << 20, 1 << 62][random.below(4) as usize];
            let deadline = at(now.saturating_add(random.below(delay)));
            match random.below(10) {
                0..4 => {
                    let key = within(timers, || queue.insert_at(step, deadline));
                    oracle.insert((deadline, order), (step, key));
                    places.push(((deadline, order), key));
                }
                4 | 5 if !places.is_empty() => {
                    let (place, key) = places.swap_remove(random.below(places.len() as u64) as usize);
                    let known = oracle.remove(&place).map(|(value, _)| value);
                    assert_eq!(queue.try_remove(&key).map(Expired::into_inner), known);
                }
                6 if !places.is_empty() => {
                    let index = random.below(places.len() as u64) as usize;
                    let (place, key) = places[index];
                    if let Some(entry) = oracle.remove(&place) {
                        queue.reset_at(&key, deadline);
                        oracle.insert((deadline, order), entry);
                        places[index].0 = (deadline, order);
                    }
                }
                _ => {
                    now = now.saturating_add(random.below(1 << 10)).min(u64::MAX - 2);
                    timers.clock().set(now);
                    timers.expire();
                    loop {
                        let due = oracle.first_key_value().filter(|(place, _)| place.0 <= at(now));
                        let due = due.map(|(place, &(value, _))| (*place, value));
                        match (task.poll(&mut queue), due) {
                            (Poll::Ready(Some(value)), Some((place, expected))) => {
                                assert_eq!(value, expected);
                                oracle.remove(&place);
                            }
                            (Poll::Pending, None) => break,
                            (Poll::Ready(None), None) => break assert!(oracle.is_empty()),
                            (got, expected) => panic!("{got:?} and not {expected:?}"),
                        }
                    }
                    let next = oracle.first_key_value().map(|(place, _)| place.0);
                    assert_eq!(timers.next_deadline(), next);
                }
            }
            most = most.max(queue.len());
            assert_eq!(queue.len(), oracle.len());
            assert_eq!(queue.peek(), oracle.first_key_value().map(|(_, &(_, key))| key));
        }
        assert!(queue.capacity() <= 2 * most, "slots are used again");
    }
}

/// Who polled last and got nothing is woken as soon as there is another answer, over random programs.
// Mutant: core/src/time/delay_queue/mod.rs :: if first || *len == 1 { => if *len == 1 {
#[test]
fn whoever_polled_last_is_woken_when_there_is_another_answer() {
    let (programs, steps) = if cfg!(miri) { (2, 150) } else { (60, 1000) };
    for program in 0..programs {
        let mut random = Random::new(7000 + program);
        let (timers, mut queue) = queue::<u64>();
        let tasks = [Poller::default(), Poller::default()];
        let mut places: Vec<(Key, Instant)> = Vec::new();
        let mut now = 0;
        // Who polled last, how often he had been woken then, and whether he was told to wait.
        let mut last: Option<(usize, usize, bool)> = None;
        for step in 0..steps {
            let before = last;
            let deadline = match random.below(8) {
                0 => Instant::FAR,
                1 => at(now),
                _ => at(now + random.below(12)),
            };
            let index = random.below(places.len().max(1) as u64) as usize;
            match random.below(16) {
                0..4 if places.len() < 6 => {
                    let key = within(timers, || queue.insert_at(step, deadline));
                    places.push((key, deadline));
                }
                4 | 5 if !places.is_empty() => {
                    let (key, deadline) = places.swap_remove(index);
                    assert_eq!(queue.remove(&key).deadline(), deadline);
                }
                6..9 if !places.is_empty() => {
                    queue.reset_at(&places[index].0, deadline);
                    places[index].1 = deadline;
                }
                9 if random.below(8) == 0 => {
                    queue.clear();
                    places.clear();
                }
                10..13 => {
                    now += random.below(4);
                    timers.clock().set(now);
                    timers.expire();
                }
                _ => {
                    let task = random.below(2) as usize;
                    let woken = tasks[task].woken();
                    let waker = Waker::from(tasks[task].0.clone());
                    last = match queue.poll_expired(&mut Context::from_waker(&waker)) {
                        Poll::Ready(Some(expired)) => {
                            places.retain(|(key, _)| *key != expired.key());
                            None
                        }
                        Poll::Ready(None) => Some((task, woken, false)),
                        Poll::Pending => Some((task, woken, true)),
                    };
                }
            }
            if let Some((task, woken, waits)) = last.filter(|_| before == last) {
                let due = places.iter().any(|(_, deadline)| deadline.is_due(at(now)));
                let another = if waits { due || places.is_empty() } else { !places.is_empty() };
                assert!(!another || tasks[task].woken() > woken, "program {program}, step {step}");
            }
        }
    }
}

/// *kept*: the waker of who waits panics, and who puts a value in has its key, who takes one out the value.
// Mutant: core/src/time/delay_queue/mod.rs :: if first || *len == 1 {\n            guard::swallow(|| tell(waker)); => if first || *len == 1 {\n            tell(waker);
// Mutant: core/src/time/delay_queue/mod.rs :: guard::swallow(|| settle(sleep, heap));\n        if *len == 0 {\n            guard::swallow(|| tell(waker)); => guard::swallow(|| settle(sleep, heap));\n        if *len == 0 {\n            tell(waker);
#[test]
fn failure_109_waker_that_panics_in_wake_costs_neither_key_nor_value() {
    let (timers, mut queue) = queue::<u8>();
    let hostile = TestWaker::panicking(Event::Wake);
    let waker = hostile.waker();
    let mut cx = Context::from_waker(&waker);
    assert!(matches!(queue.poll_expired(&mut cx), Poll::Ready(None)));
    let key = within(timers, || queue.insert(7, ms(2)));
    assert!(queue.poll_expired(&mut cx).is_pending());
    let first = within(timers, || queue.insert(8, ms(1)));
    assert_eq!(hostile.wakes(), 2);
    assert!(queue.poll_expired(&mut cx).is_pending());
    for (key, value) in [(first, 8), (key, 7)] {
        assert_eq!(queue.try_remove(&key).map(Expired::into_inner), Some(value));
    }
    assert_eq!((hostile.wakes(), queue.len()), (3, 0));
}

/// *kept*: as above, of the waker that goes with the sleep.
// Mutant: core/src/time/delay_queue/mod.rs :: guard::swallow(|| settle(sleep, heap)); => settle(sleep, heap);
// Mutant: core/src/time/delay_queue/mod.rs :: guard::swallow(|| sleep.set(None)); => sleep.set(None);
#[test]
fn failure_109_waker_that_panics_in_drop_costs_no_value() {
    for expires in [false, true] {
        let (timers, mut queue) = queue::<u8>();
        let key = within(timers, || queue.insert(7, ms(1)));
        let hostile = TestWaker::panicking(Event::Drop);
        let waker = hostile.waker();
        let mut cx = Context::from_waker(&waker);
        assert!(queue.poll_expired(&mut cx).is_pending());
        let alive = hostile.alive();
        // Its time has come, and the executor has yet to look.
        timers.clock().set(2_000_000);
        let got = match expires {
            true => queue.poll_expired(&mut cx).map(|item| item.map(Expired::into_inner)),
            false => Poll::Ready(queue.try_remove(&key).map(Expired::into_inner)),
        };
        assert_eq!((got, queue.len()), (Poll::Ready(Some(7)), 0));
        assert!(hostile.alive() < alive, "nothing was dropped");
        hostile.unhook();
    }
}
