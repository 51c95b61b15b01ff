//! Models of the sleep and wake protocol. Boxes are counters (push adds one and learns whether the box was empty, take
//! empties it), sleeping is a mutex and a condition variable with a sticky flag, and a lost wake-up is a deadlock.

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::*;
use zokio_core::atomic::AtomicBool;

/// Explores a model, and says how many executions it had, as `loom::model` does (`cargo xtask loom` reads it).
pub(crate) fn explore(model: loom::model::Builder, f: impl Fn() + Sync + Send + 'static) {
    let executions = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = executions.clone();
    model.check(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        f();
    });
    println!("Completed in {} iterations", executions.load(std::sync::atomic::Ordering::Relaxed));
}

struct Parker {
    unparked: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    fn unpark(&self) {
        *self.unparked.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn park(&self, is_idle: &mut dyn FnMut() -> bool) {
        if !is_idle() {
            return;
        }
        let mut unparked = self.unparked.lock().unwrap();
        while !*unparked {
            unparked = self.changed.wait(unparked).unwrap();
        }
        *unparked = false;
    }
}

/// Some workers and what they are to do.
struct Machine {
    idle: Idle,
    boxes: Vec<AtomicUsize>,
    parkers: Vec<Parker>,
    closed: AtomicBool,
    done: AtomicUsize,
    expected: usize,
}

impl Machine {
    fn new(workers: usize, group: usize, expected: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::with_group(workers, group),
            boxes: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
            parkers: (0..workers).map(|_| Parker { unparked: Mutex::new(false), changed: Condvar::new() }).collect(),
            closed: AtomicBool::new(false),
            done: AtomicUsize::new(0),
            expected,
        })
    }

    fn wake(&self, worker: Option<usize>) {
        if let Some(worker) = worker {
            self.parkers[worker].unpark();
        }
    }

    /// From outside, into the box of `worker`.
    fn push(&self, worker: usize) {
        // Ordering: as the inbox: whoever takes sees what was pushed.
        if self.boxes[worker].fetch_add(1, Ordering::Release) == 0 {
            self.wake(self.idle.notify(worker));
        }
    }

    fn take(&self, from: usize) -> usize {
        if self.boxes[from].load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.boxes[from].swap(0, Ordering::Acquire)
    }

    fn any(&self) -> bool {
        self.boxes.iter().any(|count| count.load(Ordering::Relaxed) > 0)
    }

    fn close(&self) {
        // Ordering: pairs with the load in `run`; the unpark that follows makes a parked worker look.
        self.closed.store(true, Ordering::Release);
        self.parkers.iter().for_each(Parker::unpark);
    }

    /// The loop of worker.rs without tasks.
    fn run(&self, me: usize) {
        let mut role = Role::new(me);
        // Ordering: see `close`.
        while !self.closed.load(Ordering::Acquire) {
            let mut taken = self.take(me);
            if taken == 0 && role.may_search(&self.idle) {
                taken = (1..self.boxes.len())
                    .map(|step| self.take((me + step) % self.boxes.len()))
                    .find(|n| *n > 0)
                    .unwrap_or(0);
            }
            if taken > 0 {
                self.wake(role.found(&self.idle, || self.any()));
                if self.done.fetch_add(taken, Ordering::Relaxed) + taken == self.expected {
                    self.close();
                }
                continue;
            }
            let own = || self.boxes[me].load(Ordering::Relaxed) > 0;
            role.park(&self.idle, own, || self.any(), |is_idle| self.parkers[me].park(is_idle));
        }
        role.leave(&self.idle);
    }
}

