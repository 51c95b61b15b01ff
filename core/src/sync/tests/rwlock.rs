//! Readers and writers: who is let in beside whom, and who waits behind whom.

use std::boxed::Box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

use crate::sync::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockMappedWriteGuard,
    RwLockReadGuard, RwLockWriteGuard,
};
use crate::test_util::{Event, Polled, Random, TestLock, TestWaker, forever, panics, poll, send_sync};

type Value<T> = RwLock<T, TestLock>;

#[test]
fn many_readers_or_one_writer() {
    let mut lock = Value::with_lock(1);
    let readers: Vec<_> = (0..3).map(|_| Polled::new(lock.read()).ready()).collect();
    assert!(lock.try_write().is_err() && lock.try_read().is_ok());
    drop(readers);
    let mut writer = Polled::new(lock.write()).ready();
    *writer += 1;
    assert!(lock.try_write().is_err() && lock.try_read().is_err());
    assert_eq!(std::format!("{lock:?} {writer}"), "RwLock { data: <locked> } 2");
    drop(writer);
    assert_eq!(std::format!("{lock:?} {:?}", lock.try_read().unwrap()), "RwLock { data: 2 } 2");
    *lock.get_mut() += 1;
    assert_eq!(lock.into_inner(), 3);
}

/// As long as a writer waits no new reader is let in, however many come and go.
// Mutant: core/src/sync/permits.rs :: word & ASK != 0 && need > 0 => need == 7
#[test]
fn readers_cannot_starve_a_writer() {
    for fair in [false, true] {
        let lock = if fair { Value::fair_with_lock(0) } else { Value::with_lock(0) };
        let mut reader = Some(lock.try_read().unwrap());
        let mut writer = Polled::waiting(lock.write());
        let mut late: Vec<_> = (0..3).map(|_| Polled::waiting(lock.read())).collect();
        assert!(lock.try_read().is_err(), "let in past a writer");
        drop(reader.take());
        if !fair {
            // Woken and not run yet: the lock is anybody's.
            let guard = lock.try_read().unwrap();
            assert!(writer.poll().is_pending());
            assert!(lock.try_read().is_err(), "passed twice");
            drop(guard);
        }
        assert!(lock.try_read().is_err() && late[0].poll().is_pending(), "it is the writer's");
        let guard = writer.ready();
        assert!(late.iter().all(|late| late.wakes() == 0));
        drop(guard);
        // All of them at once.
        let guards: Vec<_> = late.iter_mut().map(Polled::ready).collect();
        assert_eq!(guards.len(), 3);
    }
}

#[test]
fn writers_keep_their_order_among_readers() {
    let lock = Value::fair_with_lock(());
    let guard = lock.try_write().unwrap();
    let mut first = Polled::waiting(lock.read());
    let mut second = Polled::waiting(lock.write());
    let mut third = Polled::waiting(lock.read());
    drop(guard);
    assert_eq!((first.wakes(), second.wakes(), third.wakes()), (1, 0, 0));
    drop(first.ready());
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    drop(second.ready());
    drop(third.ready());
    assert!(lock.try_write().is_ok());
}

#[test]
fn downgraded_guard_lets_readers_in_and_no_writer() {
    let lock = Value::with_lock((1, 2));
    let guard = lock.try_write().unwrap();
    let mut reader = Polled::waiting(lock.read());
    let mut writer = Polled::waiting(lock.write());
    let guard = guard.downgrade();
    assert_eq!((reader.wakes(), writer.wakes()), (1, 0));
    drop(reader.ready());
    assert!(writer.poll().is_pending());
    drop(guard);
    let guard = writer.ready();
    let guard = RwLockWriteGuard::try_downgrade_map(guard, |_| None::<&u8>).unwrap_err();
    let part = RwLockWriteGuard::downgrade_map(guard, |pair| &pair.1);
    assert!(*part == 2 && lock.try_read().is_ok() && lock.try_write().is_err());
    drop(part);
    assert!(panics(|| drop(RwLockWriteGuard::downgrade_map(lock.try_write().unwrap(), |_| -> &u8 {
        panic!("in map")
    }))));
    let part = RwLockWriteGuard::try_downgrade_map(lock.try_write().unwrap(), |pair| Some(&pair.0)).unwrap();
    drop(part);
    assert!(lock.try_write().is_ok());
}

