//! The table of kinds, checked against the merged spec.

use heck::ToSnakeCase;
use indexmap::IndexMap;

use crate::checks::Checks;
use crate::document::Source;
use crate::finding::Findings;
use crate::spec::Spec;
use crate::table::{At, Section, TableReader};

/// One kind: how its objects are listed, selected, identified, fetched and kept live.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: At<String>,
    pub(crate) title: String,
    pub(crate) doc: String,
    pub(crate) list: At<String>,
    pub(crate) each: Option<At<String>>,
    pub(crate) bind: Vec<Bind>,
    pub(crate) within: Option<Within>,
    pub(crate) page_size: u32,
    pub(crate) key: At<Vec<String>>,
    /// Fields that stay the same over a rename or a move, where the key does not.
    pub(crate) stable: Option<At<Vec<String>>>,
    pub(crate) get: Option<Get>,
    pub(crate) extends: Option<At<String>>,
    pub(crate) selector: Vec<Field>,
    pub(crate) live: Live,
    pub(crate) permissions: Vec<String>,
    /// Keys under which our own code adds something to each object when an expression reads it.
    pub(crate) extras: Vec<String>,
}

/// The listing that takes the place of the usual one where a selector names the objects to list within.
#[derive(Debug)]
pub(crate) struct Within {
    /// The kind of the objects that are named.
    pub(crate) kind: At<String>,
    /// The selector field that names them by their key.
    pub(crate) named: At<String>,
    pub(crate) list: At<String>,
    pub(crate) bind: Vec<Bind>,
}

impl Kind {
    /// The kind whose objects each can have a listing of this kind: always, or where a selector names them.
    pub(crate) fn parent(&self) -> Option<&At<String>> {
        self.each.as_ref().or(self.within.as_ref().map(|within| &within.kind))
    }

    /// How the listing per object gets its path parameters.
    pub(crate) fn parent_bind(&self) -> &[Bind] {
        self.within.as_ref().map_or(&self.bind, |within| &within.bind)
    }
}

/// Where a path parameter gets its value.
#[derive(Debug, Clone)]
pub(crate) struct Bind {
    pub(crate) parameter: At<String>,
    pub(crate) from: From,
}

/// The source of a bound value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// A value of the settings.
    Setting(String),
    /// A dotted field: of the parent object for a listing, of the object itself for its fetch.
    Field(String),
}

/// The call that fetches one object by its key.
#[derive(Debug)]
pub(crate) struct Get {
    pub(crate) operation: At<String>,
    pub(crate) bind: Vec<Bind>,
}

/// A field of a kind's selector, beside `query`.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: At<String>,
    pub(crate) doc: String,
    pub(crate) default: Option<String>,
    pub(crate) values: Vec<String>,
    pub(crate) purpose: Purpose,
}

/// What a selector field is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Sent as this query parameter of the listing.
    Query(String),
    /// Heeded by our own code when objects arrive: a set of texts.
    FilterSet,
    /// Heeded by our own code when objects arrive: a regular expression.
    FilterPattern,
    /// Names what is added to each object.
    Enrichment,
}

/// Event keys that touch an object, and where its key stands in such an event.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) upsert: Vec<String>,
    pub(crate) delete: Vec<String>,
    pub(crate) key: Vec<At<String>>,
}

/// Reads and checks a table.
pub(crate) fn read(source: Source<'_>, spec: &Spec) -> Result<IndexMap<String, Kind>, Findings> {
    let mut reader = TableReader::new(source);
    let root = reader.parse();
    if !reader.findings.is_empty() {
        return Err(reader.findings);
    }
    let root = Section { table: root.get_ref(), key: String::new(), span: 0..0 };
    let mut kinds = IndexMap::new();
    for name in TableReader::keys(&root) {
        let Some(section) = reader.section(&root, &name) else { continue };
        if !is_kind_name(&name) {
            reader.complain(&section.span, &name, "is not a usable name; kinds are written like `pull-request`");
            continue;
        }
        if let Some(kind) = read_kind(&mut reader, &section, name.clone()) {
            kinds.insert(name, kind);
        }
    }
    Checks { spec, kinds: &kinds, reader: &mut reader }.run();
    reader.findings.or(kinds)
}

fn is_kind_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.ends_with('-')
        && !name.contains("--")
}

const KIND_KEYS: [&str; 14] = [
    "title",
    "doc",
    "list",
    "each",
    "bind",
    "within",
    "page_size",
    "key",
    "stable",
    "get",
    "extras",
    "selector",
    "live",
    "permissions",
];

fn read_kind(reader: &mut TableReader<'_>, section: &Section<'_, '_>, name: String) -> Option<Kind> {
    reader.only(section, &KIND_KEYS);
    let title = required(reader, section, "title", TableReader::text);
    let doc = required(reader, section, "doc", TableReader::text);
    let list = required(reader, section, "list", TableReader::text);
    let page_size = required(reader, section, "page_size", TableReader::number);
    let key = required(reader, section, "key", TableReader::texts);
    let stable = reader.texts(section, "stable");
    let each = reader.text(section, "each");
    let permissions = reader.texts(section, "permissions").map(|at| at.value).unwrap_or_default();
    let extras = reader.texts(section, "extras").map(|at| at.value).unwrap_or_default();
    let bind = read_bind(reader, section);
    let get = reader.section(section, "get").and_then(|section| {
        reader.only(&section, &["operation", "bind"]);
        let operation = required(reader, &section, "operation", TableReader::text)?;
        Some(Get { operation, bind: read_bind(reader, &section) })
    });
    let within = reader.section(section, "within").and_then(|section| read_within(reader, &section));
    let (extends, selector) = read_selector(reader, section);
    let live = read_live(reader, section);
    let each = each.map(|each| At { key: format!("{name}.each"), ..each });
    Some(Kind {
        name: At { value: name, key: section.key.clone(), span: section.span.clone() },
        title: title?.value,
        doc: doc?.value,
        list: list?,
        each,
        bind,
        within,
        page_size: page_size?.value,
        key: key?,
        stable,
        get,
        extends,
        selector,
        live,
        permissions,
        extras,
    })
}

