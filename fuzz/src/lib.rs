//! What the parts of zokio do, against what a model of them does, for any input.
//!
//! A target is a function of bytes that panics where the two disagree. libFuzzer drives it (`cargo xtask fuzz`), guided by
//! coverage; the tests of this package drive it by numbers from a seed, once as it is, and once with a bug planted, which
//! must be found.

pub mod channel;
pub mod combine;
mod input;
mod line;
pub mod list;
#[cfg(not(zokio_unicore))]
pub mod options;
pub mod pipe;
pub mod queue;
pub mod tasks;
pub mod timers;
pub mod transitions;
mod wakes;

pub use input::Input;
use std::cell::Cell;

thread_local! {
    static PLANTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a target is to do one thing wrong, now and then.
fn planted() -> bool {
    PLANTED.get()
}

/// A target.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("channel", channel::run),
    ("combine", combine::run),
    ("list", list::run),
    ("pipe", pipe::run),
    ("queue", queue::run),
    ("tasks", tasks::run),
    ("timers", timers::run),
    ("transitions", transitions::run),
    // The last: it silences the panic hook. It starts threads, which one core has not.
    #[cfg(not(zokio_unicore))]
    ("options", options::run),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const INPUTS: u64 = 300;

    /// Bytes that look like a program: mostly small numbers.
    fn bytes(mut seed: u64) -> Vec<u8> {
        let mut next = || {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut value = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            value ^ (value >> 31)
        };
        let length = next() % 400;
        (0..length).map(|_| (next() >> 56) as u8).collect()
    }

    #[test]
    fn targets_agree_with_their_models() {
        for (name, target) in TARGETS {
            for seed in 0..INPUTS {
                if catch_unwind(|| target(&bytes(seed))).is_err() {
                    // Not only a panic: a target may have silenced its hook.
                    eprintln!("{name} disagrees with its model, seed {seed}");
                    panic!("{name}, seed {seed}");
                }
            }
        }
    }

    #[test]
    fn a_planted_bug_is_found_by_every_target() {
        std::panic::set_hook(Box::new(|_| {}));
        for (name, target) in TARGETS {
            PLANTED.set(true);
            let found = (0..INPUTS).any(|seed| catch_unwind(AssertUnwindSafe(|| target(&bytes(seed)))).is_err());
            PLANTED.set(false);
            assert!(found, "{name}");
        }
    }
}
