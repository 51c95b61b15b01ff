//! Everything that waits, cut off at every poll, and with wakers that misbehave.
//!
//! `rigs` sets each asynchronous method up so that it waits, and knows what lets one waiter go on; `cancel` and `hostile` do
//! to every rig the same, and `complete` looks whether one is missing.

mod cancel;
mod complete;
mod hostile;
mod rigs;
