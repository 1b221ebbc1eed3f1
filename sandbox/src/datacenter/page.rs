//! Pages: `start`, `limit`, `nextPageStart`, `isLastPage`.

use super::refusal::Refusal;
use crate::http::Parameters;
use crate::json::{self, Array};

/// Objects on a page for which no `limit` was asked.
const USUAL: usize = 25;

/// Which part of a listing is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    start: usize,
    limit: usize,
}

impl Paging {
    /// Reads `start` and `limit`. A `limit` above what the server grants is no error: the page is shorter, and says so.
    pub(super) fn read(parameters: &Parameters, granted: usize) -> Result<Self, Refusal> {
        let number = |name: &str, usual: usize| {
            let number = parameters.get(name).map_or(Ok(usual), str::parse::<usize>);
            number.map_err(|_| Refusal::bad(format!("The parameter {name} must be a number that is not negative.")))
        };
        let (start, limit) = (number("start", 0)?, number("limit", USUAL)?);
        if limit == 0 {
            return Err(Refusal::bad("The parameter limit must be greater than 0."));
        }
        Ok(Self { start, limit: limit.min(granted.max(1)) })
    }

    /// Writes a page of the items that are shown. `start` counts all items, so that the next page may start later
    /// than the number of objects seen.
    pub(super) fn write<T>(
        self,
        items: &[T],
        is_shown: impl Fn(&T) -> bool,
        write: impl Fn(&T, &mut Array<'_>),
    ) -> Vec<u8> {
        self.write_as("values", items, is_shown, write)
    }

    /// Writes a page whose objects have another name than `values`.
    pub(super) fn write_as<T>(
        self,
        name: &str,
        items: &[T],
        is_shown: impl Fn(&T) -> bool,
        write: impl Fn(&T, &mut Array<'_>),
    ) -> Vec<u8> {
        let shown = items.iter().enumerate().skip(self.start).filter(|(_, item)| is_shown(item));
        let mut shown = shown.peekable();
        let mut out = Vec::with_capacity(4_096);
        json::object(&mut out, |page| {
            let mut size = 0;
            page.array(name, |values| {
                while size < self.limit
                    && let Some((_, item)) = shown.next()
                {
                    write(item, values);
                    size += 1;
                }
            });
            page.number("size", size as u64);
            page.number("limit", self.limit as u64);
            page.number("start", self.start as u64);
            page.flag("isLastPage", shown.peek().is_none());
            match shown.peek() {
                Some((next, _)) => page.number("nextPageStart", *next as u64),
                None => page.null("nextPageStart"),
            }
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};
    use serde_json::Value;

    use super::Paging;
    use crate::http::Parameters;

    fn paging(query: &str) -> Option<Paging> {
        Paging::read(&Parameters::parse(Some(query)), 100).ok()
    }

    #[test]
    fn limits() {
        assert_eq!(paging(""), Some(Paging { start: 0, limit: 25 }));
        assert_eq!(paging("start=30&limit=1000"), Some(Paging { start: 30, limit: 100 }));
        for refused in ["limit=0", "limit=x", "start=-1", "limit=-5"] {
            assert_eq!(paging(refused), None, "{refused}");
        }
    }

    proptest! {
        #[test]
        fn following_next_visits_each_shown_object_once(shown in prop::collection::vec(any::<bool>(), 0..200), limit in 1_usize..40) {
            let items: Vec<(usize, bool)> = shown.into_iter().enumerate().collect();
            let (mut seen, mut start) = (Vec::new(), Some(0));
            while let Some(from) = start {
                let paging = paging(&format!("start={from}&limit={limit}")).expect("valid");
                let page = paging.write(&items, |item| item.1, |item, values| {
                    values.item().extend_from_slice(item.0.to_string().as_bytes());
                });
                let page: Value = serde_json::from_slice(&page).expect("JSON");
                seen.extend(page["values"].as_array().expect("values").iter().filter_map(Value::as_u64));
                assert_eq!(page["isLastPage"], page["nextPageStart"].is_null());
                start = page["nextPageStart"].as_u64();
            }
            let wanted: Vec<u64> = items.iter().filter(|item| item.1).map(|item| item.0 as u64).collect();
            assert_eq!(seen, wanted);
        }
    }
}
