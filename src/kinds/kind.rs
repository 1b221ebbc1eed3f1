//! A kind and all that is known of it at build time.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

use super::key::{KeyError, ObjectKey};
use super::parent::Parent;
use super::selector::{Selector, SelectorError};

/// A kind of object of one product, such as `repository` of Bitbucket Cloud.
///
/// Two products may have a kind of the same name; they are different kinds.
#[derive(Clone, Copy)]
pub struct Kind(&'static KindInfo);

/// What the table of kinds and the API description say of a kind.
#[derive(Debug)]
#[non_exhaustive]
pub struct KindInfo {
    /// `cloud` or `datacenter`.
    pub product: &'static str,
    /// As mappings write it: `pull-request`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// One sentence on what it is.
    pub doc: &'static str,
    /// The operation that lists objects.
    pub list: Operation,
    /// The operation that fetches one object by its key.
    pub get: Option<Operation>,
    /// Objects asked for on a page.
    pub page_size: u32,
    /// The kind whose objects each have a listing of their own of this kind.
    pub each: Option<Kind>,
    /// The kind whose objects a selector can name, to list within them only.
    pub within: Option<Kind>,
    /// Dotted fields that identify an object.
    pub key: &'static [&'static str],
    /// What a selector may say beside `query`.
    pub selector: &'static [SelectorField],
    /// Selector fields that name what is added to each object.
    pub enrichments: &'static [&'static str],
    /// How live events touch the objects.
    pub live: Live,
    /// Scopes that a credential needs.
    pub permissions: &'static [&'static str],
    /// Keys under which something is added to each object when an expression names them.
    pub extras: &'static [&'static str],
    pub(crate) schema: &'static str,
    pub(crate) functions: Functions,
}

/// An operation of the API description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its name: `listRepositories`.
    pub id: &'static str,
    /// `GET`.
    pub method: &'static str,
    /// With parameters in braces.
    pub path: &'static str,
}

/// A field of a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectorField {
    /// As mappings write it.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// What holds when it is left out.
    pub default: Option<&'static str>,
    /// The values it can have; any text when empty.
    pub values: &'static [&'static str],
}

/// Event keys that touch objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Events after which the object is fetched again.
    pub upsert: &'static [&'static str],
    /// Events after which the object is gone.
    pub delete: &'static [&'static str],
    /// Where an event holds the fields of the key, in the order of [`KindInfo::key`].
    pub key: &'static [&'static str],
}

/// Reads from a parent's JSON text what a listing needs of it.
type ParentOf = fn(&str) -> Result<Parent, KeyError>;

/// Reads fields of an object's JSON text that make a key.
type KeyOf = fn(&str) -> Result<ObjectKey, KeyError>;

/// The generated functions of a kind.
#[derive(Debug)]
pub(crate) struct Functions {
    pub(crate) selector: fn(&serde_json::Value) -> Result<Selector, SelectorError>,
    pub(crate) selector_schema: fn() -> serde_json::Value,
    pub(crate) key_of: KeyOf,
    pub(crate) stable_of: Option<KeyOf>,
    pub(crate) parent_of: Option<ParentOf>,
}

impl Kind {
    pub(crate) const fn new(info: &'static KindInfo) -> Self {
        Self(info)
    }

    /// All that is known of it.
    #[must_use]
    pub const fn info(self) -> &'static KindInfo {
        self.0
    }

    /// As mappings write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The kind whose objects each have a listing of this kind.
    #[must_use]
    pub const fn each(self) -> Option<Self> {
        self.0.each
    }

    /// Reads the `selector` of a mapping's resource and fills in defaults.
    pub fn selector(self, selector: &serde_json::Value) -> Result<Selector, SelectorError> {
        (self.0.functions.selector)(selector)
    }

    /// The key of an object of this kind, from its JSON text.
    pub fn key_of(self, raw: &str) -> Result<ObjectKey, KeyError> {
        (self.0.functions.key_of)(raw)
    }

    /// What of an object stays the same over a rename or a move, with the name of its kind, from its JSON text; `None`
    /// where its key does, or where the object lacks those fields.
    #[must_use]
    pub fn stable_of(self, raw: &str) -> Option<String> {
        let stable = self.0.functions.stable_of?(raw).ok()?;
        Some(format!("{}/{stable}", self.name()))
    }

    /// What the listing of this kind needs of a parent object, from the parent's JSON text.
    pub fn parent_of(self, raw_parent: &str) -> Result<Parent, KeyError> {
        match self.0.functions.parent_of {
            Some(parent_of) => parent_of(raw_parent),
            None => Err(KeyError::NoParent { kind: self }),
        }
    }

    /// JSON Schema of the selector.
    #[must_use]
    pub fn selector_schema(self) -> serde_json::Value {
        (self.0.functions.selector_schema)()
    }

    /// JSON text of the schema of the objects, with `$ref`s into its own `$defs`. `x-complete` marks objects that have
    /// no other fields than those listed.
    #[must_use]
    pub const fn schema(self) -> &'static str {
        self.0.schema
    }

    const fn identity(self) -> (&'static str, &'static str) {
        (self.0.product, self.0.name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.product, self.0.name)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Kind {}

impl Hash for Kind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}
