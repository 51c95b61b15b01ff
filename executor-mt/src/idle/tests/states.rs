//! The changes of the word, one after the other.

use super::*;

#[test]
fn notify_wakes_one_and_only_while_nobody_searches() {
    let idle = Idle::new(3);
    assert_eq!(idle.notify(0), None, "all run");
    for worker in 0..3 {
        assert!(idle.transition_to_searching(worker));
        assert_eq!(idle.transition_to_parked(worker, true), Parked::LookAtAll);
    }
    assert_eq!(idle.parked(), 3);
    assert_eq!(idle.notify(1), Some(1), "the preferred one");
    assert_eq!(idle.notify(2), None, "one searches already");
    assert!(idle.transition_from_parked(1), "it was notified");
    assert!(idle.transition_from_searching(1), "it was the last");
    assert_eq!(idle.notify(1), Some(0), "the preferred one runs, so another");
}

#[test]
fn who_naps_is_left_alone_by_a_wake_and_called_for_help_once() {
    let idle = Idle::new(2);
    assert!(idle.transition_to_searching(1));
    assert!(idle.begin_nap(1, Left::NOBODY));
    assert!(idle.is_parked(1), "it is told of an earlier deadline");
    assert_eq!(idle.notify_lazily(0), None);
    assert_eq!(idle.notify(0), Some(1));
    assert_eq!(idle.notify(0), None, "it searches, and is owed one wake-up already");
    assert!(!idle.is_parked(1));
    assert!(idle.end_nap(1, Left::NOBODY), "it was called");
    assert!(idle.begin_nap(1, Left::NOBODY));
    assert!(!idle.end_nap(1, Left::NOBODY), "it was not");
    assert_eq!(idle.notify(0), None);
}

/// Who is called out of a nap of worker 3, which left what is named, by the second task of each of three workers.
fn called_for_a_second_task(left: Left) -> [bool; 3] {
    [0, 1, 2].map(|caller| {
        let idle = Idle::new(4);
        assert!(idle.transition_to_searching(3));
        assert!(idle.begin_nap(3, left));
        assert!(idle.is_parked(3) && !idle.is_parked(caller));
        assert_eq!(idle.notify_lazily(caller), None);
        let called = idle.notify_of_few(caller) == Some(3);
        assert_eq!(idle.notify(caller), (!called).then_some(3), "whoever calls for help ends any nap, once");
        assert!(idle.end_nap(3, left), "it was called");
        called
    })
}

// Mutant: executor-mt/src/idle.rs :: if call == Call::Few && left.includes(caller) { => if left.includes(caller) {
#[test]
fn a_second_task_ends_the_nap_of_who_has_not_left_it_to_its_worker() {
    assert_eq!(called_for_a_second_task(Left::NOBODY), [true; 3]);
    assert_eq!(called_for_a_second_task(Left::NOBODY.and(1)), [true, false, true]);
    assert_eq!(called_for_a_second_task(Left::NOBODY.and(0).and(1)), [false; 3], "it cannot say of whom it left some");
}

// Mutant: executor-mt/src/idle.rs :: (self.eager, self.naps) = (false, self.naps.min(NAPS - 1)); => {}
#[test]
fn who_leaves_something_naps_on_and_parks_only_where_another_naps() {
    let idle = Idle::new(3);
    let (mut role, left) = (Role::new(0), Left::NOBODY.and(2));
    assert!(role.may_search(&idle));
    for _ in 0..3 * NAPS {
        assert_eq!(role.nap(&idle, left, || false, |_, is_idle| assert!(is_idle())), Rest::Napped);
    }
    let never = |_, _: &mut dyn FnMut() -> bool| panic!("it does not nap");
    assert_eq!(role.nap(&idle, Left::NOBODY, || false, never), Rest::Search, "it left nothing this time");
    assert!(role.is_eager());
    let meanwhile = |_, is_idle: &mut dyn FnMut() -> bool| {
        assert!(is_idle());
        assert_eq!(
            Role { worker: 1, searching: true, eager: true, naps: 0 }.nap(&idle, left, || false, never),
            Rest::Park
        );
    };
    assert_eq!(role.nap(&idle, left, || false, meanwhile), Rest::Napped);
    assert!(!role.is_eager());
}

#[test]
fn one_naps_at_a_time_and_only_while_another_runs() {
    let idle = Idle::new(3);
    assert!(idle.transition_to_searching(0));
    assert_eq!(idle.transition_to_parked(0, true), Parked::LookAtAll);
    assert!(idle.transition_to_searching(1));
    assert!(idle.begin_nap(1, Left::NOBODY));
    assert!(!idle.begin_nap(2, Left::NOBODY), "one does");
    assert!(!idle.end_nap(1, Left::NOBODY));
    assert!(idle.transition_to_searching(2));
    assert!(!idle.begin_nap(1, Left::NOBODY), "nobody runs");
}

