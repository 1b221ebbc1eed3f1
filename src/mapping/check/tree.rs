//! Selectors of `folder` and `file`, kinds that Port's runtime has and this version does not list.
//!
//! Port's documentation writes forms that its code refuses: both are taken, and what only the documentation knows is
//! named where a mapping must work at Port.

use super::checker::{Checker, Portability, length};
use super::finding::{Level, Rule};
use super::portable;
use crate::mapping::node::Key;
use crate::mapping::{Content, Node};

const FOLDER: &[&str] = &["path", "repos"];
const FOLDER_REPOSITORY: &[&str] = &["name", "branch"];
const FILES: &[&str] = &["path", "repos", "repo", "skipParsing", "filenames"];

impl Checker<'_> {
    /// The selector of a kind that only Port's runtime has.
    pub(super) fn absent_kind(&mut self, kind: &str, entries: &[(Key, Node)]) {
        let Some(fields) = portable::selector_fields(self.check.product, kind) else { return };
        self.known_keys(entries, fields, &format!("the selector of {kind}"));
        for (key, node) in entries {
            match (kind, key.name.as_str(), &node.content) {
                ("folder", "folders", Content::List(folders)) => {
                    for folder in folders {
                        self.folder(folder);
                    }
                }
                ("folder", "folders", _) => self.wrong_form(node, "`folders`", "a list"),
                ("file", "files", Content::List(files)) => {
                    self.only_documented(node, "a list of `files`");
                    for files in files {
                        self.files(files);
                    }
                }
                ("file", "files", _) => self.files(node),
                _ => {}
            }
        }
        for needed in fields.iter().filter(|name| ["folders", "files"].contains(name)) {
            if !entries.iter().any(|(key, node)| key.name == *needed && !node.is_null()) {
                let at = entries.first().map(|(key, _)| key.position).unwrap_or_default();
                self.report(
                    Level::Warning,
                    Rule::Selector,
                    at,
                    1,
                    format!("`{needed}` of the selector of {kind} is missing"),
                );
            }
        }
    }

    fn folder(&mut self, node: &Node) {
        let Some(entries) = self.map(node, "a folder") else { return };
        self.known_keys(entries, FOLDER, "a folder");
        self.path(node);
        for repository in self.items_of(node, "repos") {
            match &repository.content {
                Content::Map(entries) => {
                    self.known_keys(entries, FOLDER_REPOSITORY, "a folder's repository");
                    for name in FOLDER_REPOSITORY {
                        self.text(repository, name);
                    }
                }
                Content::Text(_) => self.only_documented(repository, "a repository that is named by a text"),
                _ => self.wrong_form(repository, "a repository", "a text or a map of `name` and `branch`"),
            }
        }
    }

    fn files(&mut self, node: &Node) {
        let Some(entries) = self.map(node, "`files`") else { return };
        self.known_keys(entries, FILES, "`files`");
        self.path(node);
        if let Some(path) =
            node.get("path").filter(|path| matches!(&path.content, Content::Text(text) if text.contains("**")))
        {
            self.only_documented(path, "`**` in the path of files");
        }
        if let Some(repository) = node.get("repo") {
            self.only_documented(repository, "`repo` (its name is `repos`)");
            if !matches!(repository.content, Content::List(_)) {
                self.text(node, "repo");
            }
        }
        for list in ["repos", "repo", "filenames"] {
            for item in self.items_of(node, list) {
                if !matches!(item.content, Content::Text(_)) {
                    self.wrong_form(item, &format!("an item of `{list}`"), "a text");
                }
            }
        }
        if let Some(skip) =
            node.get("skipParsing").filter(|skip| !matches!(skip.content, Content::Bool(_) | Content::Null))
        {
            self.wrong_form(skip, "`skipParsing`", "true or false");
        }
    }

    fn path(&mut self, node: &Node) {
        self.text(node, "path");
    }

    fn text(&mut self, node: &Node, name: &str) {
        if let Some(value) = node.get(name).filter(|value| !matches!(value.content, Content::Text(_) | Content::Null)) {
            self.wrong_form(value, &format!("`{name}`"), "a text");
        }
    }

    /// The items of a list; anything but a list (or, for `repo`, a text) is reported.
    fn items_of<'n>(&mut self, node: &'n Node, name: &str) -> &'n [Node] {
        match node.get(name).map(|value| (&value.content, value)) {
            Some((Content::List(items), _)) => items,
            None | Some((Content::Null, _)) => &[],
            Some((Content::Text(_), _)) if name == "repo" => &[],
            Some((_, value)) => {
                self.wrong_form(value, &format!("`{name}`"), "a list");
                &[]
            }
        }
    }

    fn wrong_form(&mut self, node: &Node, what: &str, must_be: &str) {
        let message = format!("{what} is {}; it must be {must_be}", node.sort());
        self.report(
            Level::Error,
            Rule::Selector,
            node.position,
            length(&node.content.program().unwrap_or_default()),
            message,
        );
    }

    fn only_documented(&mut self, node: &Node, what: &str) {
        if self.check.portability == Portability::Required {
            let message = format!("Port's runtime refuses {what}, though its documentation has it");
            let width = length(&node.content.program().unwrap_or_default());
            self.report(Level::Error, Rule::NotPortable, node.position, width, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Portability;
    use super::super::finding::Rule;
    use super::super::tests::{check, shown};

    /// The forms of Port's documentation beside those of its code, and mistakes in both.
    const TREES: &str = r#"
resources:
  - kind: folder
    selector:
      query: "true"
      folders:
        - path: "*"
          repos: [one, { name: two, branch: main }]
        - repos: [three]
    port: { entity: { mappings: { identifier: .folder.name, blueprint: '"b"' } } }
  - kind: file
    selector:
      query: "true"
      files: [{ path: "**/package.json", repo: one }, { path: a/*.yaml, repos: [two], filenames: [x], skipParsing: true }]
    port: { entity: { mappings: { identifier: .path, blueprint: '"b"' } } }
  - kind: file
    selector:
      query: "true"
      files: { path: 7, repos: one, filnames: [a], skipParsing: maybe, filenames: [[]] }
    port: { entity: { mappings: { identifier: .path, blueprint: '"b"' } } }
  - kind: folder
    selector:
      query: "true"
      folder: [{ path: "*" }]
    port: { entity: { mappings: { identifier: .folder.path, blueprint: '"b"' } } }
  - kind: folder
    selector: { query: "true", folders: { path: "*" } }
    port: { entity: { mappings: { identifier: .folder.path, blueprint: '"b"' } } }
  - kind: folder
    selector: { query: "true", folders: [{ path: "*", repos: [{ nam: a, branch: [] }, 7] }, "*"] }
    port: { entity: { mappings: { identifier: .folder.path, blueprint: '"b"' } } }
"#;

    #[test]
    fn selectors_of_trees_are_taken_as_documented_and_as_coded() {
        insta::assert_snapshot!("trees", shown(&check(TREES, None, Portability::Free)));
        let portable = check(TREES, None, Portability::Required);
        let refused: Vec<_> = portable.into_iter().filter(|finding| finding.rule == Rule::NotPortable).collect();
        insta::assert_snapshot!("trees_at_port", shown(&refused));
    }
}
