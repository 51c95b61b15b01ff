//! What waits for a time. The clock is moved by hand.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use zokio::sync::mpsc;
use zokio_core::ambient::{Ambient, Context};
use zokio_core::time::{self, DelayQueue, FixedDelayQueue, Instant, ManualClock, Ticks, Timers};
use zokio_executor_local::context::Current;

use super::channels::take_from;
use super::{Rig, carrying, keep, rig, single};

const STEP: Duration = Duration::from_nanos(10);

/// A queue of timers that waits for nobody.
#[derive(Clone, Copy)]
struct Clock(&'static Timers<ManualClock>);

impl Clock {
    fn new() -> Self {
        Self(keep(Timers::new(ManualClock::manual())))
    }

    fn at(self, steps: u32) -> Instant {
        self.0.now().saturating_add(STEP * steps)
    }

    /// Calls `f` where this is the current clock.
    fn here<R>(self, f: impl FnOnce() -> R) -> R {
        Current::enter(&Context::EMPTY.with_timers(self.0), f)
    }

    fn step(self) {
        self.0.clock().advance(STEP).expect("a manual clock can be moved");
        self.0.expire();
    }
}

fn for_steps<R>(mut f: impl FnMut(u32) -> R) {
    for steps in 1..8 {
        f(steps);
    }
}

pub(super) fn rigs() -> Vec<Rig> {
    let mut rigs = Vec::new();
    let clock = Clock::new();
    rigs.push(rig("sleep", move || clock.here(|| time::sleep::<Current>(STEP)), move || clock.step()));
    let clock = Clock::new();
    rigs.push(rig(
        "sleep_until",
        move || clock.here(|| time::sleep_until::<Current>(clock.at(1))),
        move || clock.step(),
    ));
    let clock = Clock::new();
    rigs.push(rig(
        "timeout",
        move || clock.here(|| time::timeout::<Current, _>(STEP, pending::<()>())),
        move || clock.step(),
    ));
    let clock = Clock::new();
    rigs.push(rig(
        "timeout_at",
        move || clock.here(|| time::timeout_at::<Current, _>(clock.at(1), pending::<()>())),
        move || clock.step(),
    ));
    let clock = Clock::new();
    rigs.push(single(
        "Interval::tick",
        clock.here(|| time::interval_at::<Current>(clock.at(1), STEP)),
        |interval| Box::pin(interval.tick()),
        move || clock.step(),
    ));
    let clock = Clock::new();
    let mut ticks = clock.here(|| Box::pin(time::interval_at::<Current>(clock.at(1), STEP).ticks()));
    // In line from here on: what is polled for the first time when its time is past is woken by the next look at the clock.
    assert!(ticks.as_mut().poll_tick(&mut std::task::Context::from_waker(Waker::noop())).is_pending());
    rigs.push(single(
        "Interval::ticks, poll_tick",
        ticks,
        |ticks: &mut Pin<Box<Ticks>>| Box::pin(poll_fn(|cx| ticks.as_mut().poll_tick(cx))),
        move || clock.step(),
    ));
    let clock = Clock::new();
    let mut queue: DelayQueue<u32, Current> = DelayQueue::new();
    clock.here(|| for_steps(|steps| queue.insert(steps, STEP * steps)));
    rigs.push(single(
        "DelayQueue::poll_expired",
        queue,
        |queue| Box::pin(poll_fn(|cx| queue.poll_expired(cx))),
        move || clock.step(),
    ));
    let clock = Clock::new();
    let mut queue: Pin<Box<FixedDelayQueue<u32, 8, Current>>> = Box::pin(FixedDelayQueue::new());
    clock.here(|| for_steps(|steps| queue.as_mut().insert(steps, STEP * steps)));
    rigs.push(single(
        "FixedDelayQueue::poll_expired",
        queue,
        |queue| Box::pin(poll_fn(|cx| queue.as_mut().poll_expired(cx))),
        move || clock.step(),
    ));
    let clock = Clock::new();
    let (sender, receiver) = mpsc::channel::<u32>(1);
    let (sender, receiver) = (keep(sender), Rc::new(RefCell::new(receiver)));
    sender.try_send(0).expect("room");
    rigs.push(carrying(
        "mpsc::Sender::send_timeout",
        move || {
            let mut call = Box::pin(sender.send_timeout(1, Duration::MAX));
            poll_fn(move |cx| clock.here(|| call.as_mut().poll(cx)))
        },
        move || take_from(&receiver),
    ));
    rigs
}
