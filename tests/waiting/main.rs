//! Everything that waits, cut off at every poll, and with wakers that misbehave.
//!
//! `rigs` sets each asynchronous method up so that it waits, and knows what lets one waiter go on; the other two files do
//! to every rig the same.

mod cancel;
mod hostile;
mod rigs;
