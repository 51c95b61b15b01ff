#![no_std]
//! The board `lm3s6965evb` of QEMU: a Cortex-M3 with 256 KB of flash and 64 KB of RAM.
//!
//! Clock and alarm come from [`clock`](Monotonic), the vectors from [`Interrupt`], console, command line and exit status
//! from the semihosting host. A panic and a fault end the emulator with a status of their own, so that no run hangs.
//!
//! ```sh
//! qemu-system-arm -M lm3s6965evb -nographic -monitor none -serial none \
//!   -semihosting-config enable=on,target=native,arg=program,arg=SEED -kernel IMAGE
//! ```

mod clock;
mod host;
mod vectors;

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};
use zokio_core::task::Slots;
use zokio_core::time::Timers;
use zokio_executor_local::Config;
use zokio_hal::alarm::{ByInterrupt, Idle};
use zokio_hal::metal::CortexM;

pub use clock::{Gptm0, Monotonic};
pub use cortex_m_rt::{entry, interrupt};
pub use host::{Console, exit, seed};
pub use vectors::{__INTERRUPTS, Interrupt, Interrupt as interrupt};

/// How this board waits.
pub type Park = Idle<Gptm0, CortexM>;

/// The executor of this board, for a `static`.
pub type Executor = zokio_executor_local::Executor<ByInterrupt>;

/// The timers of this board.
pub static TIMERS: Timers<Monotonic> = Timers::new(Monotonic);

/// An executor with the timers of this board, which spawns into `pool`, a `static` of the program.
#[must_use]
pub const fn executor(pool: &'static dyn Slots) -> Executor {
    Executor::new(ByInterrupt, Config::new().timers(&TIMERS).pool("the pool of the executor", pool))
}

/// Starts the clock, and gives what waits for it; the first time only.
#[must_use]
pub fn take() -> Option<Park> {
    let peripherals = cortex_m::Peripherals::take()?;
    Some(Idle::new(Gptm0::start(peripherals.SYST), CortexM))
}

/// The exit status after a panic.
pub const PANICKED: u8 = 101;
/// The exit status after a fault, or an interrupt without a handler.
pub const FAULTED: u8 = 102;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    println!("{info}");
    exit(PANICKED)
}

// SAFETY: a fault handler that touches nothing of the program that faulted, and does not return to it.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    println!("fault at {:#010x}", frame.pc());
    exit(FAULTED)
}

// SAFETY: as above.
#[exception]
unsafe fn DefaultHandler(number: i16) -> ! {
    println!("interrupt {number} has no handler");
    exit(FAULTED)
}

#[cfg(feature = "defmt")]
mod log {
    use defmt_semihosting as _;
    use zokio_core::time::Clock;

    defmt::timestamp!("{=u64:us}", crate::Monotonic.now().as_nanos() / 1_000);
}
