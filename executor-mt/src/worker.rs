//! The loop of a worker, and nothing else.
//!
//! ```text
//!        own queue <------------------ wakes, spawns and requeues of its own tasks
//!          |    ^  \ full: half
//!          |    |   v
//!          |   backlog <-------------- every `global_queue_interval` ticks, or when the queue is empty
//!          |    ^        \
//!          |    |         inbox of new tasks (other threads)
//!          |    every tick: inbox of wakes (other threads)
//!          v
//!         run        nothing left: search all boxes of others, nap and search again, then park until the next deadline
//! ```
//!
//! Two boxes, two rhythms: a wake from another thread is looked for at every tick, by one plain load, since somebody is
//! in the middle of something; new tasks are let in in batches. The backlog gets its turn by ticks, or it would starve
//! behind tasks that wake each other; and a task that woke itself while it ran goes to its end, where there is one, so that
//! tasks which always yield take turns with it.
//!
//! A task that lies alone in a queue is what its worker runs next, so others leave it there until they see that the worker
//! has not moved between two looks. They look after naps, and are called at once for tasks that were spawned, that came
//! from other threads, and for the second one that was woken; but not for a second one of a few where somebody has just seen
//! that this worker gets through them (see [`steal`]).

use core::cell::Cell;
use core::time::Duration;
use std::boxed::Box;
use std::sync::Arc;

use zokio_core::atomic::{Ordering, fence};
use zokio_core::guard::swallow;
use zokio_core::park::{Park, Unpark};
use zokio_core::time::Timers;

use crate::context::{Head, Installed};
use crate::deque::{CAPACITY, Owner};
use crate::home::{Home, Task};
use crate::idle::{Left, Rest, Role};
use crate::shared::Shared;
use crate::steal::FEW;
use crate::{shutdown, steal};

/// How many tasks of the backlog get into the queue at their tick.
const REFILL: usize = CAPACITY / 4;

/// What a wake on the worker's own thread needs; shared with the loop, so all of it is behind `&`.
#[repr(C)]
pub(crate) struct Local<U: Unpark> {
    /// First, so that a pointer to the whole is one to the head.
    head: Head,
    pub(crate) shared: Arc<Shared<U>>,
    pub(crate) queue: Queue<U>,
    /// `Some`: it polls no task, and so many have come meanwhile: what events and timers wake now is what it runs next, and whoever
    /// helps can be called when all of it is there.
    between: Cell<Option<usize>>,
}

impl<U: Unpark> Local<U> {
    pub(crate) fn new(shared: Arc<Shared<U>>, queue: Queue<U>, clock: *const (), index: usize) -> Self {
        let head = Head { shared: Arc::as_ptr(&shared).cast(), clock, index };
        Self { head, shared, queue, between: Cell::new(None) }
    }

    pub(crate) fn index(&self) -> usize {
        self.head.index
    }

    pub(crate) fn home(&self) -> &Home<U> {
        &self.shared.homes[self.head.index]
    }

    /// A task was spawned on this thread: to the own queue, and another worker is woken if the queue was empty, and once more
    /// when it holds more than a few.
    pub(crate) fn push(&self, task: Task<U>) {
        let before = self.put(task);
        if !self.has_come_between() && (matches!(before, 0 | FEW) || self.left() <= 1) {
            self.shared.notify(self.index());
        }
    }

    /// A task was woken on this thread: to the own queue. If that was empty, it is what this worker runs next: whoever naps
    /// may look after it; from the second one on there is something to share, unless this worker gets through a few.
    #[inline]
    pub(crate) fn push_woken(&self, task: Task<U>) {
        let before = self.put(task);
        if self.has_come_between() {
            return;
        }
        if matches!(before, 0 | 1 | FEW) {
            self.call(before);
        } else if self.left() <= 1 {
            self.call(0);
        }
    }

    /// Whether a task that was put into the queue came between two polls; if so, it is counted.
    #[inline]
    fn has_come_between(&self) -> bool {
        let Some(come) = self.between.get() else { return false };
        self.between.set(Some(come + 1));
        true
    }

    /// Calls another worker for a task that was woken where there were so many before.
    fn call(&self, before: usize) {
        match before {
            0 => self.shared.notify_lazily(self.index()),
            1 => self.shared.notify_of_few(self.index()),
            _ => self.shared.notify(self.index()),
        }
    }

    /// How much is in the queue after tasks were put there. Where that is no more than was put, all that was before them has been taken
    /// since: who was called for it may have looked for more before there was any.
    #[inline]
    fn left(&self) -> usize {
        // Ordering: *push, fence, look*; pairs with the fence after a searcher stops. Either what it took is missed below, or it sees
        // what was put here.
        fence(Ordering::SeqCst); // after the push
        self.queue.len()
    }

    /// Puts a task into the own queue. Returns how many there were before; others may have taken some meanwhile.
    #[inline]
    fn put(&self, task: Task<U>) -> usize {
        let before = self.queue.len();
        if let Err(task) = self.queue.push(task) {
            self.overflow(task);
        }
        before
    }

