//! Ways in which a join could go wrong.

use super::*;
use std::vec;

#[test]
fn gives_outputs_in_the_order_of_arguments_whatever_the_order_of_completion() {
    let diary = Diary::default();
    let ((a, b, c), polls) = run(join3(diary.future('a', 2), diary.future('b', 0), diary.future('c', 1)));
    assert_eq!((a.name, b.name, c.name), ('a', 'b', 'c'));
    assert_eq!(diary.who("ready"), "bca");
    assert_eq!(polls, 3);
}

#[test]
fn a_finished_part_is_not_polled_again_and_is_dropped_at_once() {
    let diary = Diary::default();
    let mut both = pin!(join(diary.future('a', 2), diary.future('b', 0)));
    assert!(poll(both.as_mut()).is_pending());
    assert_eq!(diary.who("future dropped"), "b");
    assert!(poll(both.as_mut()).is_pending());
    assert!(poll(both.as_mut()).is_ready());
    assert_eq!(diary.who("polled"), "abaa");
}

/// FAILURES 104: parts of a join starved each other. Every poll reaches every unfinished part.
// Mutant: core/src/future/rotation.rs :: chain(0..first) => chain(0..0)
#[test]
fn failure_104_join_polls_every_unfinished_part_at_every_poll() {
    let diary = Diary::default();
    let mut all = pin!(join3(diary.future('a', 9), diary.future('b', 9), diary.future('c', 9)));
    for turn in 1..=9 {
        assert!(poll(all.as_mut()).is_pending());
        assert_eq!(diary.who("polled").len(), 3 * turn);
    }
    assert_eq!(diary.who("polled"), "abcbcacab".repeat(3));
}

#[test]
fn arrays_of_every_length_give_every_output_once() {
    fn check<const N: usize>() {
        let diary = Diary::default();
        let names: [char; N] = core::array::from_fn(|i| char::from(b'a' + i as u8));
        let (values, polls) = run(join_array(names.map(|name| diary.future(name, name as usize % 3))));
        assert_eq!(values.each_ref().map(|value| value.name), names);
        assert!(polls <= 3);
        drop(values);
        assert_eq!(diary.who("value dropped").len(), N);
        assert_eq!(diary.who("future dropped").len(), N);
    }
    check::<0>();
    check::<1>();
    check::<2>();
    check::<7>();
    check::<26>();
}

#[test]
fn futures_that_point_into_themselves_go_through_every_join() {
    assert_eq!(run(join(points_into_itself(3), points_into_itself(1))).0, (3, 1));
    assert_eq!(run(join_array([2, 0, 3].map(points_into_itself))).0, [2, 0, 3]);
    let tried = [2, 1].map(|turns| async move { Ok::<_, ()>(points_into_itself(turns).await) });
    assert_eq!(run(try_join_array(tried)).0, Ok([2, 1]));
}

#[test]
fn all_arities_agree() {
    assert_eq!(run(join(ready(1), ready(2))).0, (1, 2));
    assert_eq!(run(join3(ready(1), ready(2), ready(3))).0, (1, 2, 3));
    assert_eq!(run(join4(ready(1), ready(2), ready(3), ready(4))).0, (1, 2, 3, 4));
    assert_eq!(run(join5(ready(1), ready(2), ready(3), ready(4), ready(5))).0, (1, 2, 3, 4, 5));
    assert_eq!(run(join6(ready(1), ready(2), ready(3), ready(4), ready(5), ready(6))).0, (1, 2, 3, 4, 5, 6));
    let ok = |n| ready(Ok::<_, ()>(n));
    assert_eq!(run(try_join(ok(1), ok(2))).0, Ok((1, 2)));
    assert_eq!(run(try_join3(ok(1), ok(2), ok(3))).0, Ok((1, 2, 3)));
    assert_eq!(run(try_join4(ok(1), ok(2), ok(3), ok(4))).0, Ok((1, 2, 3, 4)));
    assert_eq!(run(try_join5(ok(1), ok(2), ok(3), ok(4), ok(5))).0, Ok((1, 2, 3, 4, 5)));
    assert_eq!(run(try_join6(ok(1), ok(2), ok(3), ok(4), ok(5), ok(6))).0, Ok((1, 2, 3, 4, 5, 6)));
    assert_eq!(run(try_join_array([1, 2, 3].map(ok))).0, Ok([1, 2, 3]));
}

#[test]
fn every_part_is_dropped_once_wherever_the_join_is_cut() {
    cancel_at_every_poll("abc", 5, |d| join3(d.future('a', 1), d.future('b', 3), d.future('c', 0)));
    cancel_at_every_poll("abc", 5, |d| join_array([d.future('a', 2), d.future('b', 0), d.future('c', 1)]));
}

