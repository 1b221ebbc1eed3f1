//! Search queries: rules over entities.

use serde_json::Value;

use super::entity::Entity;
use super::refusal::Refused;
use super::world::World;

/// Groups nested deeper than this are refused.
const DEEPEST: usize = 20;

/// A query that was checked.
#[derive(Clone, Debug)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Rule {
        property: String,
        operator: Operator,
        value: Value,
    },
    /// Related to an entity of one of these identifiers; of which blueprint is not looked at.
    Related(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    In,
    NotIn,
    Contains,
    DoesNotContain,
    ContainsAny,
    BeginsWith,
    DoesNotBeginWith,
    EndsWith,
    DoesNotEndWith,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    IsEmpty,
    IsNotEmpty,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "in" => Self::In,
            "notIn" => Self::NotIn,
            "contains" => Self::Contains,
            "doesNotContains" => Self::DoesNotContain,
            "containsAny" => Self::ContainsAny,
            "beginsWith" => Self::BeginsWith,
            "doesNotBeginsWith" => Self::DoesNotBeginWith,
            "endsWith" => Self::EndsWith,
            "doesNotEndsWith" => Self::DoesNotEndWith,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "isEmpty" => Self::IsEmpty,
            "isNotEmpty" => Self::IsNotEmpty,
            _ => return None,
        })
    }

    fn wants_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn | Self::ContainsAny)
    }

    fn wants_nothing(self) -> bool {
        matches!(self, Self::IsEmpty | Self::IsNotEmpty)
    }
}

impl Query {
    pub(super) fn parse(query: &Value) -> Result<Self, Refused> {
        Self::group(query, 0)
    }

    fn group(query: &Value, depth: usize) -> Result<Self, Refused> {
        if depth > DEEPEST {
            return Err(Refused::invalid("the query is nested too deeply"));
        }
        let rules = query["rules"].as_array().ok_or_else(|| Refused::invalid("body/rules must be array"))?;
        let rules = rules.iter().map(|rule| Self::rule(rule, depth)).collect::<Result<Vec<_>, _>>()?;
        match query["combinator"].as_str() {
            Some("and") => Ok(Self::All(rules)),
            Some("or") => Ok(Self::Any(rules)),
            _ => Err(Refused::invalid("body/combinator must be equal to one of the allowed values")),
        }
    }

    fn rule(rule: &Value, depth: usize) -> Result<Self, Refused> {
        if rule.get("rules").is_some() {
            return Self::group(rule, depth + 1);
        }
        if rule["operator"] == "relatedTo" {
            let named = match &rule["value"] {
                Value::String(one) => vec![one.clone()],
                Value::Array(all) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
                _ => return Err(Refused::invalid("a relatedTo rule must have a value")),
            };
            if !rule["blueprint"].is_string() {
                return Err(Refused::invalid("a relatedTo rule must have a blueprint"));
            }
            return Ok(Self::Related(named));
        }
        let property = rule["property"].as_str().ok_or_else(|| Refused::invalid("a rule must have a property"))?;
        let operator = rule["operator"].as_str().and_then(Operator::parse);
        let operator = operator.ok_or_else(|| Refused::invalid(format!("unknown operator {}", rule["operator"])))?;
        let value = rule.get("value").cloned();
        let fits = match &value {
            None => operator.wants_nothing(),
            Some(Value::Array(_)) => operator.wants_list() || operator == Operator::Contains,
            Some(_) => !operator.wants_list() && !operator.wants_nothing(),
        };
        if !fits {
            return Err(Refused::invalid(format!("the value of the rule on {property} does not fit its operator")));
        }
        Ok(Self::Rule { property: property.to_owned(), operator, value: value.unwrap_or_default() })
    }

    pub(super) fn accepts(&self, entity: &Entity) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.accepts(entity)),
            Self::Any(parts) => parts.iter().any(|part| part.accepts(entity)),
            Self::Rule { property, operator, value } => holds(&entity.value_of(property), *operator, value),
            Self::Related(named) => entity.relations.values().any(|held| match held {
                Value::String(one) => named.contains(one),
                Value::Array(all) => {
                    all.iter().any(|one| one.as_str().is_some_and(|one| named.iter().any(|of| of == one)))
                }
                _ => false,
            }),
        }
    }

    /// The only blueprint that can match, where the query says so at its top.
    fn blueprint(&self) -> Option<&str> {
        let Self::All(parts) = self else { return None };
        parts.iter().find_map(|part| match part {
            Self::Rule { property, operator: Operator::Equal, value } if property == "$blueprint" => value.as_str(),
            _ => None,
        })
    }

    /// The only identifiers that can match, where the query says so at its top.
    fn identifiers(&self) -> Option<Vec<&str>> {
        let Self::All(parts) = self else { return None };
        parts.iter().find_map(|part| match part {
            Self::Rule { property, operator: Operator::In, value } if property == "$identifier" => {
                value.as_array().map(|names| names.iter().filter_map(Value::as_str).collect())
            }
            Self::Rule { property, operator: Operator::Equal, value } if property == "$identifier" => {
                value.as_str().map(|name| vec![name])
            }
            _ => None,
        })
    }
}

