//! What methods of futures and streams could get wrong.

use super::*;
use crate::test_util::panics;

#[test]
fn maps_and_chains_give_what_they_should_at_every_length() {
    for pending in 0..3 {
        let diary = Diary::default();
        let value = diary.future('a', pending).map(|value| value.name).then(|name| {
            let diary = diary.clone();
            async move { (name, diary.future('b', pending).await.name) }
        });
        assert_eq!(run(value), (('a', 'b'), 2 * pending + 1));
        assert_eq!((diary.who("future dropped").as_str(), diary.who("value dropped").as_str()), ("ab", "ab"));
    }
    assert_eq!(run(ready(2).inspect(|n| assert_eq!(*n, 2))), (2, 1));
}

#[test]
fn results_take_one_way_or_the_other() {
    let fine = |n: u8| ready(Ok::<u8, &str>(n));
    let bad = |why| ready(Err::<u8, &str>(why));
    assert_eq!(run(fine(1).map_ok(|n| n + 1)).0, Ok(2));
    assert_eq!(run(bad("no").map_err(str::len)).0, Err(2));
    assert_eq!(run(fine(1).and_then(|n| fine(n + 1))).0, Ok(2));
    assert_eq!(run(bad("no").and_then(fine)).0, Err("no"));
    assert_eq!(run(bad("no").or_else(|why| ready(Ok::<u8, ()>(why.len() as u8)))).0, Ok(2));
    assert_eq!(run(fine(1).or_else(|_| ready(Err::<u8, ()>(())))).0, Ok(1));
    assert_eq!(run(bad("no").unwrap_or_default()).0, 0);
}

#[test]
fn a_chain_is_dropped_once_at_every_poll() {
    cancel_at_every_poll("ab", 4, |diary| {
        // Made before it is wanted, so that it is there to be dropped.
        let second = diary.future('b', 1);
        diary.future('a', 1).then(|first| async move {
            let second = second.await;
            drop((first, second));
        })
    });
}

#[test]
fn a_fused_future_is_pending_after_its_end_and_a_map_panics() {
    let mut fused = pin!(ready(1).fuse());
    assert_eq!(poll(fused.as_mut()), Poll::Ready(1));
    assert!(poll(fused.as_mut()).is_pending() && fused.is_terminated());
    let mut map = pin!(ready(1).map(|n| n));
    assert_eq!(poll(map.as_mut()), Poll::Ready(1));
    assert!(panics(|| {
        let _ = poll(map.as_mut());
    }));
    let mut chain = pin!(ready(1).then(ready));
    assert_eq!(poll(chain.as_mut()), Poll::Ready(1));
    assert!(panics(|| {
        let _ = poll(chain.as_mut());
    }));
}

#[test]
#[cfg(feature = "std")]
fn a_panic_is_caught_and_told() {
    let caught = run(async { panic!("as planned") }.catch_unwind()).0;
    let payload: crate::guard::Payload = match caught {
        Ok(()) => unreachable!(),
        Err(payload) => payload,
    };
    assert_eq!(*payload.downcast_ref::<&str>().unwrap(), "as planned");
    assert_eq!(run(yield_now().catch_unwind()).0.ok(), Some(()));
}

#[test]
fn now_or_never_drops_what_is_not_ready() {
    let diary = Diary::default();
    assert!(diary.future('a', 1).now_or_never().is_none());
    assert_eq!(diary.who("future dropped"), "a");
    assert!(diary.future('b', 0).now_or_never().is_some());
}

/// Nothing is boxed: a combinator is what it holds.
#[test]
fn sizes_are_those_of_the_parts() {
    fn size<T>(_: &T) -> usize {
        size_of::<T>()
    }
    let word = size_of::<usize>();
    assert_eq!(size(&Block::<100>([0; 100]).map(|()| 1)), 101);
    let chain = Block::<400>([0; 400]).then(|()| Block::<400>([0; 400]));
    assert!(size(&chain) <= 400 + word, "the larger, not both: {}", size(&chain));
    assert_eq!(size(&Block::<100>([0; 100]).fuse()), 101);
    assert_eq!(size(&Block::<100>([0; 100]).catch_unwind()), 100);
}

#[test]
fn polls_have_helpers() {
    assert_eq!((Poll::Ready(1).unwrap(), Poll::Ready(1).expect("no")), (1, 1));
    assert_eq!((Poll::Pending.unwrap_or(2), Poll::Ready(1).unwrap_or(2)), (2, 1));
    assert_eq!(Poll::Pending.unwrap_or_else(|| 3), 3);
    assert_eq!((Poll::Ready(1).now(), Poll::<u8>::Pending.now()), (Some(1), None));
    assert!(panics(|| Poll::<()>::Pending.unwrap()));
}

#[test]
fn pin_takes_names_declarations_and_expressions() {
    let (one, two) = (ready(1), ready(2));
    crate::pin!(one, two);
    crate::pin! {
        let three = ready(3);
        let four = yield_now();
    }
    let five = crate::pin!(ready(5));
    assert_eq!(poll(one.as_mut()), Poll::Ready(1));
    assert_eq!(poll(two.as_mut()), Poll::Ready(2));
    assert_eq!(poll(three.as_mut()), Poll::Ready(3));
    assert!(poll(four.as_mut()).is_pending());
    assert_eq!(poll(five), Poll::Ready(5));
}

#[cfg(feature = "futures-core")]
mod streams {
    use super::*;

    /// Counts to a number, pending in between.
    struct Count {
        next: u32,
        end: u32,
        pending: bool,
    }

    fn count(end: u32) -> Count {
        Count { next: 0, end, pending: false }
    }

    impl Stream for Count {
        type Item = u32;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
            self.pending = !self.pending;
            if self.pending {
                return Poll::Pending;
            }
            self.next += 1;
            Poll::Ready((self.next <= self.end).then_some(self.next))
        }
    }

    #[test]
    fn streams_are_mapped_filtered_ended_and_collected() {
        let collected = run(count(10).map(|n| n * n).filter(|n| n % 2 == 0).take(3).collect::<Vec<_>>()).0;
        assert_eq!(collected, [4, 16, 36]);
        assert_eq!(run(count(4).fold(0, |sum, n| sum + n)).0, 10);
        assert_eq!(run(count(4).take(0).collect::<Vec<_>>()), (Vec::new(), 1), "it is not polled");
        assert_eq!(count(4).take(2).size_hint(), (0, Some(2)));
        let mut seen = Vec::new();
        run(count(3).for_each(|n| seen.push(n)));
        assert_eq!(seen, [1, 2, 3]);
        let mut stream = count(1);
        assert_eq!(run(stream.next()).0, Some(1));
        assert_eq!(run(stream.next()).0, None);
    }
}
