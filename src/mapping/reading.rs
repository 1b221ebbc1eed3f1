//! From a parsed document to [`Document`], resource by resource.

use indexmap::IndexMap;

use super::MappingError;
use super::document::{
    Document, EntitySource, ExpressionSource, FedBlueprints, Flags, InvalidResource, ItemsSource, ResourceSource,
    RuleSource, SearchSource, TemplateSource, UnknownKey, literal,
};
use super::node::{Content, Key, Node, Position};

/// How deep search queries may nest.
const SEARCH_DEPTH: usize = 16;

/// What a document may say at its top.
pub(super) const TOP_KEYS: &[&str] = &[
    "deleteDependentEntities",
    "createMissingRelatedEntities",
    "enableMergeEntity",
    "entityDeletionThreshold",
    "resources",
];

/// What a resource may say under `port`.
pub(super) const PORT_KEYS: &[&str] = &["entity", "itemsToParse", "itemsToParseName", "itemsToParseTopLevelTransform"];

/// What a mapping may say.
pub(super) const MAPPING_KEYS: &[&str] =
    &["identifier", "blueprint", "title", "icon", "team", "properties", "relations"];

/// A fault of one resource: where, and what to do.
struct Fault {
    position: Position,
    reason: String,
}

type Read<T> = Result<T, Fault>;

pub(super) fn document(root: &Node) -> Result<Document, MappingError> {
    let Content::Map(entries) = &root.content else {
        return Err(MappingError::NotAMap { position: root.position, found: root.sort() });
    };
    let mut read = Document { flags: flags(root)?, resources: vec![], invalid: vec![], unknown_keys: vec![] };
    note_unknown(&mut read.unknown_keys, entries, TOP_KEYS, "");
    match root.get("resources").map(|node| (&node.content, node)) {
        None | Some((Content::Null, _)) => {}
        Some((Content::List(items), _)) => {
            for (index, item) in items.iter().enumerate() {
                match resource(index, item, &mut read.unknown_keys) {
                    Ok(resource) => read.resources.push(resource),
                    Err(fault) => read.invalid.push(set_aside(index, item, fault)),
                }
            }
        }
        Some((_, node)) => {
            return Err(MappingError::ResourcesNotAList { position: node.position, found: node.sort() });
        }
    }
    Ok(read)
}

fn flags(root: &Node) -> Result<Flags, MappingError> {
    let default = Flags::default();
    Ok(Flags {
        delete_dependent_entities: flag(root, "deleteDependentEntities", default.delete_dependent_entities)?,
        create_missing_related_entities: flag(
            root,
            "createMissingRelatedEntities",
            default.create_missing_related_entities,
        )?,
        enable_merge_entity: flag(root, "enableMergeEntity", default.enable_merge_entity)?,
        entity_deletion_threshold: threshold(root, default.entity_deletion_threshold)?,
    })
}

fn flag(root: &Node, name: &'static str, default: bool) -> Result<bool, MappingError> {
    let Some(node) = root.get(name) else { return Ok(default) };
    match &node.content {
        Content::Null => Ok(default),
        Content::Bool(value) => Ok(*value),
        Content::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Content::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(MappingError::Flag { position: node.position, name, expected: "true or false" }),
    }
}

