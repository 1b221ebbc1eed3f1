//! The filter language of the `q` parameter: `state="OPEN" AND (title ~ "fix" OR id IN (1, 2))`.

mod evaluate;
mod lex;
mod parse;

pub(super) use evaluate::{Scalar, compare_scalars};
pub(super) use parse::Filter;
