//! Time in a task that always has something to do.

use std::future::poll_fn;
use std::task::Poll;

use super::util::{Here, Task, ms, timers, within};
use crate::task::coop::{consume_budget, has_budget_remaining};
use crate::task::raw::in_main;
use crate::time::{interval, sleep, timeout};

/// The future inside uses up the budget at each poll and is never ready; its deadline is looked at all the same.
// Mutant: core/src/time/timeout.rs :: if spent { coop::without_budget(|| sleep.poll(cx)) } else { sleep.poll(cx) } => sleep.poll(cx)
#[test]
fn failure_093_a_future_that_uses_up_the_budget_does_not_starve_its_timeout() {
    let timers = timers();
    within(timers, || {
        let mut task = Task::new(timeout::<Here, _>(ms(10), async {
            loop {
                consume_budget().await;
            }
        }));
        assert!(in_main(|| task.poll()).is_pending());
        timers.clock().set(10_000_000);
        timers.expire();
        assert!(matches!(in_main(|| task.poll()), Poll::Ready(Err(_))));
    });
}

#[test]
fn failure_106_timers_that_are_always_due_take_units() {
    let timers = timers();
    within(timers, || {
        let mut task = Task::new(async {
            let mut ticks = 0;
            let mut interval = interval::<Here>(ms(1));
            poll_fn(|_| {
                timers.clock().set(10_000_000_000);
                Poll::Ready(())
            })
            .await;
            while has_budget_remaining() {
                interval.tick().await;
                sleep::<Here>(ms(0)).await;
                ticks += 1;
            }
            ticks
        });
        assert_eq!(in_main(|| task.poll()), Poll::Ready(64));
    });
}
