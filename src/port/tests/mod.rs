//! The client against a stub: tokens, repetitions, odd answers.

mod repetition;
mod tokens;
