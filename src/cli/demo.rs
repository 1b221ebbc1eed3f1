//! `bitbucket-port demo`: the whole way on invented data.

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

    use bitbucket_port_sandbox::cloud::{Options, Server, World, WorldSpec};
    use serde_json::Value;

    use crate::catalog::local::LocalCatalog;
    use crate::cli::args::{DemoArgs, Global, ResyncArgs, SyncArgs};
    use crate::cli::failure::Failure;
    use crate::cli::resync::resync;
    use crate::cli::run::Ended;
    use crate::cli::{logging, report};
    use crate::config::{Override, Settings, Sources, load};
    use crate::startup::CatalogPlace;
    use crate::sync::{Report, Scope};

    const WORKSPACE: &str = "acme";

    pub(crate) async fn run(args: &DemoArgs, global: &Global) -> Ended {
        let folder = std::env::temp_dir().join(format!("bitbucket-port-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::new(format!("cannot create {}", folder.display())).because(error))?;
        let file = args.catalog.clone().unwrap_or_else(|| folder.join("catalog.db"));
        let server = serve(args).await?;
        let settings = settings(&server.url(), &folder.join("state.db"))?;
        logging::start(&settings, global);
        eprintln!("an invented Bitbucket Cloud answers at {}", server.url());
        let report = sync(&settings, global, &file).await?;
        server.stop();
        let entity = example(&file).await?;
        global.print(&report, |report| show(report, entity.as_ref(), &file))?;
        Ok(report::exit(&report))
    }

    async fn serve(args: &DemoArgs) -> Result<Server, Failure> {
        let spec = WorldSpec {
            workspace: WORKSPACE.to_owned(),
            repositories: args.repositories,
            pull_requests_per_repository: args.pull_requests,
            ..WorldSpec::default()
        };
        Server::start(World::generate(&spec), Options::default())
            .await
            .map_err(|error| Failure::new("the demo's server cannot be started").because(error))
    }

    /// Settings of the demo alone: nothing of the environment may lead it elsewhere.
    fn settings(url: &str, state: &Path) -> Result<Settings, Failure> {
        let overrides = vec![
            Override::new("integration.config.bitbucket_workspace", WORKSPACE, "demo"),
            Override::new("integration.config.bitbucket_host_url", url, "demo"),
            Override::new("integration.config.bitbucket_workspace_token", "demo-token", "demo"),
            Override::new("integration.identifier", "demo", "demo"),
            Override::new("budget.rest_per_hour", "1000000", "demo"),
            Override::new("state_path", state.display().to_string(), "demo"),
        ];
        let loaded =
            load(&Sources { overrides, ..Sources::default() }).map_err(|errors| Failure::new(errors.to_string()))?;
        Ok(loaded.settings)
    }

    async fn sync(settings: &Settings, global: &Global, file: &Path) -> Result<Report, Failure> {
        let sync = SyncArgs {
            workspace: None,
            server: None,
            catalog: String::new(),
            mapping: None,
            blueprints: None,
            only: vec![],
            repo: None,
            token_file: None,
            bitbucket_url: None,
            identifier: None,
            state: None,
        };
        let args = ResyncArgs { sync, create: false };
        resync(settings, &args, global, &CatalogPlace::Sqlite(file.to_owned()), Scope::default()).await
    }

    /// One pull request as the catalog has it.
    async fn example(file: &Path) -> Result<Option<Value>, Failure> {
        let unreadable = |error| Failure::new("the catalog cannot be read back").because(error);
        let catalog = LocalCatalog::open(file, "demo").await.map_err(unreadable)?;
        let first = catalog.entities("bitbucketPullRequest", None, 1).await.map_err(unreadable)?;
        catalog.close().await.map_err(unreadable)?;
        Ok(first.first().and_then(|stored| serde_json::to_value(stored).ok()))
    }

    fn show(report: &Report, entity: Option<&Value>, file: &Path) -> String {
        let mut text = report::human(report);
        if let Some(entity) = entity {
            text.push_str("\none entity in full:\n");
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
  bitbucket-port resync --workspace YOUR-WORKSPACE --token-file token.txt --catalog sqlite:catalog.db\n"
        );
        text
    }
}
