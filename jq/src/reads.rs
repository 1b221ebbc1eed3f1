//! What an expression reads from its input.

use std::fmt;
use std::ops::Range;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// A key of an object: `.name`.
    Key(String),
    /// An item of an array or the values of an object: `.[]`, `.[0]`, `.[1:]`.
    Item,
    /// Anything below, because the key is computed: `.[$key]`, `..`.
    Any,
}

/// A path that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The path from the input on. The value there is read whole.
    pub steps: Vec<Step>,
    /// Where the path's last key stands in the source, in bytes.
    pub span: Range<usize>,
    /// Whether the path ends in `?` or stands inside `try`: a missing part is expected.
    pub optional: bool,
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item => f.write_str("[]")?,
                Step::Any => f.write_str("[?]")?,
            }
        }
        Ok(())
    }
}

/// All paths that an expression reads from its input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    pub(crate) reads: Vec<Read>,
    pub(crate) incomplete: bool,
}

impl Reads {
    /// The paths in the order of the source.
    pub fn iter(&self) -> impl Iterator<Item = &Read> {
        self.reads.iter()
    }

    /// False if the expression reads something that cannot be known before it runs.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.incomplete
    }

    /// Whether the expression may look at the value under the given keys, or at something that contains it.
    #[must_use]
    pub fn may_read(&self, keys: &[&str]) -> bool {
        self.incomplete || self.reads.iter().any(|read| overlaps(&read.steps, keys))
    }
}

/// Whether one of the two paths begins with the other.
fn overlaps(steps: &[Step], keys: &[&str]) -> bool {
    for (step, key) in steps.iter().zip(keys) {
        match step {
            Step::Key(name) if name != key => return false,
            Step::Any => return true,
            Step::Key(_) | Step::Item => {}
        }
    }
    true
}
