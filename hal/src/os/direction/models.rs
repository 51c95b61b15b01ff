//! Models of one direction: a waiter, its operation, and events.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::pin::pin;
use std::task::{Context, Wake};

use super::super::thread_park::{Token, Unparked};
use super::*;

const PLAIN: News = News { closed: false, error: false };

/// A source with bytes in it, and the direction that announces them.
struct Source {
    bytes: AtomicUsize,
    direction: Direction,
}

impl Source {
    fn new() -> Arc<Self> {
        let direction = Direction::new();
        direction.open(false);
        Arc::new(Self { bytes: AtomicUsize::new(0), direction })
    }

    /// The system's part: a byte arrives, then its event.
    fn arrive(&self) {
        self.bytes.fetch_add(1, Ordering::Relaxed);
        self.direction.event(0, PLAIN);
    }

    /// Takes what there is, or says that it would block.
    fn try_read(&self, seen: Snapshot) -> Option<usize> {
        match self.bytes.swap(0, Ordering::Relaxed) {
            0 => {
                self.direction.clear(seen, Cause::WouldBlock);
                None
            }
            count => {
                self.direction.clear(seen, Cause::FellShort);
                Some(count)
            }
        }
    }
}

/// A task that is a thread with a parker of its own.
struct Task(Token);

impl Wake for Task {
    fn wake(self: std::sync::Arc<Self>) {
        assert_eq!(self.0.unpark(), Unparked::Done);
    }
}

fn block_on<R>(mut poll: impl FnMut(&Waker) -> Poll<R>) -> R {
    let task = std::sync::Arc::new(Task(Token::new()));
    let waker = Waker::from(task.clone());
    loop {
        if let Poll::Ready(result) = poll(&waker) {
            return result;
        }
        task.0.sleep(None);
    }
}

/// Waits as one of many.
fn wait(direction: &Direction, question: Question) -> Snapshot {
    let mut waiting = pin!(direction.wait(question));
    block_on(|waker| waiting.as_mut().poll(&mut Context::from_waker(waker)))
}

fn reader_gets_every_byte(listed: bool) {
    loom::model(move || {
        let source = Source::new();
        let writer = thread::spawn({
            let source = source.clone();
            move || {
                source.arrive();
                source.arrive();
            }
        });
        let mut all = 0;
        while all < 2 {
            let seen = match listed {
                true => wait(&source.direction, Question::Operation),
                false => block_on(|waker| source.direction.poll(waker)),
            };
            all += source.try_read(seen).unwrap_or(0);
        }
        assert_eq!(all, 2);
        writer.join().unwrap();
    });
}

// Mutant: hal/src/os/direction.rs :: if self.0 & identity != seen.0 & identity { => if self.generation() != seen.generation() {
#[test]
fn failure_122_an_event_between_read_and_clear_survives() {
    reader_gets_every_byte(false);
}

// Mutant: hal/src/os/direction.rs :: self.wake_list();\n        true => true
#[test]
fn a_listed_waiter_loses_no_event() {
    reader_gets_every_byte(true);
}

// Mutant: hal/src/os/direction.rs :: self.list.wake_all() => _ = self.list.wake_one()
#[test]
fn two_listed_waiters_lose_no_event() {
    loom::model(|| {
        let source = Source::new();
        let other = thread::spawn({
            let source = source.clone();
            move || wait(&source.direction, Question::State).is_ready()
        });
        let mut waiting = pin!(source.direction.wait(Question::State));
        let _ = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        source.arrive();
        assert!(block_on(|waker| waiting.as_mut().poll(&mut Context::from_waker(waker))).is_ready());
        assert!(other.join().unwrap());
    });
}

/// Two wait, of either kind, and one event must reach both.
// Mutant: hal/src/os/direction.rs :: foreign(|| _ = self.poller.wake()); => return foreign(|| _ = self.poller.wake()) == ();
#[test]
fn an_event_reaches_the_poller_and_the_list() {
    loom::model(|| {
        let source = Source::new();
        let other = thread::spawn({
            let source = source.clone();
            move || wait(&source.direction, Question::State).is_ready()
        });
        let events = thread::spawn({
            let source = source.clone();
            move || source.arrive()
        });
        assert!(block_on(|waker| source.direction.poll(waker)).is_ready());
        assert!(other.join().unwrap());
        events.join().unwrap();
    });
}

/// A late event for the tenant before, while the next one moves in: the new one never sees it.
// Mutant: hal/src/os/direction.rs :: if self.generation() != generation { => if self.generation() + 9 < generation {
#[test]
fn failure_121_a_late_event_never_reaches_the_next_tenant() {
    loom::model(|| {
        let source = Source::new();
        let late = thread::spawn({
            let source = source.clone();
            move || source.direction.event(0, News { closed: true, error: false })
        });
        source.direction.forget_all();
        source.direction.close();
        source.direction.open(false);
        assert!(!source.direction.snapshot().is_closed());
        late.join().unwrap();
        assert!(!source.direction.snapshot().is_closed());
    });
}

/// The end of the reactor reaches a waiter, whenever it begins to wait.
// Mutant: hal/src/os/direction.rs :: Question::Operation => READY | SHUTDOWN, => Question::Operation => READY,
#[test]
fn the_end_reaches_who_waits() {
    loom::model(|| {
        let source = Source::new();
        let end = thread::spawn({
            let source = source.clone();
            move || source.direction.shutdown()
        });
        let seen = block_on(|waker| source.direction.poll(waker));
        assert!(seen.is_shutdown());
        end.join().unwrap();
    });
}
