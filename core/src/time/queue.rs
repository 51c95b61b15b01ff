//! placeholder
use crate::time::Clock;
/// x
pub struct Timers<C: ?Sized = dyn Clock + Sync> {
    clock: C,
}
