//! The time of the current runtime, stopped and moved by its program: for tests and simulations.

use core::time::Duration;
use std::sync::Arc;

use zokio_core::future::yield_now;
use zokio_core::task::try_id;
use zokio_core::time::ControlError;
use zokio_executor_local::POLLS_PER_TURN;
use zokio_hal::os::VirtualTime;

use crate::runtime::Handle;

/// Why the time of a runtime cannot be told anything.
pub(crate) const NO_CONTROL: &str = "time can be paused, moved and scaled on the current-thread runtime, or on a multi-thread \
                                     runtime that was built with `Builder::virtual_time(true)`: this one is neither";

/// The time of the current runtime.
#[track_caller]
fn time() -> Arc<VirtualTime> {
    match Handle::current().virtual_time() {
        Some(time) => time.clone(),
        None => panic!("{NO_CONTROL}"),
    }
}

#[track_caller]
fn check<T>(result: Result<T, ControlError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// Pauses the time of the current runtime: [`Instant::now`](super::Instant::now) stands, and so does everything here.
///
/// # Auto-advance
///
/// When nothing else can happen (every task waits; no blocking work that the runtime started is under way; the thread in
/// `block_on` waits too) the time moves to the next deadline, in no time, unless that was switched off by
/// [`set_auto_advance`]. What happens outside of the runtime (sockets, threads of your own) is looked at before each such
/// step, but not waited for: with a timeout around it, the timeout comes first. So is a second thread in `block_on` of one
/// current-thread runtime.
///
/// # Panics
///
/// If it is paused already; outside of a runtime; on a multi-thread runtime that was not built with
/// [`Builder::virtual_time`](crate::runtime::Builder::virtual_time).
///
/// # Examples
///
/// ```
/// use zokio::time::{Duration, Instant, pause, sleep};
///
/// let runtime = zokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// runtime.block_on(async {
///     pause();
///     let start = Instant::now();
///     sleep(Duration::from_secs(24 * 60 * 60)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(24 * 60 * 60));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn pause() {
    check(time().pause());
}

/// Lets the time of the current runtime run on from where it was paused.
///
/// # Panics
///
/// If it is not paused; otherwise as [`pause`].
#[track_caller]
pub fn resume() {
    check(time().resume());
}

/// Moves paused time on by `duration`, exactly, and lets what is due then be polled once.
///
/// It is one jump: everything that was due meanwhile is woken at its end, in order of the deadlines, and may find that it
/// is later than it asked for. To go from deadline to deadline, [`sleep`](super::sleep) instead. The time has moved on
/// before the first await inside; whoever drops the future later does not undo it.
///
/// Tasks that were ready before come first: all of them in a task, and 61 in the future of `block_on`. Where the order is drawn from a
/// [seed](crate::runtime::Builder::rng_seed), that future goes behind all that is ready, and a task wherever it is drawn. Workers of a
/// multi-thread runtime poll beside who calls this, which waits for none of them.
///
/// Time ends one nanosecond before [`ClockInstant::FAR`](super::ClockInstant::FAR), at which nothing is due.
///
/// # Panics
///
/// When polled, if time is not paused; otherwise as [`pause`].
///
/// # Cancel safety
///
/// Nothing is lost.
pub async fn advance(duration: Duration) {
    let woken = check(time().advance(duration));
    // A task goes to the end of its queue. A main future gives way for a turn, and may have to for as many as it takes.
    let turns = if try_id().is_some() { 1 } else { 1 + woken.div_ceil(POLLS_PER_TURN) };
    for _ in 0..turns {
        yield_now().await;
    }
}

/// Whether the time of the current runtime is paused.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
#[must_use]
pub fn is_paused() -> bool {
    Handle::current().virtual_time().is_some_and(|time| time.is_paused())
}

/// Sets whether paused time moves to the next deadline by itself when nothing else can happen; see [`pause`]. Where it does
/// not, it moves by [`advance`] alone.
///
/// # Panics
///
/// As [`pause`], but whether time is paused or not.
#[track_caller]
pub fn set_auto_advance(auto_advance: bool) {
    time().set_auto_advance(auto_advance);
}

/// Lets the time of the current runtime run `times` as fast as the system's, from now on or from when it is resumed.
///
/// Time ends some 567 years after the system's clock was first asked, at 1000 times as fast after half a year, at the fastest after
/// four seconds. It stands then, and what is waited for is over at once.
///
/// # Panics
///
/// If `times` is 0; otherwise as [`pause`], but whether time is paused or not.
#[track_caller]
pub fn set_scale(times: u32) {
    time().set_scale(times);
}
