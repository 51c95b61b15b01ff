//! Ways for time to go wrong.

#[cfg(not(loom))]
mod budget;
#[cfg(not(loom))]
mod clock;
#[cfg(all(feature = "alloc", not(loom)))]
mod delay_queue;
#[cfg(not(loom))]
mod foreign;
mod hand;
#[cfg(all(not(loom), panic = "unwind"))]
mod life;
#[cfg(not(loom))]
mod looked;
#[cfg(all(feature = "alloc", not(loom)))]
mod looks;
#[cfg(loom)]
mod loom;
#[cfg(loom)]
mod loom_lease;
#[cfg(loom)]
mod loom_told;
#[cfg(all(loom, not(zokio_unicore)))]
mod loom_turn;
#[cfg(not(loom))]
mod oracle;
#[cfg(all(shuttle, feature = "std"))]
mod schedules;
#[cfg(not(any(loom, miri)))] // long and pure: the oracle and the ticks run in the interpreter
mod soak;
#[cfg(not(loom))]
mod ticks;
#[cfg(not(loom))]
mod turn;
#[cfg(not(loom))]
mod unit;
#[cfg(not(loom))]
mod util;
#[cfg(not(loom))]
mod virtual_time;
