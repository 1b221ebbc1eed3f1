//! A short stand-in for the version of an entity that was written.

use sha2::{Digest, Sha256};

/// The first 16 bytes of a SHA-256: equal fingerprints mean equal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(
    /// The bytes as they are stored.
    pub [u8; 16],
);

impl Fingerprint {
    /// The fingerprint of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_digest(&Sha256::digest(text.as_bytes()).into())
    }

    /// The fingerprint with that digest.
    #[must_use]
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        let mut short = [0; 16];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
        Self(short)
    }
}
/// Eight bytes for a pair of texts, to remember many: it stays the same from one version of the compiler to the next,
/// since it is kept in the state file.
pub(crate) fn short_fingerprint(first: &str, second: &str) -> i64 {
    let Fingerprint(bytes) = Fingerprint::of(&format!("{first}\n{second}"));
    bytes.into_iter().take(8).fold(0, |short, byte| short << 8 | i64::from(byte))
}
