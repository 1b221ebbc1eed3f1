//! From the arguments to the command.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::run::{Ended, write_out};
use super::args::MappingCommand;
use super::{check, document, test};
use crate::cli::args::Global;
use crate::kinds::cloud;
use crate::mapping::document_schema;

pub(crate) async fn run(command: MappingCommand, global: Global) -> Ended {
    document::offline(move || match command {
        MappingCommand::Check(args) => check::run(&args, &global),
        MappingCommand::Schema => schema(),
        MappingCommand::Test(args) => test::run(&args, &global),
    })
    .await
}

fn schema() -> Ended {
    let schema = document_schema(cloud::KINDS);
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| Failure::new("the schema cannot be written").because(error))?;
    write_out(&(text + "\n"))?;
    Ok(Exit::Done)
}
