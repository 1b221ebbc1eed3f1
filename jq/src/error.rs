//! What can go wrong with an expression, an input and an evaluation.

use std::time::Duration;

use thiserror::Error;

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The value names a file (`file://…`); it is handled outside jq.
    #[error("`{0}` names a file and is no jq expression")]
    FileReference(String),
    /// Longer than [`crate::Limits::expression_length`].
    #[error("the expression has {length} bytes, more than the {limit} that are allowed; shorten it or raise the limit")]
    TooLong {
        /// Length of the source, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// Nested deeper than [`crate::Limits::expression_depth`].
    #[error("the expression is nested deeper than the {limit} levels that are allowed; simplify it or raise the limit")]
    TooDeep {
        /// The limit, in levels.
        limit: usize,
    },
    /// Not a jq program.
    #[error("{message} (line {line}, column {column}, at `{excerpt}`)")]
    Syntax {
        /// What is wrong, in a sentence without full stop.
        message: String,
        /// Line of the mistake in the source as written, from 1.
        line: usize,
        /// Column of the mistake in characters, from 1.
        column: usize,
        /// Byte offset of the mistake in the source as written.
        offset: usize,
        /// A piece of the source that starts at the mistake.
        excerpt: String,
    },
    /// The thread that compiles could not be started.
    #[error("cannot start a thread to compile the expression: {0}")]
    Thread(String),
}

impl CompileError {
    /// A mistake at `offset` of `source`.
    pub(crate) fn at(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let mut offset = offset.min(source.len());
        while !source.is_char_boundary(offset) {
            offset -= 1;
        }
        let (before, after) = source.split_at(offset);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let excerpt: String = after.chars().take_while(|c| *c != '\n').take(24).collect();
        Self::Syntax {
            message: message.into(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offset,
            excerpt: if excerpt.is_empty() { "end of the expression".into() } else { excerpt },
        }
    }
}

/// Why a text cannot serve as input.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InputError {
    /// Not a JSON document.
    #[error("the input is not JSON: {message} at byte {offset}")]
    Syntax {
        /// What is wrong.
        message: &'static str,
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// Nested deeper than [`crate::Limits::input_depth`].
    #[error("the input is nested deeper than the {limit} levels that are allowed")]
    TooDeep {
        /// The limit, in levels.
        limit: usize,
    },
    /// Longer than [`crate::Limits::input_length`].
    #[error("the input has {length} bytes, more than the {limit} that are allowed")]
    TooLong {
        /// Length of the text, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A key was to be added to an input that is no object.
    #[error("cannot add the key `{key}`: the input is {actual}, not an object")]
    NotAnObject {
        /// The key.
        key: String,
        /// The kind of value that the input is.
        actual: &'static str,
    },
}

/// Why an evaluation gave no output.
///
/// Each is an error of one expression on one object; the process and all other evaluations are unharmed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The expression raised an error, its own or that of a builtin.
    #[error("{0}")]
    Runtime(String),
    /// Took longer than [`crate::Limits::deadline`].
    #[error("the expression took longer than {0:?}")]
    Deadline(Duration),
    /// Took more than [`crate::Limits::steps`].
    #[error("the expression took more than {0} steps")]
    Steps(u64),
    /// Built values of more than [`crate::Limits::allocated_bytes`].
    #[error("the expression built values of more than {0} bytes")]
    Memory(u64),
    /// Called itself deeper than [`crate::Limits::stack_bytes`] or the thread's stack allow.
    #[error("the expression is nested or calls itself too deeply")]
    Stack,
    /// Built a value nested too deeply to be written or compared.
    #[error("the expression built a value nested deeper than {0} levels")]
    Depth(usize),
}
