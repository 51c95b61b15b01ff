//! Messages: each is received once, given back, or dropped once.

use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::{Channel, SendError, TryRecvError, TrySendError};
use crate::test_util::{Counted, Event, Polled, Random, TestLock, TestWaker, forever, panics, poll, send_sync};

type Line<T, const N: usize> = Channel<T, N, TestLock>;

#[test]
fn messages_leave_in_order_until_it_is_closed_and_empty() {
    let channel = Line::<u8, 2>::with_lock();
    assert_eq!((channel.max_capacity(), channel.capacity(), channel.len()), (2, 2, 0));
    assert_eq!(channel.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(channel.try_send(1), Ok(()));
    assert_eq!(Polled::new(channel.send(2)).ready(), Ok(()));
    assert!(channel.is_full() && !channel.is_empty());
    assert_eq!(channel.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(Polled::new(channel.recv()).ready(), Some(1));
    assert!(channel.close() && !channel.close() && channel.is_closed());
    assert_eq!(channel.try_send(4), Err(TrySendError::Closed(4)));
    assert_eq!(Polled::new(channel.send(5)).ready(), Err(SendError(5)));
    assert_eq!(channel.try_recv(), Ok(2));
    assert_eq!(channel.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(Polled::new(channel.recv()).ready(), None);
}

#[test]
fn receiver_is_woken_by_a_message_and_by_the_end() {
    let channel = Line::<u8, 1>::with_lock();
    let mut recv = Polled::waiting(channel.recv());
    channel.try_send(1).unwrap();
    assert_eq!((recv.wakes(), recv.ready()), (1, Some(1)));
    let mut recvs: Vec<_> = (0..20).map(|_| Polled::waiting(channel.recv())).collect();
    channel.close();
    for recv in &mut recvs {
        assert_eq!((recv.wakes(), recv.ready()), (1, None));
    }
}

#[test]
fn waiting_senders_are_served_in_order_and_nobody_takes_their_room() {
    let channel = Line::<u8, 1>::with_lock();
    channel.try_send(0).unwrap();
    let mut sends: Vec<_> = (1..4).map(|n| Polled::waiting(channel.send(n))).collect();
    for n in 0..3 {
        assert_eq!(channel.try_recv(), Ok(n as u8));
        assert_eq!((channel.capacity(), channel.len()), (0, 0));
        assert_eq!(channel.try_send(9), Err(TrySendError::Full(9)));
        assert!(Polled::new(channel.send(9)).poll().is_pending());
        assert_eq!(sends.iter().map(|send| send.wakes()).sum::<usize>(), n + 1);
        assert_eq!(sends[n].ready(), Ok(()));
    }
    assert_eq!(channel.try_recv(), Ok(3));
    assert_eq!(channel.capacity(), 1);
}

// Mutant: core/src/sync/channel/flow.rs :: if told == Told::COME {\n            give(section); => if told == Told::WAIT {\n            give(section);
#[test]
fn failure_021_cancelled_sender_passes_its_room_on() {
    for reached in 0..=2 {
        for cancelled in 0..3 {
            let channel = Line::<u8, 2>::with_lock();
            channel.try_send(10).unwrap();
            channel.try_send(11).unwrap();
            let mut sends: Vec<_> = (0..3).map(|n| Polled::waiting(channel.send(n))).collect();
            for _ in 0..reached {
                channel.try_recv().unwrap();
            }
            drop(sends.remove(cancelled));
            let passed = if cancelled < reached { reached.min(2) } else { reached };
            for (n, send) in sends.iter_mut().enumerate() {
                assert_eq!((send.wakes(), send.poll().is_ready()), (usize::from(n < passed), n < passed));
            }
            drop(sends);
            assert_eq!(channel.len() + channel.capacity(), 2);
        }
    }
}

// Mutant: core/src/sync/channel/flow.rs :: if told == Told::COME && !section.state.store.is_empty() { => if told == Told::WAIT && !section.state.store.is_empty() {
#[test]
fn failure_021_cancelled_receiver_passes_its_message_on() {
    for cancelled in 0..3 {
        let channel = Line::<u8, 2>::with_lock();
        let mut recvs: Vec<_> = (0..3).map(|_| Polled::waiting(channel.recv())).collect();
        channel.try_send(1).unwrap();
        channel.try_send(2).unwrap();
        drop(recvs.remove(cancelled));
        assert!(recvs.iter().all(|recv| recv.wakes() == 1));
        assert_eq!((recvs[0].ready(), recvs[1].ready()), (Some(1), Some(2)));
    }
}

#[test]
fn receiver_that_finds_its_message_gone_waits_again() {
    let channel = Line::<u8, 1>::with_lock();
    let mut recv = Polled::waiting(channel.recv());
    channel.try_send(1).unwrap();
    assert_eq!(channel.try_recv(), Ok(1));
    assert!(recv.poll().is_pending());
    channel.try_send(2).unwrap();
    assert_eq!((recv.wakes(), recv.ready()), (2, Some(2)));
}

/// The most places there may be, of messages without a size.
#[test]
fn largest_channel_closes() {
    let channel = Line::<(), { usize::MAX >> 3 }>::with_lock();
    assert_eq!(channel.try_send(()), Ok(()));
    assert_eq!((channel.len(), channel.capacity()), (1, (usize::MAX >> 3) - 1));
    assert!(channel.close());
    assert_eq!(channel.try_send(()), Err(TrySendError::Closed(())));
    assert_eq!((channel.try_recv(), channel.try_recv()), (Ok(()), Err(TryRecvError::Disconnected)));
}

/// Two permits are out when it is closed: the last one that is used, or dropped while the message of the other one is there,
/// ends it for all who wait.
// Mutant: core/src/sync/channel/flow.rs :: section.state.sealed()\n        }; => section.state.ended()\n        };
// Mutant: core/src/sync/channel/flow.rs :: section.state.gathered += permits;\n            section.state.sealed() => section.state.gathered += permits;\n            section.state.ended()
#[test]
fn last_permit_of_a_closed_channel_ends_it_for_all_who_wait() {
    for used_last in [true, false] {
        let channel = Line::<u8, 2>::with_lock();
        let (used, dropped) = (channel.try_reserve().unwrap(), channel.try_reserve().unwrap());
        let mut recvs: Vec<_> = (0..20).map(|_| Polled::waiting(channel.recv())).collect();
        channel.close();
        if used_last {
            drop(dropped);
            used.send(7);
        } else {
            used.send(7);
            drop(dropped);
        }
        assert!(recvs.iter().all(|recv| recv.wakes() == 1), "left waiting");
        let received: Vec<_> = recvs.iter_mut().filter_map(|recv| recv.ready()).collect();
        assert_eq!((received, channel.try_recv()), (std::vec![7], Err(TryRecvError::Disconnected)));
        assert_eq!((channel.len(), channel.capacity()), (0, 2));
    }
}

/// Receivers are polled within their wakers, and wait on because a permit is out: closing ends, and they are told with that.
// Mutant: core/src/sync/channel/flow.rs :: (sealed || lane != RECEIVERS) && section.pop(lane, Told::WAIT) => section.pop(lane, Told::WAIT)
#[test]
fn close_ends_where_receivers_are_polled_within_their_wakers() {
    let channel = forever(Line::<u8, 2>::with_lock());
    let permit = channel.try_reserve().unwrap();
    let over = Arc::new(AtomicUsize::new(0));
    let recvs: Vec<_> = (0..20).map(|_| Arc::new(Mutex::new(Polled::new(channel.recv())))).collect();
    for recv in &recvs {
        let (own, over) = (recv.clone(), over.clone());
        let mut recv = recv.lock().unwrap();
        recv.waker = TestWaker::hooked(move |event| {
            if event == Event::Wake {
                let mut recv = own.lock().unwrap();
                assert!(recv.wakes() < 9, "it is woken for ever");
                over.fetch_add(usize::from(recv.poll() == Poll::Ready(None)), Ordering::Relaxed);
            }
        });
        assert!(recv.poll().is_pending());
    }
    channel.close();
    drop(permit);
    assert_eq!(over.load(Ordering::Relaxed), 20, "left waiting");
    recvs.iter().for_each(|recv| recv.lock().unwrap().waker.unhook());
}

#[test]
fn close_gives_waiting_messages_back() {
    let channel = Line::<u8, 1>::with_lock();
    channel.try_send(0).unwrap();
    let mut sends: Vec<_> = (1..20).map(|n| Polled::waiting(channel.send(n))).collect();
    // The first one has room and did not come yet.
    assert_eq!(channel.try_recv(), Ok(0));
    channel.close();
    for (n, send) in sends.iter_mut().enumerate() {
        assert_eq!((send.wakes(), send.ready()), (1, Err(SendError(n as u8 + 1))));
    }
    assert_eq!(channel.try_recv(), Err(TryRecvError::Disconnected));
}

/// Every message that was made is dropped once, wherever it is when the receiver goes away: received, in the channel,
/// with a sender that has room, with one that waits, given back, or refused.
// Mutant: core/src/sync/channel/flow.rs :: Step::Wait(Told::WAIT) };\n        if !finds_room(section) { => Step::Wait(Told::WAIT) };\n        if !section.state.has_room() && told != Some(Told::COME) {
#[test]
fn failure_096_message_sent_while_receiver_drops_is_given_back_or_dropped() {
    let drops = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut made = 0;
    let mut message = || {
        made += 1;
        Counted(drops.clone())
    };
    let channel = Line::<Counted, 2>::with_lock();
    for _ in 0..2 {
        assert!(channel.try_send(message()).is_ok());
    }
    let mut sends: Vec<_> = (0..5).map(|_| Polled::waiting(channel.send(message()))).collect();
    drop(channel.try_recv().ok());
    drop(sends.pop());
    // The receiver goes away as receivers do: it closes and takes what is there.
    channel.close();
    let mut taken = 0;
    while channel.try_recv().is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 1);
    // After that nothing enters, not even from the sender that had been given room.
    for send in &mut sends {
        assert!(matches!(send.poll(), Poll::Ready(Err(SendError(_)))));
    }
    assert!(channel.try_send(message()).is_err());
    assert_eq!(channel.len(), 0);
    drop(sends);
    assert_eq!(drops.load(Ordering::Relaxed), made);
}

#[test]
fn failure_099_messages_are_dropped_in_order_and_also_after_a_panic() {
    struct Noisy(u8, Arc<std::sync::Mutex<Vec<u8>>>, bool);
    impl Drop for Noisy {
        fn drop(&mut self) {
            self.1.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(self.0);
            assert!(!self.2, "hostile message");
        }
    }
    for hostile in 0..4 {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let channel = Line::<Noisy, 3>::with_lock();
        for n in 0..4 {
            // The first is received: the messages go around the end of the buffer.
            assert!(channel.try_send(Noisy(n, seen.clone(), n == hostile)).is_ok());
            if n == 0 {
                let first = channel.try_recv().ok();
                assert_eq!(panics(|| drop(first)), hostile == 0);
            }
        }
        assert_eq!(panics(|| drop(channel)), hostile != 0);
        assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3], "hostile {hostile}");
    }
}

