//! hyper's traits: `hyper::rt::Executor` and `hyper::rt::Timer`. Its I/O traits are implemented by the sockets.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::boxed::Box;
use std::time::Instant as StdInstant;

use zokio_hal::os::SystemClock;

/// Spawns what hyper spawns on the runtime of the current context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        crate::spawn(future).detach();
    }
}

/// Sleeps for hyper on the runtime of the current context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

/// A sleep of [`Timer`].
struct Sleep(Pin<Box<crate::time::Sleep>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl hyper::rt::Sleep for Sleep {}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(Box::pin(crate::time::sleep(duration))))
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep(Box::pin(crate::time::sleep_until(crate::time::Instant::from_std(deadline)))))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: StdInstant) {
        if let Some(mut sleep) = sleep.as_mut().downcast_mut_pin::<Sleep>() {
            sleep.0.as_mut().reset(SystemClock::new().from_std(deadline).into());
        }
    }
}
