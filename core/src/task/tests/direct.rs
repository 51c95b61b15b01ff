//! A scheduler that does nothing but push: whoever wakes its tasks does so himself.

use core::task::Waker;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::vec::Vec;

use super::util::{Direct, Home, Line, Wakers, arena, ready};
use crate::lock::{DefaultLock, LocalLock, RawLock};
use crate::run_queue::RunQueue;
use crate::sync::{Signal, WaitCell};
use crate::task::{Arena, Notified, Owner, Schedule, StaticPlace};
use crate::test_util::forever;

fn loops<L: RawLock + Send + Sync>(slots: &'static Arena<4, 128>, line: &'static Direct) {
    let signal: &'static Signal<usize, L> = forever(Signal::with_lock());
    let sum = Arc::new(AtomicUsize::new(0));
    let mine = sum.clone();
    let handle = slots.try_spawn_local_at(line, async move {
        loop {
            match signal.wait().await {
                0 => break,
                value => mine.fetch_add(value, Ordering::Relaxed),
            };
        }
    });
    let mut handle = handle.unwrap();
    assert_eq!(line.turn(), 1);
    for value in 1..=10 {
        signal.signal(value);
        assert_eq!(line.turn(), 1, "a wake under the lock is a push");
        assert_eq!(line.turn(), 0);
    }
    signal.signal(1);
    signal.signal(0);
    assert_eq!(line.turn(), 1, "woken twice, queued once");
    ready(&mut handle).unwrap();
    assert_eq!(sum.load(Ordering::Relaxed), 55);
}

#[test]
fn a_signal_wakes_under_its_lock() {
    let (slots, line) = (arena::<4, 128>(), Direct::new());
    loops::<DefaultLock>(slots, line);
    #[cfg(feature = "critical-section")]
    loops::<crate::lock::CriticalSection>(slots, line);
}

#[test]
fn one_context_needs_no_lock() {
    let (slots, line) = (arena::<4, 128>(), Direct::new());
    let cell = forever(WaitCell::<LocalLock>::new());
    let mut polls = 0;
    let handle = slots.try_spawn_local_at(
        line,
        core::future::poll_fn(move |cx| {
            polls += 1;
            cell.register(cx.waker());
            if polls == 3 { core::task::Poll::Ready(()) } else { core::task::Poll::Pending }
        }),
    );
    let mut handle = handle.unwrap();
    assert_eq!(line.turn(), 1);
    for _ in 0..2 {
        assert!(cell.wake());
        assert_eq!(line.turn(), 1);
    }
    ready(&mut handle).unwrap();
    // It registered once more, and is stale now.
    assert!(cell.wake());
    assert_eq!((line.turn(), slots.in_use()), (0, 0));
}

/// One arena for schedulers of both kinds: a stale waker, under a lock or not, finds the tenant of today where it is.
// Mutant: core/src/task/header.rs :: if !Owner::is_asked(owner) { => if true {
#[test]
fn failure_066_a_stale_waker_finds_a_scheduler_of_the_other_kind() {
    let slots = arena::<1, 128>();
    let (direct, asked) = (Direct::new(), Line::<16>::new(Home::Pool(slots)));
    let wakers = Wakers::default();
    let cell = WaitCell::<DefaultLock>::new();
    let wake = |stale: &Waker| {
        cell.register(stale);
        cell.wake();
        stale.wake_by_ref();
    };
    let mut first = slots.try_spawn_local_at(direct, wakers.once()).unwrap();
    direct.turn();
    let stale = wakers.one();
    wake(&stale);
    assert_eq!((direct.turn(), asked.turn()), (1, 0));
    ready(&mut first).unwrap();
    wake(&stale);
    assert_eq!((direct.turn(), asked.turn()), (0, 0));
    let mut second = asked.spawn(wakers.once());
    assert_eq!(asked.turn(), 1);
    wake(&stale);
    assert_eq!((direct.turn(), asked.turn()), (0, 1));
    ready(&mut second).unwrap();
    let mut third = slots.try_spawn_local_at(direct, wakers.once()).unwrap();
    wake(&stale);
    assert_eq!((direct.turn(), asked.turn()), (1, 0));
    wake(&stale);
    assert_eq!((direct.turn(), asked.turn()), (1, 0));
    ready(&mut third).unwrap();
}