/// Random histories: messages leave as often and in the order in which they entered, room is conserved, and when nobody
/// is left to be polled nobody waits for what is there.
#[test]
fn failure_101_conserves_messages_and_room_in_random_histories() {
    for seed in 0..if cfg!(miri) { 4 } else { 400 } {
        let mut random = Random::new(seed);
        let channel = Line::<usize, 3>::with_lock();
        let mut inside = VecDeque::new();
        let mut sends = Vec::new();
        let mut recvs = Vec::new();
        for n in 0..if cfg!(miri) { 80 } else { 200 } {
            match random.below(9) {
                0 | 1 => sends.push((Polled::new(channel.send(n)), n)),
                2 => recvs.push(Polled::new(channel.recv())),
                3 if channel.try_send(n).is_ok() => inside.push_back(n),
                4 => assert_eq!(channel.try_recv().ok(), inside.pop_front()),
                5 if !sends.is_empty() => drop(sends.remove(random.below(sends.len()))),
                6 if !recvs.is_empty() => drop(recvs.remove(random.below(recvs.len()))),
                7 if !recvs.is_empty() => {
                    let at = random.below(recvs.len());
                    let expected = inside.pop_front();
                    match recvs[at].poll() {
                        Poll::Pending => assert_eq!(expected, None),
                        Poll::Ready(message) => {
                            assert_eq!(message, expected);
                            recvs.remove(at);
                        }
                    }
                }
                _ if !sends.is_empty() => {
                    let at = random.below(sends.len());
                    if sends[at].0.poll().is_ready() {
                        inside.push_back(sends.remove(at).1);
                    }
                }
                _ => {}
            }
            assert_eq!(channel.len(), inside.len(), "seed {seed}");
            assert!(channel.len() + channel.capacity() <= 3);
        }
        // Poll only who was woken since its last poll, starting from one poll of everybody.
        let mut idle = false;
        let mut seen_sends: Vec<_> = sends.iter().map(|_| usize::MAX).collect();
        let mut seen_recvs: Vec<_> = recvs.iter().map(|_| usize::MAX).collect();
        while !idle {
            idle = true;
            for at in (0..sends.len()).rev() {
                if core::mem::replace(&mut seen_sends[at], sends[at].0.wakes()) != sends[at].0.wakes() {
                    idle = false;
                    if sends[at].0.poll().is_ready() {
                        inside.push_back(sends.remove(at).1);
                        seen_sends.remove(at);
                    }
                }
            }
            for at in (0..recvs.len()).rev() {
                if core::mem::replace(&mut seen_recvs[at], recvs[at].wakes()) != recvs[at].wakes() {
                    idle = false;
                    if let Poll::Ready(message) = recvs[at].poll() {
                        assert_eq!(message, inside.pop_front());
                        recvs.remove(at);
                        seen_recvs.remove(at);
                    }
                }
            }
        }
        assert!(recvs.is_empty() || channel.is_empty(), "seed {seed}: a receiver waits beside a message");
        assert!(sends.is_empty() || channel.len() == 3, "seed {seed}: a sender waits beside room");
        assert_eq!(channel.len() + channel.capacity(), 3);
    }
}

