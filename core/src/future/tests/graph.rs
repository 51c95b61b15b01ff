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

/// Each poll begins one further, and polls nobody twice; `d` is begun as soon as `a` is there, wherever the round began.
// Mutant: core/src/future/graph/macros.rs :: .chain(0..__ZOKIO_ORDER.len()) => .chain(0..0)
// Mutant: core/src/future/graph/macros.rs :: due &= !(1 << $i); => due &= !0;
#[test]
fn nodes_are_polled_once_a_poll_beginning_one_further() {
    let diary = Diary::default();
    let (_, polls) = run(async {
        task_graph! {
            a: Value = diary.future('a', 1);
            b = diary.future('b', 4);
            c = diary.future('c', 4);
            d(a) = { let _: &Value = a; diary.future('d', 1) };
        }
    });
    assert_eq!(diary.who("polled"), "abc bcad cdb bc bc".replace(' ', ""));
    assert_eq!(polls, 5);
}

/// What waits for nothing but each other ends in the poll in which it begins: nobody would wake it for the next one.
// Mutant: core/src/future/graph/order.rs :: while node < NODES && (placed[node] || !has_all(names, needs[node], &placed)) { => while node < NODES && placed[node] {
#[test]
fn a_chain_written_backwards_ends_in_one_poll() {
    for begins in 0..4 {
        let (outputs, polls) = run(async {
            task_graph! {
                d(c) = ready(c + 1);
                c(b) = ready(b + 1);
                b(a) = ready(a + 1);
                a = async {
                    for _ in 0..begins {
                        yield_now().await;
                    }
                    1
                };
            }
        });
        assert_eq!((outputs, polls), ((4, 3, 2, 1), begins + 1));
    }
}

/// Constants of the user's that are called as ours once were.
// Mutant: core/src/future/graph/macros.rs :: $(let $name = $crate::future::__private::graph::Slot::$(<$type>::)?new();)+ => const NAMES: &[&str] = &[]; const ORDER: [usize; 1] = [0]; let _ = (NAMES, ORDER); $(let $name = $crate::future::__private::graph::Slot::$(<$type>::)?new();)+
#[test]
fn names_in_a_graph_are_those_of_the_user() {
    const NAMES: &[&str] = &["x", "y", "z"];
    const ORDER: [usize; 1] = [7];
    let (outputs, _) = run(async {
        task_graph! {
            names = async { NAMES.len() };
            order(names) = async { ORDER[0] + *names };
        }
    });
    assert_eq!(outputs, (3, 10));
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
