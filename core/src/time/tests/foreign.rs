//! Timers beside foreign code: wakers that panic or come back, other threads, other contexts.

use std::boxed::Box;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use std::vec::Vec;

use super::unit::{at, hostile, panic_text, task};
use super::util::{Hand, Here, Random, Task, ms, timers, within};
use crate::time::{Sleep, Timers, sleep};

// Mutant: core/src/time/queue.rs :: self.queue.wake_all(|heap| closing.pop(heap)); => self.queue.wake_all(|heap| closing.pop(heap).filter(|_| false));
#[test]
fn failure_087_sleep_during_shutdown() {
    let timers = timers();
    let mut tasks: Vec<_> = (0..20).map(|n| task(timers, ms(n + 1))).collect();
    let mut never = task(timers, Duration::MAX);
    assert!(tasks.iter_mut().all(|task| task.poll().is_pending()));
    assert!(never.poll().is_pending());
    let mut fresh = task(timers, ms(1));
    timers.close();
    assert!(timers.is_closed());
    assert!(tasks.iter().chain([&never]).all(|task| task.woken() == 1 && task.wakers() == 0));
    assert_eq!((timers.next_deadline(), timers.expire()), (None, 0));
    for task in [&mut tasks[0], &mut never, &mut fresh] {
        assert!(panic_text(|| _ = task.poll()).starts_with("no timer driver: the runtime in which"));
        assert_eq!(task.wakers(), 0);
    }
    // A clock that has gone on for ever meanwhile changes nothing.
    timers.clock().set(u64::MAX);
    assert!(panic_text(|| _ = tasks[1].poll()).starts_with("no timer driver"));
    tasks.clear();

    timers.clock().set(0);
    timers.reopen();
    assert!(fresh.poll().is_pending());
    assert!(panic_text(|| _ = never.poll()).starts_with("no timer driver"), "it belonged to the one before");
    never.future.as_mut().reset(at(5));
    assert!(never.poll().is_pending());
    timers.clock().set(1_000_000);
    assert_eq!(timers.expire(), 2);
    assert!(fresh.poll().is_ready() && never.poll().is_ready());
}

#[test]
fn a_sleep_outlives_its_runtime_and_moves_between_threads_and_contexts() {
    let home = timers();
    let other = timers();
    let mut task = task(home, ms(1));
    assert!(within(other, || task.poll()).is_pending());
    assert_eq!((home.next_deadline(), other.next_deadline()), (Some(at(1_000_000)), None));
    let mut task = std::thread::spawn(move || {
        // No context at all here.
        assert!(task.poll().is_pending());
        home.clock().set(1_000_000);
        assert_eq!(home.expire(), 1);
        task
    })
    .join()
    .unwrap();
    assert!(task.poll().is_ready());
    let gone = std::thread::spawn(move || {
        let mut task = self::task(home, ms(1));
        assert!(task.poll().is_pending());
        task
    })
    .join()
    .unwrap();
    home.close();
    drop(gone);
}

#[test]
fn failure_098_a_waker_that_comes_back_into_the_queue_finds_it_unlocked() {
    let timers = timers();
    let deeds = Arc::new(AtomicUsize::new(0));
    let victims: Arc<Mutex<Vec<Task<Sleep>>>> = Arc::default();
    let (count, prey) = (deeds.clone(), victims.clone());
    let waker = hostile::waker(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        // Every operation there is: each would hang if it were called under the lock.
        timers.next_deadline();
        let mut own = task(timers, ms(1));
        assert!(own.poll().is_pending());
        own.future.as_mut().reset(at(3));
        drop(own);
        // Drops a sleep that is in the same batch, or still in the queue.
        let victim = prey.lock().unwrap().pop();
        drop(victim);
    });
    let other = Waker::noop();
    let mut sleeps: Vec<_> = (0..20).map(|_| Box::pin(within(timers, || sleep::<Here>(ms(1))))).collect();
    for (n, sleep) in sleeps.iter_mut().enumerate() {
        let mut victim = task(timers, Duration::from_nanos(500_000 + n as u64 * 50_000));
        assert!(victim.poll().is_pending());
        victims.lock().unwrap().push(victim);
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(sleep.as_mut().poll(&mut Context::from_waker(other)).is_pending());
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    drop(sleeps.pop());
    timers.clock().set(1_000_000);
    timers.expire();
    assert!(deeds.load(Ordering::SeqCst) >= 20 * 3 + 19);
    assert!(sleeps.iter_mut().all(|sleep| sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()));
}

