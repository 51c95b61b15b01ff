//! Critical sections of the one core (`--cfg zokio_unicore`): what the state words and run queues of its tasks are changed
//! in, by plain loads and stores.
//!
//! | twin | how | where |
//! |---|---|---|
//! | `primask` | saves PRIMASK and sets it, in line | Cortex-M |
//! | `critical` | the implementation of the crate `critical-section` that the binary chose | elsewhere; everywhere with `--cfg zokio_unicore="portable"` besides |
//! | `single` | nothing | WebAssembly with one thread |
//!
//! Sections nest, in each other and in critical sections of any kind: leaving one restores what entering it found. Inside
//! of them runs code of this crate, a bounded number of instructions but for what is listed at [`lock`](super), and one thing besides: where a wake or an abort of a task
//! must ask its scheduler (one that is not *direct*), that runs in the section too, and with it the `unpark` of the executor's
//! parker. The word has been written by then, so it may wake and abort what it likes; how long it may take, and what it may
//! not do, is said at [`Unpark`](crate::park::Unpark).
//!
//! *one core*: nothing but an interrupt can run between two instructions of the program.
//!
//! # Limits
//!
//! PRIMASK is ignored in unprivileged code, and a program that must never mask some interrupt (one beside a radio's own
//! firmware) has a critical section of its own kind: both set the portable twin.

// What tells the M profile from others of the architecture, for there is no cfg of its own: no 64-bit exclusives. An older
// core that this mistakes for one does not assemble.
#[cfg(all(
    target_arch = "arm",
    target_os = "none",
    not(target_has_atomic = "64"),
    not(feature = "std"),
    not(zokio_unicore = "portable")
))]
#[path = "section/primask.rs"]
mod machine;

#[cfg(all(
    not(all(
        target_arch = "arm",
        target_os = "none",
        not(target_has_atomic = "64"),
        not(feature = "std"),
        not(zokio_unicore = "portable")
    )),
    feature = "critical-section"
))]
#[path = "section/critical.rs"]
mod machine;

#[cfg(all(not(feature = "critical-section"), target_family = "wasm", not(target_feature = "atomics")))]
#[path = "section/single.rs"]
mod machine;

#[cfg(not(any(
    feature = "critical-section",
    all(target_arch = "arm", target_os = "none", not(target_has_atomic = "64"), not(zokio_unicore = "portable")),
    all(target_family = "wasm", not(target_feature = "atomics"))
)))]
compile_error!("`--cfg zokio_unicore` needs feature `critical-section` of zokio-core");

pub(crate) use machine::CRITICAL;
#[cfg(not(loom))]
pub use machine::CoreLock;

use super::{Held, RawLock};
use core::marker::PhantomData;

/// Being in a section, until it is dropped.
pub(crate) struct Section {
    before: machine::Before,
    _here: PhantomData<*const ()>,
}

impl Section {
    #[inline(always)]
    pub(crate) fn enter() -> Self {
        Self { before: machine::enter(), _here: PhantomData }
    }

    /// Being in a section because a lock is held that masks as a section does; where it does not, a section of its own.
    #[inline(always)]
    pub(crate) fn under<L: RawLock>(_: &Held<'_, L>) -> Under {
        if L::MASKS { Under(None) } else { Under(Some(Self::enter())) }
    }
}

impl Drop for Section {
    #[inline(always)]
    fn drop(&mut self) {
        machine::leave(self.before);
    }
}

/// A section that may be somebody else's.
pub(crate) struct Under(#[allow(dead_code)] Option<Section>);