/// A place that is local has its tasks pushed before they are filled, any other one after: once, and in their order.
// Mutant: core/src/task/arena.rs :: if local && Owner::is_direct(owner) { => if false {
#[test]
fn each_is_pushed_once_whatever_the_place_promises() {
    let (slots, line) = (arena::<3, 128>(), Direct::new());
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = |number: usize| {
        let order = order.clone();
        async move { order.lock().unwrap().push(number) }
    };
    for local in [true, false] {
        // SAFETY: kept for ever, and bound; this is the thread that runs its tasks.
        let place = unsafe { StaticPlace::new(Owner::of(line), None, local) };
        let mut joined = slots.try_spawn_at(&place, note(1)).unwrap();
        let detached = slots.try_spawn_detached_at(&place, note(2));
        let lone = slots.try_spawn_unabortable_at(&place, note(3));
        assert_eq!((detached.is_ok(), lone.is_ok()), (local, local));
        assert_eq!(line.turn(), if local { 3 } else { 1 });
        ready(&mut joined).unwrap();
        assert_eq!((line.turn(), slots.in_use()), (0, 0));
    }
    assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1]);
}

/// In the order of their wake-ups, each once, whoever wakes them.
#[test]
fn woken_by_other_threads_each_task_runs_once() {
    const TASKS: usize = 8;
    let (slots, line) = (arena::<TASKS, 128>(), Direct::new());
    let wakers = Wakers::default();
    let mut handles: Vec<_> = (0..TASKS).map(|_| slots.try_spawn_local_at(line, wakers.once()).unwrap()).collect();
    assert_eq!(line.turn(), TASKS);
    let stale = wakers.take();
    let threads: Vec<_> = stale
        .chunks(TASKS / 2)
        .map(|part| {
            let part = part.to_vec();
            thread::spawn(move || {
                for waker in part.iter().chain(&part) {
                    waker.wake_by_ref();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(line.turn(), TASKS);
    handles.iter_mut().for_each(|handle| ready(handle).unwrap());
    stale.iter().for_each(Waker::wake_by_ref);
    assert_eq!((line.turn(), slots.in_use()), (0, 0));
}

#[test]
fn aborted_and_detached() {
    let (slots, line) = (arena::<2, 128>(), Direct::new());
    let wakers = Wakers::default();
    let handle = slots.try_spawn_local_at(line, wakers.wait()).unwrap();
    let abort = slots.try_spawn_detached_at(line, wakers.wait()).unwrap();
    assert_eq!((line.turn(), slots.in_use()), (2, 2));
    abort.abort();
    handle.abort();
    abort.abort();
    assert_eq!((line.turn(), slots.in_use()), (2, 1));
    drop(handle);
    wakers.take().iter().for_each(Waker::wake_by_ref);
    assert_eq!((line.turn(), slots.in_use()), (0, 0));
}

/// A task in a slot waits for another one: completion wakes it in the same step, also when it lent its waker twice.
#[test]
fn a_slot_is_joined_by_another_one() {
    let (slots, line) = (arena::<2, 128>(), Direct::new());
    for wakes in [0, 2] {
        let (wakers, spare) = (Wakers::default(), Wakers::default());
        let child = slots.try_spawn_local_at(line, wakers.once()).unwrap();
        let wait = spare.wait();
        let mut parent = slots
            .try_spawn_local_at(line, async move {
                let (mut child, mut wait) = (child, core::pin::pin!(wait));
                core::future::poll_fn(|cx| {
                    assert!(wait.as_mut().poll(cx).is_pending());
                    core::pin::Pin::new(&mut child).poll(cx)
                })
                .await
                .unwrap();
                std::string::String::from("joined")
            })
            .unwrap();
        assert_eq!(line.turn(), 2);
        for _ in 0..wakes {
            spare.one().wake();
            assert_eq!(line.turn(), 1, "woken for nothing, it looks again");
        }
        wakers.one().wake();
        assert_eq!(line.turn(), 2, "the child ends, and the parent is queued once");
        assert_eq!(ready(&mut parent).unwrap(), "joined");
        assert_eq!((line.turn(), slots.in_use()), (0, 0));
    }
}

/// A task that waits for itself is not queued again when it completes, and its slot is free once the handle is gone.
#[test]
fn a_task_that_joins_itself_ends() {
    let (slots, line) = (arena::<1, 128>(), Direct::new());
    let own: Arc<std::sync::Mutex<Option<crate::task::JoinHandle<()>>>> = Arc::default();
    let (mine, mut polls) = (own.clone(), 0);
    let handle = slots.try_spawn_local_at(
        line,
        core::future::poll_fn(move |cx| {
            let mut own = mine.lock().unwrap();
            let handle = own.as_mut().unwrap();
            assert!(core::pin::Pin::new(handle).poll(cx).is_pending());
            polls += 1;
            if polls == 1 {
                cx.waker().wake_by_ref();
                return core::task::Poll::Pending;
            }
            core::task::Poll::Ready(())
        }),
    );
    *own.lock().unwrap() = Some(handle.unwrap());
    assert_eq!(line.turn(), 2);
    assert_eq!((line.turn(), slots.in_use()), (0, 1));
    ready(own.lock().unwrap().as_mut().unwrap()).unwrap();
    assert_eq!(slots.in_use(), 0);
}

/// The field that holds the joiner's waker goes from one kind of waker to another and back.
#[test]
fn a_handle_is_polled_with_wakers_of_both_kinds() {
    for order in [[true, false, true], [false, true, false], [true, true, false], [false, false, true]] {
        let (slots, line) = (arena::<2, 128>(), Direct::new());
        let count = Arc::new(AtomicUsize::new(0));
        let foreign = Waker::from(Arc::new(Count(count.clone())));
        let (wakers, child) = (Wakers::default(), Wakers::default());
        let other = slots.try_spawn_local_at(line, wakers.wait()).unwrap();
        let mut handle = slots.try_spawn_local_at(line, child.once()).unwrap();
        assert_eq!(line.turn(), 2);
        let ours = wakers.one();
        for kind in order {
            let waker = if kind { &ours } else { &foreign };
            assert!(core::pin::Pin::new(&mut handle).poll(&mut core::task::Context::from_waker(waker)).is_pending());
        }
        child.one().wake();
        // The child, and the other one where its waker was the last.
        assert_eq!(line.turn(), 1 + usize::from(order[2]));
        assert_eq!(count.load(Ordering::Relaxed), usize::from(!order[2]));
        ready(&mut handle).unwrap();
        drop((foreign, other));
        assert_eq!((Arc::strong_count(&count), slots.in_use()), (1, 1), "no waker is forgotten");
    }
}

/// A handle that lent its waker goes away, before the task ends and after.
#[test]
fn a_handle_that_lent_a_waker_goes() {
    let (slots, line) = (arena::<2, 128>(), Direct::new());
    let wakers = Wakers::default();
    let other = slots.try_spawn_local_at(line, wakers.wait()).unwrap();
    line.turn();
    let ours = wakers.one();
    for first in [false, true] {
        let child = Wakers::default();
        let mut handle = slots.try_spawn_local_at(line, child.once()).unwrap();
        assert_eq!(line.turn(), 1);
        assert!(core::pin::Pin::new(&mut handle).poll(&mut core::task::Context::from_waker(&ours)).is_pending());
        if first {
            drop(handle);
            child.one().wake();
            assert_eq!(line.turn(), 1, "the child, and nobody who waits for it");
        } else {
            child.one().wake();
            assert_eq!(line.turn(), 2);
            drop(handle);
        }
        assert_eq!(slots.in_use(), 1);
    }
    drop(other);
}

struct Count(Arc<AtomicUsize>);

impl std::task::Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the consumer pushes itself comes behind what others pushed before, and before what they push later.
// Mutant: core/src/run_queue/lock_free.rs :: if top != end {\n            return self.push_onto(link, top); => if false {\n            return self.push_onto(link, top);
#[test]
fn the_consumer_pushes_in_order() {
    let line = Line::<0>::new(Home::Boxed);
    let queue = RunQueue::<Line>::new();
    let (slots, direct) = (arena::<6, 128>(), Direct::new());
    for own in 0..1 << 6 {
        let tasks = core::array::from_fn(|_| {
            line.spawn(core::future::ready(())).detach();
            line.pop().unwrap()
        });
        push_in_order(own, tasks, &queue, line);
        for _ in 0..6 {
            slots.try_spawn_at(direct, core::future::ready(())).unwrap().detach();
        }
        // SAFETY: *one consumer*: this thread.
        let tasks = core::array::from_fn(|_| unsafe { direct.queue().pop(direct) }.unwrap());
        push_in_order(own, tasks, direct.queue(), direct);
    }
}

/// The bits of `own` say which ones the consumer pushes.
fn push_in_order<S: Schedule>(own: usize, tasks: [Notified<S>; 6], queue: &RunQueue<S>, owner: &S) {
    let mut pushed = Vec::new();
    for (step, task) in tasks.into_iter().enumerate() {
        pushed.push(task.task());
        if own >> step & 1 == 1 {
            // SAFETY: *one consumer*: this thread.
            unsafe { queue.push_own(task, owner) };
        } else {
            queue.push(task, owner);
        }
        if step == 2 {
            // SAFETY: as above.
            let task = unsafe { queue.pop(owner) }.unwrap();
            assert_eq!(task.task(), pushed.remove(0), "{own:b}");
            task.cancel();
        }
    }
    for place in pushed {
        // SAFETY: as above.
        let task = unsafe { queue.pop(owner) }.expect("none is lost");
        assert_eq!(task.task(), place, "{own:b}");
        task.cancel();
    }
    // SAFETY: as above.
    assert!(unsafe { queue.is_empty(owner) }, "{own:b}");
}
