//! From the arguments to the command.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::run::{Ended, write_out};
use super::args::{MappingCommand, SchemaArgs};
use super::document::{self, Surroundings};
use super::{check, pull, push, test};
use crate::cli::args::Global;
use crate::kinds::of_product;
use crate::mapping::document_schema;

pub(crate) async fn run(command: MappingCommand, global: Global) -> Ended {
    match command {
        MappingCommand::Check(args) => document::offline(move || check::run(&args, &global)).await,
        MappingCommand::Schema(args) => document::offline(move || schema(&args)).await,
        MappingCommand::Test(args) => document::offline(move || test::run(&args, &global)).await,
        MappingCommand::Pull(args) => pull::run(&args, &global).await,
        MappingCommand::Push(args) => push::run(args, global).await,
    }
}

fn schema(args: &SchemaArgs) -> Ended {
    let schema = document_schema(of_product(Surroundings::find(args.product).product()));
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| Failure::new("the schema cannot be written").because(error))?;
    write_out(&(text + "\n"))?;
    Ok(Exit::Done)
}
