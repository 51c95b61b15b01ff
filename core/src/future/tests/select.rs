//! Ways in which a select by function could go wrong.

use super::*;

#[test]
fn the_first_argument_wins_where_all_are_ready() {
    assert_eq!(run(select(ready('a'), ready('b'))).0, Either::First('a'));
    assert_eq!(run(select3(ready('a'), ready('b'), ready('c'))).0, Either3::First('a'));
    assert_eq!(run(select_array([ready('a'), ready('b')])).0, ('a', 0));
    assert_eq!(run(race(ready('a'), ready('b'))).0, 'a');
    // And it wins every time: the functions are biased.
    for _ in 0..100 {
        assert_eq!(run(select_slice(pin!([ready(1), ready(2)]))).0, (1, 0));
    }
}

#[test]
fn every_position_can_win() {
    let never = pending::<u8>;
    assert_eq!(run(select(never(), ready(2))).0, Either::Second(2));
    assert_eq!(run(select3(never(), never(), ready(3))).0, Either3::Third(3));
    assert_eq!(run(select4(never(), never(), never(), ready(4))).0, Either4::Fourth(4));
    assert_eq!(run(select5(never(), never(), never(), never(), ready(5))).0, Either5::Fifth(5));
    assert_eq!(run(select6(never(), never(), never(), never(), never(), ready(6))).0, Either6::Sixth(6));
    assert_eq!(run(race(never(), ready(2))).0, 2);
    let diary = Diary::default();
    for winner in 0..5 {
        let ((value, index), polls) =
            run(select_array::<_, 5>(core::array::from_fn(|i| diary.future('x', if i == winner { 1 } else { 9 }))));
        assert_eq!((value.name, index, polls), ('x', winner, 2));
    }
}

#[test]
fn whoever_is_ready_first_wins_and_those_behind_are_not_polled() {
    let diary = Diary::default();
    let (first, polls) = run(select3(diary.future('a', 2), diary.future('b', 1), diary.future('c', 1)));
    assert!(matches!(first, Either3::Second(Value { name: 'b', .. })));
    assert_eq!(polls, 2);
    assert_eq!(diary.who("polled"), "abcab");
}

#[test]
fn losers_are_dropped_in_order_by_the_await() {
    let diary = Diary::default();
    run(async {
        let _value = select3(diary.future('a', 1), diary.future('b', 0), diary.future('c', 1)).await;
        assert_eq!(diary.who("future dropped"), "abc");
        assert_eq!(diary.who("value dropped"), "");
    });
    assert_eq!(diary.who("value dropped"), "b");
}

#[test]
fn every_part_is_dropped_once_wherever_the_select_is_cut() {
    cancel_at_every_poll("ab", 4, |d| select(d.future('a', 3), d.future('b', 2)));
    cancel_at_every_poll("abcd", 4, |d| {
        select4(d.future('a', 3), d.future('b', 3), d.future('c', 3), d.future('d', 2))
    });
    cancel_at_every_poll("abc", 4, |d| select_array([d.future('a', 3), d.future('b', 2), d.future('c', 2)]));
    cancel_at_every_poll("ab", 4, |d| race(d.future('a', 3), d.future('b', 3)));
}

/// FAILURES 68: a slice of futures was polled without being pinned. The slice is pinned here, so a future that points
/// into itself stays where it is from its first poll to its drop; that a plain `&mut [F]` is refused is a compile-fail
/// example of `select_slice`.
#[test]
fn failure_068_a_selected_slice_stays_where_it_is() {
    let mut futures = pin!([points_into_itself(3), points_into_itself(2), points_into_itself(4)]);
    // Twice over the same futures: what had been polled by the first select goes on in the second.
    for expected in [(None, 2), (Some((2, 1)), 1)] {
        let mut select = pin!(select_slice(futures.as_mut()));
        let mut first = None;
        for _ in 0..expected.1 {
            if let Poll::Ready(output) = poll(select.as_mut()) {
                first = Some(output);
            }
        }
        assert_eq!(first, expected.0);
    }
}

#[test]
fn futures_that_point_into_themselves_go_through_every_select() {
    assert_eq!(run(select(points_into_itself(3), points_into_itself(2))).0, Either::Second(2));
    assert_eq!(run(select_array([3, 2, 4].map(points_into_itself))).0, (2, 1));
    assert_eq!(run(race(points_into_itself(1), points_into_itself(2))).0, 1);
}

#[test]
fn an_empty_slice_is_never_ready() {
    let mut futures: Pin<&mut [Ready<()>; 0]> = pin!([]);
    for _ in 0..3 {
        assert!(poll(pin!(select_slice(futures.as_mut()))).is_pending());
    }
}

#[test]
fn selects_are_as_pinned_as_their_parts() {
    fn unpin<T: Unpin>(_: &T) {}
    unpin(&select(ready(1), pending::<()>()));
    unpin(&select_array([ready(1)]));
    unpin(&join(ready(1), ready(2)));
    // Futures that are not `Unpin` make a whole that is not; this relies on the automatic rule.
    trait Ambiguous<A> {
        fn is() {}
    }
    impl<T: ?Sized> Ambiguous<()> for T {}
    impl<T: ?Sized + Unpin> Ambiguous<u8> for T {}
    <Select<Entry, Ready<()>>>::is();
    <SelectArray<Entry, 2>>::is();
    <Join<Entry, Ready<()>>>::is();
    <JoinArray<Entry, 2>>::is();
    <PollOnce<Entry>>::is();
}