fn start(machine: &Arc<Machine>) -> Vec<thread::JoinHandle<()>> {
    (0..machine.boxes.len())
        .map(|worker| {
            let machine = machine.clone();
            thread::spawn(move || machine.run(worker))
        })
        .collect()
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

// Mutant: executor-mt/src/idle.rs :: fence(Ordering::SeqCst); // after the push => // no fence
#[test]
fn failure_001_external_push_races_the_last_worker_parking() {
    loom::model(|| {
        let machine = Machine::new(1, GROUP, 1);
        let threads = start(&machine);
        machine.push(0);
        join(threads);
    });
}

// Mutant: executor-mt/src/idle.rs :: fence(Ordering::SeqCst); // after the bit => // no fence
#[test]
fn failure_001_external_push_races_two_workers_parking() {
    loom::model(|| {
        let machine = Machine::new(2, GROUP, 1);
        let threads = start(&machine);
        machine.push(0);
        join(threads);
    });
}

// Mutant: executor-mt/src/idle.rs :: fetch_and(!bit, Ordering::Relaxed) => load(Ordering::Relaxed)
#[test]
fn failure_004_spurious_unpark_of_every_worker_then_a_remote_push() {
    loom::model(|| {
        let machine = Machine::new(2, GROUP, 1);
        let threads = start(&machine);
        machine.parkers.iter().for_each(Parker::unpark);
        machine.push(1);
        join(threads);
    });
}

// Mutant: executor-mt/src/idle.rs :: (true, 1) => (now.0 - SEARCHER + bit, Parked::LookAtAll), => (true, 1) => (now.0 - SEARCHER + bit, Parked::LookAtOwn),
#[test]
fn two_pushers_and_two_sleepers() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(1); // four threads; two preemptions take minutes
    explore(model, || {
        let machine = Machine::new(2, GROUP, 2);
        let threads = start(&machine);
        let other = machine.clone();
        let pusher = thread::spawn(move || other.push(0));
        machine.push(1);
        pusher.join().unwrap();
        join(threads);
    });
}

// Mutant: executor-mt/src/idle.rs :: (true, 1) => (now.0 - SEARCHER + bit, Parked::LookAtAll), => (true, 1) => (now.0 - SEARCHER + bit, Parked::LookAtOwn),
#[test]
fn workers_in_two_words() {
    loom::model(|| {
        let machine = Machine::new(2, 1, 2);
        let threads = start(&machine);
        machine.push(0);
        machine.push(1);
        join(threads);
    });
}

// Mutant: executor-mt/src/idle.rs :: (false, 0) => (now.0 + SEARCHER, Parked::Search), => (false, 0) => (now.0, Parked::Search),
#[test]
fn shutdown_races_parking() {
    loom::model(|| {
        let machine = Machine::new(2, GROUP, 1);
        let threads = start(&machine);
        machine.close();
        join(threads);
    });
}

// A nap without an end: it must be ended by whoever calls for help, whether its tasks were left to it or not. Worker 1 runs all
// the while.
// Mutant: executor-mt/src/idle.rs :: fence(Ordering::SeqCst); // after the name => // no fence
#[test]
fn a_call_for_help_races_a_nap() {
    loom::model(|| help_races_a_nap(Left::NOBODY));
    loom::model(|| help_races_a_nap(Left::NOBODY.and(1)));
}

fn help_races_a_nap(left: Left) {
    let machine = Machine::new(2, GROUP, 1);
    let worker = machine.clone();
    let thread = thread::spawn(move || {
        let mut role = Role::new(0);
        assert!(role.may_search(&worker.idle));
        while worker.take(1) == 0 {
            let rest = role.nap(&worker.idle, left, || worker.any(), |_, is_idle| worker.parkers[0].park(is_idle));
            assert_eq!(rest, Rest::Napped);
        }
        assert_eq!(role.found(&worker.idle, || worker.any()), None);
    });
    machine.push(1);
    thread.join().unwrap();
}

// Mutant: executor-mt/src/idle.rs :: fence(Ordering::SeqCst); // after the insertion => // no fence
#[test]
fn an_earlier_deadline_from_elsewhere_races_parking() {
    loom::model(|| {
        let machine = Machine::new(1, GROUP, 1);
        let earlier = Arc::new(AtomicBool::new(false));
        let (worker, seen) = (machine.clone(), earlier.clone());
        let thread = thread::spawn(move || {
            let mut role = Role::new(0);
            while !seen.load(Ordering::Relaxed) {
                // The deadline is asked for after the bit was set, as the own boxes are.
                let own = || seen.load(Ordering::Relaxed);
                role.park(&worker.idle, own, || false, |is_idle| worker.parkers[0].park(is_idle));
            }
        });
        earlier.store(true, Ordering::Relaxed);
        if machine.idle.is_parked(0) {
            machine.parkers[0].unpark();
        }
        thread.join().unwrap();
    });
}
