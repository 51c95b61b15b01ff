//! Values that many see: the last one, each one, the one there is.

use core::future::pending;
use core::pin::pin;

use zokio_core::future::yield_now;
use zokio_core::sync::broadcast::error::{RecvError, TryRecvError};
use zokio_core::sync::watch::error::TrySendError;
use zokio_core::sync::{Broadcast, OnceCell, SetOnce, Watch};
use zokio_core::test::Wakes;
use zokio_core::{assert_pending, assert_ready, assert_ready_eq, assert_ready_err, assert_ready_ok};

use crate::events::Events;
use crate::world::world;

pub(crate) fn a_watch_shows_the_last_value(events: &mut Events) {
    static WATCH: Watch<u32> = Watch::new(1);
    static WAKES: Wakes = Wakes::new();
    let mut receiver = WATCH.subscribe();
    {
        let mut changed = pin!(receiver.changed());
        assert_pending!(WAKES.poll(changed.as_mut()));
        WATCH.try_send(2).expect("nobody looks");
        WATCH.try_send(3).expect("nobody looks");
        events.equal(WAKES.take(), 1);
        assert_ready_ok!(WAKES.poll(changed.as_mut()));
    }
    events.equal(*receiver.borrow_and_update() as usize, 3);
    assert!(!receiver.has_changed().expect("open"));
    {
        let mut above = pin!(receiver.wait_for(|value| *value > 4));
        assert_pending!(WAKES.poll(above.as_mut()));
        WATCH.try_send(4).expect("nobody looks");
        assert_pending!(WAKES.poll(above.as_mut()));
        WATCH.try_send(5).expect("nobody looks");
        events.equal(WAKES.take(), 2);
        events.equal(*assert_ready_ok!(WAKES.poll(above.as_mut())) as usize, 5);
    }
    assert!(WATCH.close());
    let mut end = pin!(receiver.changed());
    assert_ready_err!(WAKES.poll(end.as_mut()));
    assert!(matches!(WATCH.try_send(6), Err(TrySendError::Closed(6))));
}

pub(crate) fn a_watch_is_not_written_while_somebody_looks(events: &mut Events) {
    static WATCH: Watch<u32> = Watch::new(1);
    static WAKES: Wakes = Wakes::new();
    let looks = WATCH.borrow();
    assert!(matches!(WATCH.try_send(2), Err(TrySendError::Borrowed(2))));
    let mut send = pin!(WATCH.send(3));
    assert_pending!(WAKES.poll(send.as_mut()));
    events.equal(*looks as usize, 1);
    drop(looks);
    events.equal(WAKES.take(), 1);
    assert_ready_ok!(WAKES.poll(send.as_mut()));
    events.equal(*WATCH.borrow() as usize, 3);
}

pub(crate) fn a_broadcast_reaches_everybody_in_order(events: &mut Events) {
    static BROADCAST: Broadcast<u32, 4> = Broadcast::new();
    let mut world = world!(3, 256);
    let receivers = [0; 3].map(|_| BROADCAST.subscribe());
    let tasks = receivers.map(|mut receiver| {
        world.spawn(async move {
            let mut digits = 0;
            while let Ok(digit) = receiver.recv().await {
                digits = digits * 10 + digit;
            }
            digits
        })
    });
    let ((), polls) = world.steps.run_until(async {
        for digit in 1..=6 {
            let _ = BROADCAST.send(digit);
            yield_now().await;
        }
        BROADCAST.close();
    });
    events.add(polls as u32);
    for task in tasks {
        events.equal(world.steps.run_until(task).0.expect("not aborted") as usize, 123_456);
    }
}

pub(crate) fn a_late_receiver_is_told_what_it_missed(events: &mut Events) {
    static BROADCAST: Broadcast<u32, 4> = Broadcast::new();
    static WAKES: Wakes = Wakes::new();
    assert!(BROADCAST.send(0).is_err(), "nobody would get it");
    let mut late = BROADCAST.subscribe();
    for message in 1..=7 {
        events.equal(BROADCAST.send(message).expect("somebody gets it"), 1);
    }
    {
        let mut recv = pin!(late.recv());
        match assert_ready_err!(WAKES.poll(recv.as_mut())) {
            RecvError::Lagged(missed) => events.equal(missed as usize, 3),
            RecvError::Closed => panic!("open"),
        }
    }
    for message in 4..=7 {
        events.equal(late.try_recv().expect("kept") as usize, message);
    }
    assert!(matches!(late.try_recv(), Err(TryRecvError::Empty)));
    let mut recv = pin!(late.recv());
    assert_pending!(WAKES.poll(recv.as_mut()));
    BROADCAST.close();
    events.equal(WAKES.take(), 1);
    assert!(matches!(assert_ready_err!(WAKES.poll(recv.as_mut())), RecvError::Closed));
}

pub(crate) fn a_cell_is_made_by_one_who_does_not_give_up(events: &mut Events) {
    static CELL: OnceCell<u32> = OnceCell::new();
    static FIRST: Wakes = Wakes::new();
    static SECOND: Wakes = Wakes::new();
    let mut second = pin!(CELL.get_or_init(|| core::future::ready(2)));
    {
        let mut first = pin!(CELL.get_or_init(pending::<u32>));
        assert_pending!(FIRST.poll(first.as_mut()));
        assert_pending!(SECOND.poll(second.as_mut()));
        assert!(CELL.set(9).expect_err("it is being made").is_initializing_err());
        events.equal(SECOND.take(), 0);
    }
    events.equal(SECOND.take(), 1);
    events.equal(*assert_ready!(SECOND.poll(second.as_mut())) as usize, 2);
    assert!(CELL.set(9).expect_err("it is made").is_already_init_err());
    let mut third = pin!(CELL.get_or_init(pending::<u32>));
    assert_ready_eq!(FIRST.poll(third.as_mut()), &2);
}

pub(crate) fn a_value_is_set_once(events: &mut Events) {
    static ONCE: SetOnce<u32> = SetOnce::new();
    static FIRST: Wakes = Wakes::new();
    static SECOND: Wakes = Wakes::new();
    let mut first = pin!(ONCE.wait());
    let mut second = pin!(ONCE.wait());
    assert_pending!(FIRST.poll(first.as_mut()));
    assert_pending!(SECOND.poll(second.as_mut()));
    ONCE.set(7).expect("the first one");
    events.equal(ONCE.set(8).expect_err("the second one").0 as usize, 8);
    events.equal(FIRST.take() * 10 + SECOND.take(), 11);
    assert_ready_eq!(FIRST.poll(first.as_mut()), &7);
    assert_ready_eq!(SECOND.poll(second.as_mut()), &7);
    let mut late = pin!(ONCE.wait());
    assert_ready_eq!(FIRST.poll(late.as_mut()), &7);
}