#[test]
fn unfinished_parts_are_dropped_in_order() {
    let diary = Diary::default();
    {
        let mut all = pin!(join3(diary.future('a', 5), diary.future('b', 5), diary.future('c', 5)));
        assert!(poll(all.as_mut()).is_pending());
    }
    assert_eq!(diary.who("future dropped"), "abc");
}

/// A fallible [`Entry`].
async fn fallible(entry: Entry, fails: bool) -> Result<Value, char> {
    let name = entry.name;
    let value = entry.await;
    if fails { Err(name) } else { Ok(value) }
}

#[test]
fn the_first_error_ends_a_try_join_and_nothing_is_polled_after_it() {
    let diary = Diary::default();
    let (result, polls) = run(try_join3(
        fallible(diary.future('a', 0), false),
        fallible(diary.future('b', 1), true),
        fallible(diary.future('c', 1), true),
    ));
    assert_eq!(result.err(), Some('b'));
    assert_eq!(polls, 2);
    assert_eq!(diary.who("polled"), "abcb");
    // The value that had been kept is gone too.
    assert_eq!(diary.who("value dropped").matches('a').count(), 1);
}

#[test]
fn errors_of_an_array_come_in_order() {
    let (result, _) = run(try_join_array([Ok('a'), Err('b'), Err('c')].map(ready)));
    assert_eq!(result, Err('b'));
}

#[test]
fn every_part_is_dropped_once_wherever_a_try_join_is_cut() {
    cancel_at_every_poll("ab", 4, |d| try_join(fallible(d.future('a', 2), false), fallible(d.future('b', 1), false)));
    cancel_at_every_poll("ab", 4, |d| try_join(fallible(d.future('a', 2), false), fallible(d.future('b', 1), true)));
    cancel_at_every_poll("ab", 4, |d| {
        try_join_array([fallible(d.future('a', 0), false), fallible(d.future('b', 2), true)])
    });
}

#[test]
#[should_panic(expected = "polled after it had completed")]
fn a_poll_after_completion_panics() {
    let mut both = pin!(join(ready(1), ready(2)));
    assert!(poll(both.as_mut()).is_ready());
    let _ = poll(both.as_mut());
}

/// After an error nobody is polled any more: the next round begins with the part that has failed, and panics there.
// Mutant: core/src/future/rotation.rs :: self.0 = part; => let _ = part;
#[test]
fn a_poll_after_an_error_panics_and_polls_no_other_part() {
    fn check<F: Future<Output = Result<T, char>>, T>(kind: &str, make: impl FnOnce([Entry; 3]) -> F) {
        let diary = Diary::default();
        let mut all = pin!(make(['a', 'b', 'c'].map(|name| diary.future(name, if name == 'b' { 1 } else { 9 }))));
        assert!(poll(all.as_mut()).is_pending());
        let Poll::Ready(Err('b')) = poll(all.as_mut()) else { panic!("{kind}: `b` fails") };
        assert!(crate::test_util::panics(|| drop(poll(all.as_mut()))), "{kind}");
        assert_eq!(diary.who("polled"), "abcb", "{kind}");
        assert_eq!(diary.who("future dropped"), "b", "{kind}: the others go with the whole");
    }
    let one = |entry: Entry| {
        let fails = entry.name == 'b';
        fallible(entry, fails)
    };
    check("three", |[a, b, c]| try_join3(one(a), one(b), one(c)));
    check("array", |entries| try_join_array(entries.map(one)));
}

#[test]
fn an_output_that_panics_in_its_drop_does_not_take_the_others_with_it() {
    struct Bomb(Diary);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.write('!', "value dropped");
            panic!("drop");
        }
    }
    let diary = Diary::default();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let bomb = Bomb(diary.clone());
        let mut both = pin!(join(async move { bomb }, diary.future('b', 1)));
        assert!(poll(both.as_mut()).is_pending());
    }));
    assert!(caught.is_err());
    assert_eq!(diary.who("value dropped"), "!");
    assert_eq!(diary.who("future dropped"), "b");
}

#[test]
fn a_try_join_through_boxed_futures_is_usable() {
    // Unsized and unpinned parts are ordinary futures too.
    let parts: vec::Vec<Pin<std::boxed::Box<dyn Future<Output = u8>>>> =
        vec![std::boxed::Box::pin(ready(1)), std::boxed::Box::pin(async { 2 })];
    let [a, b]: [_; 2] = parts.try_into().ok().unwrap();
    assert_eq!(run(join_array([a, b])).0, [1, 2]);
}
