//! `cargo xtask generate`: what a build would generate, in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bitbucket_port_codegen::{Product, Source};
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// The product: the stem of its table in specs/kinds.
    product: String,
    /// The folder to write to; it is created.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A description as Atlassian publishes it, to lay under our own.
    #[arg(long, value_name = "FILE")]
    upstream: Option<PathBuf>,
    /// The folder with our descriptions.
    #[arg(long, value_name = "DIR", default_value = "specs")]
    specs: PathBuf,
}

impl Generate {
    /// Generates and writes; a line about it, or everything that cannot be used.
    pub(crate) fn run(&self) -> Result<String, String> {
        let spec = self.specs.join(format!("bitbucket-{}.yaml", self.product));
        let kinds = self.specs.join("kinds").join(format!("{}.toml", self.product));
        let (spec_text, kinds_text) = (read(&spec)?, read(&kinds)?);
        let upstream_text = self.upstream.as_deref().map(read).transpose()?;
        let [spec, kinds] = [&spec, &kinds].map(|path| path.display().to_string());
        let upstream = self.upstream.as_ref().map(|path| path.display().to_string());
        let began = Instant::now();
        let product = Product {
            name: &self.product,
            spec: Source { name: &spec, text: &spec_text },
            upstream: upstream.as_deref().zip(upstream_text.as_deref()).map(|(name, text)| Source { name, text }),
            kinds: Source { name: &kinds, text: &kinds_text },
        };
        let files = product
            .generate()
            .map_err(|findings| findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
        let took = began.elapsed();
        let lines: usize = files.iter().map(|file| file.text.lines().count()).sum();
        for file in &files {
            write(&self.out.join(&file.path), &file.text)?;
        }
        Ok(format!("{} files, {lines} lines, generated in {took:.2?}, in {}", files.len(), self.out.display()))
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
