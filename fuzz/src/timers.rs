//! The timer queue against a map ordered by deadline and age; one far timer is always there.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use zokio_core::ambient::{self, Ambient, Current};
use zokio_core::time::{Clock, Instant, Sleep, Timers, sleep_until};

use crate::{Input, planted};

/// A clock that stands until it is moved.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.load(Ordering::Relaxed))
    }
    fn rearm(&self, _: Instant) {}
}

thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(None) };
}

/// A context per thread.
struct Here;

// SAFETY: a thread-local cell is reached by its thread only.
unsafe impl Ambient for Here {
    fn get() -> Current {
        CURRENT.get()
    }
    unsafe fn swap(next: Current) -> Current {
        CURRENT.replace(next)
    }
}

/// Writes its name into a log when woken.
struct Log {
    name: u64,
    log: Arc<Mutex<Vec<u64>>>,
}

impl Wake for Log {
    fn wake(self: Arc<Self>) {
        self.log.lock().expect("log").push(self.name);
    }
}

struct World {
    timers: &'static Timers<Hand>,
    log: Arc<Mutex<Vec<u64>>>,
    sleeps: Vec<(u64, Pin<Box<Sleep>>, Waker)>,
    oracle: BTreeMap<(Instant, u64), u64>,
    keys: BTreeMap<u64, (Instant, u64)>,
    order: u64,
}

impl World {
    fn now(&self) -> u64 {
        self.timers.now().as_nanos()
    }

    fn know(&mut self, name: u64, deadline: Instant) {
        self.forget(name);
        if deadline.as_nanos() > self.now() {
            self.order += 1;
            self.keys.insert(name, (deadline, self.order));
            self.oracle.insert((deadline, self.order), name);
        }
    }

    fn forget(&mut self, name: u64) {
        if let Some(key) = self.keys.remove(&name) {
            self.oracle.remove(&key);
        }
    }

    fn insert(&mut self, name: u64, deadline: Instant) {
        let waker = Waker::from(Arc::new(Log { name, log: self.log.clone() }));
        let context = ambient::Context::EMPTY.with_timers(self.timers);
        let mut sleep = Box::pin(Here::enter(&context, || sleep_until::<Here>(deadline)));
        let ready = sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        assert_eq!(ready, deadline.as_nanos() <= self.now() && deadline != Instant::FAR);
        if !ready {
            self.sleeps.push((name, sleep, waker));
            self.know(name, deadline);
        }
    }

    fn expire(&mut self, to: u64) {
        self.timers.clock().0.store(to, Ordering::Relaxed);
        let mut expected = Vec::new();
        while let Some((&key, &name)) = self.oracle.first_key_value() {
            if key.0.as_nanos() > to || key.0 == Instant::FAR {
                break;
            }
            self.forget(name);
            expected.push(name);
        }
        assert_eq!(self.timers.expire(), expected.len());
        let woken = std::mem::take(&mut *self.log.lock().expect("log"));
        assert_eq!(woken, expected, "at {to}");
        self.sleeps.retain_mut(|(name, sleep, waker)| {
            let ready = sleep.as_mut().poll(&mut Context::from_waker(waker)).is_ready();
            assert!(ready || !woken.contains(name), "woken and not ready");
            assert!(!ready || sleep.deadline().as_nanos() <= to, "early");
            !ready
        });
    }
}

/// The target.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let timers = timers();
    timers.clock().0.store(input.word().min(u64::MAX / 2), Ordering::Relaxed);
    let mut world = World {
        timers,
        log: Arc::default(),
        sleeps: Vec::new(),
        oracle: BTreeMap::new(),
        keys: BTreeMap::new(),
        order: 0,
    };
    world.insert(0, Instant::from_nanos(u64::MAX - 1));
    let mut names = 0;
    while let Some(operation) = input.operation() {
        let now = world.now();
        let deadline = Instant::from_nanos(now.saturating_add(input.word()));
        let some = world.sleeps.len();
        match operation % 16 {
            0..7 if some < 64 => {
                names += 1;
                world.insert(names, deadline);
            }
            // The first one is the far one that stays.
            7..11 if some > 1 => {
                let (name, ..) = world.sleeps.swap_remove(1 + usize::from(operation >> 4) % (some - 1));
                world.forget(name);
            }
            11 | 12 if some > 1 => {
                let at = 1 + usize::from(operation >> 4) % (some - 1);
                let (name, sleep, waker) = &mut world.sleeps[at];
                let name = *name;
                if !(planted() && sleep.deadline() > deadline) {
                    sleep.as_mut().reset(deadline);
                }
                if sleep.as_mut().poll(&mut Context::from_waker(waker)).is_ready() {
                    assert!(deadline.as_nanos() <= now, "early");
                    // It may have been woken at once.
                    let woken = std::mem::take(&mut *world.log.lock().expect("log"));
                    assert!(woken.iter().all(|&woken| woken == name), "another was woken");
                    world.forget(name);
                    drop(world.sleeps.swap_remove(at));
                } else {
                    world.know(name, deadline);
                }
            }
            13 => {
                let next = world.timers.next_deadline().map_or(now, |next| next.as_nanos());
                let to = (next - u64::from(operation >> 4) % 2).saturating_add(u64::from(operation >> 5) % 3);
                world.expire(to.max(now).min(u64::MAX - 2));
            }
            14 => world.expire(now.saturating_add(u64::from(operation >> 4)).min(u64::MAX - 2)),
            _ => world.expire(deadline.as_nanos().min(u64::MAX - 2)),
        }
        let first = world.oracle.first_key_value().map(|(key, _)| key.0).filter(|first| *first != Instant::FAR);
        assert_eq!(world.timers.next_deadline(), first);
    }
    world.sleeps.clear();
    assert_eq!(world.timers.next_deadline(), None, "all were removed");
}

/// A queue of this thread, for ever.
fn timers() -> &'static Timers<Hand> {
    thread_local! {
        static QUEUE: &'static Timers<Hand> = Box::leak(Box::new(Timers::new(Hand::default())));
    }
    let queue = QUEUE.with(|queue| *queue);
    if queue.next_deadline().is_some() {
        // A planted bug has left something behind: another one.
        return Box::leak(Box::new(Timers::new(Hand::default())));
    }
    queue
}
