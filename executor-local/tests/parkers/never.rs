//! A parker that never parks: in the tests that have it, an executor that waits would wait for ever.

use zokio_core::park::{Park, Unpark};
use zokio_core::time::Instant;

/// Wakes nobody, for nobody sleeps.
#[derive(Clone, Debug)]
pub struct Nobody;

impl Unpark for Nobody {
    const NEEDED: bool = false;
    fn unpark(&self) {}
}

/// Panics where it would wait.
#[derive(Debug)]
pub struct Never;

impl Park for Never {
    type Unpark = Nobody;
    fn unpark(&self) -> Nobody {
        Nobody
    }
    fn park(&mut self, _: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        assert!(!is_idle(), "nobody would wake this executor");
    }
    fn poll(&mut self) {}
}
