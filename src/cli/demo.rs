//! `bitbucket-port demo`: the whole way on invented data, from both products into one catalog.

#[cfg(not(feature = "demo"))]
pub(crate) async fn run(_: &super::args::DemoArgs, _: &super::args::Global) -> super::run::Ended {
    Err(super::failure::Failure::new("this build has no demo")
        .remedy("build with the feature `demo`, which is on by default"))
}

#[cfg(feature = "demo")]
pub(crate) use with_sandbox::run;

#[cfg(feature = "demo")]
mod with_sandbox {
    use std::fmt::Write as _;
    use std::path::Path;
    use std::sync::Arc;

    use bitbucket_port_sandbox::{cloud, datacenter};
    use serde::Serialize;
    use serde_json::Value;
    use tokio_util::sync::CancellationToken;

    use crate::catalog::local::LocalCatalog;
    use crate::cli::args::{DemoArgs, Global};
    use crate::cli::exit::Exit;
    use crate::cli::failure::Failure;
    use crate::cli::progress::Progress;
    use crate::cli::run::Ended;
    use crate::cli::{logging, report};
    use crate::config::{Override, Settings, Sources, load};
    use crate::mapping::{CLOUD_PREFIXED, DATACENTER_PREFIXED, Released};
    use crate::startup::{self, CatalogPlace};
    use crate::sync::{Report, Scope};

    const WORKSPACE: &str = "acme";

