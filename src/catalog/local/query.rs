//! Search queries in place of identifiers: `{combinator, rules: [{property, operator, value} | query]}`.

use serde_json::Value;

use super::rows::StoredRow;

/// A search query, ready to be asked of entities.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Query {
    /// All (`and`) or one (`or`) of the rules must hold.
    Group { combinator: Combinator, rules: Vec<Query> },
    /// A property compared with a value.
    Rule { property: String, operator: Operator, value: Value },
}

/// How rules are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combinator {
    And,
    Or,
}

/// How a property is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    In,
    Contains,
    BeginsWith,
    EndsWith,
    IsEmpty,
    IsNotEmpty,
}

/// Deepest nesting of a query.
const DEPTH: usize = 16;

impl Query {
    /// Reads a query; `Err` says what of it cannot be understood.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        Self::parse_at(value, DEPTH)
    }

    fn parse_at(value: &Value, depth: usize) -> Result<Self, String> {
        let depth = depth.checked_sub(1).ok_or("a search query is nested too deeply")?;
        if let Some(rules) = value.get("rules") {
            let combinator = match value.get("combinator").and_then(Value::as_str) {
                Some("and") => Combinator::And,
                Some("or") => Combinator::Or,
                _ => return Err("a search query needs the combinator \"and\" or \"or\"".to_owned()),
            };
            let rules = rules.as_array().ok_or("the rules of a search query must be a list")?;
            let rules = rules.iter().map(|rule| Self::parse_at(rule, depth)).collect::<Result<Vec<_>, _>>()?;
            if rules.is_empty() {
                return Err("a search query needs at least one rule".to_owned());
            }
            return Ok(Self::Group { combinator, rules });
        }
        let property = value.get("property").and_then(Value::as_str);
        let property = property.ok_or("a rule of a search query needs a property by name")?.to_owned();
        let operator = operator(value.get("operator").and_then(Value::as_str).unwrap_or_default())?;
        Ok(Self::Rule { property, operator, value: value.get("value").cloned().unwrap_or_default() })
    }

    /// Whether an entity of a blueprint fits.
    pub(super) fn fits(&self, blueprint: &str, row: &StoredRow) -> bool {
        match self {
            Self::Group { combinator: Combinator::And, rules } => rules.iter().all(|rule| rule.fits(blueprint, row)),
            Self::Group { combinator: Combinator::Or, rules } => rules.iter().any(|rule| rule.fits(blueprint, row)),
            Self::Rule { property, operator, value } => compare(*operator, &field(blueprint, row, property), value),
        }
    }

    /// The identifiers among which every fitting entity must be, where the query says so itself.
    pub(super) fn identifiers(&self) -> Option<Vec<&str>> {
        match self {
            Self::Group { combinator: Combinator::And, rules } => rules.iter().find_map(Self::identifiers),
            Self::Rule { property, operator, value } if property == "$identifier" => match operator {
                Operator::Equal => value.as_str().map(|text| vec![text]),
                Operator::In => value.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()),
                _ => None,
            },
            Self::Group { .. } | Self::Rule { .. } => None,
        }
    }
}

fn operator(name: &str) -> Result<Operator, String> {
    Ok(match name {
        "=" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "in" => Operator::In,
        "contains" => Operator::Contains,
        "beginsWith" => Operator::BeginsWith,
        "endsWith" => Operator::EndsWith,
        "isEmpty" => Operator::IsEmpty,
        "isNotEmpty" => Operator::IsNotEmpty,
        other => {
            return Err(format!(
                "a local catalog does not know the operator {other:?} of a search query; it knows =, !=, in, contains, \
                 beginsWith, endsWith, isEmpty and isNotEmpty"
            ));
        }
    })
}

/// The value that a rule names: `$…` for what every entity has, anything else is a property.
fn field(blueprint: &str, row: &StoredRow, name: &str) -> Value {
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::String);
    match name {
        "$identifier" => row.identifier.clone().into(),
        "$blueprint" => blueprint.into(),
        "$title" => text(&row.content.title),
        "$icon" => text(&row.content.icon),
        "$team" => row.content.team.clone(),
        "$createdAt" => row.created_at.clone().into(),
        "$updatedAt" => row.updated_at.clone().into(),
        property => row.content.properties.get(property).cloned().unwrap_or_default(),
    }
}

fn compare(operator: Operator, field: &Value, value: &Value) -> bool {
    let texts = || field.as_str().zip(value.as_str());
    match operator {
        Operator::Equal => same(field, value),
        Operator::NotEqual => !same(field, value),
        Operator::In => value.as_array().is_some_and(|list| list.iter().any(|item| same(field, item))),
        Operator::Contains => match field {
            Value::Array(items) => items.iter().any(|item| same(item, value)),
            _ => texts().is_some_and(|(field, value)| field.contains(value)),
        },
        Operator::BeginsWith => texts().is_some_and(|(field, value)| field.starts_with(value)),
        Operator::EndsWith => texts().is_some_and(|(field, value)| field.ends_with(value)),
        Operator::IsEmpty => empty(field),
        Operator::IsNotEmpty => !empty(field),
    }
}

/// Equality, numbers by value: 1 is 1.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
