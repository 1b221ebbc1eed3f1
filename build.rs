//! Generates the clients and the kinds of each product into `OUT_DIR`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use bitbucket_port_codegen::{Product, Source};

/// Where a product is described.
struct Inputs {
    name: &'static str,
    spec: &'static str,
    kinds: &'static str,
    /// Variable that names an upstream document to lay underneath.
    upstream: &'static str,
}

const PRODUCTS: &[Inputs] = &[
    Inputs {
        name: "cloud",
        spec: "specs/bitbucket-cloud.yaml",
        kinds: "specs/kinds/cloud.toml",
        upstream: "BITBUCKET_CLOUD_SPEC",
    },
    Inputs {
        name: "datacenter",
        spec: "specs/bitbucket-datacenter.yaml",
        kinds: "specs/kinds/datacenter.toml",
        upstream: "BITBUCKET_DATACENTER_SPEC",
    },
];

fn main() {
    for inputs in PRODUCTS {
        if let Err(messages) = generate(inputs) {
            for message in messages {
                println!("cargo::error={message}");
            }
        }
    }
}

fn generate(inputs: &Inputs) -> Result<(), Vec<String>> {
    println!("cargo::rerun-if-env-changed={}", inputs.upstream);
    let upstream_path = env::var_os(inputs.upstream).filter(|path| !path.is_empty()).map(PathBuf::from);
    let upstream_name = upstream_path.as_ref().map(|path| path.display().to_string());
    let (spec, kinds) = (read(Path::new(inputs.spec), None)?, read(Path::new(inputs.kinds), None)?);
    let upstream = upstream_path.as_deref().map(|path| read(path, Some(inputs.upstream))).transpose()?;
    let upstream = upstream_name.as_deref().zip(upstream.as_deref()).map(|(name, text)| Source { name, text });
    let product = Product {
        name: inputs.name,
        spec: Source { name: inputs.spec, text: &spec },
        upstream,
        kinds: Source { name: inputs.kinds, text: &kinds },
    };
    let files = product.generate().map_err(|findings| findings.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| vec!["cargo did not set OUT_DIR".to_owned()])?;
    for file in files {
        write(&out.join(&file.path), &file.text).map_err(|message| vec![message])?;
    }
    Ok(())
}

fn read(path: &Path, variable: Option<&str>) -> Result<String, Vec<String>> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read_to_string(path).map_err(|error| {
        let named = variable.map(|name| format!(", named by {name},")).unwrap_or_default();
        vec![format!("{}{named} cannot be read: {error}", path.display())]
    })
}

/// Writes only what changed, so that an unchanged file is not compiled again.
fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
