//! How the types of bare metal look in the log of firmware: their names, and what waits as what it waits with.

use zokio_core::__named_formats as named;
use zokio_core::lock::RawLock;

named! {
    [] crate::alarm::ByInterrupt => "ByInterrupt",
    [A, M] crate::alarm::Idle<A, M> => "Idle",
    [C, L] crate::counter::Extended<C, L> => "Extended",
    [L] crate::irq::Line<L> => "Line",
    ['a, L: RawLock] crate::irq::Wait<'a, L> => "Wait",
    #[cfg(all(feature = "cortex-m", target_arch = "arm", target_os = "none"))]
    [] crate::metal::CortexM => "CortexM",
}
