//! The parsed tree of an expression and what is changed in it before it is compiled.

mod calls;
mod constant;
mod depth;
mod folds;
mod grammar;
mod key;
mod precedence;
mod rewrite;
mod shape;
mod source;
mod tokens;

pub(crate) use calls::{calls_of, uses_variable};
pub(crate) use constant::is_constant;
pub(crate) use depth::{children, depth_of};
pub(crate) use grammar::Refusal;
pub(crate) use rewrite::Rewriter;
pub(crate) use source::{Normalized, Unreadable, normalize};
use tokens::adjacent;
pub(crate) use tokens::{ALTERNATIVES, prepare};
