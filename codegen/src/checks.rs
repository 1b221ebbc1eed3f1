//! What a table of kinds has to hold to, so that code can be generated from it.

use indexmap::IndexMap;

use crate::client::{Form, form};
use crate::kinds::{Bind, Field, From, Kind, Purpose, live_path};
use crate::operation::{Answer, Operation, Place};
use crate::schema::{Schema, Shape};
use crate::spec::Spec;
use crate::table::{At, TableReader};

/// The checks that need the spec and the other kinds.
pub(crate) struct Checks<'c, 'a> {
    pub(crate) spec: &'c Spec,
    pub(crate) kinds: &'c IndexMap<String, Kind>,
    pub(crate) reader: &'c mut TableReader<'a>,
}

impl<'c> Checks<'c, '_> {
    /// Checks all kinds; what is wrong is left in the reader.
    pub(crate) fn run(mut self) {
        for kind in self.kinds.values() {
            self.kind(kind);
        }
    }

    fn kind(&mut self, kind: &Kind) {
        self.parents(kind);
        let Some(list) = self.operation(&kind.list, &kind.name.value) else { return };
        let items = self.items(kind, list);
        self.path(list, &kind.bind, &format!("{}.bind", kind.name.value), &kind.list);
        for bind in &kind.bind {
            self.parent_field(kind.each.as_ref(), bind);
        }
        self.within(kind, list);
        self.page_size(kind, list);
        if kind.key.value.is_empty() {
            self.reader.complain(
                &kind.key.span,
                &format!("{}.key", kind.name.value),
                "is empty; name the fields that identify an object",
            );
        }
        if let Some(items) = items {
            for field in &kind.key.value {
                self.key_field(items, field, &kind.key, &format!("{}.key", kind.name.value));
            }
            self.stable(kind, items);
        }
        self.selector(kind, list);
        self.get(kind);
        self.live(kind);
    }

    /// What stays the same is read like the key.
    fn stable(&mut self, kind: &Kind, items: &Schema) {
        let Some(stable) = &kind.stable else { return };
        let key = format!("{}.stable", kind.name.value);
        if stable.value.is_empty() {
            self.reader.complain(&stable.span, &key, "is empty; name the fields that stay the same, or leave it out");
        }
        for field in &stable.value {
            self.key_field(items, field, stable, &key);
        }
    }

    fn operation(&mut self, id: &At<String>, kind: &str) -> Option<&'c Operation> {
        let spec = self.spec;
        let found = spec.operation(&id.value);
        if found.is_none() {
            let key = format!("{kind}.{}", id.key);
            self.reader.complain(&id.span, &key, format!("names `{}`, which is no operation of the spec", id.value));
        }
        found
    }

    fn items(&mut self, kind: &Kind, list: &'c Operation) -> Option<&'c Schema> {
        let spec = self.spec;
        if let (Form::Page { .. }, Some(Answer::Json(schema))) = (form(spec, list), &list.answer) {
            return spec.page_items(schema);
        }
        let key = format!("{}.list", kind.name.value);
        self.reader.complain(&kind.list.span, &key, format!("`{}` does not answer with a page of objects", list.id));
        None
    }

    /// Every path parameter is bound, and nothing else is.
    fn path(&mut self, operation: &Operation, bind: &[Bind], key: &str, at: &At<String>) {
        let in_path: Vec<&str> = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == Place::Path)
            .map(|parameter| parameter.name.as_str())
            .collect();
        for name in &in_path {
            if !bind.iter().any(|bind| bind.parameter.value == *name) {
                let message = format!("path parameter `{name}` of `{}` is not bound; add it", operation.id);
                self.reader.complain(&at.span, key, message);
            }
        }
        for bind in bind.iter().filter(|bind| !in_path.contains(&bind.parameter.value.as_str())) {
            let message = format!("`{}` has no such path parameter; it has {}", operation.id, in_path.join(", "));
            self.reader.complain(&bind.parameter.span, &bind.parameter.key, message);
        }
        for parameter in
            operation.parameters.iter().filter(|parameter| parameter.required && parameter.place != Place::Path)
        {
            let message = format!("`{}` requires `{}`, which a kind cannot give", operation.id, parameter.name);
            self.reader.complain(&at.span, key, message);
        }
    }

    /// Fields bound in a listing are those of the parent object, written `<parent>.<field>`.
    fn parent_field(&mut self, parent: Option<&At<String>>, bind: &Bind) {
        let From::Field(path) = &bind.from else { return };
        let at = &bind.parameter;
        let parent = parent.map(|parent| parent.value.as_str());
        let Some((name, field)) = path.split_once('.').filter(|(name, _)| Some(*name) == parent) else {
            let message = match parent {
                Some(parent) => format!("`{path}` is not a field of the parent; write `{parent}.<field>`"),
                None => format!("`{path}` needs a parent: set `each`, or bind a value of the settings (`@workspace`)"),
            };
            self.reader.complain(&at.span, &at.key, message);
            return;
        };
        let items = self.kinds.get(name).and_then(|parent| self.object_of(parent));
        if let Some(items) = items {
            self.key_field(items, field, at, &at.key);
        }
    }

    /// The listing within named objects gives the same objects as the usual one.
    fn within(&mut self, kind: &Kind, list: &Operation) {
        let Some(within) = &kind.within else { return };
        let key = format!("{}.within", kind.name.value);
        if let Some(each) = &kind.each {
            self.reader.complain(
                &each.span,
                &each.key,
                "cannot stand beside `within`: the listing has a parent already",
            );
        }
        if !self.kinds.contains_key(&within.kind.value) {
            let message = format!("names `{}`, which is no kind", within.kind.value);
            self.reader.complain(&within.kind.span, &within.kind.key, message);
        }
        let named = kind.selector.iter().find(|field| field.name.value == within.named.value);
        if named.is_none_or(|field| field.purpose != Purpose::FilterSet) {
            let message = format!("`{}` is no selector field of the kind with `filter = \"set\"`", within.named.value);
            self.reader.complain(&within.named.span, &format!("{key}.named"), message);
        }
        let Some(operation) = self.operation(&within.list, &key) else { return };
        if form(self.spec, operation) != form(self.spec, list) {
            let message = format!("`{}` does not answer as `{}` does", operation.id, list.id);
            self.reader.complain(&within.list.span, &format!("{key}.list"), message);
        }
        self.path(operation, &within.bind, &format!("{key}.bind"), &within.list);
        for bind in &within.bind {
            self.parent_field(Some(&within.kind), bind);
        }
        self.page_size(kind, operation);
    }

    fn object_of(&self, kind: &Kind) -> Option<&'c Schema> {
        match &self.spec.operation(&kind.list.value)?.answer {
            Some(Answer::Json(schema)) => self.spec.page_items(schema),
            _ => None,
        }
    }

    /// A field by which objects are identified: it exists and is a text or a whole number.
    fn key_field<T>(&mut self, object: &Schema, field: &str, at: &At<T>, key: &str) {
        match self.spec.field(object, field) {
            Ok(Schema { shape: Shape::String | Shape::Integer, .. }) => {}
            Ok(_) => {
                let message = format!("`{field}` is neither a text nor a whole number");
                self.reader.complain(&at.span, key, message);
            }
            Err(segment) => {
                let message = format!("`{field}`: the spec has no field `{segment}` there");
                self.reader.complain(&at.span, key, message);
            }
        }
    }

    fn parents(&mut self, kind: &Kind) {
        let mut seen = vec![kind.name.value.as_str()];
        let mut here = kind;
        while let Some(each) = &here.each {
            let Some(parent) = self.kinds.get(&each.value) else {
                if here.name.value == kind.name.value {
                    self.reader.complain(&each.span, &each.key, format!("names `{}`, which is no kind", each.value));
                }
                return;
            };
            if seen.contains(&parent.name.value.as_str()) {
                let circle = format!("{} → {}", seen.join(" → "), parent.name.value);
                self.reader.complain(&each.span, &each.key, format!("closes a circle of parents: {circle}"));
                return;
            }
            seen.push(&parent.name.value);
            here = parent;
        }
    }

    fn page_size(&mut self, kind: &Kind, list: &Operation) {
        let Some(paging) = &self.spec.paging else { return };
        if !list.parameters.iter().any(|known| known.name == paging.size && known.place == Place::Query) {
            let key = format!("{}.page_size", kind.name.value);
            let message =
                format!("`{}` has no query parameter `{}` to ask for it; declare it in the spec", list.id, paging.size);
            self.reader.complain(&kind.list.span, &key, message);
        }
    }

    fn selector(&mut self, kind: &Kind, list: &Operation) {
        for field in &kind.selector {
            let Purpose::Query(parameter) = &field.purpose else { continue };
            let known = list.parameters.iter().find(|known| known.name == *parameter && known.place == Place::Query);
            match known.map(|known| &known.schema.shape) {
                Some(Shape::String) => {}
                Some(Shape::Array(items)) if matches!(items.shape, Shape::String) => {}
                Some(_) => self.field_finding(field, format!("query parameter `{parameter}` is not a text")),
                None => self.field_finding(field, format!("`{}` has no query parameter `{parameter}`", list.id)),
            }
        }
        let Some(extends) = &kind.extends else { return };
        let key = format!("{}.selector.extends", kind.name.value);
        let mut seen = vec![kind.name.value.as_str()];
        let mut here = extends;
        loop {
            let Some(base) = self.kinds.get(&here.value) else {
                self.reader.complain(&extends.span, &key, format!("names `{}`, which is no kind", here.value));
                return;
            };
            if seen.contains(&base.name.value.as_str()) {
                self.reader.complain(
                    &extends.span,
                    &key,
                    format!("closes a circle: {} → {}", seen.join(" → "), here.value),
                );
                return;
            }
            for field in &kind.selector {
                if base.selector.iter().any(|known| known.name.value == field.name.value) {
                    self.field_finding(field, format!("is already a selector field of `{}`", base.name.value));
                }
            }
            seen.push(&base.name.value);
            match &base.extends {
                Some(next) => here = next,
                None => return,
            }
        }
    }

    fn field_finding(&mut self, field: &Field, message: String) {
        self.reader.complain(&field.name.span, &field.name.key, message);
    }

    fn get(&mut self, kind: &Kind) {
        let Some(get) = &kind.get else { return };
        let spec = self.spec;
        let Some(operation) = spec.operation(&get.operation.value) else {
            let message = format!("names `{}`, which is no operation of the spec", get.operation.value);
            self.reader.complain(&get.operation.span, &format!("{}.get.operation", kind.name.value), message);
            return;
        };
        self.path(operation, &get.bind, &format!("{}.get.bind", kind.name.value), &get.operation);
        if !matches!(form(spec, operation), Form::Raw { .. }) {
            let message = format!("`{}` does not answer with one object", operation.id);
            self.reader.complain(&get.operation.span, &format!("{}.get.operation", kind.name.value), message);
        }
        for bind in &get.bind {
            if let From::Field(field) = &bind.from
                && !kind.key.value.contains(field)
            {
                let message = format!("`{field}` is not in the key of the kind, which is all there is to fetch by");
                self.reader.complain(&bind.parameter.span, &bind.parameter.key, message);
            }
        }
    }

    /// Each field of the key is found in an event, by the path parameter it is fetched with.
    fn live(&mut self, kind: &Kind) {
        if kind.live.upsert.is_empty() && kind.live.delete.is_empty() {
            return;
        }
        let key = format!("{}.live.key", kind.name.value);
        for field in &kind.key.value {
            if live_path(kind, field).is_none() {
                let message =
                    format!("does not say where an event holds `{field}`; add the path parameter it is fetched by");
                self.reader.complain(&kind.name.span, &key, message);
            }
        }
        for (index, event) in kind.live.upsert.iter().chain(&kind.live.delete).enumerate() {
            if kind.live.upsert.iter().chain(&kind.live.delete).take(index).any(|known| known == event) {
                let key = format!("{}.live", kind.name.value);
                self.reader.complain(&kind.name.span, &key, format!("names the event `{event}` twice"));
            }
        }
        for entry in &kind.live.key {
            let used = kind
                .get
                .iter()
                .flat_map(|get| &get.bind)
                .any(|bind| bind.parameter.value == entry.key && matches!(bind.from, From::Field(_)));
            if !used {
                let message = format!("`{}` is no path parameter that the fetch takes from the key", entry.key);
                self.reader.complain(&entry.span, &key, message);
            }
        }
    }
}
