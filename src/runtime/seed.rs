//! The number that a run is drawn from.

use core::fmt;
use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher, Hasher};

/// The environment variable that takes the place of a seed.
const VARIABLE: &str = "ZOKIO_SEED";

/// What the order of a current-thread runtime is drawn from; see [`Builder::rng_seed`](super::Builder::rng_seed).
///
/// # Examples
///
/// ```
/// use zokio::runtime::RngSeed;
///
/// assert_eq!(RngSeed::from_u64(7).to_string(), "7");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RngSeed(u64);

impl RngSeed {
    /// This number.
    #[must_use]
    pub const fn from_u64(seed: u64) -> Self {
        Self(seed)
    }

    /// A number that depends on all of the bytes; the same bytes give the same one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        // FNV-1a, of 64 bits.
        Self(
            bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
            }),
        )
    }

    /// A number that no earlier run had.
    #[must_use]
    pub fn random() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }

    /// The number in the environment variable `ZOKIO_SEED`, or this one where it is not set.
    ///
    /// # Panics
    ///
    /// Panics where it is set to something that is not a number: decimal, or hexadecimal after `0x`.
    #[must_use]
    #[track_caller]
    pub fn from_env_or(seed: u64) -> Self {
        Self::from_env().unwrap_or(Self(seed))
    }

    /// The number in the environment variable `ZOKIO_SEED`, or one that no earlier run had.
    ///
    /// # Panics
    ///
    /// As [`from_env_or`](Self::from_env_or).
    #[must_use]
    #[track_caller]
    pub fn from_env_or_random() -> Self {
        Self::from_env().unwrap_or_else(Self::random)
    }

    #[track_caller]
    fn from_env() -> Option<Self> {
        let text = env::var_os(VARIABLE)?;
        match text.to_str().and_then(parse) {
            Some(seed) => Some(Self(seed)),
            None => panic!("{VARIABLE} is {text:?}, which is not a number of 64 bits, like 12 or 0xc"),
        }
    }

    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

impl fmt::Display for RngSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Prints the seed of a run that panics.
#[derive(Debug)]
pub(super) struct Told(pub(super) Option<RngSeed>);

impl Drop for Told {
    fn drop(&mut self) {
        if let (Some(seed), true) = (self.0, std::thread::panicking()) {
            std::eprintln!("this run was drawn from seed {seed}: {VARIABLE}={seed} repeats it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_decimal_or_hexadecimal() {
        assert_eq!(parse(" 12 "), Some(12));
        assert_eq!(parse("0xff"), Some(255));
        assert_eq!(parse("18446744073709551615"), Some(u64::MAX));
        assert_eq!([parse("18446744073709551616"), parse("-1"), parse("often"), parse("")], [None; 4]);
        assert_ne!(RngSeed::from_bytes(b"a"), RngSeed::from_bytes(b"b"));
        assert_eq!(RngSeed::from_bytes(b"ab"), RngSeed::from_bytes(b"ab"));
    }
}
