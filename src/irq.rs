//! From an interrupt to the task that waits for it.

pub use zokio_hal::irq::{Line, Wait};
