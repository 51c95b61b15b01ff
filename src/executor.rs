//! Executors as values: one that runs on one core or thread, in a `static`.

pub use zokio_executor_local::{Config, Executor, NestedBlockOn, SendSpawner, Spawner, StaticSeat, Stepper};
