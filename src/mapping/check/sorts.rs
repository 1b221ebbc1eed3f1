//! Which sorts of JSON value an expression can give.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign};

/// A set of sorts of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sorts(u8);

impl Sorts {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const NUMBER: Self = Self(4);
    pub(super) const TEXT: Self = Self(8);
    pub(super) const LIST: Self = Self(16);
    pub(super) const OBJECT: Self = Self(32);
    /// No output at all.
    pub(super) const NOTHING: Self = Self(64);
    pub(super) const NONE: Self = Self(0);
    /// Nothing is known: it may be any value.
    pub(super) const ANY: Self = Self(63);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether all sorts of value are possible, which means that nothing is known.
    pub(super) const fn is_any(self) -> bool {
        self.0 & Self::ANY.0 == Self::ANY.0
    }

    /// The sort of a value of a JSON Schema without `$ref`.
    pub(super) fn of_schema(schema: &serde_json::Value) -> Self {
        let kind = match schema.get("type").and_then(serde_json::Value::as_str) {
            Some("boolean") => Self::BOOLEAN,
            Some("integer" | "number") => Self::NUMBER,
            Some("string") => Self::TEXT,
            Some("array") => Self::LIST,
            Some("object") => Self::OBJECT,
            _ => Self::ANY,
        };
        let nullable = schema.get("nullable").and_then(serde_json::Value::as_bool).unwrap_or(false);
        if nullable { kind | Self::NULL } else { kind }
    }

    pub(super) fn of_value(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::NULL,
            serde_json::Value::Bool(_) => Self::BOOLEAN,
            serde_json::Value::Number(_) => Self::NUMBER,
            serde_json::Value::String(_) => Self::TEXT,
            serde_json::Value::Array(_) => Self::LIST,
            serde_json::Value::Object(_) => Self::OBJECT,
        }
    }
}

impl BitOr for Sorts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

impl BitOrAssign for Sorts {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.and(other);
    }
}

impl BitAnd for Sorts {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Display for Sorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Sorts, &str); 7] = [
            (Sorts::BOOLEAN, "a boolean"),
            (Sorts::NUMBER, "a number"),
            (Sorts::TEXT, "text"),
            (Sorts::LIST, "a list"),
            (Sorts::OBJECT, "an object"),
            (Sorts::NULL, "null"),
            (Sorts::NOTHING, "nothing"),
        ];
        let names: Vec<&str> = NAMES.iter().filter(|(sort, _)| self.has(*sort)).map(|(_, name)| *name).collect();
        f.write_str(&names.join(" or "))
    }
}
