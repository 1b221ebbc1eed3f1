//! What filters and orders may ask of an object.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use super::project::Project;
use super::pull_request::PullRequest;
use super::query::Scalar;
use super::repository::Repository;

/// An object that can be filtered, ordered and written.
pub(super) trait Facts {
    /// The fields at the top that a filter may name.
    const FIELDS: &'static [&'static str];

    /// What the most common fields hold, without writing the object first.
    fn quick(&self, field: &str) -> Option<Scalar<'_>>;

    /// The complete object as JSON.
    fn render(&self) -> Value;
}

/// An object with its JSON, made when a field asks for it.
pub(super) struct Lookup<'a, T> {
    object: &'a T,
    rendered: OnceCell<Value>,
}

impl<'a, T: Facts> Lookup<'a, T> {
    pub(super) fn new(object: &'a T) -> Self {
        Self { object, rendered: OnceCell::new() }
    }

    /// Everything that a dotted field leads to.
    pub(super) fn values(&self, field: &str) -> Vec<Scalar<'_>> {
        if let Some(scalar) = self.object.quick(field) {
            return vec![scalar];
        }
        let mut found = Vec::new();
        let path: Vec<&str> = field.split('.').collect();
        collect(self.rendered.get_or_init(|| self.object.render()), &path, &mut found);
        found
    }
}

fn collect<'a>(value: &'a Value, path: &[&str], found: &mut Vec<Scalar<'a>>) {
    if let Value::Array(items) = value {
        for item in items {
            collect(item, path, found);
        }
        return;
    }
    match (path.split_first(), value) {
        (Some((first, rest)), Value::Object(object)) => {
            if let Some(inner) = object.get(*first) {
                collect(inner, rest, found);
            }
        }
        (None, Value::String(text)) => found.push(Scalar::Text(Cow::Borrowed(text))),
        (None, Value::Number(number)) => found.extend(number.as_f64().map(Scalar::Number)),
        (None, Value::Bool(flag)) => found.push(Scalar::Flag(*flag)),
        (_, Value::Null) => found.push(Scalar::Null),
        _ => {}
    }
}

fn value(fill: impl FnOnce(&mut crate::json::Object<'_>)) -> Value {
    let mut out = Vec::new();
    crate::json::object(&mut out, fill);
    serde_json::from_slice(&out).unwrap_or_default()
}

impl Facts for Repository<'_> {
    const FIELDS: &'static [&'static str] = &[
        "uuid",
        "full_name",
        "name",
        "slug",
        "description",
        "scm",
        "website",
        "owner",
        "workspace",
        "is_private",
        "project",
        "fork_policy",
        "created_on",
        "updated_on",
        "size",
        "language",
        "has_issues",
        "has_wiki",
        "mainbranch",
        "parent",
    ];

    fn quick(&self, field: &str) -> Option<Scalar<'_>> {
        Some(match field {
            "name" => self.name.as_str().into(),
            "slug" => self.slug.as_str().into(),
            "full_name" => format!("{}/{}", self.world.workspace.slug, self.slug).into(),
            "uuid" => format!("{{{}}}", self.uuid).into(),
            "description" => self.description.as_str().into(),
            "language" => self.language.into(),
            "is_private" => Scalar::Flag(self.is_private),
            "has_issues" => Scalar::Flag(self.has_issues),
            "size" => Scalar::Number(self.size as f64),
            "created_on" => self.created.to_string().into(),
            "updated_on" => self.updated.to_string().into(),
            "project.key" => self.project.key.as_str().into(),
            "project.name" => self.project.name.as_str().into(),
            "project.uuid" => format!("{{{}}}", self.project.uuid).into(),
            "mainbranch.name" => self.main_branch.as_deref().map_or(Scalar::Null, Scalar::from),
            _ => return None,
        })
    }

    fn render(&self) -> Value {
        value(|repository| self.write(repository))
    }
}

impl Facts for PullRequest<'_> {
    const FIELDS: &'static [&'static str] = &[
        "id",
        "title",
        "description",
        "state",
        "draft",
        "author",
        "source",
        "destination",
        "merge_commit",
        "comment_count",
        "task_count",
        "close_source_branch",
        "closed_by",
        "reason",
        "created_on",
        "updated_on",
        "reviewers",
        "participants",
    ];

    fn quick(&self, field: &str) -> Option<Scalar<'_>> {
        Some(match field {
            "id" => Scalar::Number(self.id as f64),
            "title" => self.title.as_str().into(),
            "description" => self.description.as_str().into(),
            "state" => self.state.as_str().into(),
            "draft" => Scalar::Flag(self.draft),
            "created_on" => self.created.to_string().into(),
            "updated_on" => self.updated.to_string().into(),
            "author.uuid" => self.author.map_or(Scalar::Null, |author| format!("{{{}}}", author.uuid()).into()),
            _ => return None,
        })
    }

    fn render(&self) -> Value {
        value(|request| self.write_in_full(request))
    }
}

impl Facts for (&Project, &super::people::Workspace) {
    const FIELDS: &'static [&'static str] = &[
        "uuid",
        "key",
        "name",
        "description",
        "is_private",
        "created_on",
        "updated_on",
        "owner",
        "has_publicly_visible_repos",
    ];

    fn quick(&self, field: &str) -> Option<Scalar<'_>> {
        Some(match field {
            "key" => self.0.key.as_str().into(),
            "name" => self.0.name.as_str().into(),
            "is_private" => Scalar::Flag(self.0.is_private),
            _ => return None,
        })
    }

    fn render(&self) -> Value {
        value(|project| self.0.write_in_full(project, self.1))
    }
}