#[test]
fn guards_of_parts() {
    let lock = Value::with_lock((1, [2, 3]));
    let part = RwLockWriteGuard::map(lock.try_write().unwrap(), |whole| &mut whole.1);
    let part = RwLockMappedWriteGuard::try_map(part, |_| None::<&mut u8>).unwrap_err();
    *RwLockMappedWriteGuard::map(part, |array| &mut array[0]) = 5;
    let whole = RwLockWriteGuard::try_map(lock.try_write().unwrap(), |_| None::<&mut u8>).unwrap_err();
    let mapped = RwLockWriteGuard::into_mapped(whole);
    assert!(lock.try_read().is_err());
    drop(RwLockMappedWriteGuard::try_map(mapped, |whole| Some(&mut whole.0)).unwrap());
    let guard = RwLockReadGuard::map(lock.try_read().unwrap(), |whole| &whole.1);
    let guard = RwLockReadGuard::try_map(guard, |_| None::<&u8>).unwrap_err();
    assert_eq!(*guard, [5, 3]);
    assert!(lock.try_write().is_err());
    drop(RwLockReadGuard::try_map(guard, |array| Some(&array[1])).unwrap());
    assert!(lock.try_write().is_ok());
}

#[test]
fn owned_guards_keep_the_lock() {
    let lock = Arc::new(Value::with_lock((1, 2)));
    let write = Polled::new(lock.clone().write_owned()).ready();
    assert!(lock.clone().try_read_owned().is_err() && lock.clone().try_write_owned().is_err());
    let write = OwnedRwLockWriteGuard::try_map(write, |_| None::<&mut u8>).unwrap_err();
    let write = OwnedRwLockWriteGuard::try_downgrade_map(write, |_| None::<&u8>).unwrap_err();
    assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&write), &lock));
    let part = OwnedRwLockWriteGuard::map(write, |pair| &mut pair.0);
    let part = OwnedRwLockMappedWriteGuard::try_map(part, |_| None::<&mut u8>).unwrap_err();
    assert!(Arc::ptr_eq(OwnedRwLockMappedWriteGuard::rwlock(&part), &lock));
    *OwnedRwLockMappedWriteGuard::map(part, |part| part) = 7;
    drop(OwnedRwLockWriteGuard::into_mapped(lock.clone().try_write_owned().unwrap()));
    let read = lock.clone().try_write_owned().unwrap().downgrade();
    drop(Polled::new(lock.clone().read_owned()).ready());
    assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rwlock(&read), &lock));
    let read = OwnedRwLockReadGuard::map(read, |pair| &pair.0);
    let read = OwnedRwLockReadGuard::try_map(read, |_| None::<&u8>).unwrap_err();
    assert_eq!(*read, 7);
    drop(read);
    let part = OwnedRwLockWriteGuard::downgrade_map(lock.clone().try_write_owned().unwrap(), |pair| &pair.1);
    let weak = Arc::downgrade(&lock);
    drop(lock);
    drop(part);
    assert!(weak.upgrade().is_none());
}

#[test]
fn readers_at_their_ends() {
    for wrong in [0, (u32::MAX >> 3) + 1, u32::MAX] {
        assert!(panics(|| drop(Value::max_readers_with_lock((), wrong))), "{wrong}");
    }
    let lock = Value::max_readers_with_lock((), 1);
    let reader = lock.try_read().unwrap();
    let mut waits = (Polled::waiting(lock.read()), Polled::waiting(lock.write()));
    drop(reader);
    drop(waits.0.ready());
    let reader = waits.1.ready().downgrade();
    assert!(lock.try_read().is_err());
    drop(reader);
    drop(Value::max_readers_with_lock((), u32::MAX >> 3).try_write().unwrap());
}

/// Cancels the one at `cancelled` in a line of all kinds, in several stages: everybody else is served.
#[test]
fn failure_021_cancel_at_each_position_and_stage() {
    for stage in 0..5 {
        for cancelled in 0..5 {
            let lock = Value::with_lock(());
            let mut guard = lock.try_write().ok();
            let mut barger = None;
            let mut writes: Vec<_> = (0..2).map(|_| Polled::new(lock.write())).collect();
            let mut reads: Vec<_> = (0..3).map(|_| Polled::new(lock.read())).collect();
            // write, read, read, write, read
            for at in [0, 2, 3, 1, 4] {
                let pending = if at < 2 { writes[at].poll().is_pending() } else { reads[at - 2].poll().is_pending() };
                assert!(pending);
            }
            if stage > 0 {
                drop(guard.take());
            }
            if stage > 1 {
                barger = lock.try_read().ok();
            }
            if stage > 2 {
                assert!(writes[0].poll().is_pending());
            }
            if stage > 3 {
                barger = None;
            }
            if cancelled < 2 {
                drop(writes.remove(cancelled));
            } else {
                drop(reads.remove(cancelled - 2));
            }
            drop((guard, barger));
            for round in 0.. {
                writes.retain_mut(|write| write.wakes() == 0 || write.poll().is_pending());
                reads.retain_mut(|read| read.wakes() == 0 || read.poll().is_pending());
                if writes.is_empty() && reads.is_empty() {
                    break;
                }
                assert!(round < 9, "stage {stage}, cancelled {cancelled}: left waiting");
            }
            assert!(lock.try_write().is_ok());
        }
    }
}

