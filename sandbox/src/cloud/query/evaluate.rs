//! Applying a filter to an object.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::lex::Operator;
use super::parse::{Filter, Literal};
use crate::stamp::Stamp;

/// What a field of an object holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Flag(bool),
    Null,
}

impl<'a> From<&'a str> for Scalar<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Scalar<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl Filter {
    /// Whether an object passes; `values` gives what a dotted field holds, several values where it leads through a
    /// list, none where it does not exist.
    pub(crate) fn accepts<'a>(&self, values: &dyn Fn(&str) -> Vec<Scalar<'a>>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.accepts(values)),
            Self::Any(parts) => parts.iter().any(|part| part.accepts(values)),
            Self::Compare { field, operator, value } => compare(&values(field), *operator, value),
            Self::OneOf { field, values: wanted, negated } => {
                let held = values(field);
                wanted.iter().any(|value| compare(&held, Operator::Equal, value)) != *negated
            }
        }
    }
}

fn compare(held: &[Scalar<'_>], operator: Operator, value: &Literal) -> bool {
    match operator {
        Operator::NotEqual => !compare(held, Operator::Equal, value),
        Operator::NotContains => !compare(held, Operator::Contains, value),
        _ if held.is_empty() => one(&Scalar::Null, operator, value),
        _ => held.iter().any(|scalar| one(scalar, operator, value)),
    }
}

fn one(held: &Scalar<'_>, operator: Operator, value: &Literal) -> bool {
    if operator == Operator::Contains {
        return matches!((held, value), (Scalar::Text(text), Literal::Text(part))
            if text.to_lowercase().contains(&part.to_lowercase()));
    }
    let ordering = match (held, value) {
        (Scalar::Text(text), Literal::Text(other)) => Some(order_texts(text, other)),
        (Scalar::Number(number), Literal::Number(other)) => number.partial_cmp(other),
        (Scalar::Number(number), Literal::Text(other)) => {
            other.parse().ok().and_then(|other| number.partial_cmp(&other))
        }
        (Scalar::Flag(flag), Literal::Flag(other)) => Some(flag.cmp(other)),
        (Scalar::Null, Literal::Null) => Some(Ordering::Equal),
        _ => None,
    };
    ordering.is_some_and(|ordering| match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        Operator::NotEqual | Operator::Contains | Operator::NotContains => false,
    })
}

/// Dates are compared as points in time, whatever their spelling.
fn order_texts(text: &str, other: &str) -> Ordering {
    let looks_like_a_date = |text: &str| text.len() >= 10 && text.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    if looks_like_a_date(text)
        && looks_like_a_date(other)
        && let (Some(text), Some(other)) = (Stamp::parse(text), Stamp::parse(other))
    {
        return text.cmp(&other);
    }
    text.cmp(other)
}

