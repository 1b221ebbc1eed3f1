//! `bitbucket-port kinds`: which kinds of objects there are, and what describes each.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::kinds::{Kind, cloud};

use super::args::{Global, KindsArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::run::Ended;
use super::table::{Align, render};

pub(crate) fn run(args: &KindsArgs, global: &Global) -> Ended {
    match &args.kind {
        None => {
            let all: Vec<Value> = cloud::KINDS.iter().map(|kind| describe(*kind)).collect();
            global.print(&all, |_| table())?;
        }
        Some(name) => {
            let known = || cloud::KINDS.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
            let kind = cloud::KINDS.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| {
                Failure::new(format!("there is no kind `{name}`")).remedy(format!("kinds are: {}", known()))
            })?;
            global.print(&describe(kind), |_| text(kind))?;
        }
    }
    Ok(Exit::Done)
}

fn table() -> String {
    let header = [("kind", Align::Left), ("listed by", Align::Left), ("selector", Align::Left), ("needs", Align::Left)];
    let rows: Vec<Vec<String>> = cloud::KINDS
        .iter()
        .map(|kind| {
            let info = kind.info();
            let each = info.each.map_or(String::new(), |parent| format!(" per {parent}"));
            let selector: Vec<_> = info.selector.iter().map(|field| field.name).collect();
            vec![
                kind.to_string(),
                format!("{} {}{each}", info.list.method, info.list.path),
                selector.join(" "),
                info.permissions.join(" "),
            ]
        })
        .collect();
    render(&header, &rows)
}

fn text(kind: Kind) -> String {
    let info = kind.info();
    let mut text = format!("{} ({kind}): {}\n\n", info.title, info.doc);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "listed by   {} {}, {} a page", info.list.method, info.list.path, info.page_size);
    if let Some(parent) = info.each {
        let _ = writeln!(text, "            once per {parent}");
    }
    if let Some(get) = &info.get {
        let _ = writeln!(text, "fetched by  {} {}", get.method, get.path);
    }
    let _ = writeln!(text, "key         {}", info.key.join(", "));
    let _ = writeln!(text, "needs       {}", info.permissions.join(", "));
    if !info.live.upsert.is_empty() {
        let _ = writeln!(text, "events      {}", info.live.upsert.join(", "));
    }
    if !info.selector.is_empty() {
        text.push_str("\nselector, beside `query`:\n");
    }
    for field in info.selector {
        let default = field.default.map_or(String::new(), |default| format!(" (default {default})"));
        let values = if field.values.is_empty() { String::new() } else { format!(" [{}]", field.values.join("|")) };
        let _ = writeln!(text, "  {}{values}{default}: {}", field.name, field.doc);
    }
    text
}

fn describe(kind: Kind) -> Value {
    let info = kind.info();
    json!({
        "kind": info.name,
        "product": info.product,
        "title": info.title,
        "description": info.doc,
        "list": { "operation": info.list.id, "method": info.list.method, "path": info.list.path },
        "get": info.get.as_ref().map(|get| json!({ "operation": get.id, "method": get.method, "path": get.path })),
        "each": info.each.map(Kind::name),
        "key": info.key,
        "page_size": info.page_size,
        "permissions": info.permissions,
        "events": { "upsert": info.live.upsert, "delete": info.live.delete },
        "selector": kind.selector_schema(),
    })
}
