//! Reads the sources of this process: the only part of the settings that does I/O.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::problem::Problem;
use super::surroundings::Surroundings;
use super::{Loaded, Override, Secret, SettingsErrors, Sources, TextFile, load};

/// Longest `config.yaml` or `.env` that is read.
const LONGEST_FILE: u64 = 1 << 20;
/// Longest file with a token.
const LONGEST_SECRET: u64 = 64 << 10;
/// The writable folder of the container images.
const CONTAINER_FOLDER: &str = "/tmp/ocean";

/// Where the files are.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Folder of `.env` and `config.yaml`; the working directory if empty.
    pub directory: PathBuf,
    /// Another settings file, which then must exist.
    pub config: Option<PathBuf>,
}

/// Reads environment, `.env` and `config.yaml`, and loads the settings with `overrides` on top.
pub fn load_from_process(files: &Files, overrides: Vec<Override>) -> Result<Loaded, SettingsErrors> {
    load(&read_sources(files, overrides))
}

/// Reads what [`load`] needs; what cannot be read is among the sources as a problem.
#[must_use]
pub fn read_sources(files: &Files, overrides: Vec<Override>) -> Sources {
    let mut unreadable = Vec::new();
    let variables = variables(&mut unreadable);
    let dotenv = optional(&files.directory.join(".env"), &mut unreadable);
    let config = match &files.config {
        Some(path) => required(path, &mut unreadable),
        None => optional(&files.directory.join("config.yaml"), &mut unreadable),
    };
    Sources { overrides, surroundings: surroundings(&variables), variables, dotenv, config, unreadable }
}

/// The token in a file, or on standard input where the path is `-`; trailing line breaks are left out.
pub fn read_secret(path: &Path) -> io::Result<Secret> {
    let text = if path == Path::new("-") {
        read_limited(io::stdin().lock(), LONGEST_SECRET)?
    } else {
        read_limited(File::open(path)?, LONGEST_SECRET)?
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it holds no token"));
    }
    Ok(Secret::new(text))
}

fn variables(unreadable: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => variables.push((name, value)),
            (Ok(name), Err(_)) if is_ours(&name) => {
                unreadable.push(problem(name, "is not valid UTF-8"));
            }
            _ => {}
        }
    }
    variables
}

fn is_ours(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.starts_with("OCEAN__") || upper.starts_with("APPLICATION__")
}

fn problem(key: String, what: impl Into<String>) -> Problem {
    Problem { key, origin: None, what: what.into(), fix: None }
}

fn optional(path: &Path, unreadable: &mut Vec<Problem>) -> Option<TextFile> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        opened => text_file(path, opened, unreadable),
    }
}

fn required(path: &Path, unreadable: &mut Vec<Problem>) -> Option<TextFile> {
    text_file(path, File::open(path), unreadable)
}

fn text_file(path: &Path, opened: io::Result<File>, unreadable: &mut Vec<Problem>) -> Option<TextFile> {
    let name = path.display().to_string();
    match opened.and_then(|file| read_limited(file, LONGEST_FILE)) {
        Ok(text) => Some(TextFile { name, text }),
        Err(error) => {
            unreadable.push(problem(name, format!("cannot be read: {error}")));
            None
        }
    }
}

fn read_limited(reader: impl Read, longest: u64) -> io::Result<String> {
    let mut text = String::new();
    reader.take(longest + 1).read_to_string(&mut text)?;
    if text.len() as u64 > longest {
        let what = format!("it is longer than {} KiB", longest >> 10);
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(text)
}

fn surroundings(variables: &[(String, String)]) -> Surroundings {
    let folder = |name: &str| {
        let value = variables.iter().find(|(known, _)| known == name).map(|(_, value)| PathBuf::from(value));
        value.filter(|path| path.is_absolute())
    };
    Surroundings {
        container_folder: Some(PathBuf::from(CONTAINER_FOLDER)).filter(|path| is_writable(path)),
        state_home: folder("XDG_STATE_HOME"),
        home: folder("HOME"),
        temporary: std::env::temp_dir(),
    }
}

/// Tried out, because permissions alone say nothing of read-only mounts.
fn is_writable(folder: &Path) -> bool {
    if !folder.is_dir() {
        return false;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let probe = folder.join(format!(".bitbucket-port-{}-{}", std::process::id(), now.as_nanos()));
    // A new file only: the folder may be shared, and a link planted there must not be followed.
    let written = File::create_new(&probe).is_ok();
    written && fs::remove_file(&probe).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), "integration: {config: {bitbucketWorkspace: acme}}").unwrap();
        fs::write(folder.path().join(".env"), "OCEAN__STATE_PATH=/s").unwrap();
        let files = Files { directory: folder.path().to_owned(), config: None };
        let sources = read_sources(&files, Vec::new());
        assert!(sources.unreadable.is_empty(), "{:?}", sources.unreadable);
        assert!(sources.config.is_some() && sources.dotenv.is_some());

        fs::write(folder.path().join("config.yaml"), " ".repeat((1 << 20) + 1)).unwrap();
        fs::write(folder.path().join(".env"), b"A=\xff").unwrap();
        let sources = read_sources(&files, Vec::new());
        assert_eq!(sources.unreadable.len(), 2, "{:?}", sources.unreadable);
    }

    #[test]
    fn a_named_settings_file_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { directory: folder.path().to_owned(), config: Some(folder.path().join("mine.yaml")) };
        assert_eq!(read_sources(&files, Vec::new()).unreadable.len(), 1);
        assert!(read_sources(&Files { config: None, ..files }, Vec::new()).unreadable.is_empty());
    }

    #[test]
    fn a_token_file_loses_its_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "0123456789\n").unwrap();
        assert_eq!(read_secret(&path).unwrap().expose(), "0123456789");
        fs::write(&path, "\n").unwrap();
        assert!(read_secret(&path).is_err());
    }
}