impl World {
    /// All entities that a query accepts. Blueprint and identifiers named at the top are looked up, not searched.
    pub(super) fn search(&self, query: &Query) -> Vec<&Entity> {
        let blueprint = query.blueprint();
        let names = query.identifiers();
        let mut found = Vec::new();
        for (name, entities) in &self.entities {
            if blueprint.is_some_and(|blueprint| blueprint != name) {
                continue;
            }
            match &names {
                Some(names) => found
                    .extend(names.iter().filter_map(|name| entities.get(*name)).filter(|entity| query.accepts(entity))),
                None => found.extend(entities.values().filter(|entity| query.accepts(entity))),
            }
        }
        found
    }
}

fn holds(held: &Value, operator: Operator, value: &Value) -> bool {
    match operator {
        Operator::Equal => {
            held == value || numbers(held, value).is_some_and(|(held, value)| held.total_cmp(&value).is_eq())
        }
        Operator::NotEqual => !holds(held, Operator::Equal, value),
        Operator::In => value.as_array().is_some_and(|all| all.iter().any(|one| holds(held, Operator::Equal, one))),
        Operator::NotIn => !holds(held, Operator::In, value),
        Operator::Contains => contains(held, value),
        Operator::DoesNotContain => !contains(held, value),
        Operator::ContainsAny => value.as_array().is_some_and(|all| all.iter().any(|one| contains(held, one))),
        Operator::BeginsWith => texts(held, value).is_some_and(|(held, value)| held.starts_with(value)),
        Operator::DoesNotBeginWith => !holds(held, Operator::BeginsWith, value),
        Operator::EndsWith => texts(held, value).is_some_and(|(held, value)| held.ends_with(value)),
        Operator::DoesNotEndWith => !holds(held, Operator::EndsWith, value),
        Operator::Less => order(held, value).is_some_and(std::cmp::Ordering::is_lt),
        Operator::LessOrEqual => order(held, value).is_some_and(std::cmp::Ordering::is_le),
        Operator::Greater => order(held, value).is_some_and(std::cmp::Ordering::is_gt),
        Operator::GreaterOrEqual => order(held, value).is_some_and(std::cmp::Ordering::is_ge),
        Operator::IsEmpty => is_empty(held),
        Operator::IsNotEmpty => !is_empty(held),
    }
}

fn contains(held: &Value, value: &Value) -> bool {
    match (held, value) {
        (Value::Array(items), Value::Array(all)) => all.iter().all(|one| items.contains(one)),
        (Value::Array(items), one) => items.contains(one),
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        _ => false,
    }
}

fn is_empty(held: &Value) -> bool {
    held.is_null() || held.as_array().is_some_and(Vec::is_empty)
}

fn texts<'a>(held: &'a Value, value: &'a Value) -> Option<(&'a str, &'a str)> {
    held.as_str().zip(value.as_str())
}

fn numbers(held: &Value, value: &Value) -> Option<(f64, f64)> {
    held.as_f64().zip(value.as_f64())
}

fn order(held: &Value, value: &Value) -> Option<std::cmp::Ordering> {
    match (numbers(held, value), texts(held, value)) {
        (Some((held, value)), _) => held.partial_cmp(&value),
        (_, Some((held, value))) => Some(held.cmp(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::{Entity, Query};

    fn accepts(rule: &Value) -> bool {
        let mut entity = Entity::new("service", "pay", "port-ocean/x/1/my/exporter", datetime!(2024-05-06 07:08 UTC));
        entity.properties =
            json!({"n": 3, "tags": ["a", "b"], "url": "https://x"}).as_object().cloned().unwrap_or_default();
        let query = Query::parse(&json!({"combinator": "and", "rules": [rule]})).expect("a valid query");
        query.accepts(&entity)
    }

    #[test]
    fn rules() {
        for (property, operator, value, expected) in [
            ("$identifier", "=", json!("pay"), true),
            ("$identifier", "!=", json!("pay"), false),
            ("$identifier", "in", json!(["x", "pay"]), true),
            ("$datasource", "contains", json!("/my/exporter"), true),
            ("$datasource", "contains", json!("/other/"), false),
            ("$datasource", "beginsWith", json!("port-ocean/x/"), true),
            ("n", "=", json!(3.0), true),
            ("n", ">", json!(2), true),
            ("tags", "containsAny", json!(["z", "b"]), true),
            ("tags", "contains", json!("z"), false),
            ("$updatedAt", "<", json!("2024-05-06T07:08:00.001Z"), true),
            ("nothing", "=", Value::Null, true),
        ] {
            let rule = json!({"property": property, "operator": operator, "value": value});
            assert_eq!(accepts(&rule), expected, "{rule}");
        }
        assert!(accepts(&json!({"property": "nothing", "operator": "isEmpty"})));
    }

    #[test]
    fn refused() {
        for query in [
            json!({"rules": []}),
            json!({"combinator": "and"}),
            json!({"combinator": "and", "rules": [{"property": "a", "operator": "like", "value": 1}]}),
            json!({"combinator": "and", "rules": [{"property": "a", "operator": "in", "value": 1}]}),
            json!({"combinator": "and", "rules": [{"property": "a", "operator": "="}]}),
        ] {
            assert!(Query::parse(&query).is_err(), "{query}");
        }
    }
}
