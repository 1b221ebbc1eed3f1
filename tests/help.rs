//! The help of every command, as a person sees it. The commands come from the parser itself, so that none is missed.

use bitbucket_port::cli::{Cli, OceanCli};
use clap::{Command, CommandFactory};

/// The help of a command and of all below it, by their names as typed.
fn gather(command: &Command, prefix: &str, found: &mut Vec<(String, String)>) {
    let name =
        if prefix.is_empty() { command.get_name().to_owned() } else { format!("{prefix} {}", command.get_name()) };
    let help = command.clone().bin_name(name.clone()).term_width(100).render_long_help().to_string();
    for below in command.get_subcommands() {
        gather(below, &name, found);
    }
    found.push((name, help));
}

fn all(mut root: Command) -> Vec<(String, String)> {
    // Hands options of all commands down, as parsing does.
    root.build();
    let mut found = Vec::new();
    gather(&root, "", &mut found);
    found
}

#[test]
fn help() {
    for (name, help) in all(Cli::command()).into_iter().chain(all(OceanCli::command())) {
        insta::assert_snapshot!(name.replace(' ', "_"), help);
    }
}

#[test]
fn the_parser_is_sound() {
    Cli::command().debug_assert();
    OceanCli::command().debug_assert();
}

#[test]
fn every_command_and_option_says_what_it_is_for() {
    fn check(command: &Command, path: &str) {
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
        }
        for below in command.get_subcommands() {
            assert!(below.get_about().is_some(), "{path} {} has no description", below.get_name());
            check(below, &format!("{path} {}", below.get_name()));
        }
    }
    check(&Cli::command(), "bitbucket-port");
    check(&OceanCli::command(), "ocean");
}
