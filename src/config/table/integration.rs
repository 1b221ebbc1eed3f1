//! Identity of the integration and the configuration of both products.

use super::{Group, Kind, Setting};

/// What a key of the specification that no Bitbucket product declares is told.
const NO_APP_HOST: &str = "the Bitbucket integrations do not declare it; set OCEAN__BASE_URL";

const fn integration(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::ocean(Group::Integration, path, kind, default, doc)
}

const fn cloud(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::ocean(Group::Cloud, path, kind, default, doc)
}

const fn datacenter(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::ocean(Group::DataCenter, path, kind, default, doc)
}

pub(super) const SETTINGS: &[Setting] = &[
    integration(
        "integration.identifier",
        Kind::Text,
        None,
        "Identifier of the integration at Port; entities belong to it. By default `my-<type>-integration`.",
    ),
    integration(
        "integration.type",
        Kind::Choice(&["bitbucket-cloud", "bitbucket-server"]),
        None,
        "The product. By default `bitbucketWorkspace` (Cloud) or `bitbucketBaseUrl` (Data Center) decides.",
    ),
    integration(
        "integration.incremental_sync_enabled",
        Kind::Flag,
        Some("false"),
        "Run an incremental sync instead of a full one; only with the `ONCE` listener.",
    ),
    integration(
        "integration.incremental_sync_interval",
        Kind::Minutes(&[15, 30, 60]),
        Some("15"),
        "How far an incremental sync looks back when it has no cursor.",
    ),
    integration("integration.config.app_host", Kind::Text, None, "Former name of `base_url`.").warned(NO_APP_HOST),
    cloud("integration.config.bitbucket_workspace", Kind::Text, None, "Slug of the workspace."),
    cloud(
        "integration.config.bitbucket_workspace_token",
        Kind::List,
        None,
        "Access token of a workspace, project or repository; several separated by commas share the work.",
    )
    .secret(),
    cloud(
        "integration.config.bitbucket_user_email",
        Kind::Text,
        None,
        "E-mail address of the Atlassian account that `bitbucketUserScopedToken` belongs to.",
    ),
    cloud("integration.config.bitbucket_user_scoped_token", Kind::Text, None, "API token of an Atlassian account.").secret(),
    cloud(
        "integration.config.bitbucket_username",
        Kind::Text,
        None,
        "User name; Cloud: for an app password (Atlassian has ended those), Data Center: of the account.",
    ),
    cloud("integration.config.bitbucket_app_password", Kind::Text, None, "App password.").secret(),
    cloud(
        "integration.config.bitbucket_host_url",
        Kind::Url,
        Some("https://api.bitbucket.org/2.0"),
        "Root of the Bitbucket Cloud API.",
    ),
    cloud(
        "integration.config.webhook_secret",
        Kind::Text,
        None,
        "Secret with which Bitbucket Cloud signs its webhooks.",
    )
    .secret(),
    datacenter("integration.config.bitbucket_base_url", Kind::Url, None, "Address of the server, context path included."),
    datacenter(
        "integration.config.bitbucket_password",
        Kind::Text,
        None,
        "Password of `bitbucketUsername`, or an HTTP access token in its place.",
    )
    .secret(),
    Setting::own(
        Group::DataCenter,
        "integration.config.bitbucket_token",
        Kind::List,
        None,
        "Personal, project or repository HTTP access token, used instead of user name and password; several separated by commas share the work.",
    )
    .secret(),
    datacenter(
        "integration.config.bitbucket_webhook_secret",
        Kind::Text,
        None,
        "Secret with which the server signs its webhooks.",
    )
    .secret(),
    datacenter(
        "integration.config.bitbucket_is_version8_point7_or_older",
        Kind::Flag,
        None,
        "Overrides what the server says of its version: webhooks of projects exist from 8.8 on.",
    ),
    datacenter(
        "integration.config.bitbucket_rate_limit_quota",
        Kind::Whole { least: 1, most: 10_000_000 },
        Some("1000"),
        "Requests allowed within `bitbucketRateLimitWindow`. Counts where it or the window is set; else only the \
         server's own limit does.",
    ),
    datacenter(
        "integration.config.bitbucket_rate_limit_window",
        Kind::Whole { least: 1, most: 604_800 },
        Some("3600"),
        "Length of the window of the quota in seconds.",
    ),
];
