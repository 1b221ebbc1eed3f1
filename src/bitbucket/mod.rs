//! Speaking to Bitbucket.

mod attempt;
mod base_url;
mod budget;
mod call;
mod call_error;
mod call_info;
mod credential;
mod error_text;
mod hooks;
mod listing;
mod meter;
mod paging;
mod pool;
mod refusal;
mod remedy;
mod transport;
mod treatment;
mod window;

pub use base_url::{BaseUrl, BaseUrlError};
pub use budget::Budget;
pub use call_error::{CallError, StatusError, UndecodableError};
pub use call_info::{CallSite, Product};
pub use credential::{Credential, CredentialError, CredentialKind, Fingerprint};
pub use listing::{Listing, NextLink, Outcome};
pub use meter::{Cost, Usage};
pub use paging::follow;
pub use pool::{Adapt, BudgetRecord, BudgetSettings, Class, WaitReason};
pub use refusal::Refusal;
pub use transport::{Transport, TransportSettings};
pub use treatment::{BodyMode, Treatment};
pub use window::{Quota, Uses};