// Mutant: core/src/time/queue.rs :: guard::run(|| waker.wake()) => Ok::<(), guard::Payload>(waker.wake())
#[test]
fn a_waker_that_panics_costs_nobody_else_his_wake() {
    let timers = timers();
    let waker = hostile::waker(|name| assert_ne!(name, "wake", "hostile"));
    let mut good: Vec<_> = (0..30).map(|_| task(timers, ms(1))).collect();
    let mut bad = Vec::new();
    for (n, task) in good.iter_mut().enumerate() {
        // Two in a row: both leave the lock together.
        for _ in 0..if n % 10 == 3 { 2 } else { 0 } {
            let mut sleep = Box::pin(within(timers, || sleep::<Here>(ms(1))));
            assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            bad.push(sleep);
        }
        assert!(task.poll().is_pending());
    }
    timers.clock().set(1_000_000);
    assert!(panic_text(|| _ = timers.expire()).contains("hostile"));
    assert_eq!(timers.next_deadline(), None);
    assert!(good.iter_mut().all(|task| task.woken() == 1 && task.poll().is_ready()));
    assert!(bad.iter_mut().all(|sleep| sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()));

    // Nor does it keep others asleep in a queue that is closed.
    let mut bad = Box::pin(within(timers, || sleep::<Here>(ms(1))));
    let mut good: Vec<_> = (0..30).map(|_| task(timers, ms(2))).collect();
    assert!(bad.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(good.iter_mut().all(|task| task.poll().is_pending()));
    assert!(panic_text(|| timers.close()).contains("hostile"));
    assert!(good.iter().all(|task| task.woken() == 1));
}

#[test]
fn a_clone_that_panics_leaves_the_queue_as_it_was() {
    let timers = timers();
    let waker = hostile::waker(|name| assert_ne!(name, "clone", "hostile"));
    let mut task = task(timers, ms(1));
    let mut cx = Context::from_waker(&waker);
    assert!(panic_text(|| _ = task.future.as_mut().poll(&mut cx)).contains("hostile"));
    assert_eq!(timers.next_deadline(), None);
    assert!(task.poll().is_pending());
    assert!(panic_text(|| _ = task.future.as_mut().poll(&mut cx)).contains("hostile"));
    timers.clock().set(1_000_000);
    assert_eq!(timers.expire(), 1);
    assert_eq!(task.woken(), 1);
}

#[test]
fn owners_drop_reset_and_poll_while_two_others_expire() {
    let count = if cfg!(miri) { 30 } else { 20_000 };
    let timers = timers();
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while done.load(Ordering::SeqCst) < 2 {
                    let next = timers.next_deadline().unwrap_or(timers.now());
                    // Two of them: the clock may go back by a little, which no sleep minds.
                    timers.clock().set(next.as_nanos());
                    timers.expire();
                    std::thread::yield_now();
                }
            });
        }
        for owner in 0..2 {
            let done = &done;
            scope.spawn(move || {
                let mut random = Random::new(owner);
                for _ in 0..count {
                    let mut task = task(timers, Duration::from_nanos(1 + random.below(50)));
                    for _ in 0..random.below(4) {
                        if random.below(2) == 0 {
                            let deadline = timers.now() + Duration::from_nanos(random.below(50));
                            task.future.as_mut().reset(deadline);
                        }
                        let to_the_end = random.below(2) == 0;
                        loop {
                            let before = task.woken();
                            if task.poll().is_ready() || !to_the_end {
                                break;
                            }
                            // The wake may be one of before a reset, and the clock may have gone back since.
                            while task.woken() == before {
                                std::thread::yield_now();
                            }
                        }
                    }
                }
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!(timers.next_deadline(), None);
}

/// A task that is polled where it is woken, and waits anew each time: by a new sleep, or by its own.
struct Again {
    timers: &'static Timers<Hand>,
    resets: bool,
    sleep: Mutex<Option<Pin<Box<Sleep>>>>,
    polls: Arc<AtomicUsize>,
}

impl Again {
    fn poll(self: &Arc<Self>) {
        // So that the test ends.
        if self.polls.fetch_add(1, Ordering::SeqCst) > 1000 {
            return;
        }
        let before = self.sleep.lock().unwrap().take();
        let mut sleep = match before {
            Some(mut own) if self.resets => {
                own.as_mut().reset(self.timers.now() + ms(1));
                own
            }
            _ => within(self.timers, || Box::pin(sleep::<Here>(ms(1)))),
        };
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&Waker::from(self.clone()))).is_pending());
        *self.sleep.lock().unwrap() = Some(sleep);
    }
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.poll();
    }
}

