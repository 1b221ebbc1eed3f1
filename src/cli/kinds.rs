//! `bitbucket-port kinds`: which kinds of objects there are, and what describes each.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::kinds::{Kind, cloud, datacenter};

use super::args::{Global, KindsArgs, ProductName};
use super::exit::Exit;
use super::failure::Failure;
use super::run::Ended;
use super::table::{Align, render};

pub(crate) fn run(args: &KindsArgs, global: &Global) -> Ended {
    let kinds = of_product(args.product);
    match &args.kind {
        None => {
            let all: Vec<Value> = kinds.iter().map(|kind| describe(*kind)).collect();
            global.print(&all, |_| table(&kinds))?;
        }
        Some(name) => {
            let named: Vec<Kind> = kinds.iter().copied().filter(|kind| kind.name() == name).collect();
            if named.is_empty() {
                let mut known: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
                known.sort_unstable();
                known.dedup();
                return Err(Failure::new(format!("there is no kind `{name}`"))
                    .remedy(format!("kinds are: {}", known.join(", "))));
            }
            let texts = || named.iter().map(|kind| text(*kind)).collect::<Vec<_>>().join("\n");
            if let [kind] = named[..] {
                global.print(&describe(kind), |_| texts())?;
            } else {
                let all: Vec<Value> = named.iter().map(|kind| describe(*kind)).collect();
                global.print(&all, |_| texts())?;
            }
        }
    }
    Ok(Exit::Done)
}

fn of_product(product: Option<ProductName>) -> Vec<Kind> {
    let (cloud, datacenter) = (cloud::KINDS, datacenter::KINDS);
    match product {
        Some(ProductName::Cloud) => cloud.to_vec(),
        Some(ProductName::Datacenter) => datacenter.to_vec(),
        None => [cloud, datacenter].concat(),
    }
}

fn table(kinds: &[Kind]) -> String {
    let header = ["product", "kind", "listed by", "selector", "needs"].map(|name| (name, Align::Left));
    let rows: Vec<Vec<String>> = kinds
        .iter()
        .map(|kind| {
            let info = kind.info();
            let each = info.each.map_or(String::new(), |parent| format!(" per {parent}"));
            let selector: Vec<_> = info.selector.iter().map(|field| field.name).collect();
            vec![
                info.product.to_owned(),
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
    let mut text = format!("{} ({kind}, {}): {}\n\n", info.title, info.product, info.doc);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "listed by   {} {}, {} a page", info.list.method, info.list.path, info.page_size);
    if let Some(parent) = info.each {
        let _ = writeln!(text, "            once per {parent}");
    }
    if let Some(within) = info.within {
        let _ = writeln!(text, "            or once per {within} that the selector names");
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