/// The wakers of those who wait at the end use the channel and a lock of their own, as a scheduler's does, which is held
/// by nobody then but was taken around channel operations before.
// Mutant: core/src/sync/waiters.rs :: let answer = f(&mut section); => let answer = f(&mut section);\n            if let Some(waker) = section.woken.take() { waker.wake() }
#[test]
fn failure_097_close_and_send_wake_with_no_lock_held() {
    let channel = forever(Line::<u8, 1>::with_lock());
    let scheduler = forever(std::sync::Mutex::new(Vec::new()));
    let queued = || scheduler.lock().unwrap().len();
    let mut recvs: Vec<_> = (0..12).map(|_| Polled::new(channel.recv())).collect();
    for (n, recv) in recvs.iter_mut().enumerate() {
        recv.waker = TestWaker::hooked(move |event| {
            if event == Event::Wake {
                scheduler.try_lock().expect("woken under the scheduler's lock").push(n);
                let _ = (channel.len(), channel.capacity(), channel.is_closed());
            }
        });
        assert!(recv.poll().is_pending());
    }
    channel.try_send(1).unwrap();
    assert_eq!(queued(), 1);
    channel.close();
    assert_eq!(queued(), 12);
    assert_eq!(recvs.iter_mut().map(|recv| recv.ready()).collect::<Vec<_>>()[..2], [Some(1), None]);
    recvs.iter().for_each(|recv| recv.waker.unhook());
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        for sends in [false, true] {
            let channel = forever(Line::<u8, 1>::with_lock());
            let entered = AtomicBool::new(false);
            let hooked = TestWaker::hooked(move |now| {
                if now == event && !entered.swap(true, Ordering::Relaxed) {
                    let _ = channel.try_send(7);
                    let _ = channel.try_recv();
                    let _ = Polled::new(channel.recv()).poll();
                    let _ = Polled::new(channel.send(8)).poll();
                    channel.close();
                }
            });
            let wakers = [hooked.clone(), TestWaker::new(), hooked.clone()];
            if sends {
                channel.try_send(1).unwrap();
                let mut send = Polled::new(channel.send(2));
                let mut done = false;
                for waker in wakers {
                    send.waker = waker;
                    done = done || send.poll().is_ready();
                }
                let _ = channel.try_recv();
                assert!(done || send.poll().is_ready());
            } else {
                let mut recv = Polled::new(channel.recv());
                let mut done = false;
                for waker in wakers {
                    recv.waker = waker;
                    done = done || recv.poll().is_ready();
                }
                let _ = channel.try_send(3);
                assert!(done || recv.poll().is_ready());
            }
            hooked.unhook();
            assert_eq!(hooked.alive(), 0);
        }
    }
}

