//! Checks of a mapping before it runs.
//!
//! A check reads the document as the program does, compiles every expression, follows each through what is known of
//! the kind's objects, and compares what it gives with the blueprints. It reports everything that it finds, with its
//! place, and never runs anything.

mod builtins;
mod checker;
mod entity;
mod expression;
mod finding;
mod nearest;
mod place;
mod portable;
mod product;
mod resource;
mod shape;
mod sorts;
mod steps;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use checker::{Check, Portability};
pub use finding::{Finding, Level, Rule};
pub use product::likely_product;
