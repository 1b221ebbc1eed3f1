//! The sandbox servers as a program of their own, for measurements and for trying things out by hand.

use std::time::Duration;

use bitbucket_port_sandbox::cloud::{self, World, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Faults, Occurrence, StartError};
use clap::{Args, Parser, Subcommand};
use tokio::io::AsyncReadExt as _;

/// Servers on this machine that answer as Bitbucket and Port do.
///
/// The first line on standard output is the address. The server runs until it is killed or its standard input ends.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    server: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// Bitbucket Cloud.
    Cloud {
        #[command(flatten)]
        world: WorldArguments,
        #[command(flatten)]
        network: NetworkArguments,
    },
}

#[derive(Debug, Args)]
struct WorldArguments {
    /// Everything not said otherwise follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Slug of the workspace
    #[arg(long, default_value = "acme")]
    workspace: String,
    /// How many projects
    #[arg(long, default_value_t = 12)]
    projects: u32,
    /// How many repositories
    #[arg(long, default_value_t = 100)]
    repositories: u32,
    /// How many pull requests in each repository
    #[arg(long, default_value_t = 10)]
    pull_requests: u32,
    /// Share of them that is open, in percent
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u8).range(..=100))]
    open_percent: u8,
    /// Give every repository a main branch
    #[arg(long)]
    no_empty_repositories: bool,
}

#[derive(Debug, Args)]
struct NetworkArguments {
    /// Port of the loopback interface, 0 for a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// What every answer takes at least, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Share of requests answered with 503, from 0 to 1
    #[arg(long, default_value_t = 0.0)]
    fail: f64,
    /// Share of requests answered with 429, from 0 to 1
    #[arg(long, default_value_t = 0.0)]
    throttle: f64,
    /// Share of answers that are cut off, from 0 to 1
    #[arg(long, default_value_t = 0.0)]
    truncate: f64,
    /// Never compress
    #[arg(long)]
    no_gzip: bool,
}

impl WorldArguments {
    fn spec(&self) -> WorldSpec {
        WorldSpec {
            seed: self.seed,
            workspace: self.workspace.clone(),
            projects: self.projects,
            repositories: self.repositories,
            pull_requests_per_repository: self.pull_requests,
            open_percent: self.open_percent,
            empty_repositories: !self.no_empty_repositories,
        }
    }
}

impl NetworkArguments {
    fn faults(&self, seed: u64) -> Faults {
        let faults = Faults::seeded(seed);
        faults.set_latency(Duration::from_millis(self.latency_ms));
        for (share, fault) in [
            (self.fail, Fault::Status { status: 503, retry_after: None }),
            (self.throttle, Fault::Status { status: 429, retry_after: Some("1".to_owned()) }),
            (self.truncate, Fault::Truncate { keep: 600 }),
        ] {
            if share > 0.0 {
                faults.add(FaultRule::on("**", Occurrence::Share(share), fault));
            }
        }
        faults
    }
}

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let Which::Cloud { world, network } = Arguments::parse().server;
    let options = cloud::Options {
        port: network.port,
        compress: !network.no_gzip,
        faults: network.faults(world.seed),
        ..cloud::Options::default()
    };
    let server = cloud::Server::start(World::generate(&world.spec()), options).await?;
    println!("{}", server.url());
    until_input_ends().await;
    Ok(())
}

/// Waits for the end of standard input. A terminal or a pipe ends; `/dev/null` is at its end at once, so a server
/// meant to outlive its starter keeps a pipe open or is given one that never ends.
async fn until_input_ends() {
    let mut ignored = [0; 64];
    let mut input = tokio::io::stdin();
    while matches!(input.read(&mut ignored).await, Ok(count) if count > 0) {}
}
