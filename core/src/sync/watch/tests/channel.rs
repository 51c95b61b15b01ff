//! Senders and receivers that are counted.

use core::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use crate::sync::Watch;
use crate::sync::watch::{Home, Receiver, Sender, channel};
use crate::test_util::{Event, Polled, TestWaker, forever, panics, poll, send_sync};

#[test]
fn send_fails_without_receivers_and_replace_does_not() {
    let (sender, receiver) = channel(0);
    assert_eq!((sender.receiver_count(), sender.sender_count(), sender.is_closed()), (1, 1, false));
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send(1).unwrap_err().0, 1);
    assert_eq!(*sender.borrow(), 0);
    assert_eq!(sender.send_replace(2), 0);
    let mut receiver = sender.subscribe();
    assert_eq!((receiver.has_changed(), *receiver.borrow()), (Ok(false), 2));
    sender.send_modify(|value| *value += 1);
    assert!(!sender.send_if_modified(|value| {
        *value += 1;
        false
    }));
    assert!(sender.send_if_modified(|_| true));
    assert_eq!(*receiver.borrow_and_update(), 4);
    assert!(!sender.borrow().has_changed());
    assert!(Sender::<u8>::default().is_closed());
}

#[test]
fn last_sender_closes_and_last_receiver_is_awaited() {
    let (sender, mut receiver) = channel(0);
    let other = sender.clone();
    assert!(sender.same_channel(&other) && receiver.same_channel(&receiver.clone()));
    assert!(!sender.same_channel(&Sender::new(0)) && sender.receiver_count() == 1);
    let mut change = Polled::waiting(receiver.changed());
    drop(sender);
    assert!(change.poll().is_pending() && other.sender_count() == 1);
    let mut closed = Polled::waiting(other.closed());
    drop(change);
    let clone = receiver.clone();
    drop(receiver);
    assert!(closed.poll().is_pending());
    drop(clone);
    assert_eq!(closed.wakes(), 1);
    // Somebody came before it looked.
    let mut late = other.subscribe();
    assert!(closed.poll().is_pending());
    let mut change = Polled::waiting(late.changed());
    drop(closed);
    drop(other);
    assert_eq!(change.wakes(), 1);
    assert!(change.ready().is_err());
}

/// Somebody subscribes again within the waker of one who waits for the end, and the others wait on within theirs: the drop of
/// the last receiver ends, and the next one that is the last wakes them.
// Mutant: core/src/sync/watch/alloc.rs :: |_| self.0.receivers.load(Ordering::Relaxed) > 0 => |_| false
#[test]
fn last_receiver_goes_and_one_comes_within_a_waker() {
    let (sender, receiver) = channel(0);
    let sender = forever(sender);
    let next = Arc::new(Mutex::new(None));
    let waits: Vec<_> = (0..20).map(|_| Arc::new(Mutex::new(Polled::new(sender.closed())))).collect();
    for wait in &waits {
        let (own, next) = (wait.clone(), next.clone());
        let mut wait = wait.lock().unwrap();
        wait.waker = TestWaker::hooked(move |event| {
            if event == Event::Wake {
                next.lock().unwrap().get_or_insert_with(|| sender.subscribe());
                let mut wait = own.lock().unwrap();
                assert!(wait.wakes() < 9, "it is woken for ever");
                assert!(wait.poll().is_pending());
            }
        });
        assert!(wait.poll().is_pending());
    }
    drop(receiver);
    waits.iter().for_each(|wait| wait.lock().unwrap().waker.unhook());
    drop(next.lock().unwrap().take());
    waits.iter().for_each(|wait| wait.lock().unwrap().ready());
}

/// A waker panics when a value was changed: who waits for access is let in all the same.
// Mutant: core/src/sync/watch/cell.rs :: if self.watch.access.end_write() {\n                    self.watch.call(section); => if self.watch.access.end_write() && false {\n                    self.watch.call(section);
#[test]
fn failure_109_panicking_waker_keeps_nobody_from_access() {
    let (sender, mut receiver) = channel(0);
    let hostile = TestWaker::panicking(Event::Wake);
    let mut change = std::boxed::Box::pin(receiver.changed());
    assert!(poll(change.as_mut(), &hostile).is_pending());
    let mut other = sender.subscribe();
    let mut look = std::boxed::Box::pin(other.wait_for(|_| true));
    let waiter = TestWaker::new();
    assert!(panics(|| {
        sender.send_modify(|value| {
            assert!(poll(look.as_mut(), &waiter).is_pending());
            *value += 1;
        });
    }));
    hostile.unhook();
    assert_eq!(waiter.wakes(), 1, "left waiting");
    assert!(poll(look.as_mut(), &waiter).is_ready());
}

