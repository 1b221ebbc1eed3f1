//! A checksum for rows: SQLite keeps none, so a bit that flips inside a text would go unnoticed.

/// FNV-1a over 64 bits, each field preceded by its length.
///
/// Every step is a bijection of the sum so far, so a change of any single byte always changes the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checksum(u64);

const START: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Checksum {
    /// The sum of nothing.
    pub(crate) fn new() -> Self {
        Self(START)
    }

    /// Adds a field.
    pub(crate) fn bytes(self, field: &[u8]) -> Self {
        self.raw(&(field.len() as u64).to_le_bytes()).raw(field)
    }

    /// Adds a text.
    pub(crate) fn text(self, field: &str) -> Self {
        self.bytes(field.as_bytes())
    }

    /// Adds a text that may be missing; a missing one differs from an empty one.
    pub(crate) fn optional(self, field: Option<&str>) -> Self {
        match field {
            None => self.raw(&[0]),
            Some(text) => self.raw(&[1]).text(text),
        }
    }

    /// Adds a number.
    pub(crate) fn number(self, field: i64) -> Self {
        self.raw(&field.to_le_bytes())
    }

    /// The sum as SQLite stores it.
    pub(crate) fn value(self) -> i64 {
        self.0.cast_signed()
    }

    fn raw(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(PRIME)))
    }
}
