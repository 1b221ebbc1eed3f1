//! Pages of raw objects.

use serde_json::value::RawValue;

/// One page of a listing: the objects as they came, and where the next page is.
#[derive(Debug, Default)]
pub struct Page {
    /// The JSON text of each object.
    pub values: Vec<Box<RawValue>>,
    /// A link, or the position to continue at; `None` on the last page.
    pub next: Option<String>,
}