    /// A task was woken while it ran: behind all others, so that tasks which always yield take turns with the backlog.
    /// Nobody is woken for it: this worker looks for its next task now.
    pub(crate) fn requeue(&self, task: Task<U>) {
        if self.home().backlog.len() > 0 {
            self.overflow(task);
        } else if let Err(task) = self.queue.push(task) {
            self.overflow(task);
        }
    }

    /// The queue is full: the task goes to the backlog, alone, for all that is in the queue is older. (To put the oldest half of the
    /// queue there as well takes the lock once for so many, and starves: what had just come from the backlog, and was to be next, went
    /// there again, in step with the ticks.)
    #[cold]
    fn overflow(&self, task: Task<U>) {
        self.home().counters.count_overflowed(1);
        self.home().backlog.extend([task]);
    }
}

/// The worker's end of its queue.
pub(crate) type Queue<U> = Owner<Task<U>>;

/// Makes this thread a worker until the runtime is closed and its tasks are dropped. Gives the parker back.
pub(crate) fn work<P: Park>(
    shared: Arc<Shared<P::Unpark>>,
    queue: Queue<P::Unpark>,
    clock: *const (),
    index: usize,
    park: P,
    timers: &'static Timers,
    rhythm: Rhythm,
) -> P {
    let local = Local::new(shared, queue, clock, index);
    // SAFETY: `local` outlives the guard, which is dropped at the end of this call; its first field is the head.
    let _installed = unsafe { Installed::new((&raw const local).cast()) };
    let mut worker = Worker::new(&local, park, timers, rhythm);
    worker.run();
    shutdown::drain(&local);
    worker.park
}

/// How often the loop looks elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    /// Ticks between two looks at new tasks and the backlog.
    pub(crate) global_queue_interval: u32,
    /// Ticks between two looks at timers and events.
    pub(crate) event_interval: u32,
    /// How long the shortest nap is; `None`: nobody naps.
    pub(crate) nap: Option<Duration>,
}

/// Counts down to the next of every `interval` ticks.
fn is_due(to_go: &mut u32, interval: u32) -> bool {
    *to_go -= 1;
    let due = *to_go == 0;
    if due {
        *to_go = interval;
    }
    due
}

/// A worker: what only its own thread has.
pub(crate) struct Worker<'a, P: Park> {
    local: &'a Local<P::Unpark>,
    park: P,
    timers: &'static Timers,
    role: Role,
    rhythm: Rhythm,
    /// Ticks to go until the next look elsewhere of each kind.
    to_go: Rhythm,
    random: u32,
    /// Polls that each worker had done when this one last searched.
    seen: Box<[u64]>,
    /// What it left where it was when it last searched.
    left: Left,
}

impl<'a, P: Park> Worker<'a, P> {
    pub(crate) fn new(local: &'a Local<P::Unpark>, park: P, timers: &'static Timers, rhythm: Rhythm) -> Self {
        let index = local.index();
        let seen = local.shared.homes.iter().map(|_| u64::MAX).collect();
        let (role, random, left) = (Role::new(index), index as u32 + 1, Left::NOBODY);
        // Every second tick at most, for at that tick a queue that is full may have none.
        let rhythm = Rhythm { global_queue_interval: rhythm.global_queue_interval.max(2), ..rhythm };
        Self { local, park, timers, role, rhythm, to_go: rhythm, random, seen, left }
    }

    /// Runs tasks until the runtime is closed.
    pub(crate) fn run(&mut self) {
        let shared = &*self.local.shared;
        while !shared.is_closed() {
            if is_due(&mut self.to_go.event_interval, self.rhythm.event_interval) {
                self.look_for_events();
            }
            match self.next().or_else(|| self.search()) {
                Some(task) => {
                    shared.unpark(self.role.found(&shared.idle, || shared.has_work()));
                    self.local.home().counters.count_polls(1);
                    task.run();
                }
                None => self.rest(),
            }
        }
        self.role.leave(&shared.idle);
    }

    /// The next task from the own boxes.
    fn next(&mut self) -> Option<Task<P::Unpark>> {
        let (local, home) = (self.local, self.local.home());
        if !home.wakes.is_empty() {
            self.receive(home.wakes.take_all());
        }
        if is_due(&mut self.to_go.global_queue_interval, self.rhythm.global_queue_interval) {
            if !home.spawns.is_empty() {
                self.receive(home.spawns.take_all());
            }
            if let Some(task) = self.refill() {
                return Some(task);
            }
        }
        if let Some(task) = local.queue.pop() {
            return Some(task);
        }
        if !home.spawns.is_empty() {
            self.receive(home.spawns.take_all());
            if let Some(task) = local.queue.pop() {
                return Some(task);
            }
        }
        let (task, others) = steal::from_backlog(home, local, CAPACITY / 2);
        self.moved(0, usize::from(task.is_some()) + others);
        task
    }

    /// So many tasks have come into the queue, or one of them into hand, that were nowhere while they were moved: whoever looked
    /// meanwhile saw none, and may sleep. One alone is what this worker runs next, and for what was there `before` nobody was called
    /// if that was one alone as well.
    fn moved(&self, before: usize, tasks: usize) {
        match (before, tasks) {
            (_, 0) => {}
            (1, 1) => self.local.call(1),
            (_, 1) => {}
            _ => self.local.shared.notify(self.local.index()),
        }
    }

