//! jq as Port runs it.
//!
//! Port's mappings are jq programs that its own runtime evaluates with libjq 1.8.2: one program per property, the first
//! output counts, no output or a failure is null. This crate evaluates the same programs on the jaq engine with the
//! results of libjq, and bounds each evaluation in time, steps, memory and stack, so that no mapping can hang or crash
//! the process that runs it.
//!
//! ```
//! use bitbucket_port_jq::{Compiler, Environment, Input, Limits};
//!
//! let limits = Limits::default();
//! let compiler = Compiler::new(limits, Environment::empty());
//! let program = compiler.compile(".name + '-' + (.id | tostring)")?;
//! let input = Input::parse(r#"{"name": "api", "id": 7}"#, &limits)?;
//! let output = program.first(&input)?.map(|output| output.into_json());
//! assert_eq!(output, Some(serde_json::json!("api-7")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Signatures
//!
//! * [`Compiler::new`]`(Limits, Environment)`, [`Compiler::compile`]`(&self, &str) -> Result<Program, CompileError>`
//! * [`Program::first`]`(&self, &Input) -> Result<Option<Output>, EvalError>`, [`Program::source`],
//!   [`Program::literal`]`() -> Option<serde_json::Value>`, [`Program::reads`]`() -> &Reads`
//! * [`Input::parse`]`(&str, &Limits) -> Result<Input, InputError>`, [`Input::insert`]`(&mut self, &str, Output)`,
//!   [`Output::from_json`]
//! * [`Output::into_json`], [`Output::as_bool`], [`Output::as_str`], [`Output::is_truthy`], [`Output::items`]
//! * [`is_file_reference`]`(&str) -> bool` for the `file://` values that are no jq
//! * [`spawn_worker`] starts a thread with the stack that deep expressions want
mod budget;
mod builtins;
mod compile;
mod environment;
mod error;
mod input;
mod limits;
mod output;
mod program;
mod quotes;
mod reads;
mod shortcut;
mod tree;
mod value;
mod walk;
mod worker;

pub use compile::Compiler;
pub use environment::Environment;
pub use error::{CompileError, EvalError, InputError};
pub use input::Input;
pub use limits::Limits;
pub use output::{Items, Output};
pub use program::Program;
pub use quotes::{double_outer_quotes, is_file_reference};
pub use reads::{Read, Reads, Step};
pub use worker::{WORKER_STACK_BYTES, spawn_worker};
