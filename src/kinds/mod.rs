//! The kinds of objects: what is known of each, how they are listed and fetched, what a selector may say.
//!
//! The kinds of a product are generated from `specs/kinds/<product>.toml`; what stands here is the same for all
//! products, so that a sync is written once.

pub(crate) mod call;
pub mod cloud;
pub mod datacenter;
mod files;
mod key;
mod kind;
mod listing;
mod parent;
mod pattern;
pub(crate) mod selector;
mod server;
mod server_filter;
mod source;

pub use files::{FilePlace, Files};
pub(crate) use key::{Key, KeyPart};
pub use key::{KeyError, ObjectKey};
pub(crate) use kind::Functions;
pub use kind::{Kind, KindInfo, Live, Operation, SelectorField};
pub use listing::Listing;
pub use parent::Parent;
pub use pattern::Pattern;
pub use selector::{Selector, SelectorError};
pub use server::DataCenter;
pub use source::Source;

/// The kinds of a product, `cloud` or `datacenter`; none of any other.
#[must_use]
pub fn of_product(product: &str) -> &'static [Kind] {
    match product {
        "cloud" => cloud::KINDS,
        "datacenter" => datacenter::KINDS,
        _ => &[],
    }
}