#[test]
fn wait_for_looks_at_what_is_there_and_at_every_change() {
    let (sender, mut receiver) = channel(5);
    assert_eq!(*Polled::new(receiver.wait_for(|value| *value == 5)).ready().unwrap(), 5);
    let mut wait = Polled::waiting(receiver.wait_for(|value| *value > 7));
    sender.send(6).unwrap();
    assert!(wait.poll().is_pending());
    sender.send(8).unwrap();
    {
        let look = wait.ready().unwrap();
        // As with tokio: the wait has counted it as seen.
        assert_eq!((*look, look.has_changed()), (8, false));
    }
    drop(wait);
    let mut wait = Polled::waiting(receiver.wait_for(|value| *value > 100));
    drop(sender);
    assert!(wait.ready().is_err());
    drop(wait);
    // Closed, and the value there is right.
    assert_eq!(*Polled::new(receiver.wait_for(|value| *value == 8)).ready().unwrap(), 8);
    let looked = core::cell::Cell::new(0);
    let count = |_: &i32| {
        looked.set(looked.get() + 1);
        false
    };
    assert!(Polled::new(receiver.wait_for(count)).ready().is_err());
    assert_eq!(looked.get(), 1, "looked at twice");
}

/// Closures of the user that panic leave the value as they left it, nobody told, and the channel as usable as before.
// Mutant: core/src/sync/watch/cell.rs :: if self.modified { => if true {
#[test]
fn failure_099_panic_in_a_closure_leaves_the_channel_usable() {
    let (sender, mut receiver) = channel(0);
    let mut wait = Polled::waiting(receiver.changed());
    assert!(panics(|| sender.send_modify(|value| {
        *value = 1;
        panic!("in the middle");
    })));
    assert_eq!((wait.wakes(), *sender.borrow()), (0, 1));
    sender.send_modify(|value| *value += 1);
    wait.ready().unwrap();
    drop(wait);
    assert!(panics(|| drop(Polled::new(receiver.wait_for(|_| panic!("condition"))).poll())));
    sender.send(7).unwrap();
    assert_eq!(*receiver.borrow(), 7);
    // A destructor of an old value runs with nothing held.
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "old value");
        }
    }
    let (sender, receiver) = channel(Bomb(true));
    assert!(panics(|| sender.send(Bomb(false)).unwrap()));
    assert_eq!(receiver.has_changed(), Ok(true));
    assert!(!receiver.borrow().0);
}

#[test]
fn sender_waits_on_its_thread_for_a_look_of_another() {
    let (sender, receiver) = channel(0);
    let looking = AtomicBool::new(false);
    thread::scope(|scope| {
        let look = sender.borrow();
        scope.spawn(|| {
            looking.store(true, Ordering::Release);
            sender.send(1).unwrap();
        });
        while !looking.load(Ordering::Acquire) {
            thread::yield_now();
        }
        // Whether it waits by now or not, it has not sent.
        assert_eq!(*look, 0);
        drop(look);
    });
    assert_eq!(*receiver.borrow(), 1);
}

/// Somebody who comes to look, and waits for it.
fn comes_to_look<T>(receiver: &Receiver<T>) -> Polled<impl Future<Output = ()> + '_> {
    Polled::new(async {
        drop(receiver.home().watch().read().await);
    })
}

/// Returns when `done` says so.
fn wait_until(mut done: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < limit, "it never comes to that");
    }
}

/// A look lasts while others come: those give way to the sender, who would never find the value alone, but not for as long as the
/// look lasts, which may be their own.
// Mutant: core/src/sync/watch/alloc.rs :: self.press = self.watch.press(millis); => self.press = None;
// Mutant: core/src/sync/watch/alloc.rs :: self.presses = !self.presses; => self.presses = true;
// Mutant: core/src/sync/watch/cell.rs :: guard::swallow(|| self.let_in()); => guard::swallow(|| ());
#[test]
fn who_comes_to_look_gives_way_for_a_while_to_a_thread_that_sends() {
    type Send = fn(&Sender<u32>);
    let sends: [Send; 2] = [|sender| sender.send(1).unwrap(), |sender| sender.send_modify(|value| *value = 1)];
    for send in sends {
        let (sender, receiver) = channel(0);
        thread::scope(|scope| {
            let (begun, has_begun) = mpsc::channel();
            let (end, ends) = mpsc::channel::<()>();
            let looks = receiver.clone();
            scope.spawn(move || {
                let _look = looks.borrow();
                begun.send(()).unwrap();
                let _ = ends.recv();
            });
            has_begun.recv().unwrap();
            scope.spawn(|| send(&sender));
            let mut late = comes_to_look(&receiver);
            wait_until(|| {
                late = comes_to_look(&receiver);
                late.poll().is_pending()
            });
            assert_eq!(receiver.home().watch().try_borrow().as_deref(), Some(&0), "in no time");
            assert_eq!(*receiver.borrow(), 0, "when the turn is over");
            wait_until(|| late.wakes() > 0);
            drop(end);
        });
        assert_eq!(*receiver.borrow(), 1);
    }
}

