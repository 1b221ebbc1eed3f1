//! Threads that evaluate.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Stack of a thread started by [`spawn_worker`], in bytes. The pages are only taken once they are used.
pub const WORKER_STACK_BYTES: usize = 64 << 20;

/// Starts a named thread whose stack suits deep expressions.
///
/// [`crate::Program::first`] is safe on any thread; on one with a small stack, deep expressions end in
/// [`crate::EvalError::Stack`] earlier.
pub fn spawn_worker<T: Send + 'static>(
    name: impl Into<String>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.into()).stack_size(WORKER_STACK_BYTES).spawn(work)
}