#[test]
fn failure_109_panicking_waker_loses_no_message() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let channel = Line::<u8, 1>::with_lock();
        let hostile = TestWaker::panicking(event);
        let mut recv = Box::pin(channel.recv());
        let mut panicked = panics(|| assert!(poll(recv.as_mut(), &hostile).is_pending()));
        // The message is in before anybody is woken for it.
        panicked |= panics(|| assert_eq!(channel.try_send(1), Ok(())));
        panicked |= panics(|| drop(recv));
        assert_eq!(channel.try_recv(), Ok(1));
        assert!(panicked || event == Event::Drop, "{event:?}");
        channel.try_send(2).unwrap();
        let mut send = Box::pin(channel.send(3));
        let _ = panics(|| assert!(poll(send.as_mut(), &hostile).is_pending()));
        let mut other = Polled::waiting(channel.send(4));
        let _ = panics(|| assert_eq!(channel.try_recv(), Ok(2)));
        let _ = panics(|| drop(send));
        assert_eq!((other.wakes(), other.ready()), (1, Ok(())));
        hostile.unhook();
        assert_eq!(channel.try_recv(), Ok(4));
        assert_eq!((channel.len(), channel.capacity()), (0, 1));
    }
}

#[test]
fn failure_109_polled_after_it_was_ready() {
    let channel = Line::<u8, 1>::with_lock();
    let mut send = Polled::new(channel.send(1));
    assert_eq!(send.ready(), Ok(()));
    assert!(panics(|| assert!(send.poll().is_pending())));
    assert_eq!(channel.try_recv(), Ok(1));
}

#[test]
fn works_in_one_context_and_may_be_shared_by_threads() {
    let local = Channel::<std::rc::Rc<u8>, 1, LocalLock>::with_lock();
    let mut recv = Polled::waiting(local.recv());
    local.try_send(std::rc::Rc::new(1)).unwrap();
    assert_eq!(recv.ready().as_deref(), Some(&1));
    let channel = Line::<core::cell::Cell<u8>, 1>::with_lock();
    send_sync(&channel);
    fn send<T: Send>(_: &T) {}
    send(&channel.recv());
    send(&channel.send(core::cell::Cell::new(1)));
}