/// The order of two values under `sort`: nothing first, then flags, numbers, texts.
pub(crate) fn compare_scalars(left: &Scalar<'_>, right: &Scalar<'_>) -> Ordering {
    let rank = |scalar: &Scalar<'_>| match scalar {
        Scalar::Null => 0,
        Scalar::Flag(_) => 1,
        Scalar::Number(_) => 2,
        Scalar::Text(_) => 3,
    };
    match (left, right) {
        (Scalar::Text(left), Scalar::Text(right)) => left.cmp(right),
        (Scalar::Number(left), Scalar::Number(right)) => left.total_cmp(right),
        (Scalar::Flag(left), Scalar::Flag(right)) => left.cmp(right),
        _ => rank(left).cmp(&rank(right)),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::{any, proptest};

    use super::super::{Filter, Scalar};

    const FIELDS: [&str; 8] = ["id", "title", "state", "author", "created_on", "draft", "reviewers", "description"];

    fn held(field: &str) -> Vec<Scalar<'static>> {
        let text = |text: &'static str| Scalar::Text(Cow::Borrowed(text));
        match field {
            "id" => vec![Scalar::Number(7.0)],
            "title" => vec![text("Fix \"quotes\" (again)")],
            "state" => vec![text("OPEN")],
            "author.nickname" => vec![text("Uma7")],
            "created_on" => vec![text("2024-05-06T07:08:09.000001+00:00")],
            "draft" => vec![Scalar::Flag(false)],
            "reviewers.nickname" => vec![text("Liv1"), text("Noor2")],
            _ => Vec::new(),
        }
    }

    fn accepts(query: &str) -> bool {
        Filter::parse(query, &FIELDS).expect(query).accepts(&held)
    }

    #[test]
    fn operators() {
        for query in [
            r#"state="OPEN""#,
            r#"state != "MERGED""#,
            r#"title ~ "fix \"QUOTES\"""#,
            r#"title !~ "other""#,
            "id > 6 AND id < 8 and id>=7 AND id <= 7",
            r#"id IN (1, 7) AND state in ("OPEN")"#,
            "id NOT IN (1, 2)",
            "created_on > 2024-05-06 AND created_on < 2024-05-06T07:08:10+00:00",
            r#"created_on = "2024-05-06T09:08:09.000001+02:00""#,
            "draft = false AND description = null AND id != null",
            r#"reviewers.nickname = "Noor2""#,
            r#"author.nickname != "Noor2""#,
            r#"state="MERGED" AND id=1 OR state="OPEN""#,
            r#"(state="OPEN" OR state="MERGED") AND id = 7"#,
        ] {
            assert!(accepts(query), "{query}");
        }
    }

    #[test]
    fn what_does_not_hold() {
        for query in [
            r#"state="open""#,
            r#"state="OPEN" AND (id=1 OR id=2)"#,
            "id > 7",
            "id = null",
            "description > 1",
            r#"description ~ "x""#,
            r#"reviewers.nickname != "Noor2""#,
            "title = 7",
            "created_on < 2024-05-06",
        ] {
            assert!(!accepts(query), "{query}");
        }
    }

    #[test]
    fn what_the_service_refuses() {
        let refused = |query: &str| Filter::parse(query, &FIELDS).expect_err(query).to_string();
        let all: Vec<String> = [
            "",
            "state",
            "state=",
            r#"state="OPEN"#,
            "state=OPEN",
            "wrong=1",
            "(id=1",
            "id=1)",
            "id IN ()",
            "id & 1",
            "id=1 id=2",
        ]
        .into_iter()
        .map(|query| format!("{query:12} {}", refused(query)))
        .collect();
        assert_eq!(
            all,
            [
                "             Invalid query: unexpected end",
                "state        Invalid query: unexpected end",
                "state=       Invalid query: unexpected end",
                "state=\"OPEN  Invalid query: a string is not closed",
                "state=OPEN   Invalid query: OPEN is no value; strings stand in double quotes",
                "wrong=1      Invalid query: unknown field wrong",
                "(id=1        Invalid query: unexpected end",
                "id=1)        Invalid query: unexpected )",
                "id IN ()     Invalid query: unexpected )",
                "id & 1       Invalid query: unexpected character '&'",
                "id=1 id=2    Invalid query: unexpected id",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fall(query in ".{0,60}") {
            if let Ok(filter) = Filter::parse(&query, &FIELDS) {
                filter.accepts(&held);
            }
        }

        #[test]
        fn any_string_can_be_asked_for(text in any::<String>(), id in 0_u32..20) {
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            let query = format!("title = \"{quoted}\" AND id = {id}");
            let filter = Filter::parse(&query, &FIELDS).expect("a valid filter");
            let values = |field: &str| match field {
                "title" => vec![Scalar::Text(Cow::Borrowed(text.as_str()))],
                _ => vec![Scalar::Number(f64::from(id))],
            };
            assert!(filter.accepts(&values));
        }

        #[test]
        fn deep_nesting_is_refused_not_fatal(depth in 51_usize..5_000) {
            let query = format!("{}id=1{}", "(".repeat(depth), ")".repeat(depth));
            assert!(Filter::parse(&query, &FIELDS).is_err());
        }
    }
}
