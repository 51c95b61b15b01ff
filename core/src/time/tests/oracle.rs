//! The queue against a `BTreeMap`, over random programs.

use std::boxed::Box;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::vec::Vec;

use super::util::{Hand, Here, Random, Task, timers, within};
use crate::time::{Instant, Sleep, Timers, sleep_until};

const STEPS: usize = if cfg!(miri) { 150 } else { 2000 };
const PROGRAMS: u64 = if cfg!(miri) { 2 } else { 28 };

/// Writes its name into a log when woken.
struct Log {
    name: u64,
    log: Arc<Mutex<Vec<u64>>>,
}

impl Wake for Log {
    fn wake(self: Arc<Self>) {
        self.log.lock().unwrap().push(self.name);
    }
}

struct World {
    timers: &'static Timers<Hand>,
    random: Random,
    log: Arc<Mutex<Vec<u64>>>,
    sleeps: Vec<(u64, Pin<Box<Sleep>>, Waker)>,
    /// By deadline, then by the order in which they came to have it.
    oracle: BTreeMap<(Instant, u64), u64>,
    keys: BTreeMap<u64, (Instant, u64)>,
    order: u64,
    names: u64,
}

impl World {
    fn new(seed: u64, start: u64) -> Self {
        let timers = timers();
        timers.clock().set(start);
        Self {
            timers,
            random: Random::new(seed),
            log: Arc::default(),
            sleeps: Vec::new(),
            oracle: BTreeMap::new(),
            keys: BTreeMap::new(),
            order: 0,
            names: 0,
        }
    }

    fn now(&self) -> u64 {
        self.timers.now().as_nanos()
    }

    /// Near a power of two, or a few ticks away (so that there are equals), or anywhere.
    fn deadline(&mut self) -> Instant {
        let now = self.now();
        let by = match self.random.below(8) {
            0..4 => 1 + self.random.below(16),
            4 | 5 => (1u64 << self.random.below(64)).saturating_add(self.random.below(3)).saturating_sub(1).max(1),
            6 => 1 + self.random.below(1 << 20),
            _ => self.random.next(),
        };
        Instant::from_nanos(now.saturating_add(by))
    }

    fn know(&mut self, name: u64, deadline: Instant) {
        self.forget(name);
        self.order += 1;
        self.keys.insert(name, (deadline, self.order));
        self.oracle.insert((deadline, self.order), name);
    }

    fn forget(&mut self, name: u64) {
        if let Some(key) = self.keys.remove(&name) {
            self.oracle.remove(&key);
        }
    }

    fn insert(&mut self, deadline: Instant) {
        let name = self.names;
        self.names += 1;
        let waker = Waker::from(Arc::new(Log { name, log: self.log.clone() }));
        let mut sleep = Box::pin(within(self.timers, || sleep_until::<Here>(deadline)));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        self.sleeps.push((name, sleep, waker));
        self.know(name, deadline);
    }

    fn pick(&mut self) -> Option<usize> {
        // The first one is the far one that stays.
        (self.sleeps.len() > 1).then(|| 1 + self.random.below(self.sleeps.len() as u64 - 1) as usize)
    }

    fn cancel(&mut self) {
        if let Some(at) = self.pick() {
            let (name, ..) = self.sleeps.swap_remove(at);
            self.forget(name);
        }
    }

    fn reset(&mut self) {
        let deadline = self.deadline();
        if let Some(at) = self.pick() {
            let (name, sleep, _) = &mut self.sleeps[at];
            sleep.as_mut().reset(deadline);
            let name = *name;
            self.know(name, deadline);
        }
    }

