//! Ends a wait in the reactor more finely than the reactor's own timeouts can.
//!
//! epoll counts in milliseconds. A wait that is to end sooner than [`FINE`](Alarm::FINE), or less than that after it began,
//! is ended by an alarm of finer steps, which the reactor waits for beside its sources; the timeout, rounded up, stays as
//! it is. Where the reactor's timeouts are fine enough (kqueue), or nothing finer is known, there is no alarm.
//!
//! | system | what ends a short wait | what ends a long one |
//! |---|---|---|
//! | Linux, Android | a timerfd: nanoseconds, and no timer slack | epoll's timeout, rounded up to milliseconds |
//! | others | the reactor's timeout | the same |

#[cfg(any(target_os = "linux", target_os = "android"))]
mod timerfd;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use timerfd::Alarm;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod none;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use none::Alarm;
