//! Clocks that are told what time it is.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::Duration;
use std::vec::Vec;

use super::util::{Hand, Here, Task, leak, ms};
use crate::ambient::{self, Ambient};
use crate::park::{Park, Unpark};
use crate::time::{Clock, ControlError, Instant, ManualClock, Timers, VirtualClock, VirtualPark, sleep};

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

fn nanos(n: u64) -> Duration {
    Duration::from_nanos(n)
}

#[test]
fn says_what_the_clock_inside_says_until_it_is_told() {
    let clock = VirtualClock::new(Hand::default());
    for now in [0, 5, u64::MAX - 1] {
        clock.inner().set(now);
        assert_eq!((clock.now(), clock.now_ceil(), clock.is_told()), (at(now), at(now), false));
        assert_eq!(clock.to_inner(at(7)), Some(at(7)));
    }
    assert_eq!(clock.to_inner(Instant::FAR), None);
    assert_eq!(clock.advance(ms(1)), Err(ControlError::NotPaused));
    assert_eq!(clock.advance_to(at(1)), Err(ControlError::NotPaused));
}

// Mutant: core/src/time/virtual_clock.rs :: since: inside, ..*self }; => ..*self };
#[test]
fn pauses_advances_and_resumes_without_a_step() {
    let clock = VirtualClock::new(Hand::default());
    clock.inner().set(1000);
    assert_eq!(clock.resume(), Err(ControlError::NotPaused));
    assert_eq!(clock.now(), at(1000));
    clock.pause().unwrap();
    assert_eq!(clock.pause(), Err(ControlError::Paused));
    clock.inner().set(5000);
    assert_eq!((clock.now(), clock.now_ceil(), clock.is_paused()), (at(1000), at(1000), true));
    clock.advance(nanos(10)).unwrap();
    clock.advance(Duration::ZERO).unwrap();
    clock.advance_to(at(20)).unwrap();
    assert_eq!(clock.now(), at(1010), "never back");
    clock.advance_to(at(1020)).unwrap();
    clock.resume().unwrap();
    assert_eq!(clock.now(), at(1020));
    clock.inner().set(5003);
    assert_eq!((clock.now(), clock.is_paused()), (at(1023), false));
    clock.pause().unwrap();
    clock.advance(Duration::MAX).unwrap();
    assert_eq!(clock.now(), at(u64::MAX - 1));
    clock.advance_to(Instant::FAR).unwrap();
    assert_eq!(clock.now(), at(u64::MAX - 1));
    clock.resume().unwrap();
    clock.inner().set(6000);
    assert_eq!(clock.now(), at(u64::MAX - 1), "the end of time");
    clock.reset();
    assert_eq!((clock.now(), clock.is_told()), (at(6000), false));
}

// Mutant: core/src/time/virtual_clock.rs :: left.div_ceil(u64::from(self.scale)) => left / u64::from(self.scale)
#[test]
fn scaled_deadlines_are_never_early_inside() {
    let clock = VirtualClock::new(Hand::default());
    clock.inner().set(100);
    let mut last = clock.now();
    for scale in [1, 2, 3, 7, 1000, u32::MAX, 1, 5] {
        clock.set_scale(scale);
        assert_eq!(clock.now(), last, "a new scale is no step");
        for offset in [0, 1, 2, 3, 6, 7, 8, 20, 21] {
            let deadline = at(last.as_nanos() + offset);
            let inside = clock.to_inner(deadline).unwrap();
            let before = clock.inner().now();
            assert!(offset > 0 || inside == Instant::EPOCH, "what is due is due at once");
            if offset > 0 {
                clock.inner().set(inside.as_nanos() - 1);
                assert!(clock.now() < deadline, "it could have been sooner");
                clock.inner().set(inside.as_nanos());
                assert!(clock.now() >= deadline, "{scale} times as fast, early by a step");
                clock.inner().set(before.as_nanos());
            }
        }
        clock.inner().set(clock.inner().now().as_nanos() + 25); // beyond all that was tried
        last = clock.now();
    }
    // Where the inner clock cannot say it, and where it will not.
    assert_eq!(clock.to_inner(Instant::FAR), None);
    assert!(clock.to_inner(at(u64::MAX - 1)).is_some());
    clock.pause().unwrap();
    assert_eq!(clock.to_inner(at(u64::MAX - 1)), None);
    assert_eq!(clock.to_inner(clock.now()), Some(Instant::EPOCH));
    clock.inner().set(u64::MAX);
    clock.resume().unwrap();
    clock.set_scale(u32::MAX);
    assert_eq!(clock.to_inner(at(u64::MAX - 1)), Some(Instant::FAR));
}