    /// What the demo did for each product.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Shown {
        cloud: Report,
        data_center: Report,
    }

    pub(crate) async fn run(args: &DemoArgs, global: &Global) -> Ended {
        let folder = std::env::temp_dir().join(format!("bitbucket-port-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::new(format!("cannot create {}", folder.display())).because(error))?;
        let file = args.catalog.clone().unwrap_or_else(|| folder.join("catalog.db"));
        let (cloud, server) = (workspace(args).await?, instance(args).await?);
        let state = folder.join("state.db");
        let [of_cloud, of_server] = [
            settings(&cloud_settings(&cloud.url()), "demo-cloud", &state)?,
            settings(&server_settings(&server.url()), "demo-server", &state)?,
        ];
        logging::start(&of_cloud, global);
        eprintln!("an invented Bitbucket Cloud answers at {}", cloud.url());
        let in_cloud = sync(&of_cloud, &CLOUD_PREFIXED, global, &file).await?;
        eprintln!("an invented Bitbucket Data Center answers at {}", server.url());
        let in_server = sync(&of_server, &DATACENTER_PREFIXED, global, &file).await?;
        cloud.stop();
        server.stop();
        let examples = [example(&file, "cloud-").await?, example(&file, "dc-").await?];
        let shown = Shown { cloud: in_cloud, data_center: in_server };
        global.print(&shown, |shown| text(shown, &examples, &file))?;
        let exits = [report::exit(&shown.cloud), report::exit(&shown.data_center)];
        Ok(exits.into_iter().find(|exit| *exit != Exit::Done).unwrap_or(Exit::Done))
    }

    async fn workspace(args: &DemoArgs) -> Result<cloud::Server, Failure> {
        let spec = cloud::WorldSpec {
            workspace: WORKSPACE.to_owned(),
            repositories: args.repositories,
            pull_requests_per_repository: args.pull_requests,
            ..cloud::WorldSpec::default()
        };
        cloud::Server::start(cloud::World::generate(&spec), cloud::Options::default())
            .await
            .map_err(|error| Failure::new("the demo's Bitbucket Cloud cannot be started").because(error))
    }

    async fn instance(args: &DemoArgs) -> Result<datacenter::Server, Failure> {
        let spec = datacenter::WorldSpec {
            repositories: args.repositories,
            pull_requests_per_repository: args.pull_requests,
            ..datacenter::WorldSpec::default()
        };
        datacenter::Server::start(datacenter::World::generate(&spec), datacenter::Options::default())
            .await
            .map_err(|error| Failure::new("the demo's Bitbucket Data Center cannot be started").because(error))
    }

    fn cloud_settings(url: &str) -> Vec<(&'static str, String)> {
        vec![
            ("integration.config.bitbucket_workspace", WORKSPACE.to_owned()),
            ("integration.config.bitbucket_host_url", url.to_owned()),
            ("integration.config.bitbucket_workspace_token", "demo-token".to_owned()),
            ("budget.rest_per_hour", "1000000".to_owned()),
        ]
    }

    fn server_settings(url: &str) -> Vec<(&'static str, String)> {
        vec![
            ("integration.config.bitbucket_base_url", url.to_owned()),
            ("integration.config.bitbucket_token", "demo-token".to_owned()),
        ]
    }

    /// Settings of the demo alone: nothing of the environment may lead it elsewhere.
    fn settings(given: &[(&'static str, String)], identifier: &str, state: &Path) -> Result<Settings, Failure> {
        let own = [("integration.identifier", identifier.to_owned()), ("state_path", state.display().to_string())];
        let overrides = given.iter().chain(&own).map(|(path, value)| Override::new(*path, value.clone(), "demo"));
        let sources = Sources { overrides: overrides.collect(), ..Sources::default() };
        Ok(load(&sources).map_err(|errors| Failure::new(errors.to_string()))?.settings)
    }

    async fn sync(settings: &Settings, released: &Released, global: &Global, file: &Path) -> Result<Report, Failure> {
        let failed = |error| Failure::new("the resync did not come to its end").because(error);
        let mapping = startup::released_mapping(released, settings).map_err(failed)?;
        let blueprints = released.blueprints().map_err(Failure::new)?;
        let catalog = startup::catalog(&CatalogPlace::Sqlite(file.to_owned()), settings).await.map_err(failed)?;
        let observer = Arc::new(Progress::new(global.progress()));
        let run = startup::Run { catalog, mapping, blueprints, scope: Scope::default(), observer };
        run.run(settings, &CancellationToken::new()).await.map_err(failed)
    }

    /// One pull request as the catalog has it, of those whose identifiers begin like that.
    async fn example(file: &Path, prefix: &str) -> Result<Option<Value>, Failure> {
        let unreadable = |error| Failure::new("the catalog cannot be read back").because(error);
        let catalog = LocalCatalog::open(file, "demo").await.map_err(unreadable)?;
        let first = catalog.entities("bitbucketPullRequest", Some(prefix), 1).await.map_err(unreadable)?;
        catalog.close().await.map_err(unreadable)?;
        let first = first.first().filter(|stored| stored.identifier.starts_with(prefix));
        Ok(first.and_then(|stored| serde_json::to_value(stored).ok()))
    }

    fn text(shown: &Shown, examples: &[Option<Value>], file: &Path) -> String {
        let (cloud, server) = (report::human(&shown.cloud), report::human(&shown.data_center));
        let mut text = format!("Bitbucket Cloud\n\n{cloud}\nBitbucket Data Center\n\n{server}");
        text.push_str(
            "\nBoth write to the blueprints bitbucketProject, bitbucketRepository and bitbucketPullRequest. With the default
mappings the name of a repository of Cloud may be the slug of one of Data Center, and the one would take over the
other's entity; the mapping `prefixed` of each product, used here, keeps them apart (cloud-…, dc-…).\n",
        );
        let entities: Vec<_> = examples.iter().flatten().collect();
        if !entities.is_empty() {
            text.push_str("\none entity of each in full:\n");
        }
        for entity in entities {
            text.push_str(&serde_json::to_string_pretty(entity).unwrap_or_default());
            text.push('\n');
        }
        let file = file.display();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\nwhat next:
  sqlite3 {file} 'select blueprint, count(*) from entities group by blueprint'
  bitbucket-port kinds
  bitbucket-port resync --workspace YOUR-WORKSPACE --token-file token.txt --catalog sqlite:catalog.db
  bitbucket-port resync --server https://YOUR-SERVER --token-file token.txt --catalog sqlite:catalog.db\n"
        );
        text
    }
}
