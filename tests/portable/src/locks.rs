//! Permits, read and write, meeting points, bytes.

use core::pin::pin;

use zokio_core::future::yield_now;
use zokio_core::sync::{Barrier, Condvar, Mutex, Pipe, RwLock, Semaphore};
use zokio_core::test::Wakes;
use zokio_core::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};

use crate::events::Events;
use crate::world::world;

pub(crate) fn permits_go_in_order_and_in_numbers(events: &mut Events) {
    static PERMITS: Semaphore = Semaphore::new(2);
    static MANY: Wakes = Wakes::new();
    static ONE: Wakes = Wakes::new();
    let first = PERMITS.try_acquire().expect("two are there");
    let mut many = pin!(PERMITS.acquire_many(3));
    let mut one = pin!(PERMITS.acquire());
    assert_pending!(MANY.poll(many.as_mut()));
    // One is there, but somebody waits before.
    assert_pending!(ONE.poll(one.as_mut()));
    PERMITS.add_permits(1);
    events.equal(MANY.take() * 10 + ONE.take(), 0);
    drop(first);
    events.equal(MANY.take() * 10 + ONE.take(), 10);
    let three = assert_ready_ok!(MANY.poll(many.as_mut()));
    events.equal(three.num_permits(), 3);
    drop(three);
    events.equal(ONE.take(), 1);
    // Three came back, and one of them is the other one's.
    events.equal(PERMITS.available_permits(), 2);
    drop(assert_ready_ok!(ONE.poll(one.as_mut())));
    PERMITS.close();
    let mut late = pin!(PERMITS.acquire());
    assert_ready_err!(ONE.poll(late.as_mut()));
}

pub(crate) fn readers_share_and_a_writer_does_not(events: &mut Events) {
    static VALUE: RwLock<u32> = RwLock::new(1);
    static WRITER: Wakes = Wakes::new();
    static READER: Wakes = Wakes::new();
    let first = VALUE.try_read().expect("nobody writes");
    let second = VALUE.try_read().expect("readers share");
    assert!(VALUE.try_write().is_err());
    let mut write = pin!(VALUE.write());
    assert_pending!(WRITER.poll(write.as_mut()));
    drop(first);
    events.equal(WRITER.take(), 0);
    drop(second);
    events.equal(WRITER.take(), 1);
    let mut guard = assert_ready!(WRITER.poll(write.as_mut()));
    *guard += 1;
    let mut read = pin!(VALUE.read());
    assert_pending!(READER.poll(read.as_mut()));
    drop(guard);
    events.equal(READER.take(), 1);
    events.equal(*assert_ready!(READER.poll(read.as_mut())) as usize, 2);
}

pub(crate) fn a_barrier_has_one_leader_each_time(events: &mut Events) {
    static BARRIER: Barrier = Barrier::new(3);
    let mut world = world!(3, 192);
    for _ in 0..2 {
        let tasks = [0; 3].map(|_| world.spawn(async { usize::from(BARRIER.wait().await.is_leader()) }));
        let polls = world.steps.run_until_idle();
        events.add(polls as u32);
        let mut leaders = 0;
        for task in tasks {
            leaders += world.steps.run_until(task).0.expect("not aborted");
        }
        events.equal(leaders, 1);
    }
}

pub(crate) fn a_condition_is_waited_for_without_the_lock(events: &mut Events) {
    static READY: Mutex<u32> = Mutex::new(0);
    static CHANGED: Condvar = Condvar::new();
    let mut world = world!(1, 400);
    let waits = world.spawn(async {
        let mut guard = READY.lock().await;
        while *guard < 3 {
            guard = CHANGED.wait(guard).await;
        }
        *guard
    });
    world.steps.run_until_idle();
    let ((), polls) = world.steps.run_until(async {
        for _ in 0..3 {
            *READY.lock().await += 1;
            CHANGED.notify_one();
            yield_now().await;
        }
    });
    events.add(polls as u32);
    events.equal(world.steps.run_until(waits).0.expect("not aborted") as usize, 3);
}

pub(crate) fn a_pipe_gives_its_bytes_in_order(events: &mut Events) {
    static PIPE: Pipe<4> = Pipe::new();
    let mut world = world!(1, 300);
    let writes = world.spawn(async {
        for byte in 0..20_u8 {
            let _ = PIPE.write_all(&[byte, byte + 100]).await;
        }
        PIPE.close()
    });
    let (sum, polls) = world.steps.run_until(async {
        let (mut sum, mut buffer) = (0, [0; 3]);
        loop {
            match PIPE.read(&mut buffer).await {
                0 => break sum,
                length => {
                    for byte in &buffer[..length] {
                        events.add(u32::from(*byte));
                        sum += usize::from(*byte);
                    }
                }
            }
        }
    });
    events.equal(sum, 2 * 190 + 20 * 100);
    events.add(polls as u32);
    assert!(world.steps.run_until(writes).0.expect("not aborted"));
}
