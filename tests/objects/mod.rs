//! Objects of real shape, our own and recorded ones, and what their typed views keep of them.

use std::fs;
use std::path::{Path, PathBuf};

use bitbucket_port::bitbucket::Raw;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A payload of our own, by the path below `tests/payloads`.
pub(crate) fn payload(name: &str) -> String {
    fs::read_to_string(root().join("tests/payloads").join(name)).unwrap()
}

/// Every field of a payload that its view does not have, by path.
fn lost(sent: &Value, viewed: &Value, path: &str, out: &mut Vec<String>) {
    match (sent, viewed) {
        (Value::Object(sent), Value::Object(viewed)) => {
            for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
                let path = format!("{path}.{name}");
                match viewed.get(name) {
                    Some(viewed) => lost(value, viewed, &path, out),
                    None => out.push(path),
                }
            }
        }
        (Value::Array(sent), Value::Array(viewed)) => {
            sent.iter().zip(viewed).for_each(|(sent, viewed)| lost(sent, viewed, &format!("{path}[]"), out));
        }
        _ => {}
    }
}

/// The fields of an object that the description does not know.
pub(crate) fn lost_in_view<T: DeserializeOwned + Serialize>(text: &str) -> Vec<String> {
    let raw: Raw<T> = serde_json::from_str(text).unwrap();
    let view = raw.view().unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut out = Vec::new();
    lost(&serde_json::from_str(text).unwrap(), &serde_json::to_value(view).unwrap(), "", &mut out);
    out
}

/// Recorded answers live outside the repository; without them there is nothing to check.
pub(crate) fn recorded(product: &str) -> Option<PathBuf> {
    let folder = root().join("../shared/fixtures/bitbucket").join(product).join("api");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no recorded answers at {}", folder.display());
    None
}

/// Objects in a recording: those of a page, of a list of rows, or the one object.
fn objects(text: &str) -> Vec<Box<RawValue>> {
    #[derive(serde::Deserialize)]
    struct Page {
        values: Vec<Box<RawValue>>,
    }
    if let Ok(page) = serde_json::from_str::<Page>(text) {
        return page.values;
    }
    serde_json::from_str(text).unwrap_or_else(|_| vec![serde_json::from_str(text).unwrap()])
}

/// Views all objects of the recordings whose names hold one of `parts`, and hands each on with the name of its file;
/// returns how many there were.
pub(crate) fn view_recorded<T: DeserializeOwned>(
    product: &str,
    parts: &[&str],
    mut then: impl FnMut(&str, &str),
) -> usize {
    let Some(folder) = recorded(product) else { return usize::MAX };
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !parts.iter().any(|part| name.contains(part)) {
            continue;
        }
        for object in objects(&fs::read_to_string(&path).unwrap()) {
            let raw: Raw<T> = serde_json::from_str(object.get()).unwrap();
            raw.view().unwrap_or_else(|error| panic!("{name}: {error}"));
            then(&name, object.get());
            seen += 1;
        }
    }
    seen
}
