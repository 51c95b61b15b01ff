//! One test for each way.

use std::time::Duration;

use super::util::{Here, Task, ms, timers, within};
use crate::time::{Instant, Sleep, sleep};

fn task(timers: &'static crate::time::Timers<super::util::Hand>, duration: Duration) -> Task<Sleep> {
    Task::new(within(timers, || sleep::<Here>(duration)))
}

#[test]
fn sleeps_until_its_deadline_and_not_before() {
    let timers = timers();
    let mut task = task(timers, ms(5));
    assert!(task.poll().is_pending());
    assert_eq!(timers.next_deadline(), Some(Instant::EPOCH + ms(5)));
    timers.clock().set(4_999_999);
    assert_eq!(timers.expire(), 0);
    assert!(task.poll().is_pending());
    timers.clock().set(5_000_000);
    assert_eq!(timers.expire(), 1);
    assert_eq!(task.woken(), 1);
    assert!(task.poll().is_ready());
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(task.wakers(), 0);
}
