//! The sandbox servers as a program of their own, for measurements and for trying things out by hand.

use std::path::PathBuf;
use std::time::Duration;

use bitbucket_port_sandbox::cloud::{self, World, WorldSpec};
use bitbucket_port_sandbox::{Fault, FaultRule, Faults, Occurrence, StartError, datacenter, port};
use clap::{Args, Parser, Subcommand};
use tokio::io::AsyncReadExt as _;

/// Servers on this machine that answer as Bitbucket and Port do.
///
/// The first line on standard output is the address. The server runs until a signal comes or its standard input ends.
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
    /// Bitbucket Data Center.
    Datacenter {
        #[command(flatten)]
        instance: InstanceArguments,
        #[command(flatten)]
        network: NetworkArguments,
    },
    /// Port, with an empty catalog.
    Port {
        #[command(flatten)]
        port: PortArguments,
        #[command(flatten)]
        network: NetworkArguments,
    },
    /// Both: the first line is the address of Bitbucket, the second the one of Port, whose port is a free one.
    All {
        #[command(flatten)]
        world: WorldArguments,
        #[command(flatten)]
        port: PortArguments,
        #[command(flatten)]
        network: NetworkArguments,
    },
}

#[derive(Debug, Args)]
struct PortArguments {
    /// The client id that gets a token
    #[arg(long, default_value = "sandbox-client")]
    client_id: String,
    /// Its secret, which opens nothing but this sandbox
    #[arg(long, default_value = "sandbox-secret")]
    client_secret: String,
    /// Seconds that a token lasts
    #[arg(long, default_value_t = 10_800)]
    token_seconds: u64,
    /// Write the catalog to this file when the server ends
    #[arg(long)]
    snapshot: Option<PathBuf>,
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
struct InstanceArguments {
    /// Everything not said otherwise follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Version of the server
    #[arg(long = "server-version", default_value = "9.4.3")]
    version: String,
    /// Where on the server the product is, for example /bitbucket
    #[arg(long, default_value = "")]
    context_path: String,
    /// Serve the API as 1.0 only, not as latest too
    #[arg(long)]
    no_latest: bool,
    /// The most objects on a page
    #[arg(long, default_value_t = 1_000)]
    largest_page: usize,
    /// Let only this account in, as USER:PASSWORD; everybody where not given
    #[arg(long)]
    account: Option<String>,
    /// Let this access token in
    #[arg(long)]
    token: Option<String>,
    /// How many projects
    #[arg(long, default_value_t = 12)]
    projects: u32,
    /// How many personal projects beside them
    #[arg(long, default_value_t = 3)]
    personal_projects: u32,
    /// How many repositories
    #[arg(long, default_value_t = 100)]
    repositories: u32,
    /// How many pull requests in each repository
    #[arg(long, default_value_t = 10)]
    pull_requests: u32,
    /// Share of them that is open, in percent
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u8).range(..=100))]
    open_percent: u8,
    /// How many people
    #[arg(long, default_value_t = 48)]
    users: u32,
    /// What the account is permitted: admin, member, or none (not even the listing of people)
    #[arg(long, default_value = "admin", value_parser = ["admin", "member", "none"])]
    rights: String,
    /// Let every repository have commits
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
    /// Run until a signal comes, whatever becomes of standard input
    #[arg(long)]
    ignore_stdin: bool,
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

impl InstanceArguments {
    fn spec(&self) -> datacenter::WorldSpec {
        datacenter::WorldSpec {
            seed: self.seed,
            version: self.version.clone(),
            projects: self.projects,
            personal_projects: self.personal_projects,
            repositories: self.repositories,
            pull_requests_per_repository: self.pull_requests,
            open_percent: self.open_percent,
            empty_repositories: !self.no_empty_repositories,
            users: self.users,
            ..datacenter::WorldSpec::default()
        }
    }

    fn rights(&self) -> datacenter::Rights {
        match self.rights.as_str() {
            "none" => datacenter::Rights::NONE,
            "member" => datacenter::Rights::MEMBER,
            _ => datacenter::Rights::ADMIN,
        }
    }

    fn access(&self) -> datacenter::Access {
        let pair = self.account.as_deref().map(|account| account.split_once(':').unwrap_or((account, "")));
        let basic = pair.map(|(user, password)| datacenter::Account::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        });
        let accounts: Vec<_> = basic.into_iter().chain(self.token.clone().map(datacenter::Account::Bearer)).collect();
        if accounts.is_empty() {
            return datacenter::Access::Anyone;
        }
        datacenter::Access::Only { accounts, public: false }
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

    async fn until_the_end(&self) {
        if self.ignore_stdin {
            return signal().await;
        }
        tokio::select! {
            () = signal() => {}
            () = end_of_input() => {}
        }
    }

    async fn serve_cloud(&self, world: &WorldArguments) -> Result<cloud::Server, StartError> {
        let options = cloud::Options {
            port: self.port,
            compress: !self.no_gzip,
            faults: self.faults(world.seed),
            ..cloud::Options::default()
        };
        cloud::Server::start(World::generate(&world.spec()), options).await
    }

    async fn serve_datacenter(&self, instance: &InstanceArguments) -> Result<datacenter::Server, StartError> {
        let options = datacenter::Options {
            port: self.port,
            context_path: instance.context_path.clone(),
            api_versions: if instance.no_latest {
                datacenter::ApiVersions::Numbered
            } else {
                datacenter::ApiVersions::LatestAndNumbered
            },
            largest_page: instance.largest_page,
            access: instance.access(),
            rights: instance.rights(),
            compress: !self.no_gzip,
            faults: self.faults(instance.seed),
            ..datacenter::Options::default()
        };
        datacenter::Server::start(datacenter::World::generate(&instance.spec()), options).await
    }

    async fn serve_port(&self, port: &PortArguments, number: u16) -> Result<port::Server, StartError> {
        let options = port::Options {
            port: number,
            client_id: port.client_id.clone(),
            client_secret: port.client_secret.clone(),
            token_lifetime: Duration::from_secs(port.token_seconds),
            faults: self.faults(1),
        };
        port::Server::start(port::World::empty(), options).await
    }
}

impl PortArguments {
    fn write_snapshot(&self, server: &port::Server) -> std::io::Result<()> {
        match &self.snapshot {
            Some(path) => std::fs::write(path, format!("{:#}\n", server.read(port::World::snapshot))),
            None => Ok(()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().server {
        Which::Cloud { world, network } => {
            let server = network.serve_cloud(&world).await?;
            println!("{}", server.url());
            network.until_the_end().await;
        }
        Which::Datacenter { instance, network } => {
            let server = network.serve_datacenter(&instance).await?;
            println!("{}", server.url());
            network.until_the_end().await;
        }
        Which::Port { port, network } => {
            let server = network.serve_port(&port, network.port).await?;
            println!("{}", server.url());
            network.until_the_end().await;
            port.write_snapshot(&server)?;
        }
        Which::All { world, port, network } => {
            let bitbucket = network.serve_cloud(&world).await?;
            let server = network.serve_port(&port, 0).await?;
            println!("{}\n{}", bitbucket.url(), server.url());
            network.until_the_end().await;
            port.write_snapshot(&server)?;
        }
    }
    Ok(())
}

/// Waits for the end of standard input. It is there at once for what a shell starts in the background.
async fn end_of_input() {
    let mut ignored = [0; 64];
    let mut input = tokio::io::stdin();
    while matches!(input.read(&mut ignored).await, Ok(count) if count > 0) {}
}

/// Waits for an interrupt or a request to terminate.
async fn signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
