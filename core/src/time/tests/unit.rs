//! One test for each way.

use std::boxed::Box;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::string::String;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use std::vec::Vec;

use super::util::{Hand, Here, Task, leak, ms, timers, within};
use crate::ambient::{self, Ambient};
use crate::time::{Elapsed, Instant, Place, Sleep, Timers, now, sleep, sleep_until, timeout, timeout_at};

pub(super) fn task(timers: &'static Timers<Hand>, duration: Duration) -> Task<Sleep> {
    Task::new(within(timers, || sleep::<Here>(duration)))
}

pub(super) fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// What a panic said.
pub(super) fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("should have panicked");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => String::from(*payload.downcast::<&str>().unwrap()),
    }
}

#[test]
fn sleeps_until_its_deadline_and_not_before() {
    let timers = timers();
    let mut task = task(timers, ms(5));
    assert!(task.poll().is_pending());
    assert_eq!(timers.next_deadline(), Some(Instant::EPOCH + ms(5)));
    timers.clock().set(4_999_999);
    assert_eq!(timers.expire(), 0);
    assert!(task.poll().is_pending());
    timers.clock().set(5_000_000);
    assert_eq!(timers.expire(), 1);
    assert_eq!(task.woken(), 1);
    assert!(task.poll().is_ready());
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(task.wakers(), 0);
}

#[test]
fn the_deadline_is_fixed_by_the_call_and_not_by_the_first_poll() {
    let timers = timers();
    let mut task = task(timers, ms(5));
    timers.clock().set(3_000_000);
    assert!(task.poll().is_pending());
    assert_eq!(timers.next_deadline(), Some(at(5_000_000)));
    assert_eq!(task.future.deadline(), at(5_000_000));
}

#[test]
fn a_deadline_that_has_passed_is_ready_at_once() {
    let timers = timers();
    timers.clock().set(1000);
    assert!(task(timers, Duration::ZERO).poll().is_ready());
    within(timers, || {
        assert_eq!(now::<Here>(), at(1000));
        assert!(Task::new(sleep_until::<Here>(at(1000))).poll().is_ready());
        assert!(Task::new(sleep_until::<Here>(Instant::EPOCH)).poll().is_ready());
        assert!(Task::new(sleep_until::<Here>(at(1001))).poll().is_pending());
    });
    assert_eq!(timers.next_deadline(), None, "the last one was dropped");
}

