//! Permits: who gets them, who waits for how many, what the end does, and that none are lost.

use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::vec::Vec;

use crate::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};
use crate::test_util::{Event, Polled, Random, TestLock, TestWaker, forever, panics, poll, send_sync};

type Permits = Semaphore<TestLock>;

#[test]
fn permits_are_taken_and_given_back() {
    let semaphore = Permits::with_lock(3);
    let two = semaphore.try_acquire_many(2).unwrap();
    assert_eq!((semaphore.available_permits(), two.num_permits()), (1, 2));
    assert_eq!(semaphore.try_acquire_many(2).err(), Some(TryAcquireError::NoPermits));
    let one = Polled::new(semaphore.acquire()).ready().unwrap();
    assert_eq!(semaphore.available_permits(), 0);
    drop((one, two));
    assert_eq!(std::format!("{semaphore:?}"), "Semaphore { permits: 3 }");
}

// Mutant: core/src/sync/permits.rs :: word & ASK != 0 && need > 0 => need == 7
#[test]
fn nobody_gets_a_few_past_who_waits_for_many() {
    let semaphore = Permits::with_lock(2);
    let mut many = Polled::waiting(semaphore.acquire_many(3));
    let mut few = Polled::waiting(semaphore.acquire());
    assert_eq!(semaphore.available_permits(), 0, "they are on their way");
    assert_eq!(semaphore.try_acquire().err(), Some(TryAcquireError::NoPermits));
    assert_eq!(semaphore.forget_permits(1), 0);
    assert_eq!(Polled::new(semaphore.acquire_many(0)).ready().unwrap().num_permits(), 0, "0 are there always");
    semaphore.add_permits(1);
    assert_eq!((many.wakes(), few.wakes()), (1, 0));
    drop(many.ready());
    assert_eq!(few.wakes(), 1);
    drop(few.ready());
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn one_gift_serves_all_it_is_enough_for() {
    for count in [1, 7, 8, 9, 30] {
        let semaphore = Permits::with_lock(0);
        let mut waits: Vec<_> = (0..count + 1).map(|_| Polled::waiting(semaphore.acquire())).collect();
        semaphore.add_permits(count);
        let mut permits = Vec::new();
        for wait in &mut waits[..count] {
            assert_eq!(wait.wakes(), 1);
            permits.push(wait.ready().unwrap());
        }
        assert!(waits[count].poll().is_pending());
        drop(permits);
    }
}

#[test]
fn constructors_and_counts_at_their_ends() {
    assert_eq!(Semaphore::MAX_PERMITS, usize::MAX >> 3);
    let full = Permits::with_lock(Semaphore::MAX_PERMITS);
    assert_eq!(full.available_permits(), Semaphore::MAX_PERMITS);
    assert!(panics(|| full.add_permits(1)));
    assert!(panics(|| drop(Permits::with_lock(Semaphore::MAX_PERMITS + 1))));
    assert!(panics(|| drop(Permits::with_lock(usize::MAX))));
    assert_eq!(full.available_permits(), Semaphore::MAX_PERMITS);
    assert_eq!(full.forget_permits(usize::MAX), Semaphore::MAX_PERMITS);
    let empty = Permits::with_lock(0);
    assert_eq!((empty.forget_permits(1), empty.forget_permits(0)), (0, 0));
    assert!(panics(|| empty.add_permits(usize::MAX)));
    let wait = Polled::waiting(empty.acquire());
    assert!(panics(|| empty.add_permits(usize::MAX)), "also while somebody waits");
    drop(wait);
    empty.add_permits(0);
    assert_eq!(empty.available_permits(), 0);
}

#[test]
fn permits_are_merged_split_and_forgotten() {
    let semaphore = Permits::with_lock(5);
    let other = Permits::with_lock(1);
    let mut permit = semaphore.try_acquire_many(4).unwrap();
    let part = permit.split(3).unwrap();
    assert!(permit.split(2).is_none() && permit.split(usize::MAX).is_none());
    assert_eq!((permit.num_permits(), part.num_permits(), permit.split(0).unwrap().num_permits()), (1, 3, 0));
    permit.merge(part);
    assert_eq!(permit.num_permits(), 4);
    assert!(panics(|| permit.merge(other.try_acquire().unwrap())));
    assert_eq!(other.available_permits(), 1);
    assert!(core::ptr::eq(semaphore.try_acquire().unwrap().semaphore(), &semaphore));
    semaphore.try_acquire().unwrap().forget();

    let shared = Arc::new(Permits::with_lock(5));
    let mut permit = shared.clone().try_acquire_many_owned(4).unwrap();
    let part = permit.split(3).unwrap();
    permit.merge(part);
    permit.split(1).unwrap().forget();
    assert!(panics(|| permit.merge(Arc::new(Permits::with_lock(1)).try_acquire_owned().unwrap())));
    assert!(Arc::ptr_eq(permit.semaphore(), &shared));
    drop(permit);
    assert_eq!(shared.available_permits(), 4);
    let mut all = Polled::new(shared.clone().acquire_many_owned(4)).ready().unwrap();
    let mut wait = Polled::waiting(shared.clone().acquire_owned());
    drop(all.split(1));
    assert_eq!(wait.ready().unwrap().num_permits(), 1);
}

// Mutant: core/src/sync/permits.rs :: if last { (word | CLOSED) & !ASK } else { word | CLOSED } => if last { word & !ASK } else { word }
#[test]
fn close_ends_all_waits_now_and_later() {
    let semaphore = Permits::with_lock(1);
    let permit = semaphore.try_acquire().unwrap();
    let mut waits: Vec<_> = (0..20).map(|_| Polled::waiting(semaphore.acquire())).collect();
    assert!(!semaphore.is_closed());
    semaphore.close();
    semaphore.close();
    assert!(semaphore.is_closed());
    for wait in &mut waits {
        assert_eq!(wait.wakes(), 1);
        assert_eq!(wait.ready().err(), Some(AcquireError(())));
    }
    assert_eq!(semaphore.try_acquire().err(), Some(TryAcquireError::Closed));
    assert!(Polled::new(semaphore.acquire_many(0)).ready().is_err());
    drop(permit);
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), 2, "permits outlive the end");
}