#[test]
#[should_panic(expected = "zero times")]
fn a_scale_of_zero_is_refused() {
    VirtualClock::new(Hand::default()).set_scale(0);
}

/// Keeps the moments of which it was told.
#[derive(Default)]
struct Told(Mutex<Vec<Instant>>);

impl Told {
    fn heard(&self) -> Vec<Instant> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Clock for Told {
    fn now(&self) -> Instant {
        at(100)
    }

    fn rearm(&self, deadline: Instant) {
        self.0.lock().unwrap().push(deadline);
    }
}

/// Who waits by a paused clock may be one who moves it to its next deadline: he waits for ever if he is not told that there is
/// one. (An executor that does not move it looks once more than it needs to.)
// Mutant: core/src/time/virtual_clock.rs :: self.inner.rearm(self.to_inner(deadline).unwrap_or(Instant::EPOCH)); => _ = self.to_inner(deadline).map(|deadline| self.inner.rearm(deadline));
#[test]
fn who_hears_of_an_earlier_deadline_hears_of_it_by_his_own_clock() {
    let clock = VirtualClock::new(Told::default());
    clock.rearm(at(105));
    assert_eq!(clock.inner().heard(), [at(105)]);
    clock.set_scale(2);
    clock.inner().heard();
    clock.rearm(at(110));
    assert_eq!(clock.inner().heard(), [at(105)]);
    clock.pause().unwrap();
    clock.inner().heard();
    clock.rearm(at(110));
    assert_eq!(clock.inner().heard(), [Instant::EPOCH], "at once: a paused clock comes to it by a jump or not at all");
    clock.rearm(Instant::FAR);
    assert_eq!(clock.inner().heard(), [], "never");
}

// Mutant: core/src/time/virtual_clock.rs :: self.inner.rearm(Instant::EPOCH);\n    } => _ = self;\n    }
#[test]
fn who_waits_hears_of_all_that_changes_how_long() {
    let clock = VirtualClock::new(Told::default());
    let once = [Instant::EPOCH];
    assert_eq!((clock.resume(), clock.inner().heard()), (Err(ControlError::NotPaused), Vec::new()));
    assert_eq!((clock.pause(), &*clock.inner().heard()), (Ok(()), &once[..]));
    assert_eq!((clock.pause(), clock.inner().heard()), (Err(ControlError::Paused), Vec::new()));
    assert_eq!((clock.resume(), &*clock.inner().heard()), (Ok(()), &once[..]));
    clock.set_scale(3);
    assert_eq!(clock.inner().heard(), once);
    clock.pause().unwrap();
    clock.inner().heard();
    clock.advance(ms(1)).unwrap();
    assert_eq!(clock.inner().heard(), [], "that is for whoever has the timers");
}

/// A clock that lets another thread read between its reading and what is done with that.
struct Gate {
    hand: Hand,
    armed: AtomicBool,
    barriers: [Barrier; 2],
}

impl Clock for &'static Gate {
    fn now(&self) -> Instant {
        let now = self.hand.now();
        if self.armed.swap(false, Ordering::SeqCst) {
            self.barriers.iter().for_each(|barrier| _ = barrier.wait());
        }
        now
    }
}