fn threshold(root: &Node, default: f64) -> Result<f64, MappingError> {
    let name = "entityDeletionThreshold";
    let Some(node) = root.get(name).filter(|node| !node.is_null()) else { return Ok(default) };
    let value = match &node.content {
        Content::Number(number) => number.as_f64(),
        Content::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    value.filter(|value| (0.0..=1.0).contains(value)).ok_or(MappingError::Flag {
        position: node.position,
        name,
        expected: "a number from 0 to 1",
    })
}

fn resource(index: usize, node: &Node, unknown: &mut Vec<UnknownKey>) -> Read<ResourceSource> {
    let path = format!("resources[{index}]");
    let entries = map(node, &path)?;
    note_unknown(unknown, entries, &["kind", "selector", "port"], &path);
    let kind = required(node, "kind", &path)?;
    let Content::Text(kind) = &kind.content else {
        return Err(fault(kind, format!("`{path}.kind` is {}; it must be the name of a kind", kind.sort())));
    };
    let selector = required(node, "selector", &path)?;
    map(selector, &format!("{path}.selector"))?;
    let query = expression(required(selector, "query", &format!("{path}.selector"))?, "selector.query")?;
    let port = required(node, "port", &path)?;
    let port_path = format!("{path}.port");
    note_unknown(unknown, map(port, &port_path)?, PORT_KEYS, &port_path);
    let entity = required(port, "entity", &port_path)?;
    let entity_path = format!("{port_path}.entity");
    note_unknown(unknown, map(entity, &entity_path)?, &["mappings"], &entity_path);
    let mappings = mappings(required(entity, "mappings", &entity_path)?, &format!("{entity_path}.mappings"), unknown)?;
    Ok(ResourceSource {
        index,
        position: node.position,
        kind: kind.clone(),
        selector: selector.to_json(),
        query,
        items: items(port)?,
        mappings,
    })
}

fn items(port: &Node) -> Read<Option<ItemsSource>> {
    let Some(source) = port.get("itemsToParse").filter(|node| !node.is_null()) else { return Ok(None) };
    let name = match port.get("itemsToParseName").filter(|node| !node.is_null()) {
        None => "item".to_owned(),
        Some(node) => node
            .content
            .program()
            .ok_or_else(|| fault(node, format!("`itemsToParseName` is {}; it must be a name", node.sort())))?,
    };
    let strip_source = match port.get("itemsToParseTopLevelTransform").map(|node| (&node.content, node)) {
        None | Some((Content::Null, _)) => true,
        Some((Content::Bool(value), _)) => *value,
        Some((_, node)) => {
            return Err(fault(node, "`itemsToParseTopLevelTransform` must be true or false".to_owned()));
        }
    };
    Ok(Some(ItemsSource { expression: expression(source, "itemsToParse")?, name, strip_source }))
}

fn mappings(node: &Node, path: &str, unknown: &mut Vec<UnknownKey>) -> Read<Vec<EntitySource>> {
    match &node.content {
        Content::List(items) if items.is_empty() => Err(fault(node, format!("`{path}` is an empty list"))),
        Content::List(items) => {
            items.iter().enumerate().map(|(at, item)| entity(item, &format!("{path}[{at}]"), unknown)).collect()
        }
        _ => Ok(vec![entity(node, path, unknown)?]),
    }
}

fn entity(node: &Node, path: &str, unknown: &mut Vec<UnknownKey>) -> Read<EntitySource> {
    note_unknown(unknown, map(node, path)?, MAPPING_KEYS, path);
    let optional = |name: &str| node.get(name).filter(|value| !value.is_null());
    Ok(EntitySource {
        identifier: template(required(node, "identifier", path)?, "identifier")?,
        blueprint: expression(required(node, "blueprint", path)?, "blueprint")?,
        title: optional("title").map(|value| expression(value, "title")).transpose()?,
        icon: optional("icon").map(|value| expression(value, "icon")).transpose()?,
        team: optional("team").map(|value| template(value, "team")).transpose()?,
        properties: optional("properties").map(|value| section(value, "properties", expression)).transpose()?,
        relations: optional("relations").map(|value| section(value, "relations", template)).transpose()?,
    })
}

fn section<T>(node: &Node, name: &str, read: impl Fn(&Node, &str) -> Read<T>) -> Read<IndexMap<String, T>> {
    map(node, name)?
        .iter()
        .map(|(key, value)| Ok((key.name.clone(), read(value, &format!("{name}.{}", key.name))?)))
        .collect()
}

fn expression(node: &Node, path: &str) -> Read<ExpressionSource> {
    let text = node
        .content
        .program()
        .ok_or_else(|| fault(node, format!("`{path}` is {}; it must be a jq expression", node.sort())))?;
    Ok(ExpressionSource { text, position: node.position })
}

fn template(node: &Node, path: &str) -> Read<TemplateSource> {
    match &node.content {
        Content::Map(_) => search(node, path, 0).map(TemplateSource::Search),
        _ => expression(node, path).map(TemplateSource::Expression),
    }
}

fn search(node: &Node, path: &str, depth: usize) -> Read<SearchSource> {
    if depth > SEARCH_DEPTH {
        return Err(fault(node, format!("`{path}`: search rules nest deeper than {SEARCH_DEPTH}")));
    }
    let combinator = required(node, "combinator", path)?;
    let word = combinator.content.program().map(|text| text.trim_matches(['"', '\'']).to_ascii_lowercase());
    let Some(word @ ("and" | "or")) = word.as_deref() else {
        return Err(fault(combinator, format!("`{path}.combinator` must be `and` or `or`")));
    };
    let rules = required(node, "rules", path)?;
    let Content::List(items) = &rules.content else {
        return Err(fault(rules, format!("`{path}.rules` is {}; it must be a list", rules.sort())));
    };
    let rules = items.iter().map(|item| rule(item, &format!("{path}.rules"), depth)).collect::<Read<_>>()?;
    Ok(SearchSource { combinator: word.to_owned(), rules })
}

fn rule(node: &Node, path: &str, depth: usize) -> Read<RuleSource> {
    if node.get("combinator").is_some() {
        return search(node, path, depth + 1).map(RuleSource::Nested);
    }
    let leaf = |name: &str| -> Read<ExpressionSource> { expression(required(node, name, path)?, name) };
    Ok(RuleSource::Leaf {
        property: leaf("property")?,
        operator: leaf("operator")?,
        value: node
            .get("value")
            .filter(|value| !value.is_null())
            .map(|value| expression(value, "value"))
            .transpose()?,
    })
}

fn required<'a>(node: &'a Node, name: &str, path: &str) -> Read<&'a Node> {
    node.get(name).filter(|value| !value.is_null()).ok_or_else(|| fault(node, format!("`{path}.{name}` is missing")))
}

