//! Whose turn it is: one resync at a time, and at most one more after it.
//!
//! A request that comes while a resync runs neither aborts it nor is lost: one more resync follows, which sees all that
//! any number of requests until then could have meant. A request counts as served once the resync that began after it
//! came to its end; until then it is tried again.

mod shared;
mod turn;

#[cfg(test)]
mod tests;

pub use shared::Turns;
pub use turn::{Asked, Patience};
pub(super) use turn::{End, When};
