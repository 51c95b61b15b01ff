//! Channels with several receivers, with priorities, by handles of any size; groups; delays.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use zokio_core::future::yield_now;
use zokio_core::sync::{
    Channel, DynReceiver, DynSender, Pipe, PriorityChannel, TrySendError, TryWriteError, WaitGroup,
};
use zokio_core::test::Wakes;
use zokio_core::time::FixedDelayQueue;
use zokio_core::{assert_pending, assert_ready, assert_ready_eq, assert_ready_err, assert_ready_ok};
use zokio_executor_local::context::Current;

use crate::events::Events;
use crate::world::world;

pub(crate) fn several_receivers_share_what_comes(events: &mut Events) {
    static CHANNEL: Channel<u32, 2> = Channel::new();
    let mut world = world!(3, 192);
    let tasks = [0; 3].map(|_| {
        world.spawn(async {
            let (mut count, mut sum) = (0, 0);
            while let Some(message) = CHANNEL.recv().await {
                count += 1;
                sum += message;
                yield_now().await;
            }
            (count, sum)
        })
    });
    let ((), polls) = world.steps.run_until(async {
        for message in 1..=30 {
            let _ = CHANNEL.send(message).await;
        }
        CHANNEL.close();
    });
    events.add(polls as u32);
    let (mut count, mut sum) = (0, 0);
    for task in tasks {
        let got: (u32, u32) = world.steps.run_until(task).0.expect("not aborted");
        assert!(got.0 > 0, "one of them starves");
        events.add(got.0);
        (count, sum) = (count + got.0, sum + got.1);
    }
    events.equal(count as usize, 30);
    events.equal(sum as usize, 465);
}

pub(crate) fn handles_do_not_name_the_size(events: &mut Events) {
    static SMALL: Channel<u32, 1> = Channel::new();
    static LARGE: Channel<u32, 3> = Channel::new();
    static WAKES: Wakes = Wakes::new();
    fn fill(to: DynSender<'_, u32>) -> usize {
        (0..9).take_while(|message| to.try_send(*message).is_ok()).count()
    }
    fn sum(from: DynReceiver<'_, u32>) -> u32 {
        core::iter::from_fn(|| from.try_recv().ok()).sum()
    }
    events.equal(fill(SMALL.sender()) * 10 + fill(LARGE.sender()), 13);
    let mut room = pin!(LARGE.sender().reserve());
    assert_pending!(WAKES.poll(room.as_mut()));
    events.equal(LARGE.receiver().try_recv().expect("full") as usize, 0);
    events.equal(WAKES.take(), 1);
    assert_ready_ok!(WAKES.poll(room.as_mut())).send(40);
    events.equal((sum(SMALL.receiver()) * 100 + sum(LARGE.receiver())) as usize, 43);
    LARGE.sender().close();
    let mut end = pin!(LARGE.receiver().recv());
    assert_ready_eq!(WAKES.poll(end.as_mut()), None);
}

pub(crate) fn the_urgent_goes_first_and_equals_in_turn(events: &mut Events) {
    static CHANNEL: PriorityChannel<u32, 5> = PriorityChannel::new();
    static SENDER: Wakes = Wakes::new();
    static RECEIVER: Wakes = Wakes::new();
    let sent = [(1, 10), (3, 30), (2, 20), (3, 31), (1, 11)];
    for (priority, message) in sent {
        CHANNEL.try_send(priority, message).expect("room");
    }
    assert!(matches!(CHANNEL.try_send(9, 90), Err(TrySendError::Full(90))));
    let mut waits = pin!(CHANNEL.send(9, 91));
    assert_pending!(SENDER.poll(waits.as_mut()));
    events.equal(CHANNEL.try_recv().expect("full") as usize, 30);
    events.equal(SENDER.take(), 1);
    assert_ready_ok!(SENDER.poll(waits.as_mut()));
    for expected in [91, 31, 20, 10, 11] {
        events.equal(CHANNEL.try_recv().expect("sent") as usize, expected);
    }
    let mut recv = pin!(CHANNEL.recv());
    assert_pending!(RECEIVER.poll(recv.as_mut()));
    CHANNEL.close();
    events.equal(RECEIVER.take(), 1);
    assert_ready_eq!(RECEIVER.poll(recv.as_mut()), None);
}

