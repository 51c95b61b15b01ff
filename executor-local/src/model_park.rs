//! A parker made of what a checker knows: loom's models, or shuttle's random orders.

use alloc::sync::Arc;
#[cfg(loom)]
use loom::sync::{Condvar, Mutex};
#[cfg(shuttle)]
use shuttle::sync::{Condvar, Mutex};
use zokio_core::park::{Park, Unpark};
use zokio_core::time::Instant;

/// Waits until it is unparked, for ever if it is not: the checker finds that.
pub(crate) struct ModelPark(Token);

/// Ends the wait.
#[derive(Clone)]
pub(crate) struct Token(Arc<(Mutex<bool>, Condvar)>);

impl ModelPark {
    pub(crate) fn new() -> Self {
        Self(Token(Arc::new((Mutex::new(false), Condvar::new()))))
    }
}

impl Unpark for Token {
    fn unpark(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}

impl Park for ModelPark {
    type Unpark = Token;
    fn unpark(&self) -> Token {
        self.0.clone()
    }
    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if is_idle() {
            let (token, rings) = &*self.0.0;
            let mut token = token.lock().unwrap();
            while !*token {
                token = rings.wait(token).unwrap();
            }
            *token = false;
        }
    }
    fn poll(&mut self) {}
}