// Mutant: core/src/time/heap.rs :: younger.deadline() >= older.deadline() => younger.deadline() > older.deadline()
#[test]
fn equal_deadlines_leave_in_the_order_of_their_coming() {
    struct Note(usize, Arc<Mutex<Vec<usize>>>);
    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    let count = if cfg!(miri) { 40 } else { 1000 };
    let timers = timers();
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut sleeps = Vec::new();
    for name in 0..count {
        // Others that come and go, earlier and later, mix the trees.
        let mut other = Box::pin(within(timers, || sleep_until::<Here>(at(1 + (name as u64 * 7) % 150))));
        let mut sleep = Box::pin(within(timers, || sleep_until::<Here>(at(100))));
        let waker = Waker::from(Arc::new(Note(name, log.clone())));
        assert!(other.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        sleeps.push(sleep);
        if name % 3 == 0 {
            sleeps.push(other);
        }
    }
    for nanos in 1..=100 {
        timers.clock().set(nanos);
        timers.expire();
    }
    assert!(log.lock().unwrap().iter().copied().eq(0..count));
}

#[test]
fn the_clock_hears_of_an_earlier_deadline_and_of_no_other() {
    let timers = timers();
    let heard = || timers.clock().rearmed.swap(0, Ordering::SeqCst);
    let mut never = task(timers, Duration::MAX);
    assert!(never.poll().is_pending());
    assert_eq!(heard(), 0, "never is no deadline");
    let mut first = task(timers, ms(10));
    assert!(first.poll().is_pending());
    assert_eq!(heard(), 1);
    let mut later = task(timers, ms(10));
    assert!(later.poll().is_pending());
    assert!(first.poll().is_pending());
    assert_eq!(heard(), 0);
    later.future.as_mut().reset(at(20));
    assert_eq!(heard(), 1);
    first.future.as_mut().reset(at(30));
    assert_eq!(heard(), 0);
}

#[test]
fn polling_again_with_the_same_waker_clones_nothing() {
    let timers = timers();
    let mut task = task(timers, ms(5));
    for _ in 0..3 {
        assert!(task.poll().is_pending());
        assert_eq!(task.wakers(), 1);
    }
    task.count = Arc::default();
    assert!(task.poll().is_pending());
    assert_eq!(task.wakers(), 1, "the new waker has taken the place of the old one");
    timers.clock().set(5_000_000);
    timers.expire();
    assert_eq!(task.woken(), 1);
}

// Mutant: core/src/time/clock.rs :: if seconds > u64::MAX / 1_000_000_000 { u64::MAX } => if seconds > u64::MAX / 1_000_000_000 { panic!() }
#[test]
fn failure_083_the_longest_durations_neither_fire_nor_panic() {
    for start in [0, 1, u64::MAX / 2, u64::MAX - 2, u64::MAX - 1] {
        let timers = timers();
        timers.clock().set(start);
        assert!(task(timers, Duration::ZERO).poll().is_ready());
        for longest in
            [Duration::MAX, Duration::MAX - Duration::from_nanos(1), Duration::from_secs(u64::MAX / 1_000_000_000)]
        {
            let mut short = task(timers, Duration::from_nanos(1));
            let mut long = task(timers, longest);
            assert!(long.poll().is_pending());
            assert!(short.poll().is_pending());
            assert_eq!(timers.expire(), 0, "{start} + {longest:?}");
            timers.clock().set(start + 1);
            assert_eq!(timers.expire(), usize::from(start + 1 != u64::MAX));
            assert_eq!(long.woken(), 0);
            drop(long);
            timers.clock().set(start);
        }
    }
}

// Mutant: core/src/time/heap.rs :: Some(self.first_or_far()).filter(|deadline| !deadline.is_far()) => Some(self.first_or_far())
#[test]
fn failure_084_duration_max_everywhere() {
    use crate::time::{MissedTickBehavior, interval, interval_at};
    let max = Duration::MAX;
    for start in [0, 1 << 32, u64::MAX - 2, u64::MAX - 1] {
        let timers = timers();
        timers.clock().set(start);
        within(timers, || {
            let mut waits: Vec<Task<Pin<Box<dyn Future<Output = ()>>>>> = Vec::new();
            let mut wait = |future: Pin<Box<dyn Future<Output = ()>>>| waits.push(Task::new(future));
            wait(Box::pin(sleep::<Here>(max)));
            wait(Box::pin(sleep_until::<Here>(Instant::FAR)));
            wait(Box::pin(async move { _ = timeout::<Here, _>(max, pending::<()>()).await }));
            wait(Box::pin(async { _ = timeout_at::<Here, _>(Instant::FAR, pending::<()>()).await }));
            for missed in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
                wait(Box::pin(async move {
                    let mut interval = interval::<Here>(max);
                    interval.set_missed_tick_behavior(missed);
                    assert_eq!(interval.tick().await.as_nanos(), start);
                    interval.tick().await;
                }));
                wait(Box::pin(async move {
                    let mut interval = interval_at::<Here>(Instant::EPOCH, ms(1));
                    interval.set_missed_tick_behavior(missed);
                    assert_eq!(interval.tick().await, Instant::EPOCH);
                    interval.reset_after(max);
                    interval.tick().await;
                }));
                wait(Box::pin(async move {
                    let mut interval = interval_at::<Here>(Instant::EPOCH, max);
                    interval.set_missed_tick_behavior(missed);
                    interval.reset();
                    interval.tick().await;
                }));
            }
            wait(Box::pin(async {
                let mut sleep = std::pin::pin!(sleep::<Here>(Duration::ZERO));
                sleep.as_mut().await;
                let far = sleep.deadline() + Duration::MAX;
                sleep.as_mut().reset(far);
                sleep.await;
            }));
            for task in &mut waits {
                assert!(task.poll().is_pending());
            }
            assert_eq!(timers.next_deadline(), None);
            timers.clock().set(u64::MAX);
            assert_eq!(timers.expire(), 0);
            assert!(waits.iter_mut().all(|task| task.woken() == 0 && task.poll().is_pending()));
        });
        let here = timers.now();
        assert_eq!(here + max, Instant::FAR);
        assert_eq!(here - max, Instant::EPOCH);
        assert_eq!(here.checked_add(max), None);
    }
}