type Tell = fn(&VirtualClock<&'static Gate>);

/// What it says to one who reads it while a thread is about to `tell` it something, and after that was told.
fn read_while_told(before: Tell, tell: Tell) -> (Instant, Instant) {
    let (hand, armed, barriers) = (Hand::default(), AtomicBool::new(false), [(); 2].map(|()| Barrier::new(2)));
    let gate: &'static Gate = leak(Gate { hand, armed, barriers });
    let clock: &'static VirtualClock<&'static Gate> = leak(VirtualClock::new(gate));
    gate.hand.set(90);
    before(clock);
    gate.armed.store(true, Ordering::SeqCst);
    let teller = std::thread::spawn(move || tell(clock));
    gate.barriers[0].wait();
    gate.hand.set(100);
    let read = clock.now();
    gate.barriers[1].wait();
    teller.join().unwrap();
    (read, clock.now())
}

/// The first thing that it is told, and a later one.
// Mutant: core/src/time/virtual_clock.rs :: self.seen = self.seen.max(inside); => _ = inside;
#[test]
fn who_reads_while_it_is_told_something_reads_nothing_earlier_later() {
    let changes: [Tell; 3] = [
        |clock| clock.pause().unwrap(),
        |clock| clock.set_scale(3),
        |clock| assert_eq!(clock.resume(), Err(ControlError::NotPaused)),
    ];
    for (before, scale) in [((|_| ()) as Tell, 1), (|clock| clock.set_scale(2), 2)] {
        for tell in changes {
            let read = at(90 + 10 * scale);
            assert_eq!(read_while_told(before, tell), (read, read), "no step, and not back");
        }
    }
}

/// A clock that is told something in between its readings is monotone.
#[test]
fn it_is_monotone_over_all_that_it_is_told() {
    let clock = VirtualClock::new(Hand::default());
    let mut last = clock.now();
    let mut random = super::util::Random::new(7);
    let mut inside = 0;
    for _ in 0..if cfg!(miri) { 100 } else { 10_000 } {
        match random.below(6) {
            0 => _ = clock.pause(),
            1 => _ = clock.resume(),
            2 => _ = clock.advance(nanos(random.below(1000))),
            3 => _ = clock.advance_to(at(random.below(1_000_000))),
            4 => clock.set_scale(1 + random.below(9) as u32),
            _ => {
                inside += random.below(50);
                clock.inner().set(inside);
            }
        }
        let now = clock.now();
        assert!(now >= last, "{last:?} and then {now:?}");
        last = now;
    }
}

#[derive(Clone)]
struct Nobody;

impl Unpark for Nobody {
    fn unpark(&self) {}
}

/// Counts what it is asked for, and keeps the last deadline.
#[derive(Default)]
struct Parks {
    waits: Vec<Option<Instant>>,
    polls: AtomicUsize,
}

impl Park for &mut Parks {
    type Unpark = Nobody;

    fn unpark(&self) -> Nobody {
        Nobody
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if is_idle() {
            self.waits.push(deadline);
        }
    }

    fn poll(&mut self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }
}

/// A loop as an executor has it: 24 hours in as many steps as there are deadlines.
// Mutant: core/src/time/virtual_park.rs :: let _ = clock.advance_to(deadline); => let _ = deadline;
#[test]
fn an_idle_executor_moves_a_manual_clock_to_its_deadlines() {
    let timers: &'static Timers<ManualClock> = leak(Timers::new(ManualClock::manual()));
    let mut parks = Parks::default();
    let mut park = VirtualPark::new(&mut parks, timers.clock());
    let hours: u64 = if cfg!(miri) { 3 } else { 24 };
    let mut task = Task::new(Here::enter(&ambient::Context::EMPTY.with_timers(timers), || async move {
        for _ in 0..hours * 60 {
            sleep::<Here>(Duration::from_secs(60)).await;
        }
    }));
    let mut turns = 0;
    while Here::enter(&ambient::Context::EMPTY.with_timers(timers), || task.poll()).is_pending() {
        turns += 1;
        assert_eq!(task.woken(), turns - 1, "it is woken once per deadline");
        let deadline = timers.next_deadline();
        park.park(deadline, || true);
        timers.expire();
    }
    assert_eq!(timers.now(), Instant::EPOCH + Duration::from_secs(hours * 3600));
    assert_eq!(turns as u64, hours * 60);
    // Nothing to wait for, or something to do: the clock stands.
    park.park(None, || true);
    park.park(Some(Instant::FAR), || true);
    park.park(Some(timers.now() + ms(1)), || false);
    assert_eq!(timers.now(), Instant::EPOCH + Duration::from_secs(hours * 3600));
    park.poll();
    assert_eq!(parks.waits, [None, None]);
    assert_eq!(*parks.polls.get_mut(), turns + 4);
}

#[test]
fn it_waits_as_it_is_told_where_it_must_not_jump() {
    let clock: &'static VirtualClock<Hand> = leak(VirtualClock::new(Hand::default()));
    let mut parks = Parks::default();
    VirtualPark::new(&mut parks, clock).park(Some(at(100)), || true);
    clock.set_scale(10);
    VirtualPark::new(&mut parks, clock).park(Some(at(95)), || true);
    clock.pause().unwrap();
    VirtualPark::new(&mut parks, clock).auto_advance(false).park(Some(at(100)), || true);
    VirtualPark::new(&mut parks, clock).auto_advance(false).park(Some(at(0)), || true);
    assert_eq!(parks.waits, [Some(at(100)), Some(at(10)), None, Some(Instant::EPOCH)]);
    assert_eq!(clock.now(), at(0));
}

type TellHand = fn(&VirtualClock<Hand>);

/// Lets somebody tell the clock something before it asks whether it may wait, and keeps what it would have waited for.
struct ToldLate {
    clock: &'static VirtualClock<Hand>,
    tell: TellHand,
    waits: Vec<Option<Instant>>,
}

impl Park for &mut ToldLate {
    type Unpark = Nobody;

    fn unpark(&self) -> Nobody {
        Nobody
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        (self.tell)(self.clock);
        if is_idle() {
            self.waits.push(deadline);
        }
    }

    fn poll(&mut self) {}
}

/// Who tells the clock something finds nobody asleep yet, and unparks nobody.
// Mutant: core/src/time/virtual_park.rs :: let _ = clock.advance_to(deadline);\n                    false => clock.advance_to(deadline).is_err()
// Mutant: core/src/time/virtual_park.rs :: clock.to_inner(deadline) == wait, => idle,
#[test]
fn nobody_waits_by_a_clock_that_was_told_something_meanwhile() {
    let pause: TellHand = |clock| clock.pause().unwrap();
    let resume: TellHand = |clock| clock.resume().unwrap();
    let scale: TellHand = |clock| clock.set_scale(1000);
    let arrive: TellHand = |clock| clock.advance_to(at(100)).unwrap();
    for auto_advance in [true, false] {
        for (paused, tell) in [(false, pause), (false, scale), (true, resume), (true, arrive)] {
            let clock: &'static VirtualClock<Hand> = leak(VirtualClock::new(Hand::default()));
            if paused {
                clock.pause().unwrap();
            }
            let mut park = ToldLate { clock, tell, waits: Vec::new() };
            VirtualPark::new(&mut park, clock).auto_advance(auto_advance).park(Some(at(100)), || true);
            assert_eq!(park.waits, [], "it waits by what held before");
            // Without a deadline there is nothing to look for.
            park.tell = |_| ();
            VirtualPark::new(&mut park, clock).auto_advance(auto_advance).park(None, || true);
            assert_eq!(park.waits, [None]);
        }
    }
}
