//! Reading a TOML table with the line of everything in it, so that all slips can be told at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::Source;
use crate::finding::{Finding, Findings};

/// The text of a table and what was found wrong in it.
pub(crate) struct TableReader<'a> {
    source: Source<'a>,
    pub(crate) findings: Findings,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) key: String,
    pub(crate) span: Range<usize>,
}

/// A TOML table with its place.
pub(crate) struct Section<'t, 'i> {
    pub(crate) table: &'t DeTable<'i>,
    pub(crate) key: String,
    pub(crate) span: Range<usize>,
}

impl<'a> TableReader<'a> {
    pub(crate) fn new(source: Source<'a>) -> Self {
        Self { source, findings: Findings::default() }
    }

    /// Parses the text; syntax errors become findings.
    pub(crate) fn parse(&mut self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.source.text);
        for error in errors {
            let span = error.span().unwrap_or_default();
            self.complain(&span, "", error.message());
        }
        table
    }

    pub(crate) fn complain(&mut self, span: &Range<usize>, key: &str, message: impl Into<String>) {
        let line = 1 + self.source.text.get(..span.start).unwrap_or_default().matches('\n').count();
        self.findings.push(Finding {
            document: self.source.name.to_owned(),
            line: Some(line),
            pointer: key.to_owned(),
            message: message.into(),
        });
    }

    /// Refuses keys that nothing reads.
    pub(crate) fn only(&mut self, section: &Section<'_, '_>, known: &[&str]) {
        for key in section.table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let message = format!("is not a key here; known are {}", known.join(", "));
                self.complain(&key.span(), &format!("{}.{name}", section.key), message);
            }
        }
    }

    /// The keys of a section in the order they are written.
    pub(crate) fn keys(section: &Section<'_, '_>) -> Vec<String> {
        let mut keys: Vec<_> = section.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter().map(|key| key.get_ref().to_string()).collect()
    }

    pub(crate) fn text(&mut self, section: &Section<'_, '_>, key: &str) -> Option<At<String>> {
        self.value(section, key, "a text", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn number(&mut self, section: &Section<'_, '_>, key: &str) -> Option<At<u32>> {
        self.value(section, key, "a whole number above zero", |value| {
            let number = value.as_integer()?;
            u32::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| *number > 0)
        })
    }

    pub(crate) fn flag(&mut self, section: &Section<'_, '_>, key: &str) -> Option<At<bool>> {
        self.value(section, key, "true or false", |value| match value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => None,
        })
    }

    pub(crate) fn texts(&mut self, section: &Section<'_, '_>, key: &str) -> Option<At<Vec<String>>> {
        self.value(section, key, "a list of texts", |value| {
            value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        })
    }

    pub(crate) fn section<'t, 'i>(&mut self, section: &Section<'t, 'i>, key: &str) -> Option<Section<'t, 'i>> {
        let (name, value) = section.table.get_key_value(key)?;
        let path = format!("{}.{key}", section.key).trim_start_matches('.').to_owned();
        let Some(table) = value.get_ref().as_table() else {
            self.complain(&value.span(), &path, "is not a table");
            return None;
        };
        Some(Section { table, key: path, span: name.span() })
    }

    /// All pairs of a section whose values are texts.
    pub(crate) fn pairs(&mut self, section: &Section<'_, '_>) -> Vec<At<String>> {
        Self::keys(section).iter().filter_map(|key| self.text(section, key)).collect()
    }

    fn value<T>(
        &mut self,
        section: &Section<'_, '_>,
        key: &str,
        expected: &str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<At<T>> {
        let (name, value) = section.table.get_key_value(key)?;
        let Some(read) = read(value.get_ref()) else {
            self.complain(&value.span(), &format!("{}.{key}", section.key), format!("is not {expected}"));
            return None;
        };
        Some(At { value: read, key: key.to_owned(), span: name.span() })
    }
}
