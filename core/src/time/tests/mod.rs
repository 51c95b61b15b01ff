//! Ways for time to go wrong.

#[cfg(not(loom))]
mod oracle;
#[cfg(not(loom))]
mod unit;
mod util;