    /// Takes in what came from other threads. One unpark per drained batch: whoever comes to help will call for more.
    fn receive(&mut self, tasks: impl Iterator<Item = Task<P::Unpark>>) {
        let before = self.local.queue.len();
        let received = steal::keep(tasks, self.local);
        self.local.home().counters.count_received(received);
        self.moved(before, received);
    }

    /// Lets some of the backlog into the queue, as far as there is room: behind what is there, which is older. Where there is none, one
    /// is run at once: a queue that is full of tasks which wake each other has no room for ever. (To run one at once where there is
    /// room as well gave a backlog of one task as many polls as half of the queue.)
    fn refill(&mut self) -> Option<Task<P::Unpark>> {
        let (local, home) = (self.local, self.local.home());
        if home.backlog.len() == 0 {
            return None;
        }
        let before = local.queue.len();
        match CAPACITY - before {
            0 => home.backlog.take(1).next(),
            room => {
                self.moved(before, steal::keep(home.backlog.take(room.min(REFILL)), local));
                None
            }
        }
    }

    /// Looks into the boxes of the others, if not enough others do so already.
    fn search(&mut self) -> Option<Task<P::Unpark>> {
        let shared = &*self.local.shared;
        self.left = Left::NOBODY;
        if !self.role.may_search(&shared.idle) {
            return None;
        }
        // Where the search begins is no matter of chance that somebody could predict, only of spreading.
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let naps = self.rhythm.nap.is_some();
        let greedy = !naps || self.role.is_eager();
        let (seen, left) = (&mut self.seen, &mut self.left);
        let found = steal::search(shared, self.local, self.random as usize >> 8, |victim| {
            let home = &shared.homes[victim];
            let polls = home.counters.polls();
            let moves = core::mem::replace(&mut seen[victim], polls) != polls;
            if naps && steal::gets_through(home.thief.len(), polls, || home.counters.polls()) {
                *left = left.and(victim);
                return FEW;
            }
            // What lies alone in a queue is what its worker runs next, unless that has not moved since the last look.
            if greedy || !moves { 0 } else { 1 }
        });
        match found {
            Some(_) => self.local.home().counters.count_steals(1),
            None => self.local.home().counters.count_vain_searches(1),
        }
        found
    }

    /// Nothing was found: naps, or sleeps until there is something to do.
    fn rest(&mut self) {
        let Some(shortest) = self.rhythm.nap else { return self.park() };
        let Self { local, park, timers, role, left, .. } = self;
        let (shared, left) = (&*local.shared, *left);
        let rest = role.nap(
            &shared.idle,
            left,
            || shared.has_plenty(left) || shared.is_closed(),
            |times, is_idle| {
                local.home().counters.count_naps(1);
                local.between.set(Some(0));
                let end = timers.now().saturating_add(shortest * times);
                let end = timers.next_deadline().map_or(end, |deadline| deadline.min(end));
                swallow(|| park.park(Some(end), is_idle));
            },
        );
        match rest {
            Rest::Napped => self.awaken(),
            Rest::Search => {}
            Rest::Park => self.park(),
        }
    }

    /// Sleeps until there is something to do.
    fn park(&mut self) {
        let Self { local, park, timers, role, .. } = self;
        let local = *local;
        let shared = &*local.shared;
        let home = local.home();
        let parked = role.park(
            &shared.idle,
            // The queue as well: a parker may deliver events before it asks, and nobody is called for what they wake.
            || home.has_work() || shared.is_closed(),
            || shared.has_work(),
            |is_idle| {
                home.counters.count_parks(1);
                local.between.set(Some(0));
                // Asked for after the parked bit was set: an earlier deadline from elsewhere is seen here or rings.
                swallow(|| park.park(timers.next_deadline(), is_idle));
            },
        );
        if parked {
            self.awaken();
        }
    }

    /// After a sleep: what is due, and help for what has come meanwhile. The queue was empty before it.
    fn awaken(&mut self) {
        self.expire();
        self.goes_on(0);
    }

    fn look_for_events(&mut self) {
        self.local.home().counters.count_driver_polls(1);
        let before = self.local.queue.len();
        self.local.between.set(Some(0));
        swallow(|| self.park.poll());
        self.expire();
        self.goes_on(before);
    }

    /// It polls tasks again, and calls for help if several are left of what has come [`between`](Local::between): behind what it had
    /// `before`, for which it called or had a reason not to, or where that is gone.
    fn goes_on(&mut self, before: usize) {
        let local = self.local;
        let come = local.between.take().unwrap_or(0);
        if come == 0 {
            return;
        }
        let left = local.left();
        if left > 1 && (left > before || left <= come) {
            local.shared.notify(local.index());
        }
    }

    fn expire(&mut self) {
        let counters = &self.local.home().counters;
        swallow(|| counters.count_timers(self.timers.expire()));
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
#[path = "worker/tests/calls.rs"]
mod tests;
