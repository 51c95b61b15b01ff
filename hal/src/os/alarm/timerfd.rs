//! The alarm of Linux: a timerfd.

use core::time::Duration;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use zokio_core::time::Instant;

/// A timerfd in the reactor's epoll.
///
/// It is edge-triggered there and never read: each time it fires is an edge. An alarm of an earlier wait may end a later
/// one, which parkers allow; it costs one turn, where taking it back would cost a call at each wait that ends early.
#[derive(Debug)]
pub(in super::super) struct Alarm {
    /// `None` where the system refused it: waits are rounded up to milliseconds then.
    timer: Option<OwnedFd>,
    /// What it was last set to.
    deadline: Option<Instant>,
}

impl Alarm {
    /// A wait of so long, or longer, is not worth a call of its own: it may end up to a millisecond late, which is a
    /// hundredth of it.
    const FINE: Duration = Duration::from_millis(100);

    /// An alarm that ends the waits of the reactor of `registry`, with an event of `token`.
    pub fn new(registry: &Registry, token: Token) -> Self {
        Self { timer: Self::create(registry, token).ok(), deadline: None }
    }

    fn create(registry: &Registry, token: Token) -> io::Result<OwnedFd> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(timer)
    }

    /// The wait that begins now is to end at `deadline`, which is `left` away.
    ///
    /// # Cost
    ///
    /// One call of the system, if the deadline is near and not the one of the wait before.
    pub fn set(&mut self, deadline: Instant, left: Duration) {
        let Some(timer) = &self.timer else { return };
        if left.is_zero() || left >= Self::FINE || self.deadline == Some(deadline) {
            return;
        }
        let left = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: left };
        // Relative, so that it begins no sooner than `left` was read: never early.
        let set = timerfd_settime(timer, TimerfdTimerFlags::empty(), &once);
        self.deadline = set.is_ok().then_some(deadline);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::super::clock::SystemClock;
    use super::*;
    use zokio_core::time::Clock;

    const TOKEN: Token = Token(7);

    fn waits() -> (mio::Poll, Alarm) {
        let poll = mio::Poll::new().unwrap();
        let alarm = Alarm::new(poll.registry(), TOKEN);
        assert!(alarm.timer.is_some());
        (poll, alarm)
    }

    /// No timeout: without the alarm it would never end.
    // Mutant: hal/src/os/alarm/timerfd.rs :: tv_nsec: left.subsec_nanos().into() => tv_nsec: (left.subsec_nanos() / 2).into()
    #[test]
    fn failure_095_a_wait_below_a_millisecond_ends_by_itself_and_not_early() {
        let (mut poll, mut alarm) = waits();
        let mut events = mio::Events::with_capacity(4);
        for micros in [1, 200, 999, 1000, 1001, 1500, 99_999] {
            let now = SystemClock::new().now();
            let left = Duration::from_micros(micros);
            let deadline = now.saturating_add(left);
            alarm.set(deadline, left);
            while events.is_empty() {
                match poll.poll(&mut events, None) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => result.unwrap(),
                }
            }
            assert!(SystemClock::new().now() >= deadline, "early");
            assert!(events.iter().all(|event| event.token() == TOKEN));
            events.clear();
        }
    }

    // Mutant: hal/src/os/alarm/timerfd.rs :: || self.deadline == Some(deadline) => || self.deadline.is_some()
    #[test]
    fn only_a_near_deadline_that_is_new_costs_a_call() {
        let (_poll, mut alarm) = waits();
        let at = |millis| Instant::EPOCH.saturating_add(Duration::from_millis(millis));
        alarm.set(at(0), Duration::ZERO);
        assert_eq!(alarm.deadline, None, "a timerfd of zero would be disarmed");
        alarm.set(at(100), Duration::from_millis(100));
        alarm.set(Instant::FAR, Duration::MAX);
        assert_eq!(alarm.deadline, None);
        alarm.set(at(99), Duration::from_millis(99));
        assert_eq!(alarm.deadline, Some(at(99)));
        alarm.set(at(98), Duration::from_millis(98));
        assert_eq!(alarm.deadline, Some(at(98)));
    }

    #[test]
    fn a_system_that_refuses_a_timer_leaves_the_timeouts() {
        let mut alarm = Alarm { timer: None, deadline: None };
        alarm.set(Instant::EPOCH, Duration::from_micros(1));
        assert_eq!(alarm.deadline, None);
    }
}
