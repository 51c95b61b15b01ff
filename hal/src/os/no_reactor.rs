//! The reactor of a build without feature `net`: there is none, and as its types have no values, no code either.

use std::sync::Arc;

use super::blocking::BlockingPool;
use super::park::{Until, Wait};
use super::virtual_time::VirtualTime;

/// The half of a reactor that waits.
#[derive(Debug)]
pub(super) enum Reactor {}

/// Where sockets register. In this build nothing does, and there is no value of it: feature `net` has sockets.
#[derive(Clone, Debug)]
pub enum ReactorHandle {}

impl ReactorHandle {
    /// Names the pool on which host names are looked up.
    pub fn set_blocking_pool(&self, _: BlockingPool) {
        match *self {}
    }

    /// Names the time that stands while a host name is looked up.
    pub fn set_virtual_time(&self, _: Arc<VirtualTime>) {
        match *self {}
    }

    /// Sources registered now.
    #[must_use]
    pub fn registered(&self) -> usize {
        match *self {}
    }

    /// Ends the reactor.
    pub fn shutdown(&self) {
        match *self {}
    }

    pub(super) fn wake(&self) {
        match *self {}
    }
}

impl Wait for Reactor {
    type Events = ();
    type Handle = ReactorHandle;

    fn events() {}

    fn wait(&mut self, (): &mut (), _: Until) {
        match *self {}
    }

    fn deliver(handle: &ReactorHandle, (): &mut ()) {
        match *handle {}
    }
}
