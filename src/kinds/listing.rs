//! One distinct listing, so that resources which want the same objects share it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::kind::Kind;

/// A listing: a kind, what is asked for, and for kinds listed once per object the listing that gives those objects.
///
/// Listings that ask for the same are equal, whatever selector they come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listing {
    kind: Kind,
    /// Sorted by name.
    parameters: Vec<(Cow<'static, str>, String)>,
    each: Option<Arc<Listing>>,
}

impl Listing {
    /// The parameter of a listing that gives nothing but the keys of these objects, which needs no request.
    pub(crate) const NAMED: &str = "named";

    /// The parameter that narrows a listing of repositories to one, where the service cannot be asked for it.
    pub(crate) const SLUG: &str = "slug";

    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, parameters: Vec::new(), each: None }
    }

    /// Adds a parameter unless it is empty, which asks for nothing.
    pub(crate) fn with(self, name: &'static str, value: Option<&str>) -> Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.with_parameter(name, value),
            None => self,
        }
    }

    /// Adds a set of texts, separated by commas; an empty one asks for nothing.
    pub(crate) fn with_set(self, name: &'static str, values: &BTreeSet<String>) -> Self {
        let values: Vec<&str> = values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect();
        self.with(name, Some(&values.join(",")))
    }

    /// The same for each of the objects that are named by their key; without any, the listing stays as it is.
    pub(crate) fn of_each_named(self, kind: Kind, named: &BTreeSet<String>) -> Self {
        let parents = Self::new(kind).with_set(Self::NAMED, named);
        if parents.parameters.is_empty() { self } else { self.of_each(parents) }
    }

    pub(crate) fn of_each(self, parents: Self) -> Self {
        self.with_each(Arc::new(parents))
    }

    /// The same with a parameter set, in place of any that it had of that name.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.parameters.retain(|(known, _)| *known != name);
        let place = self.parameters.partition_point(|(known, _)| *known < name);
        self.parameters.insert(place, (name, value.into()));
        self
    }

    /// The same for the objects of another listing.
    #[must_use]
    pub fn with_each(self, parents: Arc<Self>) -> Self {
        Self { each: Some(parents), ..self }
    }

    /// What is listed.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All query parameters, by name.
    #[must_use]
    pub fn parameters(&self) -> &[(Cow<'static, str>, String)] {
        &self.parameters
    }

    /// The listing of the objects that this one is made once for.
    #[must_use]
    pub fn each(&self) -> Option<&Arc<Self>> {
        self.each.as_ref()
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        match &self.each {
            Some(each) => write!(f, " of each {each}"),
            None => Ok(()),
        }
    }
}
