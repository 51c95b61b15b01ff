//! Sleeps of several threads, in orders drawn at random.

use std::boxed::Box;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::vec::Vec;

use shuttle::future::block_on;
use shuttle::thread;

use super::hand::Hand;
use crate::future::poll_fn;
use crate::schedules::{explore, join};
use crate::time::node::Node;
use crate::time::{Instant, Place, Timers};

/// Sleeps of three threads are moved, dropped and awaited while a fourth lets time pass: each that stays is woken.
// Mutant: core/src/time/heap.rs :: let melded = node.links(|links| links.child).map(meld_all); => let melded = node.links(|links| links.child).map(meld_all).filter(|_| false);
#[test]
fn shuttle_timers_of_three_threads() {
    explore("timers_of_three_threads", || {
        let timers: &'static Timers<Hand> = Box::leak(Box::new(Timers::new(Hand::default())));
        let threads: Vec<_> = (0..3u64)
            .map(|task| {
                thread::spawn(move || {
                    let node = |deadline| Box::pin(Node::new(Place::of(timers), Instant::from_nanos(deadline), false));
                    let mut sleep = node(10 + task);
                    let mut other = node(20);
                    let _ = other.as_mut().poll(Waker::noop());
                    if task == 1 {
                        let _ = sleep.as_mut().poll(Waker::noop());
                        sleep.as_mut().reset(Instant::from_nanos(5), Instant::from_nanos(0));
                    }
                    drop(other);
                    block_on(poll_fn(|cx: &mut Context<'_>| Pin::as_mut(&mut sleep).poll(cx.waker())))
                })
            })
            .collect();
        for now in [5, 11, 30] {
            timers.clock().set(now);
            timers.expire();
            thread::yield_now();
        }
        // Who comes after the last call is refused.
        timers.close();
        join(threads);
        assert_eq!(timers.next_deadline(), None);
    });
}
