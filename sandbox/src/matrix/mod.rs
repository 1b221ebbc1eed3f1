//! The fault matrix: the program as a process, between servers that go wrong, killed and started again.
//!
//! A [`Bench`] is one product and one target with servers and files of its own. Before the first case it learns
//! the catalogs of undisturbed runs, world by world. A [`Case`] starts from the first of them, disturbs the runs that
//! follow, checks after each that nothing was wrongly deleted or lost (`catalog`), and demands in the end that one
//! undisturbed run gives exactly the catalog that the undisturbed runs gave.

mod bench;
mod case;
mod catalog;
mod change;
mod outcome;
mod program;
mod route;

pub use bench::{Bench, BenchError, Product, Target};
pub use case::{Case, Start, Trouble, all, sample};
pub use catalog::Catalog;
pub use outcome::Outcome;
pub use program::Program;
pub use route::{Route, Side};
