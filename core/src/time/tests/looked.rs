//! Who has looked at the earliest deadline hears of an earlier one.

use core::time::Duration;

use super::unit::{at, task};
use super::util::timers;

fn nanos(n: u64) -> Duration {
    Duration::from_nanos(n)
}

/// An executor slept until a deadline that it had looked at, while the task of an interrupt had made an earlier one.
// Mutant: core/src/time/queue.rs :: self.looked.note(node.get_ref()); => {}
#[test]
fn an_earlier_deadline_is_heard_of_and_no_later_one() {
    let timers = timers();
    let looker = 0u32;
    assert_eq!(timers.look(&looker), None);
    assert!(!timers.has_moved(&looker));
    let (mut first, mut later, mut earlier) =
        (task(timers, nanos(50)), task(timers, nanos(60)), task(timers, nanos(40)));
    assert!(first.poll().is_pending());
    assert!(timers.has_moved(&looker), "the first of all");
    assert_eq!(timers.look(&looker), Some(at(50)));
    assert!(later.poll().is_pending());
    assert!(!timers.has_moved(&looker), "a later one");
    assert!(earlier.poll().is_pending());
    assert!(timers.has_moved(&looker), "an earlier one");
    assert_eq!(timers.look(&looker), Some(at(40)));
    drop(earlier);
    assert_eq!(timers.look(&looker), Some(at(50)));
    // The same one at the same place, which has been the first before.
    first.future.as_mut().reset(at(30));
    assert!(timers.has_moved(&looker), "the first, moved");
    assert_eq!(timers.look(&looker), Some(at(30)));
    assert!(!timers.has_moved(&looker));
    timers.clock().set(70);
    assert_eq!(timers.expire(), 2);
    assert_eq!(timers.look(&looker), None);
    first.future.as_mut().reset(at(80));
    assert!(first.poll().is_pending());
    assert!(timers.has_moved(&looker), "the same that was the last to become the first");
}

/// Two executors of one queue: that one looks takes nothing from the other.
// Mutant: core/src/time/looked.rs :: self.0.load(Ordering::Relaxed) != address(looker) => self.0.load(Ordering::Relaxed) == 0 && address(looker) != 0
#[test]
fn a_looker_does_not_hide_what_another_has_to_hear() {
    let timers = timers();
    let lookers = [0u32, 0];
    let (mut first, mut earlier) = (task(timers, nanos(50)), task(timers, nanos(40)));
    assert!(first.poll().is_pending());
    assert_eq!(timers.look(&lookers[0]), Some(at(50)));
    assert!(earlier.poll().is_pending());
    assert_eq!(timers.look(&lookers[1]), Some(at(40)));
    assert!(timers.has_moved(&lookers[0]));
    assert!(!timers.has_moved(&lookers[1]));
    assert_eq!(timers.look(&lookers[0]), Some(at(40)));
    assert!(!timers.has_moved(&lookers[0]));
}

/// There is nothing to wait for in a queue that is closed, and a look does not open it.
#[test]
fn a_closed_queue_lets_its_executor_sleep() {
    let timers = timers();
    let looker = 0u32;
    timers.close();
    timers.close();
    assert_eq!(timers.look(&looker), None);
    assert!(timers.is_closed() && !timers.has_moved(&looker));
    timers.reopen();
    timers.reopen();
    assert!(!timers.is_closed());
    let mut task = task(timers, nanos(50));
    assert!(task.poll().is_pending());
    assert!(timers.has_moved(&looker));
    timers.reopen();
    assert_eq!(timers.look(&looker), Some(at(50)), "it was open");
}