/// Random histories: a writer is alone, nobody is left waiting.
#[test]
fn failure_100_conserves_the_right_in_random_histories() {
    for seed in 0..if cfg!(miri) { 3 } else { 300 } {
        let mut random = Random::new(seed);
        let lock = Value::max_readers_with_lock((), 1 + random.below(3) as u32);
        let (mut readers, mut writer) = (Vec::new(), None);
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for _ in 0..if cfg!(miri) { 50 } else { 150 } {
            match random.below(9) {
                0 => reads.push(Polled::new(lock.read())),
                1 => writes.push(Polled::new(lock.write())),
                2 if !readers.is_empty() => drop(readers.swap_remove(random.below(readers.len()))),
                3 => drop(writer.take()),
                4 => readers.extend(writer.take().map(RwLockWriteGuard::downgrade)),
                5 if !reads.is_empty() => drop(reads.swap_remove(random.below(reads.len()))),
                6 if !writes.is_empty() => drop(writes.swap_remove(random.below(writes.len()))),
                7 => readers.extend(lock.try_read()),
                _ => {
                    reads.retain_mut(|read| read.poll().map(|guard| readers.push(guard)).is_pending());
                    writes.retain_mut(|write| {
                        write.poll().map(|guard| assert!(writer.replace(guard).is_none())).is_pending()
                    });
                }
            }
            assert!(writer.is_none() || readers.is_empty(), "seed {seed}: a writer beside readers");
        }
        readers.clear();
        writer = None;
        for round in 0..=reads.len() + writes.len() {
            reads.retain_mut(|read| read.poll().is_pending());
            writes.retain_mut(|write| write.poll().is_pending());
            assert!(round < 60, "seed {seed}");
        }
        assert!(reads.is_empty() && writes.is_empty(), "seed {seed}: left waiting");
        drop(writer);
        assert!(lock.try_write().is_ok());
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let lock = forever(Value::with_lock(0));
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                drop(Polled::new(lock.read()).poll());
                drop(Polled::new(lock.write()).poll());
                drop(lock.try_read());
            }
        });
        let guard = lock.try_write().unwrap();
        let (mut read, mut write) = (Polled::new(lock.read()), Polled::new(lock.write()));
        for waker in [hooked.clone(), TestWaker::new(), hooked.clone()] {
            (read.waker, write.waker) = (waker.clone(), waker);
            assert!(read.poll().is_pending() && write.poll().is_pending());
        }
        drop(guard);
        drop(read.ready());
        drop(write.ready());
        drop((read, write));
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
        assert!(lock.try_write().is_ok());
    }
}

#[test]
fn failure_109_panicking_waker_leaves_the_lock_working() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        for write in [false, true] {
            let lock = Value::with_lock(0);
            let hostile = TestWaker::panicking(event);
            let guard = lock.try_write().unwrap();
            let mut panicked = false;
            let (mut reads, mut writes) = (Box::pin(lock.read()), Box::pin(lock.write()));
            panicked |= panics(|| {
                assert!(if write {
                    poll(writes.as_mut(), &hostile).is_pending()
                } else {
                    poll(reads.as_mut(), &hostile).is_pending()
                });
            });
            let mut others: Vec<_> = (0..3).map(|_| Polled::waiting(lock.read())).collect();
            panicked |= panics(|| drop(guard));
            panicked |= panics(|| drop(reads));
            panicked |= panics(|| drop(writes));
            assert!(panicked, "{event:?}");
            for other in &mut others {
                assert_eq!(other.wakes(), 1, "{event:?}");
                drop(other.ready());
            }
            hostile.unhook();
            assert!(lock.try_write().is_ok());
        }
    }
}

#[test]
fn may_be_sent_and_shared() {
    let lock = Arc::new(Value::with_lock(0));
    send_sync(&lock);
    send_sync(&lock.read());
    send_sync(&lock.write());
    send_sync(&lock.clone().write_owned());
    send_sync(&lock.try_read().unwrap());
    send_sync(&lock.try_write().unwrap());
    send_sync(&lock.clone().try_read_owned().unwrap());
    send_sync(&lock.clone().try_write_owned().unwrap());
    fn send<T: Send>(_: &T) {}
    // A lock of what may be sent only may be sent.
    send(&Value::with_lock(core::cell::Cell::new(0)));
}
