//! Where the lines go.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A file that grows, or a stream such as standard output.
pub(super) enum Sink {
    File(File),
    Stream(Box<dyn Write + Send>),
}

impl Sink {
    /// Opens a file to append to it. A last line that a killed process left unfinished is ended first.
    pub(super) fn append(path: &Path) -> std::io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // Pipes and devices have no end to look at.
        if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok(Self::File(file))
    }

    /// Writes whole lines: all of them, or, into a file, none.
    pub(super) fn write(&mut self, lines: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Stream(stream) => stream.write_all(lines).and_then(|()| stream.flush()),
            Self::File(file) => {
                let before = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
                file.write_all(lines).inspect_err(|_| {
                    if let Some(length) = before {
                        drop(file.set_len(length));
                    }
                })
            }
        }
    }

    /// Makes what was written durable, where that means anything.
    pub(super) fn sync(&mut self) -> std::io::Result<()> {
        match self {
            Self::Stream(stream) => stream.flush(),
            Self::File(file) if file.metadata()?.is_file() => file.sync_data(),
            Self::File(_) => Ok(()),
        }
    }
}
