//! An object (or one of its items) and what of it could not be fetched.

use bitbucket_port_jq::{Input, Program};

use super::assemble::ObjectError;

/// What programs look at.
pub(super) struct Part<'a> {
    pub(super) input: &'a Input,
    /// Paths that are not there although they may exist.
    pub(super) missing: &'a [Vec<String>],
}

impl Part<'_> {
    /// Whether a program may read something that could not be fetched.
    pub(super) fn lacks(&self, program: &Program) -> bool {
        self.missing.iter().any(|path| {
            let keys: Vec<&str> = path.iter().map(String::as_str).collect();
            program.reads().may_read(&keys)
        })
    }

    /// Fails where a program may read something that could not be fetched.
    pub(super) fn available(&self, path: &'static str, program: &Program) -> Result<(), ObjectError> {
        if self.lacks(program) { Err(ObjectError::Unavailable { path }) } else { Ok(()) }
    }
}
