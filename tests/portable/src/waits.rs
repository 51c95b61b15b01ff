//! Cells, queues, notifications: what everything that waits is made of.

use core::pin::pin;

use zokio_core::sync::{Notify, WaitCell, WaitQueue};
use zokio_core::test::Wakes;
use zokio_core::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};

use crate::events::Events;

pub(crate) fn a_cell_keeps_the_last_waker_and_wakes_the_one_before(events: &mut Events) {
    static FIRST: Wakes = Wakes::new();
    static SECOND: Wakes = Wakes::new();
    static CELL: WaitCell = WaitCell::new();
    assert!(!CELL.wake(), "nobody waits");
    CELL.register(&FIRST.waker());
    CELL.register(&SECOND.waker());
    assert!(CELL.wake());
    // The first was woken when it had to make room, lest it wait for ever.
    events.equal(FIRST.take() * 10 + SECOND.take(), 11);
    assert!(!CELL.wake(), "it was used up");
    CELL.register(&FIRST.waker());
    assert!(CELL.take().is_some() && !CELL.wake());
}

pub(crate) fn a_notification_is_kept_for_one(events: &mut Events) {
    static NOTIFY: Notify = Notify::new();
    static WAKES: Wakes = Wakes::new();
    NOTIFY.notify_one();
    NOTIFY.notify_one();
    let mut first = pin!(NOTIFY.notified());
    assert_ready!(WAKES.poll(first.as_mut()));
    let mut second = pin!(NOTIFY.notified());
    assert_pending!(WAKES.poll(second.as_mut()));
    NOTIFY.notify_one();
    events.equal(WAKES.take(), 1);
    assert_ready!(WAKES.poll(second.as_mut()));
}

pub(crate) fn all_who_wait_are_notified(events: &mut Events) {
    static NOTIFY: Notify = Notify::new();
    static WAKES: Wakes = Wakes::new();
    let mut waits = [NOTIFY.notified(), NOTIFY.notified(), NOTIFY.notified()].map(Some);
    let [first, second, third] = &mut waits;
    let mut first = pin!(first.take().expect("one"));
    let mut second = pin!(second.take().expect("two"));
    let mut unpolled = pin!(third.take().expect("three"));
    assert_pending!(WAKES.poll(first.as_mut()));
    assert_pending!(WAKES.poll(second.as_mut()));
    NOTIFY.notify_waiters();
    events.equal(WAKES.take(), 2);
    assert_ready!(WAKES.poll(first.as_mut()));
    assert_ready!(WAKES.poll(second.as_mut()));
    // Made before the call, so it counts as one who waits.
    assert_ready!(WAKES.poll(unpolled.as_mut()));
    let mut late = pin!(NOTIFY.notified());
    assert_pending!(WAKES.poll(late.as_mut()));
}

pub(crate) fn a_notified_that_is_dropped_passes_it_on(events: &mut Events) {
    static NOTIFY: Notify = Notify::new();
    static FIRST: Wakes = Wakes::new();
    static SECOND: Wakes = Wakes::new();
    let mut second = pin!(NOTIFY.notified());
    {
        let mut first = pin!(NOTIFY.notified());
        assert_pending!(FIRST.poll(first.as_mut()));
        assert_pending!(SECOND.poll(second.as_mut()));
        NOTIFY.notify_one();
        events.equal(FIRST.take() * 10 + SECOND.take(), 10);
    }
    events.equal(SECOND.take(), 1);
    assert_ready!(SECOND.poll(second.as_mut()));
}

pub(crate) fn a_queue_wakes_in_order(events: &mut Events) {
    static QUEUE: WaitQueue = WaitQueue::new();
    static FIRST: Wakes = Wakes::new();
    static SECOND: Wakes = Wakes::new();
    static THIRD: Wakes = Wakes::new();
    assert!(!QUEUE.wake_one(), "nobody waits");
    let mut first = pin!(QUEUE.wait());
    let mut second = pin!(QUEUE.wait());
    let mut third = pin!(QUEUE.wait());
    assert_pending!(FIRST.poll(first.as_mut()));
    assert_pending!(SECOND.poll(second.as_mut()));
    assert_pending!(THIRD.poll(third.as_mut()));
    for expected in [100, 10, 1] {
        assert!(QUEUE.wake_one());
        events.equal(FIRST.take() * 100 + SECOND.take() * 10 + THIRD.take(), expected);
    }
    assert!(!QUEUE.wake_one());
    assert_ready_ok!(FIRST.poll(first.as_mut()));
    assert_ready_ok!(SECOND.poll(second.as_mut()));
    assert_ready_ok!(THIRD.poll(third.as_mut()));
}

pub(crate) fn a_closed_queue_tells_all(events: &mut Events) {
    static QUEUE: WaitQueue = WaitQueue::new();
    static WAKES: Wakes = Wakes::new();
    let mut first = pin!(QUEUE.wait());
    let mut second = pin!(QUEUE.wait());
    assert_pending!(WAKES.poll(first.as_mut()));
    assert_pending!(WAKES.poll(second.as_mut()));
    QUEUE.close();
    events.equal(WAKES.take(), 2);
    assert_ready_err!(WAKES.poll(first.as_mut()));
    assert_ready_err!(WAKES.poll(second.as_mut()));
    let mut late = pin!(QUEUE.wait());
    assert_ready_err!(WAKES.poll(late.as_mut()));
}
