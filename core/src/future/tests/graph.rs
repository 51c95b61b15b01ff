//! Task graphs: who runs when, and what is dropped.

use super::*;
use crate::task_graph;

async fn step(diary: &Diary, name: char, polls: usize) -> char {
    diary.write(name, "begins");
    for _ in 0..polls {
        yield_now().await;
    }
    diary.write(name, "ends");
    name
}

/// Written from the last to the first, run from the first to the last: `b` and `c` overlap, `d` waits for both.
// Mutant: core/src/future/graph/order.rs :: while node < NODES && (placed[node] || !has_all(names, needs[node], &placed)) { => while node < NODES && placed[node] {
#[test]
fn nodes_run_after_what_they_need_and_beside_the_others() {
    let diary = Diary::default();
    let (outputs, polls) = run(async {
        task_graph! {
            d(b, c) = async { (*b, *c, step(&diary, 'd', 0).await) };
            c(a): char = { let a = *a; step(&diary, if a == 'a' { 'c' } else { '?' }, 2) };
            b(a): char = { let _: &char = a; step(&diary, 'b', 2) };
            a: char = step(&diary, 'a', 1);
        }
    });
    assert_eq!(outputs, (('b', 'c', 'd'), 'c', 'b', 'a'));
    assert_eq!((diary.who("begins").as_str(), diary.who("ends").as_str()), ("acbd", "acbd"));
    assert_eq!(polls, 4, "what becomes ready goes on in the same poll");
    let events: std::string::String = diary
        .0
        .borrow()
        .iter()
        .map(|(who, what)| if *what == "begins" { who.to_ascii_uppercase() } else { *who })
        .collect();
    assert_eq!(events, "AaCBcbDd", "`c` and `b` overlap");
}

#[test]
fn a_graph_goes_to_other_threads_and_borrows_what_is_around() {
    fn send<F: Future + Send>(future: F) -> F {
        future
    }
    let around = [1, 2, 3];
    let sum = run(send(async {
        let (_, _, sum) = task_graph! {
            first = ready(around[0]);
            rest = async { around[1..].iter().sum::<i32>() };
            sum(first, rest) = async { yield_now().await; *first + *rest };
        };
        sum
    }));
    assert_eq!(sum.0, 6);
}

#[test]
fn everything_is_dropped_once_wherever_it_is_cut() {
    cancel_at_every_poll("abc", 7, |diary| {
        let (a, b, c) = (diary.future('a', 1), diary.future('b', 2), diary.future('c', 1));
        async move {
            task_graph! {
                one = async { a.await.name };
                two(one) = async { let _: &char = one; b.await.name };
                three(one, two) = async { let _: (&char, &char) = (one, two); c.await.name };
            }
        }
    });
}

#[test]
fn one_node_none_and_many() {
    assert_eq!(
        run(async {
            task_graph! { only = ready(1); }
        })
        .0,
        (1,)
    );
    assert_eq!(
        run(async {
            task_graph! {}
        })
        .0,
        ()
    );
    let (.., last) = run(async {
        task_graph! {
            n0 = ready(0); n1(n0) = ready(n0 + 1); n2(n1) = ready(n1 + 1); n3(n2,) = ready(n2 + 1);
            n4(n3, n0) = ready(n3 + n0 + 1);
        }
    })
    .0;
    assert_eq!(last, 4);
}
