//! No alarm: the reactor's timeouts are as fine as this system is.

use core::time::Duration;

use zokio_core::time::Instant;

/// None.
#[derive(Debug)]
pub(in super::super) struct Alarm;

impl Alarm {
    pub fn new(_: &mio::Registry, _: mio::Token) -> Self {
        Self
    }

    /// Does nothing.
    pub fn set(&mut self, _: Instant, _: Duration) {}
}
