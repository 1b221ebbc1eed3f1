//! One object on its way: whether it is listed, selected, mapped, and what the catalog has of it, with the reasons.

mod answer;
mod catalog;
mod error;
mod inquiry;
mod listed;
mod name;

pub use answer::{Added, AddedState, Becomes, Entry, LeftOut, Listed, Remembered, ResourceAnswer, Verdict, Why};
pub use error::WhyError;
pub use inquiry::Inquiry;
pub(super) use listed::{Sight, listed};
pub(super) use name::key as key_of_name;