// Mutant: core/src/time/heap.rs :: Some(root) if root.deadline() <= node.deadline() => { => Some(root) if root.deadline() <= node.deadline() || true => {
#[test]
fn failure_085_never_timer_then_short_timer_in_one_task() {
    let timers = timers();
    // One after the other, and both at once, in one task with one waker.
    let mut task = Task::new(async {
        {
            let mut never = std::pin::pin!(sleep::<Here>(Duration::MAX));
            poll_fn(|cx| {
                assert!(never.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        sleep::<Here>(ms(500)).await;
        let mut never = std::pin::pin!(sleep::<Here>(Duration::MAX));
        let mut short = std::pin::pin!(sleep::<Here>(ms(500)));
        poll_fn(|cx| {
            assert!(never.as_mut().poll(cx).is_pending());
            short.as_mut().poll(cx)
        })
        .await;
        never.as_mut().reset(now::<Here>() + ms(500));
        never.await;
    });
    for round in 0..3 {
        assert!(within(timers, || task.poll()).is_pending());
        assert_eq!(timers.next_deadline(), Some(Instant::EPOCH + ms(500) * (round + 1)));
        timers.clock().set(500_000_000 * (u64::from(round) + 1));
        assert_eq!(timers.expire(), 1);
        assert_eq!(task.woken(), round as usize + 1);
    }
    assert!(within(timers, || task.poll()).is_ready());
    timers.clock().set(u64::MAX);
    assert_eq!(timers.expire(), 0);
}

/// A branch of `select!` that is guarded by `if !sleep.is_elapsed()` was left out where the deadline had passed before the
/// first poll: what was to be done then was not done.
// Mutant: core/src/time/node.rs :: let state = if due { State::Due } else { State::Idle }; => let state = if due { State::Elapsed } else { State::Idle };
// Mutant: core/src/time/sleep.rs :: self.node.state() == State::Elapsed => self.node.state() == State::Elapsed || self.node.deadline().is_due(self.place().now())
#[test]
fn a_sleep_is_elapsed_when_it_has_been_polled_and_not_before() {
    let timers = timers();
    timers.clock().set(5);
    for duration in [Duration::ZERO, Duration::from_nanos(2)] {
        let mut task = task(timers, duration);
        timers.clock().set(9);
        assert!(!task.future.is_elapsed(), "{duration:?}: not polled");
        if !duration.is_zero() {
            assert!(task.poll().is_pending());
            assert!(!task.future.is_elapsed(), "nobody has looked at the clock");
            assert_eq!(timers.expire(), 1);
            assert!(task.future.is_elapsed(), "woken, and not polled since");
        }
        assert!(task.poll().is_ready() && task.future.is_elapsed());
        assert!(task.poll().is_ready());
        task.future.as_mut().reset(at(10));
        assert!(!task.future.is_elapsed());
        task.future.as_mut().reset(at(1));
        assert!(task.future.is_elapsed() && task.poll().is_ready());
        timers.clock().set(5);
    }
    let past = within(timers, || sleep_until::<Here>(at(3)));
    assert!(!past.is_elapsed());
    assert!(Box::pin(past).as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

// Mutant: core/src/time/node.rs :: self.as_mut().write_place(place); => _ = place;
// Mutant: core/src/time/heap.rs :: root.node().keep_place(home); => _ = home;
#[test]
fn failure_086_small_sleeps_dropped_fired_and_registered_again() {
    let timers = timers();
    let mut task = task(timers, Duration::from_nanos(1));
    for nanos in 1..200u64 {
        // Fired, polled or not, reset, polled or not.
        assert!(task.poll().is_pending());
        timers.clock().set(nanos);
        assert_eq!(timers.expire(), 1);
        if nanos % 2 == 0 {
            assert!(task.poll().is_ready());
        }
        task.future.as_mut().reset(at(nanos + 1));
        assert!(!task.future.is_elapsed());
        if nanos % 3 == 0 {
            assert!(task.poll().is_pending());
            task.future.as_mut().reset(at(nanos + 5));
            task.future.as_mut().reset(at(nanos + 1));
        }
        if nanos % 5 == 0 {
            task.future = Box::pin(within(timers, || sleep::<Here>(Duration::from_nanos(1))));
            assert_eq!(task.wakers(), 0);
        }
    }
}

// Mutant: core/src/time/node.rs :: self.keep_place(self.written_place()); => {}
#[test]
fn a_reset_keeps_the_waker_and_needs_no_poll() {
    let timers = timers();
    let mut task = task(timers, ms(5));
    assert!(task.poll().is_pending());
    task.future.as_mut().reset(at(7));
    timers.clock().set(7);
    assert_eq!(timers.expire(), 1, "earlier");
    assert!(task.poll().is_ready());
    task.future.as_mut().reset(at(10));
    assert!(task.poll().is_pending());
    task.future.as_mut().reset(at(20));
    timers.clock().set(19);
    assert_eq!(timers.expire(), 0, "later");
    task.future.as_mut().reset(at(19));
    assert_eq!(task.woken(), 2, "a deadline in the past wakes at once");
    assert_eq!(timers.next_deadline(), None);
    assert!(task.poll().is_ready());
    task.future.as_mut().reset(Instant::FAR);
    assert!(task.poll().is_pending());
    task.future.as_mut().reset(at(21));
    timers.clock().set(21);
    assert_eq!(timers.expire(), 1, "from never");
    assert_eq!(task.woken(), 3);
}

#[test]
fn without_a_driver_says_what_to_do() {
    let outside = "no timer driver: time was used outside of a runtime";
    assert!(panic_text(|| _ = sleep::<Here>(ms(1))).starts_with(outside));
    assert!(panic_text(|| _ = sleep_until::<Here>(Instant::FAR)).starts_with(outside));
    assert!(panic_text(|| _ = timeout::<Here, _>(ms(1), ready(()))).starts_with(outside));
    assert!(panic_text(|| _ = now::<Here>()).starts_with(outside));
    Here::enter(&ambient::Context::EMPTY, || {
        assert!(panic_text(|| _ = sleep::<Here>(ms(1))).starts_with("no timer driver: this runtime has no clock"));
    });
}

/// A waker that does whatever it is told in each of its four functions.
pub(super) mod hostile {
    use super::*;
    use std::task::{RawWaker, RawWakerVTable};

    type Deed = Box<dyn Fn(&'static str) + Send + Sync>;

    static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

    pub fn waker(deed: impl Fn(&'static str) + Send + Sync + 'static) -> Waker {
        let deed: &'static Deed = leak(Box::new(deed));
        // SAFETY: the data is a `&'static Deed`, which is `Sync` and needs no count.
        unsafe { Waker::from_raw(RawWaker::new((&raw const *deed).cast(), &TABLE)) }
    }

    fn deed(data: *const (), name: &'static str) {
        // SAFETY: `waker` put it there.
        let deed = unsafe { &*data.cast::<Deed>() };
        deed(name);
    }

    fn clone(data: *const ()) -> RawWaker {
        deed(data, "clone");
        RawWaker::new(data, &TABLE)
    }

    fn wake(data: *const ()) {
        deed(data, "wake");
    }

    fn wake_by_ref(data: *const ()) {
        deed(data, "wake_by_ref");
    }

    fn drop(data: *const ()) {
        deed(data, "drop");
    }
}

#[test]
fn a_million_sleeps_need_no_stack() {
    let count = if cfg!(miri) { 300 } else { 1_000_000 };
    let body = move || {
        let timers = timers();
        let make = |deadline: u64| Sleep::until(Place::of(timers), at(1 + deadline));
        let mut cx = Context::from_waker(Waker::noop());
        // Later and later, earlier and earlier (a chain of a million), and to and fro.
        type Order = fn(u64, u64) -> u64;
        let orders: [(u64, Order); 3] =
            [(count, |n, _| n), (count, |n, count| count - n), (count / 10, |n, count| n * 7919 % count)];
        for (count, order) in orders {
            let mut sleeps: Vec<_> = (0..count).map(|n| Box::pin(make(order(n, count)))).collect();
            for sleep in &mut sleeps {
                assert!(sleep.as_mut().poll(&mut cx).is_pending());
            }
            // A half is cancelled, a tenth moved, a quarter expires, and the rest is dropped.
            let mut n = 0;
            sleeps.retain(|_| {
                n += 1;
                n % 2 == 0
            });
            for sleep in sleeps.iter_mut().step_by(10) {
                sleep.as_mut().reset(at(1 + count / 2));
            }
            timers.clock().set(1 + count / 2);
            let expired = timers.expire();
            assert!((count as usize / 5..count as usize / 3).contains(&expired), "{expired} expired");
            drop(sleeps);
            assert_eq!(timers.next_deadline(), None);
            timers.clock().set(0);
        }
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(body).unwrap().join().unwrap();
}

#[test]
fn timeout_gives_the_output_or_the_end() {
    let timers = timers();
    within(timers, || {
        assert_eq!(Task::new(timeout::<Here, _>(ms(5), ready(7))).poll(), Poll::Ready(Ok(7)));
        assert_eq!(Task::new(timeout::<Here, _>(Duration::ZERO, ready(7))).poll(), Poll::Ready(Ok(7)));
        assert!(
            Task::new(timeout::<Here, _>(Duration::ZERO, pending::<()>())).poll().map(|end| end.is_err()).is_ready()
        );
        assert_eq!(timers.next_deadline(), None, "none of them has touched the queue");
        let mut late = Task::new(timeout_at::<Here, _>(at(5), pending::<u8>()));
        assert!(late.poll().is_pending());
        timers.clock().set(5);
        assert_eq!(timers.expire(), 1);
        let Poll::Ready(Err(elapsed)) = late.poll() else { panic!("should have ended") };
        let error: &dyn core::error::Error = &elapsed;
        assert_eq!(std::string::ToString::to_string(error), "deadline has elapsed");
        assert_eq!(timeout::<Here, _>(ms(1), ready(3)).into_inner().into_inner(), 3);
    });
}

// Mutant: core/src/time/timeout.rs :: if let Poll::Ready(output) = future.poll(cx) { => if this.sleep.deadline().is_due(this.sleep.place().now()) { } else if let Poll::Ready(output) = future.poll(cx) {
#[test]
fn a_future_that_ends_on_the_tick_of_its_deadline_has_ended() {
    let timers = timers();
    let mut task: Task<_> = within(timers, || Task::new(timeout::<Here, _>(ms(5), sleep::<Here>(ms(5)))));
    assert!(task.poll().is_pending());
    timers.clock().set(5_000_000);
    assert_eq!(timers.expire(), 2);
    let end: Poll<Result<(), Elapsed>> = task.poll();
    assert_eq!(end, Poll::Ready(Ok(())));
}

#[test]
fn many_sleeps_in_one_task_fire_each_at_its_time() {
    let timers = timers();
    let order: Arc<Mutex<Vec<u64>>> = Arc::default();
    let log = order.clone();
    let mut task = within(timers, || {
        let mut sleeps: Vec<_> = [5, 1, 4, 1, 3].into_iter().map(|n| (n, Box::pin(sleep::<Here>(ms(n))))).collect();
        Task::new(poll_fn(move |cx| {
            sleeps.retain_mut(|(n, sleep)| {
                let over = sleep.as_mut().poll(cx).is_ready();
                if over {
                    log.lock().unwrap().push(*n);
                }
                !over
            });
            if sleeps.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        }))
    });
    let mut turns = 0;
    while task.poll().is_pending() {
        turns += 1;
        timers.clock().set(timers.next_deadline().unwrap().as_nanos());
        timers.expire();
    }
    assert_eq!((turns, &**order.lock().unwrap()), (4, &[1, 1, 3, 4, 5][..]));
}

#[test]
fn sleeps_go_wherever_their_tasks_go() {
    fn anywhere<T: Send + Sync + 'static>(_: &T) {}
    let timers = timers();
    within(timers, || {
        anywhere(&sleep::<Here>(ms(1)));
        anywhere(&timeout::<Here, _>(ms(1), ready(())));
        anywhere(&crate::time::interval::<Here>(ms(1)));
    });
    anywhere(timers);
}

/// Does not compile once one of them is `Unpin`: then there are two answers to `_`.
#[test]
fn what_is_linked_cannot_be_moved() {
    trait Moves<Answer> {
        fn check() {}
    }
    impl<T> Moves<()> for T {}
    impl<T: Unpin> Moves<u8> for T {}
    <Sleep as Moves<_>>::check();
    <crate::time::Timeout<std::future::Ready<()>> as Moves<_>>::check();
    <crate::time::Tick<'static> as Moves<_>>::check();
    <crate::time::Ticks as Moves<_>>::check();
}
