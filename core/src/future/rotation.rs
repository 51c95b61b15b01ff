//! Which part of a join is polled first.
//!
//! All parts of a join share the budget of one task: one that uses it up at every poll would starve all that are polled
//! after it. Therefore each poll begins one part further than the last, and within as many polls as there are parts each
//! was first once. This needs no chance: whoever is polled again and again is first in turn.

/// Numbers of parts, in a circle that begins one further each time.
#[derive(Debug, Default)]
pub struct Rotation(usize);

impl Rotation {
    /// Begins with the first part.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// All numbers below `parts`, each once. The next round begins one further.
    #[inline]
    pub fn round(&mut self, parts: usize) -> impl Iterator<Item = usize> + use<> {
        let first = self.0;
        self.0 = if first + 1 < parts { first + 1 } else { 0 };
        (first..parts).chain(0..first)
    }

    /// The next round begins with `part`: with one that has ended the whole, so that it is noticed before another is polled.
    #[inline]
    pub fn begin_with(&mut self, part: usize) {
        self.0 = part;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::Rotation;

    #[test]
    fn every_part_is_first_in_turn_and_each_round_has_all() {
        let mut rotation = Rotation::new();
        let rounds: Vec<Vec<usize>> = (0..4).map(|_| rotation.round(3).collect()).collect();
        assert_eq!(rounds, [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]);
    }

    #[test]
    fn a_round_begins_where_it_is_told_to() {
        let mut rotation = Rotation::new();
        for part in [2, 0, 1] {
            rotation.begin_with(part);
            assert_eq!(rotation.round(3).next(), Some(part));
        }
    }

    #[test]
    fn no_part_and_one_part_are_rounds_too() {
        let mut rotation = Rotation::default();
        for _ in 0..3 {
            assert_eq!(rotation.round(0).count(), 0);
            assert_eq!(rotation.round(1).collect::<Vec<_>>(), [0]);
        }
    }
}
