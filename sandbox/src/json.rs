//! Writing JSON straight into a buffer: pages are made at the speed of copying, with no tree in between.

use std::fmt;
use std::io::Write as _;

/// Writes one object.
pub(crate) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, empty: true });
    out.push(b'}');
}

/// Writes a string with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// An object being written.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl Object<'_> {
    /// Writes a key; the caller writes its value into the buffer returned.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        string(self.out, key);
        self.out.push(b':');
        self.out
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        string(self.key(key), text);
    }

    pub(crate) fn optional(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.null(key),
        }
    }

    pub(crate) fn format(&mut self, key: &str, text: fmt::Arguments<'_>) {
        let out = self.key(key);
        out.push(b'"');
        // Writing into a Vec cannot fail.
        let _ = fmt::Write::write_fmt(&mut Escaped(out), text);
        out.push(b'"');
    }

    pub(crate) fn number(&mut self, key: &str, number: u64) {
        let _ = write!(self.key(key), "{number}");
    }

    pub(crate) fn flag(&mut self, key: &str, flag: bool) {
        self.key(key).extend_from_slice(if flag { b"true" } else { b"false" });
    }

    pub(crate) fn null(&mut self, key: &str) {
        self.key(key).extend_from_slice(b"null");
    }

    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.key(key), fill);
    }

    pub(crate) fn array(&mut self, key: &str, fill: impl FnOnce(&mut Array<'_>)) {
        let out = self.key(key);
        out.push(b'[');
        fill(&mut Array { out, empty: true });
        out.push(b']');
    }

    /// `"key": {"href": "…"}`, the shape of every link.
    pub(crate) fn link(&mut self, key: &str, href: fmt::Arguments<'_>) {
        self.object(key, |link| link.format("href", href));
    }

    /// `"key": [{"href": "…"}]`, the shape of links at Data Center.
    pub(crate) fn links(&mut self, key: &str, href: fmt::Arguments<'_>) {
        self.array(key, |list| list.object(|link| link.format("href", href)));
    }
}

/// An array being written.
pub(crate) struct Array<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl Array<'_> {
    /// Starts an item; the caller writes its value into the buffer returned.
    pub(crate) fn item(&mut self) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out
    }

    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.item(), fill);
    }
}

struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

fn escape(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn whatever_is_written_can_be_read(key in any::<String>(), text in any::<String>()) {
            let mut out = Vec::new();
            super::object(&mut out, |object| {
                object.text(&key, &text);
                object.array("list", |list| list.object(|item| item.format("x", format_args!("{text}-{key}"))));
            });
            let value: serde_json::Value = serde_json::from_slice(&out).expect("valid JSON");
            if key != "list" {
                assert_eq!(value[&key], text);
            }
            assert_eq!(value["list"][0]["x"], format!("{text}-{key}"));
        }
    }
}