// Mutant: core/src/sync/permits.rs :: self.permits.change_within(|word| given(word, count as usize));\n                } => let _ = count;\n                }
#[test]
fn end_counts_more_than_a_permit_that_was_not_fetched() {
    let semaphore = Permits::with_lock(0);
    let mut fetched = Polled::waiting(semaphore.acquire());
    let mut dropped = Polled::waiting(semaphore.acquire());
    semaphore.add_permits(2);
    semaphore.close();
    assert!(fetched.ready().is_err());
    assert_eq!(semaphore.available_permits(), 1);
    assert!(dropped.poll().is_ready());
    assert_eq!(semaphore.available_permits(), 2);
}

/// The one at `cancelled` goes away, waiting or given its permits; the others get theirs.
// Mutant: core/src/sync/permits.rs :: if word & ASK != 0 && permits(word) > 0 { => if word & ASK != 0 && permits(word) > 99 {
#[test]
fn failure_021_cancel_at_each_position() {
    for cancelled in 0..4 {
        for given in [0, 1, 2, 5, 7] {
            let semaphore = Permits::with_lock(0);
            let needs = [2, 4, 1, 1];
            let mut waits: Vec<_> =
                needs.iter().map(|need| Some(Polled::waiting(semaphore.acquire_many(*need)))).collect();
            semaphore.add_permits(given);
            waits[cancelled] = None;
            let mut left = given;
            let mut permits = Vec::new();
            let mut first = true;
            for (wait, need) in waits.iter_mut().zip(needs) {
                let Some(wait) = wait else { continue };
                first &= need as usize <= left;
                if first {
                    assert!(wait.wakes() >= 1, "cancelled {cancelled}, given {given}: not called");
                    permits.push(wait.ready().unwrap());
                    left -= need as usize;
                } else {
                    assert!(wait.poll().is_pending());
                }
            }
            waits.clear();
            drop(permits);
            assert_eq!(semaphore.available_permits(), given);
        }
    }
}