pub(crate) fn a_group_is_waited_for_until_the_last_is_done(events: &mut Events) {
    static GROUP: WaitGroup = WaitGroup::new();
    static WAKES: Wakes = Wakes::new();
    let mut none = pin!(GROUP.wait());
    assert_ready!(WAKES.poll(none.as_mut()));
    let first = GROUP.add();
    let second = first.clone();
    events.equal(GROUP.len(), 2);
    let mut wait = pin!(GROUP.wait());
    assert_pending!(WAKES.poll(wait.as_mut()));
    drop(first);
    events.equal(WAKES.take(), 0);
    second.done();
    events.equal(WAKES.take(), 1);
    // It was empty once while this one waited, and somebody has come since.
    let _third = GROUP.add();
    assert_ready!(WAKES.poll(wait.as_mut()));
    let mut again = pin!(GROUP.wait());
    assert_pending!(WAKES.poll(again.as_mut()));
}

pub(crate) fn a_full_pipe_and_an_empty_one(events: &mut Events) {
    static PIPE: Pipe<4> = Pipe::new();
    static WAKES: Wakes = Wakes::new();
    let (reader, writer) = (PIPE.reader(), PIPE.writer());
    let mut buffer = [0; 8];
    assert!(reader.try_read(&mut buffer).is_err());
    events.equal(writer.try_write(&[1, 2, 3, 4, 5, 6]).expect("open"), 4);
    assert!(matches!(writer.try_write(&[7]), Err(TryWriteError::Full)));
    let mut write = pin!(writer.write(&[7, 8]));
    assert_pending!(WAKES.poll(write.as_mut()));
    events.equal(reader.try_read(&mut buffer[..3]).expect("full"), 3);
    events.equal(WAKES.take(), 1);
    events.equal(assert_ready_ok!(WAKES.poll(write.as_mut())), 2);
    // Around the end of the ring.
    events.equal(reader.try_read(&mut buffer).expect("something"), 3);
    for (found, expected) in buffer.iter().zip([4, 7, 8]) {
        events.equal(usize::from(*found), expected);
    }
    {
        let mut read = pin!(reader.read(&mut buffer));
        assert_pending!(WAKES.poll(read.as_mut()));
        assert!(PIPE.close());
        events.equal(WAKES.take(), 1);
        assert_ready_eq!(WAKES.poll(read.as_mut()), 0);
    }
    let mut late = pin!(writer.write(&[9]));
    assert_ready_err!(WAKES.poll(late.as_mut()));
}

pub(crate) fn delays_end_in_order_and_can_be_moved(events: &mut Events) {
    let mut world = world!(1, 64);
    let timers = world.timers;
    let (order, _) = world.steps.run_until(async {
        let mut queue = pin!(FixedDelayQueue::<u32, 4, Current>::new());
        let after = Duration::from_nanos;
        let first = queue.as_mut().insert(1, after(10)).expect("room");
        let second = queue.as_mut().insert(2, after(20)).expect("room");
        queue.as_mut().insert(3, after(30)).expect("room");
        queue.as_mut().insert(4, after(15)).expect("room");
        assert_eq!(queue.as_mut().insert(5, after(1)).expect_err("it is full").0, 5);
        queue.as_mut().reset(&first, after(25));
        assert_eq!(queue.as_mut().remove(&second).into_inner(), 2);
        assert!(queue.as_mut().try_remove(&second).is_none(), "its place may be somebody else's by now");
        let mut order = 0;
        while let Some(expired) = poll_fn(|cx| queue.as_mut().poll_expired(cx)).await {
            assert!(timers.now() >= expired.deadline(), "early");
            order = order * 10 + expired.into_inner();
        }
        order
    });
    events.equal(order as usize, 413);
    events.equal(world.now() as usize, 30);
    assert!(world.timers.next_deadline().is_none());
}

pub(crate) fn an_earlier_delay_wakes_who_waits(events: &mut Events) {
    static WAKES: Wakes = Wakes::new();
    let mut world = world!(1, 64);
    let mut queue = pin!(FixedDelayQueue::<u32, 2, Current>::new());
    world.steps.run_until(poll_fn(|_| Poll::Ready(queue.as_mut().insert(1, Duration::from_nanos(50)).is_ok())));
    {
        let mut expired =
            pin!(poll_fn(|cx| queue.as_mut().poll_expired(cx).map(|gone| gone.map(|gone| gone.into_inner()))));
        assert_pending!(WAKES.poll(expired.as_mut()));
    }
    queue.as_mut().insert(2, Duration::from_nanos(5)).expect("room");
    events.equal(WAKES.take(), 1);
    for (nanos, value) in [(5, 2), (45, 1)] {
        let mut expired =
            pin!(poll_fn(|cx| queue.as_mut().poll_expired(cx).map(|gone| gone.map(|gone| gone.into_inner()))));
        assert_pending!(WAKES.poll(expired.as_mut()));
        world.advance(nanos);
        world.steps.run_until_idle();
        events.equal(WAKES.take(), 1);
        assert_ready_eq!(WAKES.poll(expired.as_mut()), Some(value));
        events.add(value);
    }
}