// Mutant: core/src/time/queue.rs :: queue.heap.with(|heap| heap.close_below(rest)); => queue.heap.with(|heap| { heap.close_below(rest); heap.reopen(); });
#[test]
fn close_returns_where_all_who_are_woken_wait_anew_at_once() {
    for (count, resets) in [(1, false), (7, true), (8, false), (20, true)] {
        let (timers, polls) = (timers(), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..count)
            .map(|_| Arc::new(Again { timers, resets, sleep: Mutex::default(), polls: polls.clone() }))
            .collect();
        tasks.iter().for_each(|task| task.poll());
        assert!(panic_text(|| timers.close()).starts_with("no timer driver"));
        assert_eq!(polls.load(Ordering::SeqCst), 2 * count, "each once more");
        assert!(timers.is_closed() && tasks.iter().all(|task| task.sleep.lock().unwrap().is_none()));
    }
}

/// Everything that the owner of a sleep may do, between two wakes of a queue that is closed.
// Mutant: core/src/time/heap.rs :: root.alone_under(rest); => root.set_next(Some(root));
#[test]
fn sleeps_go_and_move_and_are_polled_while_their_queue_closes() {
    for seed in 0..if cfg!(miri) { 4 } else { 200 } {
        let (timers, tasks) = (timers(), Arc::new(Mutex::new(Vec::new())));
        let random = Mutex::new(Random::new(seed));
        let others: Arc<Mutex<Vec<Option<Task<Sleep>>>>> = tasks.clone();
        let deeds = Arc::new(AtomicUsize::new(0));
        let count = deeds.clone();
        let waker = hostile::waker(move |name| {
            if name != "wake" {
                return;
            }
            count.fetch_add(1, Ordering::SeqCst);
            assert!(timers.is_closed());
            assert_eq!((timers.next_deadline(), timers.expire()), (None, 0));
            // Others are being told by who is closing already.
            timers.close();
            let draw = |bound| random.lock().unwrap().below(bound);
            let (number, deed) = (draw(40) as usize, draw(3));
            let mut others = others.lock().unwrap();
            let Some(task) = &mut others[number] else { return };
            let (before, waits) = (task.woken(), task.future.is_linked());
            match deed {
                0 => others[number] = None,
                1 => {
                    task.future.as_mut().reset(at(draw(100) + 1));
                    assert_eq!(task.woken() - before, usize::from(waits), "it is told at once");
                    assert!(panic_text(|| _ = task.poll()).starts_with("no timer driver"));
                }
                _ if waits => {
                    task.count = Arc::default();
                    assert!(task.poll().is_pending());
                }
                _ => assert!(panic_text(|| _ = task.poll()).starts_with("no timer driver")),
            }
        });
        let mut draw = Random::new(seed + 1000);
        let mut hostile: Vec<_> = (0..30).map(|_| task(timers, Duration::from_nanos(draw.below(100) + 1))).collect();
        for number in 0..40 {
            let mut quiet = task(timers, Duration::from_nanos(draw.below(100) + 1));
            assert!(quiet.poll().is_pending());
            tasks.lock().unwrap().push(Some(quiet));
            if let Some(task) = hostile.get_mut(number) {
                assert!(task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
            // Some have children, and some have none.
            if number % 10 == 9 {
                drop(tasks.lock().unwrap()[number - 5].take());
            }
        }
        timers.close();
        assert_eq!(deeds.load(Ordering::SeqCst), hostile.len());
        for task in tasks.lock().unwrap().iter_mut().flatten() {
            assert!(!task.future.is_linked() && task.wakers() == 0);
            assert_eq!(task.woken(), 1);
        }
    }
}

/// Who waits in a queue that was opened anew meanwhile is no business of who still closes it.
// Mutant: core/src/time/heap.rs :: let first = Tree::of(&rest).links(|links| links.child)?; => let first = self.root().or(Tree::of(&rest).links(|links| links.child))?;
#[test]
fn close_goes_on_with_those_before_a_reopen() {
    let timers = timers();
    let fresh: Arc<Mutex<Option<Task<Sleep>>>> = Arc::default();
    let place = fresh.clone();
    let waker = hostile::waker(move |name| {
        if name == "wake" {
            timers.reopen();
            let mut next = task(timers, ms(1));
            assert!(next.poll().is_pending());
            *place.lock().unwrap() = Some(next);
        }
    });
    let mut first = task(timers, ms(1));
    assert!(first.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let mut before: Vec<_> = (0..20).map(|n| task(timers, ms(n + 2))).collect();
    assert!(before.iter_mut().all(|task| task.poll().is_pending()));
    timers.close();
    assert!(before.iter().all(|task| task.woken() == 1 && !task.future.is_linked()));
    let mut fresh = fresh.lock().unwrap().take().unwrap();
    assert_eq!((timers.is_closed(), fresh.woken()), (false, 0));
    timers.clock().set(1_000_000);
    assert_eq!((timers.expire(), fresh.woken()), (1, 1));
    assert!(fresh.poll().is_ready());
}