    /// Moves the clock, expires, and compares what was woken.
    fn jump(&mut self) {
        let now = self.now();
        let far = Instant::FAR.as_nanos() - 2;
        let to = match self.random.below(4) {
            0 => now.saturating_add(self.random.below(4)),
            1 => now.saturating_add(1 << self.random.below(40)),
            _ => {
                let next = self.timers.next_deadline().map_or(now, |next| next.as_nanos());
                (next - self.random.below(2)).saturating_add(self.random.below(3))
            }
        };
        // The far one is never passed, or it would not be there for the rest.
        let to = to.max(now).min(far);
        self.timers.clock().set(to);
        let mut expected = Vec::new();
        while let Some((&key, &name)) = self.oracle.first_key_value() {
            if key.0.as_nanos() > to || key.0 == Instant::FAR {
                break;
            }
            self.oracle.remove(&key);
            self.keys.remove(&name);
            expected.push(name);
        }
        assert_eq!(self.timers.expire(), expected.len());
        let woken = core::mem::take(&mut *self.log.lock().unwrap());
        assert_eq!(woken, expected, "at {to}");
        self.sleeps.retain_mut(|(name, sleep, waker)| {
            if !woken.contains(name) {
                return true;
            }
            assert!(sleep.as_mut().poll(&mut Context::from_waker(waker)).is_ready());
            false
        });
    }

    fn check(&self) {
        let first = self.oracle.first_key_value().map(|(key, _)| key.0).filter(|first| *first != Instant::FAR);
        assert_eq!(self.timers.next_deadline(), first);
    }

    fn run(mut self, steps: usize) {
        self.insert(Instant::from_nanos(Instant::FAR.as_nanos() - 1));
        for _ in 0..steps {
            match self.random.below(100) {
                // Of every ten inserted, about five are cancelled and one is reset.
                0..45 => {
                    let deadline = self.deadline();
                    self.insert(deadline);
                }
                45..68 => self.cancel(),
                68..73 => self.reset(),
                _ => self.jump(),
            }
            self.check();
        }
        self.timers.clock().set(u64::MAX);
        self.timers.expire();
        assert_eq!(self.timers.next_deadline(), None, "nothing is left, the far one included");
        let expected: Vec<u64> =
            self.oracle.iter().filter(|(key, _)| key.0 != Instant::FAR).map(|(_, &name)| name).collect();
        assert_eq!(*self.log.lock().unwrap(), expected);
    }
}

// Mutant: core/src/time/heap.rs :: Some(root) if root.deadline() <= node.deadline() => { => Some(root) if root.deadline() < node.deadline() => {
#[test]
fn failure_082_order_is_that_of_a_map_around_every_power_of_two() {
    for program in 0..PROGRAMS {
        World::new(program, 0).run(STEPS);
        // Just before a power of two, the last one included.
        let power = 10 + (program * 54 / (PROGRAMS - 1)) as u32;
        let start = 1u64.checked_shl(power).unwrap_or(0).wrapping_sub(1 + program % 5);
        World::new(1000 + program, start.min(Instant::FAR.as_nanos() - 1000)).run(STEPS);
    }
}

/// Every pair of a start and a delay near a power of two: due at its deadline, not one nanosecond before.
#[test]
fn failure_082_every_power_of_two_is_exact() {
    let powers: Vec<u64> = (0..64)
        .step_by(if cfg!(miri) { 13 } else { 1 })
        .flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) + 1])
        .collect();
    for &start in &powers {
        let timers = timers();
        timers.clock().set(start);
        let far = Instant::from_nanos(u64::MAX - 1);
        let mut distant = Task::new(within(timers, || sleep_until::<Here>(far)));
        assert!(distant.poll().is_pending());
        for &delay in powers.iter().filter(|&&delay| delay > 0) {
            let Some(deadline) = start.checked_add(delay).filter(|&sum| sum < u64::MAX - 1) else { continue };
            timers.clock().set(start);
            let mut task = Task::new(within(timers, || sleep_until::<Here>(Instant::from_nanos(deadline))));
            assert!(task.poll().is_pending());
            assert_eq!(timers.next_deadline(), Some(Instant::from_nanos(deadline)));
            timers.clock().set(deadline - 1);
            assert_eq!(timers.expire(), 0, "{start} + {delay} was early");
            timers.clock().set(deadline);
            assert_eq!(timers.expire(), 1, "{start} + {delay} was late");
            assert!(task.poll().is_ready());
        }
        assert_eq!(distant.woken(), 0);
    }
}
