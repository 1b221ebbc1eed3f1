//! What one expression may cost.

use std::time::Duration;

/// Bounds of compiling one expression and of evaluating it once on one object.
///
/// A breach is an ordinary error of that expression and object; see [`crate::CompileError`] and [`crate::EvalError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time that one evaluation may take. Default: half a second.
    pub deadline: Duration,
    /// Most steps (outputs of generators, calls of definitions, work of builtins) of one evaluation. Default: 5 million.
    pub steps: u64,
    /// Most bytes that the values built during one evaluation may take together. Default: 256 MiB.
    pub allocated_bytes: u64,
    /// Longest source text of an expression, in bytes. Default: 64 KiB.
    pub expression_length: usize,
    /// Deepest nesting of an expression, counting brackets and the operators between them. Default: 256.
    pub expression_depth: usize,
    /// Deepest nesting of arrays and objects in an input. Default: 512.
    pub input_depth: usize,
    /// Longest input text, in bytes. Default: 64 MiB.
    pub input_length: usize,
    /// Most stack that one evaluation may take, in bytes. What the calling thread has left counts as well. Default: 32 MiB.
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(500),
            steps: 5_000_000,
            allocated_bytes: 256 << 20,
            expression_length: 64 << 10,
            expression_depth: 256,
            input_depth: 512,
            input_length: 64 << 20,
            stack_bytes: 32 << 20,
        }
    }
}
