//! Channel, mutex, signal, oneshot, cancellation.

use core::future::pending;
use core::pin::pin;

use zokio_core::future::yield_now;
use zokio_core::sync::{CancellationSource, Channel, Mutex, Oneshot, Signal, TryRecvError, TrySendError};
use zokio_core::test::Wakes;
use zokio_core::{assert_pending, assert_ready, assert_ready_eq, assert_ready_err, assert_ready_ok};

use crate::events::Events;
use crate::tasks::{Count, Dropped};
use crate::world::world;

pub(crate) fn a_channel_is_first_in_first_out(events: &mut Events) {
    static CHANNEL: Channel<u32, 4> = Channel::new();
    let mut world = world!(3, 192);
    for sender in 1..=2_u32 {
        let sends = async move {
            for message in 0..10 {
                let _ = CHANNEL.send(sender * 100 + message).await;
            }
        };
        world.spawn(sends).detach();
    }
    let receives = async {
        let (mut last, mut sum) = ([0; 2], 0);
        for _ in 0..20 {
            let message = CHANNEL.recv().await.expect("open");
            let of = (message / 100 - 1) as usize;
            assert!(message > last[of], "out of order");
            last[of] = message;
            sum += message;
            events.add(message);
        }
        sum
    };
    let (sum, polls) = world.steps.run_until(receives);
    events.equal(sum as usize, 10 * 100 + 10 * 200 + 2 * 45);
    events.add(polls as u32);
}

pub(crate) fn a_full_channel_makes_senders_wait(events: &mut Events) {
    static CHANNEL: Channel<u8, 1> = Channel::new();
    static FIRST: Wakes = Wakes::new();
    static SECOND: Wakes = Wakes::new();
    assert!(CHANNEL.try_send(0).is_ok());
    assert!(matches!(CHANNEL.try_send(9), Err(TrySendError::Full(9))));
    let mut first = pin!(CHANNEL.send(1));
    let mut second = pin!(CHANNEL.send(2));
    assert_pending!(FIRST.poll(first.as_mut()));
    assert_pending!(SECOND.poll(second.as_mut()));
    events.equal(usize::from(CHANNEL.try_recv().expect("sent")), 0);
    events.equal(FIRST.take() * 10 + SECOND.take(), 10);
    assert_ready_ok!(FIRST.poll(first.as_mut()));
    events.equal(usize::from(CHANNEL.try_recv().expect("sent")), 1);
    events.equal(FIRST.take() * 10 + SECOND.take(), 1);
    assert_ready_ok!(SECOND.poll(second.as_mut()));
    events.equal(usize::from(CHANNEL.try_recv().expect("sent")), 2);
    assert!(matches!(CHANNEL.try_recv(), Err(TryRecvError::Empty)));
}

pub(crate) fn a_closed_channel_is_emptied_first(events: &mut Events) {
    static CHANNEL: Channel<u8, 2> = Channel::new();
    static WAKES: Wakes = Wakes::new();
    assert!(CHANNEL.try_send(1).is_ok() && CHANNEL.try_send(2).is_ok());
    let mut waits = pin!(CHANNEL.send(3));
    assert_pending!(WAKES.poll(waits.as_mut()));
    assert!(CHANNEL.close());
    events.equal(WAKES.take(), 1);
    events.equal(usize::from(assert_ready_err!(WAKES.poll(waits.as_mut())).0), 3);
    assert!(matches!(CHANNEL.try_send(4), Err(TrySendError::Closed(4))));
    for expected in [Some(1), Some(2), None] {
        let mut receives = pin!(CHANNEL.recv());
        assert_ready_eq!(WAKES.poll(receives.as_mut()), expected);
    }
}

pub(crate) fn places_are_reserved(events: &mut Events) {
    static CHANNEL: Channel<u8, 1> = Channel::new();
    static WAKES: Wakes = Wakes::new();
    let permit = CHANNEL.try_reserve().expect("there is room");
    assert!(CHANNEL.try_send(9).is_err(), "the place is taken");
    let mut waits = pin!(CHANNEL.reserve());
    assert_pending!(WAKES.poll(waits.as_mut()));
    drop(permit);
    events.equal(WAKES.take(), 1);
    let permit = assert_ready_ok!(WAKES.poll(waits.as_mut()));
    permit.send(5);
    events.equal(usize::from(CHANNEL.try_recv().expect("sent")), 5);
}

