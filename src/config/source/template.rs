//! `{{ from env NAME }}` in the settings file.

use crate::config::Origin;
use crate::config::node::{Node, Shape};

/// Replaces every value that is nothing but a template; `lookup` gives the variable. A variable that is
/// missing, or empty, makes the key absent. `unknown` hears of templates that name another source.
pub(crate) fn resolve_templates(
    node: &mut Node,
    lookup: &dyn Fn(&str) -> Option<String>,
    unknown: &mut dyn FnMut(&Origin, &str),
) {
    match &mut node.shape {
        Shape::Null => {}
        Shape::List(items) => items.iter_mut().for_each(|item| resolve_templates(item, lookup, unknown)),
        Shape::Map(members) => members.iter_mut().for_each(|(_, value)| resolve_templates(value, lookup, unknown)),
        Shape::Text(text) => match parse(text) {
            None => {}
            Some(Template::Other(provider)) => {
                unknown(&node.origin, &provider);
                node.shape = Shape::Null;
            }
            Some(Template::Variable(variable)) => {
                let found = lookup(&variable).filter(|value| !value.trim().is_empty());
                if let Origin::File { template, .. } = &mut node.origin {
                    *template = Some(variable);
                }
                node.shape = found.map_or(Shape::Null, Shape::Text);
            }
        },
    }
}

enum Template {
    Variable(String),
    Other(String),
}

fn parse(text: &str) -> Option<Template> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let words: Vec<&str> = inner.split_whitespace().collect();
    match words.as_slice() {
        ["from", "env", name] => Some(Template::Variable((*name).to_owned())),
        ["from", provider, _] => Some(Template::Other((*provider).to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("{{ from env NAME }}", Shape::Text("value".into()))]
    #[case("{{from env NAME}}", Shape::Text("value".into()))]
    #[case("{{ from env ABSENT }}", Shape::Null)]
    #[case("{{ from env EMPTY }}", Shape::Null)]
    #[case("{{ from vault NAME }}", Shape::Null)]
    #[case("x {{ from env NAME }}", Shape::Text("x {{ from env NAME }}".into()))]
    #[case("{{ .name }}", Shape::Text("{{ .name }}".into()))]
    fn whole_strings_only(#[case] text: &str, #[case] expected: Shape) {
        let origin = Origin::File { name: "config.yaml".into(), line: 1, template: None };
        let mut node = Node::text(text, origin);
        let lookup = |name: &str| match name {
            "NAME" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let mut others = Vec::new();
        resolve_templates(&mut node, &lookup, &mut |_, provider| others.push(provider.to_owned()));
        assert_eq!(node.shape, expected);
        assert_eq!(others.len(), usize::from(text.contains("vault")));
    }
}
