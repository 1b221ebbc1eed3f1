//! The commented document of defaults.

use std::fmt::Write;

use crate::config::key::camel_case;
use crate::config::table::{Effect, Kind, Setting, all};

/// A `config.yaml` that changes nothing: every setting that works with its default and its documentation;
/// settings without a default stand in comments.
#[must_use]
pub fn defaults_document() -> String {
    let mut text = String::from("# All settings with their defaults. A key can be left out; `#key:` has no default.\n");
    let mut tree = Branch::default();
    for setting in all().filter(|setting| setting.effect == Effect::Works) {
        tree.insert(setting.path, setting);
    }
    tree.write(0, &mut text);
    text
}

/// Settings by their place; a branch keeps the order of the table.
#[derive(Default)]
struct Branch {
    members: Vec<(&'static str, Member)>,
}

enum Member {
    Branch(Branch),
    Leaf(&'static Setting),
}

impl Branch {
    fn insert(&mut self, path: &'static str, setting: &'static Setting) {
        let Some((first, rest)) = path.split_once('.') else {
            self.members.push((path, Member::Leaf(setting)));
            return;
        };
        let known = self.members.iter().position(|(key, _)| *key == first);
        let index = known.unwrap_or_else(|| {
            self.members.push((first, Member::Branch(Self::default())));
            self.members.len() - 1
        });
        if let Some((_, Member::Branch(branch))) = self.members.get_mut(index) {
            branch.insert(rest, setting);
        }
    }

    /// Results of `writeln` are dropped: writing to a `String` cannot fail.
    fn write(&self, depth: usize, text: &mut String) {
        let indent = "  ".repeat(depth);
        for (key, member) in &self.members {
            let key = camel_case(key);
            match member {
                Member::Branch(branch) => {
                    let _ = writeln!(text, "{indent}{key}:");
                    branch.write(depth + 1, text);
                }
                Member::Leaf(setting) => write_leaf(setting, &key, &indent, text),
            }
        }
    }
}

fn write_leaf(setting: &Setting, key: &str, indent: &str, text: &mut String) {
    let secret = if setting.sensitive { " Secret." } else { "" };
    let _ = writeln!(text, "{indent}# {}{secret} ({})", setting.doc, setting.kind.expected());
    let _ = match setting.default {
        Some(default) => writeln!(text, "{indent}{key}: {}", scalar(setting.kind, default)),
        None => writeln!(text, "{indent}#{key}:"),
    };
}

fn scalar(kind: Kind, default: &str) -> String {
    match kind {
        Kind::Flag | Kind::Whole { .. } | Kind::Decimal | Kind::Minutes(_) => default.to_owned(),
        _ => format!("\"{default}\""),
    }
}