pub(crate) fn a_mutex_goes_to_one_at_a_time(events: &mut Events) {
    static VALUE: Mutex<(u32, bool)> = Mutex::new((0, false));
    let mut world = world!(4, 192);
    let tasks = [1_u32, 2, 3, 4].map(|step| {
        world.spawn(async move {
            for _ in 0..5 {
                let mut value = VALUE.lock().await;
                assert!(!core::mem::replace(&mut value.1, true), "two of them have it");
                yield_now().await;
                value.0 = value.0.wrapping_mul(31).wrapping_add(step);
                value.1 = false;
            }
        })
    });
    let polls = world.steps.run_until_idle();
    assert!(tasks.iter().all(zokio_core::task::JoinHandle::is_finished));
    // In which order they had it is in the value.
    events.add(VALUE.try_lock().expect("free").0);
    events.add(polls as u32);
}

pub(crate) fn a_cancelled_lock_is_passed_on(events: &mut Events) {
    static VALUE: Mutex<u8> = Mutex::new(1);
    static FIRST: Wakes = Wakes::new();
    static SECOND: Wakes = Wakes::new();
    let guard = VALUE.try_lock().expect("free");
    assert!(VALUE.try_lock().is_err());
    let mut second = pin!(VALUE.lock());
    {
        let mut first = pin!(VALUE.lock());
        assert_pending!(FIRST.poll(first.as_mut()));
        assert_pending!(SECOND.poll(second.as_mut()));
        drop(guard);
        events.equal(FIRST.take() * 10 + SECOND.take(), 10);
        // It was its turn, and it goes away.
    }
    events.equal(SECOND.take(), 1);
    events.equal(usize::from(*assert_ready!(SECOND.poll(second.as_mut()))), 1);
}

pub(crate) fn a_signal_keeps_the_last_value(events: &mut Events) {
    static SIGNAL: Signal<u32> = Signal::new();
    static WAKES: Wakes = Wakes::new();
    SIGNAL.signal(1);
    SIGNAL.signal(2);
    assert!(SIGNAL.signaled());
    let mut wait = pin!(SIGNAL.wait());
    events.equal(assert_ready!(WAKES.poll(wait.as_mut())) as usize, 2);
    let mut wait = pin!(SIGNAL.wait());
    assert_pending!(WAKES.poll(wait.as_mut()));
    SIGNAL.signal(3);
    events.equal(WAKES.take(), 1);
    events.equal(assert_ready!(WAKES.poll(wait.as_mut())) as usize, 3);
    SIGNAL.signal(4);
    SIGNAL.reset();
    assert!(SIGNAL.try_take().is_none());
}

pub(crate) fn a_oneshot_gives_its_value_or_tells(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    static DROPS: Count = Count::new();
    let place = Oneshot::new();
    {
        let (sender, receiver) = place.split().expect("the first time");
        let mut receiver = pin!(receiver);
        assert_pending!(WAKES.poll(receiver.as_mut()));
        assert!(sender.send(Dropped(&DROPS)).is_ok());
        events.equal(WAKES.take(), 1);
        let value = assert_ready_ok!(WAKES.poll(receiver.as_mut()));
        events.equal(DROPS.get(), 0);
        drop(value);
    }
    let place = Oneshot::<u8>::new();
    {
        let (sender, receiver) = place.split().expect("the first time");
        let mut receiver = pin!(receiver);
        assert_pending!(WAKES.poll(receiver.as_mut()));
        drop(sender);
        events.equal(WAKES.take(), 1);
        assert_ready_err!(WAKES.poll(receiver.as_mut()));
    }
    let place = Oneshot::new();
    {
        let (sender, receiver) = place.split().expect("the first time");
        drop(receiver);
        assert!(sender.is_closed() && sender.send(Dropped(&DROPS)).is_err());
    }
    events.equal(DROPS.get(), 2);
}

pub(crate) fn a_cancellation_reaches_everybody(events: &mut Events) {
    static STOP: CancellationSource = CancellationSource::new();
    let mut world = world!(3, 256);
    let tasks = [1_usize, 2, 3].map(|value| {
        world.spawn(async move {
            match STOP.run_until_cancelled(pending::<()>()).await {
                Some(()) => 0,
                None => value,
            }
        })
    });
    events.equal(world.steps.run_until_idle(), 3);
    STOP.cancel();
    assert!(STOP.is_cancelled());
    let mut sum = 0;
    for task in tasks {
        sum += world.steps.run_until(task).0.expect("not aborted");
    }
    events.equal(sum, 6);
    let (late, _) = world.steps.run_until(STOP.run_until_cancelled(pending::<()>()));
    assert!(late.is_none());
}
