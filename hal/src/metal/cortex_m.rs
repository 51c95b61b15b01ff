//! The idle state of Cortex-M: PRIMASK and WFI.
//!
//! WFI ends when an interrupt is pending that PRIMASK alone holds off. WFE would do as well and needs no mask, but
//! returns at once in emulators, so that it cannot be tested there.
//!
//! Source: Armv7-M Architecture Reference Manual, B1.5.17 (power management).

use cortex_m::{asm, interrupt};

use crate::alarm::Machine;

/// The core that runs this program.
#[derive(Clone, Copy, Debug, Default)]
pub struct CortexM;

impl Machine for CortexM {
    #[inline]
    fn masked<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        let result = interrupt::free(|_| f(self));
        // What became pending meanwhile is taken before the next instruction of the caller, not some time later.
        asm::isb();
        result
    }

    #[inline]
    fn wait(&mut self) {
        // Memory writes of this core reach the bus before it sleeps.
        asm::dsb();
        asm::wfi();
    }
}
