//! A parker that waits on a condition variable, for tests without timers.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use zokio_core::park::{Park, Unpark};
use zokio_core::time::Instant;

#[derive(Default)]
pub struct CondvarPark(CondvarUnpark);

#[derive(Default, Clone)]
pub struct CondvarUnpark(Arc<(Mutex<bool>, Condvar)>);

impl Unpark for CondvarUnpark {
    fn unpark(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}

impl Park for CondvarPark {
    type Unpark = CondvarUnpark;
    fn unpark(&self) -> CondvarUnpark {
        self.0.clone()
    }
    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert!(deadline.is_none());
        if is_idle() {
            let (token, rings) = &*self.0.0;
            let (mut token, timeout) =
                rings.wait_timeout_while(token.lock().unwrap(), Duration::from_secs(30), |token| !*token).unwrap();
            assert!(!timeout.timed_out(), "a wake-up was lost");
            *token = false;
        }
    }
    fn poll(&mut self) {}
}