/// Random histories against queues: who is served when, and that available + held + on their way is the total.
// Mutant: core/src/sync/permits.rs :: permits(there) > need as usize => permits(there) > need as usize + 9
#[test]
fn failure_100_agrees_with_a_model_in_random_histories() {
    for seed in 0..if cfg!(miri) { 3 } else { 300 } {
        let mut random = Random::new(seed);
        let total = random.below(5);
        let semaphore = Permits::with_lock(total);
        // The model: what is free, who waits for how many (with its number), who is served and has not been polled.
        let (mut free, mut total) = (total, total);
        let mut line: VecDeque<(usize, usize)> = VecDeque::new();
        let mut served: Vec<usize> = Vec::new();
        let mut waits: Vec<(usize, usize, Polled<_>)> = Vec::new();
        let mut held: Vec<SemaphorePermit<'_, TestLock>> = Vec::new();
        for number in 0..if cfg!(miri) { 40 } else { 150 } {
            match random.below(8) {
                0..=2 => {
                    let need = random.below(4);
                    let mut wait = Polled::new(semaphore.acquire_many(need as u32));
                    let now = need == 0 || line.is_empty() && need <= free;
                    match wait.poll() {
                        Poll::Ready(permit) => {
                            assert!(now, "seed {seed}: past the line");
                            free -= need;
                            held.push(permit.unwrap());
                        }
                        Poll::Pending => {
                            assert!(!now, "seed {seed}: not served");
                            line.push_back((number, need));
                            waits.push((number, need, wait));
                        }
                    }
                }
                3 if !held.is_empty() => {
                    let permit = held.swap_remove(random.below(held.len()));
                    free += permit.num_permits();
                }
                4 => {
                    let n = random.below(3);
                    semaphore.add_permits(n);
                    free += n;
                    total += n;
                }
                5 if !waits.is_empty() => {
                    let (number, need, wait) = waits.swap_remove(random.below(waits.len()));
                    drop(wait);
                    if let Some(at) = served.iter().position(|served| *served == number) {
                        served.swap_remove(at);
                        free += need;
                    }
                    line.retain(|(other, _)| *other != number);
                }
                6 if !waits.is_empty() => {
                    let at = random.below(waits.len());
                    let ready = waits[at].2.poll();
                    let number = waits[at].0;
                    let due = served.iter().position(|served| *served == number);
                    assert_eq!(ready.is_ready(), due.is_some(), "seed {seed}");
                    if let Poll::Ready(permit) = ready {
                        served.swap_remove(due.unwrap());
                        held.push(permit.unwrap());
                        waits.swap_remove(at);
                    }
                }
                _ => {
                    let n = random.below(3);
                    let expected = if line.is_empty() { n.min(free) } else { 0 };
                    assert_eq!(semaphore.forget_permits(n), expected, "seed {seed}");
                    free -= expected;
                    total -= expected;
                }
            }
            while let Some((number, need)) = line.front().copied().filter(|(_, need)| *need <= free) {
                free -= need;
                served.push(number);
                line.pop_front();
            }
            assert_eq!(semaphore.available_permits(), if line.is_empty() { free } else { 0 }, "seed {seed}");
            let on_the_way: usize =
                waits.iter().filter(|(number, ..)| served.contains(number)).map(|(_, need, _)| need).sum();
            let in_hands: usize = held.iter().map(SemaphorePermit::num_permits).sum();
            assert_eq!(free + on_the_way + in_hands, total, "seed {seed}");
            for (number, _, wait) in &waits {
                assert_eq!(wait.wakes(), usize::from(served.contains(number)), "seed {seed}");
            }
        }
        waits.clear();
        held.clear();
        assert_eq!(semaphore.available_permits(), total, "seed {seed}: permits are lost");
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let semaphore = forever(Permits::with_lock(0));
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                drop(Polled::new(semaphore.acquire()).poll());
                drop(semaphore.try_acquire());
                semaphore.add_permits(1);
                semaphore.forget_permits(1);
            }
        });
        let mut wait = Polled::new(semaphore.acquire());
        for waker in [hooked.clone(), TestWaker::new(), hooked.clone()] {
            wait.waker = waker;
            if wait.poll().is_ready() {
                break; // by the permit of its own waker
            }
        }
        semaphore.add_permits(1);
        drop(wait);
        semaphore.close();
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
    }
}

