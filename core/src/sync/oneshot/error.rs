//! Why nothing was received.

/// The sender was dropped without sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RecvError(pub(super) ());

/// No value was received at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TryRecvError {
    /// It may still come.
    Empty,
    /// It will not come, or was received before.
    Closed,
}

impl core::fmt::Display for RecvError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the sender is gone")
    }
}

impl core::fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing was sent yet",
            Self::Closed => "the sender is gone",
        })
    }
}

impl core::error::Error for RecvError {}
impl core::error::Error for TryRecvError {}
