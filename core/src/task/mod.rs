//! task
/// x
pub trait Spawn {}
/// x
pub trait Schedule {}
/// x
pub trait Reclaim {}
