//! The folder of a mapping test: which payload files there are, and where what is expected of each stands.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;

/// A file of payloads and the file with what is expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// The kind of its objects.
    pub(super) kind: String,
    /// Its name within the folder, for people.
    pub(super) name: String,
    pub(super) payloads: PathBuf,
    pub(super) expected: PathBuf,
}

/// The mapping of the folder.
pub(super) fn mapping(dir: &Path) -> Result<PathBuf, Failure> {
    ["mapping.yaml", "mapping.yml", "mapping.json"]
        .iter()
        .map(|name| dir.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| Failure::new(format!("{} has no mapping.yaml", dir.display())))
}

/// All files of payloads, by name.
pub(super) fn cases(dir: &Path) -> Result<Vec<Case>, Failure> {
    let payloads = dir.join("payloads");
    let mut cases = vec![];
    for entry in entries(&payloads)? {
        let stem = stem(&entry);
        if entry.is_dir() {
            for file in entries(&entry)?.into_iter().filter(|file| is_payload(file)) {
                cases.push(case(dir, &file, &stem, &format!("{stem}/{}", self::stem(&file))));
            }
        } else if is_payload(&entry) {
            cases.push(case(dir, &entry, &stem, &stem));
        }
    }
    if cases.is_empty() {
        return Err(Failure::new(format!("{} has no payloads", payloads.display()))
            .remedy("put objects as Bitbucket sends them into payloads/KIND.json"));
    }
    Ok(cases)
}

fn case(dir: &Path, payloads: &Path, kind: &str, name: &str) -> Case {
    Case {
        kind: kind.to_owned(),
        name: name.to_owned(),
        payloads: payloads.to_owned(),
        expected: dir.join("expected").join(format!("{name}.json")),
    }
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(format!("{} cannot be read", dir.display())).because(error);
    let mut paths = fs::read_dir(dir)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn is_payload(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl")
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