fn required<'a, T>(
    reader: &mut TableReader<'a>,
    section: &Section<'_, '_>,
    key: &str,
    read: impl Fn(&mut TableReader<'a>, &Section<'_, '_>, &str) -> Option<At<T>>,
) -> Option<At<T>> {
    let known = section.table.get_key_value(key).is_some();
    let value = read(reader, section, key);
    if !known {
        reader.complain(&section.span, &section.key, format!("has no `{key}`; add it"));
    }
    value
}

fn read_bind(reader: &mut TableReader<'_>, section: &Section<'_, '_>) -> Vec<Bind> {
    let Some(section) = reader.section(section, "bind") else { return Vec::new() };
    let pairs = reader.pairs(&section);
    pairs
        .into_iter()
        .map(|pair| {
            let from = match pair.value.strip_prefix('@') {
                Some(setting) => From::Setting(setting.to_owned()),
                None => From::Field(pair.value.clone()),
            };
            let key = format!("{}.{}", section.key, pair.key);
            Bind { parameter: At { value: pair.key, key, span: pair.span }, from }
        })
        .collect()
}

fn read_within(reader: &mut TableReader<'_>, section: &Section<'_, '_>) -> Option<Within> {
    reader.only(section, &["kind", "named", "list", "bind"]);
    let kind = required(reader, section, "kind", TableReader::text);
    let named = required(reader, section, "named", TableReader::text);
    let list = required(reader, section, "list", TableReader::text);
    let bind = read_bind(reader, section);
    let kind = kind.map(|at| At { key: format!("{}.kind", section.key), ..at });
    Some(Within { kind: kind?, named: named?, list: list?, bind })
}

fn read_selector(reader: &mut TableReader<'_>, section: &Section<'_, '_>) -> (Option<At<String>>, Vec<Field>) {
    let Some(section) = reader.section(section, "selector") else { return (None, Vec::new()) };
    let extends = reader.text(&section, "extends");
    let fields = TableReader::keys(&section)
        .into_iter()
        .filter(|name| name != "extends")
        .filter_map(|name| {
            let field = reader.section(&section, &name)?;
            read_field(reader, &field, name)
        })
        .collect();
    (extends, fields)
}

fn read_field(reader: &mut TableReader<'_>, section: &Section<'_, '_>, name: String) -> Option<Field> {
    reader.only(section, &["query", "filter", "enrichment", "default", "values", "doc"]);
    let doc = required(reader, section, "doc", TableReader::text);
    let query = reader.text(section, "query");
    let filter = reader.text(section, "filter").map(|at| at.value);
    let enrichment = reader.flag(section, "enrichment").is_some_and(|flag| flag.value);
    let default = reader.text(section, "default").map(|at| at.value);
    let values = reader.texts(section, "values").map(|at| at.value).unwrap_or_default();
    let purpose = match (query, filter.as_deref(), enrichment) {
        (Some(query), None, false) => Purpose::Query(query.value),
        (None, Some("set"), false) => Purpose::FilterSet,
        (None, Some("pattern"), false) => Purpose::FilterPattern,
        (None, None, true) => Purpose::Enrichment,
        _ => {
            reader.complain(
                &section.span,
                &section.key,
                "needs one of `query = \"<parameter>\"`, `filter = \"set\"`, `filter = \"pattern\"`, `enrichment = true`",
            );
            return None;
        }
    };
    if name == "query" || name.to_snake_case().is_empty() {
        reader.complain(&section.span, &section.key, "is not a usable name; every selector has `query` already");
        return None;
    }
    if let Some(default) = default.as_ref().filter(|default| !values.is_empty() && !values.contains(default)) {
        reader.complain(
            &section.span,
            &section.key,
            format!("has the default `{default}`, which is not among its values"),
        );
    }
    if !matches!(purpose, Purpose::Query(_)) && (default.is_some() || !values.is_empty()) {
        reader.complain(
            &section.span,
            &section.key,
            "has neither default nor values: only what is sent as a query parameter has",
        );
    }
    let name = At { value: name, key: section.key.clone(), span: section.span.clone() };
    Some(Field { name, doc: doc?.value, default, values, purpose })
}

fn read_live(reader: &mut TableReader<'_>, section: &Section<'_, '_>) -> Live {
    let Some(section) = reader.section(section, "live") else { return Live::default() };
    reader.only(&section, &["upsert", "delete", "key"]);
    let upsert = reader.texts(&section, "upsert").map(|at| at.value).unwrap_or_default();
    let delete = reader.texts(&section, "delete").map(|at| at.value).unwrap_or_default();
    let mut key = Vec::new();
    if let Some(section) = reader.section(&section, "key") {
        key = reader.pairs(&section);
    } else {
        reader.complain(&section.span, &section.key, "has no `key`; say where an event holds the key of its object");
    }
    Live { upsert, delete, key }
}

/// Where an event holds a field of the key.
pub(crate) fn live_path<'k>(kind: &'k Kind, field: &str) -> Option<&'k str> {
    let get = kind.get.as_ref()?;
    let bind = get.bind.iter().find(|bind| bind.from == From::Field(field.to_owned()))?;
    let entry = kind.live.key.iter().find(|entry| entry.key == bind.parameter.value)?;
    Some(&entry.value)
}
