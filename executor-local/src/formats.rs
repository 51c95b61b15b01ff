//! How the types of this crate look in the log of firmware: their names, and a configuration as what it offers.

use zokio_core::__named_formats as named;
use zokio_core::park::{Park, Unpark};

use crate::config::Config;

named! {
    [] crate::context::Current => "Current",
    [U: Unpark] crate::executor::Executor<U> => "Executor",
    [] crate::spawner::Spawner => "Spawner",
    [] crate::spawner::SendSpawner => "SendSpawner",
    [S] crate::step::Stepper<S> => "Stepper",
    [P: Park] crate::step::Static<P> => "StaticSeat",
}

impl defmt::Format for Config {
    fn format(&self, f: defmt::Formatter<'_>) {
        let pool = self.pool.map(|(name, _)| name);
        defmt::write!(f, "Config {{ timers: {}, pool: {} }}", self.timers.is_some(), pool);
    }
}