/// Polled by its own waker, while there is more to give than was given yet: what it fetches is its own, whatever the waker of
/// one behind it does.
// Mutant: core/src/sync/semaphore.rs :: core::mem::forget(self); => let mut this = self;\n        this.permits = 0;
#[test]
fn failure_109_owned_permit_that_is_fetched_while_others_are_served() {
    let semaphore = Arc::new(Permits::with_lock(0));
    let first = Arc::new(Mutex::new(Polled::new(semaphore.clone().acquire_owned())));
    let fetched = Arc::new(Mutex::new(None));
    let fetching = TestWaker::hooked({
        let (first, fetched) = (first.clone(), fetched.clone());
        move |event| {
            if event == Event::Wake {
                let permit = first.lock().unwrap().ready();
                *fetched.lock().unwrap() = permit.ok();
            }
        }
    });
    first.lock().unwrap().waker = fetching.clone();
    assert!(first.lock().unwrap().poll().is_pending());
    let mut others: Vec<_> = (0..9).map(|_| Polled::new(semaphore.acquire())).collect();
    // A few are woken at a time; this one is not among the first.
    let hostile = TestWaker::panicking(Event::Wake);
    others[7].waker = hostile.clone();
    assert!(others.iter_mut().all(|other| other.poll().is_pending()));
    assert!(panics(|| semaphore.add_permits(10)));
    fetching.unhook();
    hostile.unhook();
    let fetched = fetched.lock().unwrap().take();
    assert_eq!(fetched.as_ref().map(OwnedSemaphorePermit::num_permits), Some(1), "lost");
    others.iter_mut().for_each(|other| drop(other.ready()));
    drop(fetched);
    assert_eq!(semaphore.available_permits(), 10);
}

#[test]
fn failure_109_panicking_waker_loses_no_permit() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        for act in 0..3 {
            let semaphore = Permits::with_lock(2);
            let hostile = TestWaker::panicking(event);
            // It asks for more than there is: its end frees room for both others.
            let mut wait = Box::pin(semaphore.acquire_many(3));
            let mut panicked = panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
            let mut others: Vec<_> = (0..2).map(|_| Polled::new(semaphore.acquire())).collect();
            for other in &mut others {
                let _ = other.poll().map(|permit| permit.unwrap().forget());
            }
            panicked |= panics(|| match act {
                0 => semaphore.add_permits(3),
                1 => semaphore.close(),
                _ => {}
            });
            panicked |= panics(|| drop(wait));
            for other in &mut others {
                if event != Event::Clone {
                    assert!(other.wakes() == 1 && other.poll().is_ready(), "{event:?} {act}: left waiting");
                }
            }
            assert!(panicked || event == Event::Wake && act == 2 || event == Event::Drop && act < 2, "{event:?} {act}");
            hostile.unhook();
            semaphore.add_permits(1);
            assert!(semaphore.available_permits() > 0, "{event:?} {act}");
        }
    }
}

#[test]
fn may_be_sent_and_shared() {
    let semaphore = Arc::new(Permits::with_lock(1));
    send_sync(&semaphore.acquire());
    send_sync(&semaphore.clone().acquire_owned());
    send_sync(&semaphore.try_acquire().unwrap());
    send_sync(&semaphore.clone().try_acquire_owned().unwrap());
}

/// Two are woken while one who got permits goes, and both wakers panic: the first panic goes on, and is not dropped by the second,
/// which would end the program.
// Mutant: core/src/sync/waiters/waiter.rs :: guard::keep_first(&mut panic, guard::run(|| self.protocol.cancelled())); => self.protocol.cancelled();
#[test]
fn failure_109_first_of_two_panics_goes_on_where_a_wait_is_dropped() {
    let semaphore = Permits::with_lock(0);
    let first = Polled::waiting(semaphore.acquire_many(2));
    let mut others = [1, 2].map(|number| {
        let mut wait = Polled::new(semaphore.acquire());
        wait.waker = TestWaker::hooked(move |event| {
            if event == Event::Wake {
                std::panic::panic_any(number);
            }
        });
        assert!(wait.poll().is_pending());
        wait
    });
    semaphore.add_permits(2); // the first one's
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(first))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&1));
    for other in &mut others {
        other.waker.unhook();
        assert!(other.ready().is_ok());
    }
}
