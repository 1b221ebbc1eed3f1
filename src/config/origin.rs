//! Where a value came from.

use std::fmt;

/// The place that gave a setting its value; shown in errors, warnings and `explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was given.
    Default,
    /// The settings file.
    File {
        /// The file as the user named it, for example `config.yaml`.
        name: String,
        /// Line of the value, from 1.
        line: usize,
        /// The variable that a `{{ from env NAME }}` template took it from.
        template: Option<String>,
    },
    /// A line of the `.env` file.
    DotEnv {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The variable set there.
        name: String,
    },
    /// A variable of the process environment.
    Variable {
        /// Its name as written.
        name: String,
    },
    /// A flag of the command line.
    Flag {
        /// For example `--workspace`.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line, template: None } => write!(f, "{name} line {line}"),
            Self::File { name, line, template: Some(from) } => write!(f, "{name} line {line} (from variable {from})"),
            Self::DotEnv { file, line, name } => write!(f, "{file} line {line} ({name})"),
            Self::Variable { name } => write!(f, "variable {name}"),
            Self::Flag { name } => write!(f, "flag {name}"),
        }
    }
}
