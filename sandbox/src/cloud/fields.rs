//! Partial answers: the `fields` parameter.

use serde_json::Value;

/// What to leave of an answer: `values.uuid,next` keeps only these, `-values.links` removes, `+values.reviewers` adds
/// what a listing leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    only: Vec<Vec<String>>,
    without: Vec<Vec<String>>,
    with: Vec<Vec<String>>,
}

impl Fields {
    pub(super) fn parse(text: &str) -> Self {
        let mut fields = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let path = |text: &str| text.split('.').map(str::to_owned).collect();
            match (part.strip_prefix('-'), part.strip_prefix('+')) {
                (Some(rest), _) => fields.without.push(path(rest)),
                (_, Some(rest)) => fields.with.push(path(rest)),
                _ => fields.only.push(path(part)),
            }
        }
        fields
    }

    /// Whether objects must be written in full for this selection.
    pub(super) fn wants_full(&self) -> bool {
        self.with.iter().chain(&self.only).any(|path| {
            let name = if path.first().is_some_and(|first| first == "values") { path.get(1) } else { path.first() };
            name.is_some_and(|name| EXTRA.contains(&name.as_str()) || name == "*")
        })
    }

    /// Applies the selection; `listed_in_full` says that the listing was written with what it normally leaves out.
    pub(super) fn apply(&self, answer: Value, listed_in_full: bool) -> Value {
        let mut answer = answer;
        if !self.only.is_empty() {
            let paths: Vec<&[String]> = self.only.iter().chain(&self.with).map(Vec::as_slice).collect();
            answer = keep(answer, &paths);
        } else if listed_in_full {
            self.drop_unasked(&mut answer);
        }
        for path in &self.without {
            remove(&mut answer, path);
        }
        answer
    }

    /// Takes out of a listing what it would not have had, but for what was asked for.
    fn drop_unasked(&self, answer: &mut Value) {
        let unasked = |name: &&&str| {
            !self.with.iter().any(|path| path.get(1).is_some_and(|asked| asked == **name || asked == "*"))
        };
        for name in EXTRA.iter().filter(unasked) {
            remove(answer, &["values".to_owned(), (*name).to_owned()]);
        }
    }
}

/// What single pull requests have and listed ones have not.
const EXTRA: [&str; 3] = ["participants", "reviewers", "rendered"];

fn keep(value: Value, paths: &[&[String]]) -> Value {
    if paths.iter().any(|path| path.is_empty()) {
        return value;
    }
    match value {
        Value::Array(items) => items.into_iter().map(|item| keep(item, paths)).collect(),
        Value::Object(object) => {
            let mut kept = serde_json::Map::new();
            for (key, inner) in object {
                let deeper: Vec<&[String]> =
                    paths.iter().filter(|path| path[0] == key || path[0] == "*").map(|path| &path[1..]).collect();
                if !deeper.is_empty() {
                    kept.insert(key, keep(inner, &deeper));
                }
            }
            Value::Object(kept)
        }
        scalar => scalar,
    }
}

fn remove(value: &mut Value, path: &[String]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| remove(item, path)),
        Value::Object(object) => match path {
            [] => {}
            [last] => {
                object.shift_remove(last);
            }
            [first, rest @ ..] => {
                if let Some(inner) = object.get_mut(first) {
                    remove(inner, rest);
                }
            }
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Fields;

    #[test]
    fn only_without_and_with() {
        let page = json!({"values": [{"uuid": "a", "links": {"self": 1, "html": 2}, "reviewers": [], "rendered": {}}], "next": "n", "page": 1});
        let apply = |text: &str| Fields::parse(text).apply(page.clone(), true);
        assert_eq!(apply("values.uuid,next"), json!({"values": [{"uuid": "a"}], "next": "n"}));
        assert_eq!(apply("values.links.html"), json!({"values": [{"links": {"html": 2}}]}));
        assert_eq!(apply("-values.links,-page"), json!({"values": [{"uuid": "a"}], "next": "n"}));
        assert_eq!(
            apply("+values.reviewers,-values.links"),
            json!({"values": [{"uuid": "a", "reviewers": []}], "next": "n", "page": 1})
        );
        assert_eq!(
            apply("values.*.self"),
            json!({"values": [{"uuid": "a", "links": {"self": 1}, "reviewers": [], "rendered": {}}]})
        );
        assert!(Fields::parse("+values.participants").wants_full() && !Fields::parse("values.uuid").wants_full());
    }
}