/// Its second look would keep the sender waiting for the first one.
// Mutant: core/src/sync/watch/cell.rs :: here::looks() && self.access.try_read_at_once() => false
#[test]
fn who_looks_already_gives_way_to_nobody() {
    let watch = Watch::<u32>::new(0);
    let look = watch.borrow();
    let press = watch.press(1).unwrap();
    assert_eq!(*Polled::new(watch.read()).ready(), *look);
    assert_eq!(*watch.borrow(), 0);
    drop(look);
    let mut late = Polled::waiting(watch.read());
    watch.ease(press);
    assert_eq!(*late.ready(), 0);
}

/// The turn of who presses ends with him, and not with another one's: but for a longer one, which is whole.
// Mutant: core/src/sync/watch/access.rs :: if !is_over && last.millis() >= usize::from(millis) { => if false {
// Mutant: core/src/sync/watch/access.rs :: if !is_over && last.millis() >= usize::from(millis) { => if !is_over {
// Mutant: core/src/sync/watch/access.rs :: let is_last = self.press.load(Ordering::Relaxed) == press.0; => let is_last = press.0 > 0;
#[test]
fn the_press_of_another_one_is_left_alone() {
    let watch = Watch::<u32>::new(0);
    let first = watch.press(1).unwrap();
    assert_eq!(watch.press(1), None);
    let mut late = Polled::waiting(watch.read());
    watch.ease(first);
    assert_eq!(*late.ready(), 0);
    let first = watch.press(1).unwrap();
    watch.try_send(1).unwrap();
    let second = watch.press(1).expect("the value was had alone");
    let mut late = Polled::waiting(watch.read());
    watch.ease(first);
    let longer = watch.press(2).unwrap();
    watch.ease(second);
    assert!(late.poll().is_pending());
    watch.ease(longer);
    assert_eq!(*late.ready(), 1);
}

/// Two threads of which each looks until the other one has begun to look again, or does not come to that for a while.
// Mutant: core/src/sync/watch/access.rs :: self.read_unless(WRITING | PRESSED) => self.read_unless(WRITING)
#[cfg_attr(miri, ignore = "it is a matter of time")]
#[test]
fn looks_that_overlap_keep_no_sender_out() {
    const AGAIN: Duration = Duration::from_millis(20);
    let (sender, receiver) = channel(0);
    let (looks, sent) = ([AtomicUsize::new(0), AtomicUsize::new(0)], AtomicBool::new(false));
    thread::scope(|scope| {
        for [own, other] in [[0, 1], [1, 0]] {
            let (looks, sent, receiver) = (&looks, &sent, &receiver);
            scope.spawn(move || {
                wait_until(|| {
                    let _look = receiver.borrow();
                    let seen = looks[other].load(Ordering::SeqCst);
                    looks[own].fetch_add(1, Ordering::SeqCst);
                    let begun = Instant::now();
                    while looks[other].load(Ordering::SeqCst) == seen && begun.elapsed() < AGAIN {
                        thread::yield_now();
                    }
                    sent.load(Ordering::SeqCst)
                });
            });
        }
        while looks[0].load(Ordering::SeqCst) < 10 {
            thread::yield_now();
        }
        sender.send(1).unwrap();
        sent.store(true, Ordering::SeqCst);
    });
}

#[test]
fn readers_and_writers_on_threads_see_whole_values() {
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 2_000 };
    let (sender, receiver) = channel([0_usize; 4]);
    let last = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..2 {
            let (receiver, last) = (receiver.clone(), last.clone());
            scope.spawn(move || {
                let mut before = 0;
                while !last.load(Ordering::Acquire) {
                    let now = *receiver.borrow();
                    assert!(now.iter().all(|part| *part == now[0]) && now[0] >= before);
                    before = now[0];
                    thread::yield_now();
                }
            });
        }
        for n in 1..=ROUNDS {
            if n % 2 == 0 {
                sender.send([n; 4]).unwrap();
            } else {
                sender.send_modify(|value| value.iter_mut().for_each(|part| *part = n));
            }
        }
        last.store(true, Ordering::Release);
    });
    assert_eq!(*receiver.borrow(), [ROUNDS; 4]);
}

/// What runs where a panic is caught may send and look, as with tokio's.
#[test]
fn sides_may_be_used_where_a_panic_is_caught() {
    let (sender, receiver) = channel(0);
    let caught = std::panic::catch_unwind(|| {
        let look = receiver.borrow();
        std::panic::catch_unwind(|| *look).unwrap();
        drop(look);
        sender.send_modify(|_| panic!("a closure of the user's"));
    });
    assert!(caught.is_err());
}

#[test]
fn sides_may_be_sent_and_shared() {
    let (sender, mut receiver) = channel(0);
    send_sync(&sender);
    send_sync(&receiver);
    send_sync(&sender.closed());
    send_sync(&receiver.changed());
}
