//! Pages: `page`, `pagelen`, `next`, `size`.

use std::ops::Range;

use axum::http::StatusCode;

use crate::http::Parameters;
use crate::json::{self, Array};

/// What is answered in place of what was asked for.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.into() }
    }

    pub(super) fn gone(message: impl Into<String>) -> Self {
        Self { status: StatusCode::GONE, message: message.into() }
    }
}

/// The body of an error, as the service writes it.
pub(super) fn error_body(message: &str) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |body| {
        body.text("type", "error");
        body.object("error", |error| error.text("message", message));
    });
    out
}

/// Which part of a listing is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    page: usize,
    length: usize,
}

impl Paging {
    /// Reads `page` and `pagelen`; a page may have at most `limit` objects.
    pub(super) fn read(parameters: &Parameters, limit: usize) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| parameters.get(name).map_or(Ok(default), str::parse);
        let length = number("pagelen", 10).ok().filter(|length| (1..=limit).contains(length));
        let page = number("page", 1).ok().filter(|page| *page > 0);
        Ok(Self {
            length: length.ok_or_else(|| Refusal::bad("Invalid pagelen"))?,
            page: page.ok_or_else(|| Refusal::bad("Invalid page"))?,
        })
    }

    /// The positions on this page of a listing of that many objects.
    pub(super) fn range(self, total: usize) -> Range<usize> {
        let start = (self.page - 1).saturating_mul(self.length).min(total);
        start..start.saturating_add(self.length).min(total)
    }

    /// Writes a page.
    pub(super) fn write(self, total: usize, address: &Address<'_>, fill: impl FnOnce(&mut Array<'_>)) -> Vec<u8> {
        let more = self.range(total).end < total;
        let mut out = Vec::with_capacity(4_096 * (self.range(total).len() + 1));
        json::object(&mut out, |page| {
            page.array("values", fill);
            page.number("pagelen", self.length as u64);
            page.number("size", total as u64);
            page.number("page", self.page as u64);
            if more {
                page.text("next", &address.of_page(&(self.page + 1).to_string()));
            }
        });
        out
    }

    /// Writes a page of a listing whose size is not told and whose pages have names instead of numbers.
    pub(super) fn write_unnumbered(
        self,
        next: Option<&str>,
        address: &Address<'_>,
        fill: impl FnOnce(&mut Array<'_>),
    ) -> Vec<u8> {
        let mut out = Vec::new();
        json::object(&mut out, |page| {
            page.number("pagelen", self.length as u64);
            page.array("values", fill);
            page.number("page", 1);
            if let Some(next) = next {
                page.text("next", &address.of_page(next));
            }
        });
        out
    }

    pub(super) fn length(self) -> usize {
        self.length
    }
}

/// Where a listing is, for links to its other pages.
pub(super) struct Address<'a> {
    /// `http://127.0.0.1:PORT`, or the origin that the server gives out as its own.
    pub(super) origin: &'a str,
    /// As sent.
    pub(super) path: &'a str,
    pub(super) parameters: &'a Parameters,
}

impl Address<'_> {
    fn of_page(&self, page: &str) -> String {
        format!("{}{}?{}", self.origin, self.path, with_page(self.parameters.raw(), page))
    }
}

/// The query string of another page: all other parameters stay as they were sent.
fn with_page(query: &str, page: &str) -> String {
    let others = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    others.map(str::to_owned).chain([format!("page={page}")]).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::Value;

    use super::{Address, Paging};
    use crate::http::Parameters;

    fn paging(query: &str) -> Option<Paging> {
        Paging::read(&Parameters::parse(Some(query)), 50).ok()
    }

    #[test]
    fn limits() {
        assert_eq!(paging(""), Some(Paging { page: 1, length: 10 }));
        assert_eq!(paging("page=3&pagelen=50"), Some(Paging { page: 3, length: 50 }));
        for refused in ["pagelen=51", "pagelen=0", "pagelen=x", "pagelen=-1", "page=0", "page=abc"] {
            assert_eq!(paging(refused), None, "{refused}");
        }
    }

    proptest! {
        #[test]
        fn following_next_visits_each_position_once(total in 0_usize..300, length in 1_usize..50) {
            let mut seen = Vec::new();
            let mut query = format!("q=a%22b&pagelen={length}&state=OPEN&state=MERGED");
            loop {
                let parameters = Parameters::parse(Some(&query));
                let paging = Paging::read(&parameters, 50).expect("valid");
                let address = Address { origin: "http://h", path: "/p", parameters: &parameters };
                seen.extend(paging.range(total));
                let page = paging.write(total, &address, |_| {});
                let page: Value = serde_json::from_slice(&page).expect("JSON");
                let Some(next) = page["next"].as_str() else { break };
                assert!(next.starts_with("http://h/p?q=a%22b&pagelen="), "{next}");
                query = next["http://h/p?".len()..].to_owned();
            }
            assert_eq!(seen, (0..total).collect::<Vec<_>>());
        }
    }
}
