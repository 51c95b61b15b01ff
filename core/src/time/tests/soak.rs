//! Days and years of virtual time.
//!
//! Each scenario is a loop as an executor has it: park at the next deadline, expire, poll what was woken. The long form of
//! each is for `deep`, which runs the ignored tests.

use std::sync::atomic::Ordering;
use std::time::Duration;
use std::vec::Vec;

use super::util::{Hand, Here, Random, Task, timers, within};
use crate::time::{Instant, MissedTickBehavior, Sleep, Timers, interval, sleep, sleep_until};

const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;
const MS: u64 = 1_000_000;

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// A sleep that is not over before the scenario is.
fn far(timers: &'static Timers<Hand>, deadline: u64) -> Task<Sleep> {
    let mut far = Task::new(within(timers, || sleep_until::<Here>(at(deadline))));
    assert!(far.poll().is_pending());
    far
}

/// Ticks of a period, from a start, for so long: each in time, none twice, and the far one stays.
fn ticks(start: u64, period: u64, length: u64) {
    let timers = timers();
    timers.clock().set(start);
    let distant = far(timers, start + 2 * YEAR);
    let ticks = within(timers, || interval::<Here>(Duration::from_nanos(period))).ticks();
    let mut ticks = core::pin::pin!(ticks);
    let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
    let (mut now, mut count) = (start, 0);
    while now <= start + length {
        assert!(ticks.as_mut().poll_tick(&mut cx) == core::task::Poll::Ready(at(start + count * period)));
        count += 1;
        assert!(ticks.as_mut().poll_tick(&mut cx).is_pending());
        now = timers.next_deadline().unwrap().as_nanos();
        timers.clock().set(now - 1);
        assert_eq!(timers.expire(), 0, "early");
        timers.clock().set(now);
        assert_eq!(timers.expire(), 1, "the short one stopped at {now}");
    }
    assert_eq!((count, distant.woken()), (length / period + 1, 0));
}

#[test]
fn failure_082_milliseconds_for_minutes_beside_a_timer_of_two_years() {
    // Milliseconds on both sides of each wrap, and beyond.
    let (around, minutes) = if cfg!(miri) { (15, 0) } else { (500, 1) };
    // From just before the wraps of 32 bits of microseconds and of milliseconds, and of 30 bits of milliseconds.
    for start in [0, (1 << 32) * 1_000, (1 << 30) * MS, (1 << 32) * MS] {
        ticks(start.max(around * MS) - around * MS, MS, minutes * HOUR / 60 + 2 * around * MS);
    }
}

#[test]
#[ignore = "a minute; for deep"]
fn soak_a_day_of_milliseconds() {
    ticks(0, MS, DAY);
}

/// A month, and the 49.7 days of a counter of 32 bits of milliseconds, and ten years: by hours.
#[test]
fn failure_082_months_and_years_by_the_hour() {
    for days in if cfg!(miri) { [1, 2, 3] } else { [30, 60, 500] } {
        ticks(7, HOUR, days * DAY);
    }
}

/// Ten years of jumps of any length over a crowd of sleeps of any length: all that is due is woken, and nothing else.
fn jumps(seed: u64, years: u64) {
    let timers = timers();
    let mut random = Random::new(seed);
    let distant = far(timers, 12 * YEAR);
    let mut crowd: Vec<(u64, Task<Sleep>)> = Vec::new();
    let mut now = 0;
    while now < years * YEAR {
        while crowd.len() < 50 {
            let length = {
                let most = 1 << random.below(57);
                1 + random.below(most)
            };
            let mut task = Task::new(within(timers, || sleep::<Here>(Duration::from_nanos(length))));
            assert!(task.poll().is_pending());
            crowd.push((now + length, task));
        }
        let most = 1 << (20 + random.below(36));
        now += 1 + random.below(most);
        timers.clock().set(now);
        let due = crowd.iter().filter(|(deadline, _)| *deadline <= now).count();
        assert_eq!(timers.expire(), due);
        crowd.retain_mut(|(deadline, task)| {
            let is_due = *deadline <= now;
            assert_eq!((task.woken() == 1, task.poll().is_ready()), (is_due, is_due));
            !is_due
        });
    }
    assert_eq!(distant.woken(), 0);
}

#[test]
fn failure_082_ten_years_of_random_jumps() {
    for seed in 0..if cfg!(miri) { 1 } else { 2 } {
        jumps(seed, if cfg!(miri) { 1 } else { 10 });
    }
}

/// The machine was suspended: the clock stands still or jumps. What was due meanwhile comes once, and intervals by policy.
// Mutant: core/src/time/interval.rs :: Self::Skip if now >= on_time => Self::Skip if false
#[test]
fn failure_094_after_a_suspend_timers_catch_up_once() {
    let timers = timers();
    let second = Duration::from_secs(1);
    let mut sleeps: Vec<_> = (1..=100).map(|n| Task::new(within(timers, || sleep::<Here>(n * second)))).collect();
    assert!(sleeps.iter_mut().all(|sleep| sleep.poll().is_pending()));
    let count = |missed: MissedTickBehavior| {
        let mut ticks = within(timers, || interval::<Here>(second));
        ticks.set_missed_tick_behavior(missed);
        ticks
    };
    let behaviors = [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip];
    let mut intervals = behaviors.map(count);
    let mut due = |n: usize| {
        let mut ticks = 0;
        while Task::new(intervals[n].tick()).poll().is_ready() {
            ticks += 1;
        }
        ticks
    };
    assert_eq!([due(0), due(1), due(2)], [1, 1, 1]);
    // A minute and a half is gone.
    timers.clock().set(60_500 * MS);
    assert_eq!((timers.expire(), timers.expire()), (60, 0), "each once");
    assert_eq!(sleeps.iter().filter(|sleep| sleep.woken() == 1).count(), 60);
    assert_eq!([due(0), due(1), due(2)], [60, 1, 1]);
    timers.clock().set(61_000 * MS);
    assert_eq!([due(0), due(1), due(2)], [1, 0, 1], "in step again, but the one that was delayed");
    assert_eq!(timers.clock().rearmed.load(Ordering::SeqCst), 1);
}

/// A million sleeps: half of them dropped, a tenth moved, the rest fired, in order.
#[test]
#[ignore = "some seconds; for deep"]
fn soak_a_million_sleeps() {
    let timers = timers();
    let mut random = Random::new(17);
    let mut sleeps: Vec<Option<(u64, Task<Sleep>)>> = Vec::new();
    for _ in 0..1_000_000 {
        let deadline = random.below(1 << 40) + 1;
        let mut task = Task::new(within(timers, || sleep_until::<Here>(at(deadline * MS))));
        assert!(task.poll().is_pending());
        sleeps.push(Some((deadline * MS, task)));
    }
    for (number, place) in sleeps.iter_mut().enumerate() {
        match (number % 10, place.as_mut()) {
            (0..5, _) => *place = None,
            (5, Some((deadline, task))) => {
                *deadline = (random.below(1 << 40) + 1) * MS;
                task.future.as_mut().reset(at(*deadline));
            }
            _ => {}
        }
    }
    let mut left = 500_000;
    let mut last = Instant::EPOCH;
    while let Some(next) = timers.next_deadline() {
        assert!(next > last);
        last = next;
        timers.clock().set(next.as_nanos());
        left -= timers.expire();
    }
    assert_eq!(left, 0);
    assert!(sleeps.iter().flatten().all(|(_, task)| task.woken() == 1));
}