// Mutant: executor-mt/src/idle.rs :: if self.naps == NAPS || !idle.begin_nap(self.worker, left) { => if !idle.begin_nap(self.worker, left) {
#[test]
fn a_worker_that_napped_in_vain_takes_a_last_look_and_parks() {
    let idle = Idle::new(2);
    let mut role = Role::new(0);
    let mut slept = 0;
    assert!(role.may_search(&idle));
    for _ in 0..NAPS {
        let rest = role.nap(&idle, Left::NOBODY, || false, |times, is_idle| slept += if is_idle() { times } else { 0 });
        assert_eq!(rest, Rest::Napped);
        assert!(!role.is_eager());
    }
    assert_eq!(slept, 1 + 2 + 4 + 8 * (NAPS - 3));
    let never = |_, _: &mut dyn FnMut() -> bool| panic!("it does not nap");
    assert_eq!(role.nap(&idle, Left::NOBODY, || false, never), Rest::Search);
    assert!(role.is_eager(), "now it leaves nothing");
    assert_eq!(role.nap(&idle, Left::NOBODY, || false, never), Rest::Park);
}

// Mutant: executor-mt/src/idle.rs :: self.eager = idle.end_nap(self.worker, left); => let _ = idle.end_nap(self.worker, left);
#[test]
fn who_is_called_out_of_a_nap_takes_what_there_is() {
    let idle = Idle::new(2);
    let mut role = Role::new(0);
    assert!(role.may_search(&idle));
    let rest = role.nap(&idle, Left::NOBODY, || true, |_, is_idle| assert!(!is_idle(), "there is plenty"));
    assert_eq!((rest, role.is_eager()), (Rest::Napped, false));
    let called = |_, is_idle: &mut dyn FnMut() -> bool| {
        assert!(is_idle());
        assert_eq!(idle.notify(1), Some(0));
    };
    assert_eq!((role.nap(&idle, Left::NOBODY, || false, called), role.is_eager()), (Rest::Napped, true));
    assert_eq!(role.found(&idle, || false), None);
    assert!(!role.is_eager());
}

#[test]
fn failure_004_a_worker_unparked_from_outside_is_not_counted_twice() {
    let idle = Idle::new(2);
    for round in 0..100 {
        for worker in 0..2 {
            let searching = idle.transition_to_searching(worker);
            assert_eq!(idle.transition_to_parked(worker, searching), Parked::LookAtAll, "round {round}");
        }
        // Nobody notified them: each clears its own bit, and no searcher is counted.
        for worker in 0..2 {
            assert!(!idle.transition_from_parked(worker));
        }
        assert_eq!(idle.words[0].0.load(Ordering::Relaxed), 0);
    }
    let searching = idle.transition_to_searching(1);
    let _ = idle.transition_to_parked(1, searching);
    assert_eq!(idle.notify(0), Some(1));
}

#[test]
fn nobody_parks_unsearched() {
    let idle = Idle::new(2);
    assert_eq!(idle.transition_to_parked(0, false), Parked::Search);
    assert_eq!(idle.transition_to_parked(1, false), Parked::LookAtOwn);
    assert_eq!(idle.transition_to_parked(0, true), Parked::LookAtAll);
}

#[test]
fn more_workers_than_a_word_holds() {
    for workers in [1, 47, 48, 49, 97, 1000] {
        let idle = Idle::new(workers);
        for worker in 0..workers {
            assert!(idle.transition_to_searching(worker));
            let _ = idle.transition_to_parked(worker, true);
        }
        assert_eq!(idle.parked(), workers);
        for worker in (0..workers).rev() {
            assert_eq!(idle.notify(worker), Some(worker));
            assert!(idle.transition_from_parked(worker));
            assert!(idle.transition_from_searching(worker));
        }
        assert_eq!(idle.parked(), 0);
        assert_eq!(idle.notify(0), None);
    }
}

#[test]
fn a_searcher_in_one_word_answers_for_all() {
    let idle = Idle::with_group(4, 2);
    assert!(idle.transition_to_searching(0));
    let _ = idle.transition_to_parked(0, true);
    assert!(idle.transition_to_searching(3));
    assert_eq!(idle.notify(0), None);
    assert_eq!(idle.transition_to_parked(3, true), Parked::LookAtAll);
    assert_eq!(idle.notify(2), Some(3), "in the preferred one's word first");
}
