//! What is known of a value before anything runs: its sorts, and what stands inside it.

use std::rc::Rc;

use serde_json::Value;

use super::sorts::Sorts;

/// What a value can be.
#[derive(Clone, Debug)]
pub(super) struct Shape<'s> {
    pub(super) sorts: Sorts,
    inside: Inside<'s>,
    /// The path from the mapped object, where the value is a part of it.
    pub(super) path: Option<Rc<str>>,
}

#[derive(Clone, Debug)]
enum Inside<'s> {
    Unknown,
    /// A schema without `$ref` at its top, and the document in which its references are looked up.
    Schema(&'s Value, &'s Value),
    /// A list of such items.
    Items(Rc<Shape<'s>>),
    Fields(Rc<Fields<'s>>),
}

/// Fields that are known beside those of another shape.
#[derive(Debug)]
struct Fields<'s> {
    base: Option<Shape<'s>>,
    named: Vec<(String, Shape<'s>)>,
    extent: Extent,
}

/// Which other fields there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// Any.
    Open,
    /// Those that the selector asks for, and no others.
    Requested,
}

/// What comes of looking a field up.
pub(super) enum Field<'s> {
    Found(Shape<'s>),
    /// There is none of that name.
    Missing(Missing),
    /// The value cannot have fields.
    NoFields,
}

/// A field that does not exist, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// The names that there are.
    pub(super) known: Vec<String>,
    pub(super) why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// All fields are known, and it is not among them.
    Complete,
    /// It is not among those that are known.
    NotListed,
    /// It is added only on demand, and the selector does not ask for it.
    NotRequested,
}

impl<'s> Shape<'s> {
    pub(super) fn any() -> Self {
        Self::of(Sorts::ANY)
    }

    pub(super) fn of(sorts: Sorts) -> Self {
        Self { sorts, inside: Inside::Unknown, path: None }
    }

