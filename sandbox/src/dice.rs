//! Numbers that follow from a seed, the same on every machine and with every version.

use uuid::Uuid;

/// A stream of numbers (`SplitMix64`), cheap enough to start anew for every generated object.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// A stream of its own for the object that `path` names under `seed`.
    pub(crate) fn new(seed: u64, path: &[u64]) -> Self {
        path.iter().fold(Self(seed), |mut dice, part| {
            let mixed = dice.roll() ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
            Self(mixed)
        })
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }

    /// A position in a list of `length` items.
    pub(crate) fn position(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the items of a table that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, table: &'a [T]) -> &'a T {
        &table[self.position(table.len())]
    }

    /// One of the words of a table that is not empty.
    pub(crate) fn word(&mut self, table: &[&'static str]) -> &'static str {
        table[self.position(table.len())]
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let wide = (u128::from(self.roll()) << 64) | u128::from(self.roll());
        uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid()
    }

    /// A commit hash of 40 hexadecimal digits.
    pub(crate) fn hash(&mut self) -> String {
        let (a, b, c) = (self.roll(), self.roll(), self.roll() >> 32);
        format!("{a:016x}{b:016x}{c:08x}")
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_path_names_one_stream() {
        let mut first = Dice::new(7, &[1, 2]);
        let mut same = Dice::new(7, &[1, 2]);
        let mut other = Dice::new(7, &[2, 1]);
        let number = first.roll();
        assert_eq!(number, same.roll());
        assert_ne!(number, other.roll());
        assert_eq!(first.hash().len(), 40);
    }
}
