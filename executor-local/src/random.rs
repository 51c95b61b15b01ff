//! Numbers drawn from a seed: for an order that repeats, not for secrets.

/// A stream of 64-bit numbers (splitmix64). Every seed is good, zero too.
///
/// # Source
///
/// Steele, Lea and Flood: *Fast splittable pseudorandom number generators* (2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below `bound`, which is not zero. The same on machines of 32 bits.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (((self.next() >> 32) * bound as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn every_seed_reaches_every_number() {
        for seed in [0, 1, u64::MAX] {
            let mut random = Random::new(seed);
            let mut seen = [0; 5];
            for _ in 0..200 {
                seen[random.below(5)] += 1;
            }
            assert!(seen.iter().all(|times| *times > 10), "seed {seed}: {seen:?}");
            assert_eq!(Random::new(seed).below(1), 0);
        }
    }
}