fn map<'a>(node: &'a Node, path: &str) -> Read<&'a [(Key, Node)]> {
    match &node.content {
        Content::Map(entries) => Ok(entries),
        _ => Err(fault(node, format!("`{path}` is {}; it must be a map", node.sort()))),
    }
}

fn fault(node: &Node, reason: String) -> Fault {
    Fault { position: node.position, reason }
}

fn note_unknown(unknown: &mut Vec<UnknownKey>, entries: &[(Key, Node)], known: &[&str], path: &str) {
    for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
        let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
        unknown.push(UnknownKey { position: key.position, path });
    }
}

fn set_aside(index: usize, node: &Node, fault: Fault) -> InvalidResource {
    let kind = node.get("kind").and_then(|kind| match &kind.content {
        Content::Text(text) => Some(text.clone()),
        _ => None,
    });
    InvalidResource { index, position: fault.position, kind, reason: fault.reason, blueprints: fed(node) }
}

/// What a broken resource could have written, read as far as its shape allows.
fn fed(node: &Node) -> FedBlueprints {
    let mappings = node.get("port").and_then(|port| port.get("entity")).and_then(|entity| entity.get("mappings"));
    let blueprint = |mapping: &Node| match &mapping.get("blueprint")?.content {
        Content::Text(text) => literal(text),
        _ => None,
    };
    let literals: Option<Vec<String>> = match mappings.map(|node| (&node.content, node)) {
        Some((Content::List(items), _)) if !items.is_empty() => items.iter().map(blueprint).collect(),
        Some((Content::Map(_), node)) => blueprint(node).map(|literal| vec![literal]),
        _ => None,
    };
    literals.map_or(FedBlueprints::Unknown, FedBlueprints::Literal)
}