    /// A value that a JSON Schema describes, with references into `document`.
    pub(super) fn from_schema(schema: &'s Value, document: &'s Value) -> Self {
        let mut sorts = Sorts::NONE;
        let mut schema = schema;
        // References lead to components; a chain longer than this is a circle.
        for _ in 0..16 {
            if schema.get("nullable").and_then(Value::as_bool) == Some(true) {
                sorts |= Sorts::NULL;
            }
            let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
                sorts |= Sorts::of_schema(schema);
                return Self { sorts, inside: Inside::Schema(schema, document), path: None };
            };
            match target.strip_prefix('#').and_then(|pointer| document.pointer(pointer)) {
                Some(component) => schema = component,
                None => break,
            }
        }
        Self::any()
    }

    pub(super) fn list_of(item: Self) -> Self {
        Self { sorts: Sorts::LIST, inside: Inside::Items(Rc::new(item)), path: None }
    }

    pub(super) fn object_of(named: Vec<(String, Self)>) -> Self {
        let fields = Fields { base: None, named, extent: Extent::Open };
        Self { sorts: Sorts::OBJECT, inside: Inside::Fields(Rc::new(fields)), path: None }
    }

    /// The contents of files, of which the selector requests those.
    pub(super) fn requested(files: &[String]) -> Self {
        let named = files.iter().map(|file| (file.clone(), Self::of(Sorts::TEXT | Sorts::NULL))).collect();
        let fields = Fields { base: None, named, extent: Extent::Requested };
        Self { sorts: Sorts::OBJECT, inside: Inside::Fields(Rc::new(fields)), path: None }
    }

    /// The same with fields added.
    pub(super) fn with(self, named: Vec<(String, Self)>) -> Self {
        let (sorts, path) = (self.sorts, self.path.clone());
        let fields = Fields { base: Some(self), named, extent: Extent::Open };
        Self { sorts, inside: Inside::Fields(Rc::new(fields)), path }
    }

    pub(super) fn at(mut self, path: &str) -> Self {
        self.path = Some(path.into());
        self
    }

    pub(super) fn with_sorts(mut self, sorts: Sorts) -> Self {
        self.sorts = sorts;
        self
    }

    pub(super) fn or(self, other: Self) -> Self {
        let sorts = self.sorts | other.sorts;
        let inner = |shape: &Self| shape.sorts.has(Sorts::LIST | Sorts::OBJECT);
        match (inner(&self), inner(&other)) {
            (true, false) => self.with_sorts(sorts),
            (false, true) => other.with_sorts(sorts),
            _ => Self::of(sorts),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.sorts.is_any()
    }

    /// Whether the value can only be one of a few words.
    pub(super) fn is_enumerated(&self) -> bool {
        matches!(&self.inside, Inside::Schema(schema, _) if schema.get("enum").is_some())
    }

    pub(super) fn field(&self, name: &str) -> Field<'s> {
        if !self.sorts.has(Sorts::OBJECT) {
            // A field of null is null.
            let null = self.sorts.has(Sorts::NULL | Sorts::NOTHING);
            return if null { Field::Found(Self::of(Sorts::NULL)) } else { Field::NoFields };
        }
        match self.inside_field(name) {
            Field::Found(mut shape) => {
                if self.sorts.has(Sorts::NULL) {
                    shape.sorts |= Sorts::NULL;
                }
                shape.path = shape.path.or_else(|| {
                    self.path
                        .as_deref()
                        .map(|path| format!("{path}{}{name}", if path.is_empty() { "" } else { "." }).into())
                });
                Field::Found(shape)
            }
            other => other,
        }
    }

    fn inside_field(&self, name: &str) -> Field<'s> {
        match &self.inside {
            Inside::Unknown | Inside::Items(_) => Field::Found(Self::any()),
            Inside::Schema(schema, document) => schema_field(schema, document, name),
            Inside::Fields(fields) => fields.field(name),
        }
    }

    /// What its items (or the values of its fields) are.
    pub(super) fn items(&self) -> Self {
        let mut items = match &self.inside {
            Inside::Items(item) => item.as_ref().clone(),
            Inside::Schema(schema, document) => {
                match schema.get("items").or_else(|| schema.get("additionalProperties")) {
                    Some(items) => Self::from_schema(items, document),
                    None => Self::any(),
                }
            }
            Inside::Unknown | Inside::Fields(_) => Self::any(),
        };
        items.path = items.path.or_else(|| self.path.as_deref().map(|path| format!("{path}[]").into()));
        items
    }

    fn names(&self) -> Vec<String> {
        match &self.inside {
            Inside::Schema(schema, _) => {
                let properties = schema.get("properties").and_then(Value::as_object);
                properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
            }
            Inside::Fields(fields) => fields.names(),
            Inside::Unknown | Inside::Items(_) => vec![],
        }
    }
}

impl<'s> Fields<'s> {
    fn field(&self, name: &str) -> Field<'s> {
        if let Some((_, shape)) = self.named.iter().find(|(known, _)| known == name) {
            return Field::Found(shape.clone());
        }
        match (&self.base, self.extent) {
            (Some(base), _) => match base.inside_field(name) {
                Field::Missing(missing) => Field::Missing(Missing { known: self.names(), ..missing }),
                other => other,
            },
            (None, Extent::Open) => Field::Found(Shape::any()),
            (None, Extent::Requested) => Field::Missing(Missing { known: self.names(), why: Why::NotRequested }),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.named.iter().map(|(name, _)| name.clone()).collect();
        names.extend(self.base.as_ref().map(Shape::names).unwrap_or_default());
        names
    }
}

fn schema_field<'s>(schema: &'s Value, document: &'s Value, name: &str) -> Field<'s> {
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Some(property) = properties.and_then(|properties| properties.get(name)) {
        return Field::Found(Shape::from_schema(property, document));
    }
    if let Some(others) = schema.get("additionalProperties") {
        return Field::Found(Shape::from_schema(others, document));
    }
    let Some(properties) = properties else { return Field::Found(Shape::any()) };
    let complete = schema.get("x-complete").and_then(Value::as_bool) == Some(true);
    let why = if complete { Why::Complete } else { Why::NotListed };
    Field::Missing(Missing { known: properties.keys().cloned().collect(), why })
}
