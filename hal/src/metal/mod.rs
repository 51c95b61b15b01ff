//! Cores without an operating system.

#[cfg(all(feature = "cortex-m", target_arch = "arm", target_os = "none"))]
mod cortex_m;

#[cfg(all(feature = "cortex-m", target_arch = "arm", target_os = "none"))]
pub use cortex_m::CortexM;
