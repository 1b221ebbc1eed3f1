//! Which Bitbucket, and how to reach it.

use std::time::Duration;

use super::credentials::{self, CloudCredentials, DataCenterCredentials};
use super::problem::Findings;
use super::table::{Group, all, variable};
use super::values::Values;
use super::{BaseUrl, Secret, Workspace};

/// The Bitbucket that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Product {
    /// bitbucket.org
    Cloud(CloudConfig),
    /// Data Center and Server.
    DataCenter(DataCenterConfig),
}

/// Names of the products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    /// bitbucket.org
    Cloud,
    /// Data Center and Server.
    DataCenter,
}

impl ProductKind {
    /// The type of integration under which Port knows it; stands in the `User-Agent` and makes entities ours.
    #[must_use]
    pub const fn integration_type(self) -> &'static str {
        match self {
            Self::Cloud => "bitbucket-cloud",
            Self::DataCenter => "bitbucket-server",
        }
    }
}

impl Product {
    /// Which one it is.
    #[must_use]
    pub const fn kind(&self) -> ProductKind {
        match self {
            Self::Cloud(_) => ProductKind::Cloud,
            Self::DataCenter(_) => ProductKind::DataCenter,
        }
    }

    /// Everything secret about it.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Cloud(cloud) => cloud.credentials.secrets().into_iter().chain(&cloud.webhook_secret).collect(),
            Self::DataCenter(server) => {
                server.credentials.secrets().into_iter().chain(&server.webhook_secret).collect()
            }
        }
    }
}

/// Bitbucket Cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudConfig {
    /// The workspace that is read.
    pub workspace: Workspace,
    /// How to sign in.
    pub credentials: CloudCredentials,
    /// Root of the API, for example `https://api.bitbucket.org/2.0`.
    pub base_url: BaseUrl,
    /// With what webhooks are signed.
    pub webhook_secret: Option<Secret>,
    /// What each credential may spend.
    pub budget: HourlyBudget,
}

/// Requests that one credential may make in a rolling hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourlyBudget {
    /// API requests.
    pub rest: HourlyLimit,
    /// Contents of files.
    pub files: HourlyLimit,
}

/// A number of requests in a rolling hour, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HourlyLimit {
    /// Bitbucket's published limit, until its answers name another.
    Published(u32),
    /// What the settings allow; answers may only lower it.
    Given(u32),
}

impl HourlyLimit {
    fn read(path: &str, values: &Values) -> Self {
        let requests = values.number(path);
        if values.is_given(path) { Self::Given(requests) } else { Self::Published(requests) }
    }
}

/// Bitbucket Data Center or Server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCenterConfig {
    /// Address of the server, context path included.
    pub base_url: BaseUrl,
    /// How to sign in.
    pub credentials: DataCenterCredentials,
    /// With what webhooks are signed.
    pub webhook_secret: Option<Secret>,
    /// Overrides what the server says of its version: whether it is 8.7 or older.
    pub is_version_8_7_or_older: Option<bool>,
    /// What the server's administrator allows; `None` where neither setting is given, so that only what the server
    /// itself says counts.
    pub quota: Option<RateQuota>,
}

/// Requests allowed within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateQuota {
    /// Requests.
    pub requests: u32,
    /// Length of the window.
    pub window: Duration,
}

const TYPE: &str = "integration.type";
const WORKSPACE: &str = "integration.config.bitbucket_workspace";
const QUOTA: &str = "integration.config.bitbucket_rate_limit_quota";
const QUOTA_WINDOW: &str = "integration.config.bitbucket_rate_limit_window";
const SERVER: &str = "integration.config.bitbucket_base_url";

/// Reads the product; `None` where a problem was reported.
pub(crate) fn build(values: &Values, findings: &mut Findings) -> Option<Product> {
    let kind = choose(values, findings)?;
    warn_of_the_other_product(kind, values, findings);
    match kind {
        ProductKind::Cloud => cloud(values, findings).map(Product::Cloud),
        ProductKind::DataCenter => datacenter(values, findings).map(Product::DataCenter),
    }
}

pub(crate) fn choose(values: &Values, findings: &mut Findings) -> Option<ProductKind> {
    match values.text(TYPE) {
        Some("bitbucket-cloud") => return Some(ProductKind::Cloud),
        Some("bitbucket-server") => return Some(ProductKind::DataCenter),
        _ if values.is_broken(TYPE) => return None,
        _ => {}
    }
    let what = match (values.is_given(WORKSPACE), values.is_given(SERVER)) {
        (true, false) => return Some(ProductKind::Cloud),
        (false, true) => return Some(ProductKind::DataCenter),
        (true, true) => "both products are configured: a workspace of Cloud and the address of a server",
        (false, false) => "which Bitbucket is to be read is not said",
    };
    let fix = format!(
        "set {} (Cloud) or {} (Data Center), or {}=bitbucket-cloud|bitbucket-server",
        variable(WORKSPACE),
        variable(SERVER),
        variable(TYPE)
    );
    findings.missing(variable(TYPE), None, what, fix);
    None
}

fn warn_of_the_other_product(kind: ProductKind, values: &Values, findings: &mut Findings) {
    let other = match kind {
        ProductKind::Cloud => Group::DataCenter,
        ProductKind::DataCenter => Group::Cloud,
    };
    // The user name serves both.
    let foreign = all().filter(|setting| setting.group == other && !setting.path.ends_with(".bitbucket_username"));
    for setting in foreign {
        if let Some(origin) = values.changing_origin(setting) {
            let what = format!("is not used by {}", kind.integration_type());
            findings.warn(setting.variable(), Some(origin.clone()), what);
        }
    }
}

fn cloud(values: &Values, findings: &mut Findings) -> Option<CloudConfig> {
    let workspace = values.text(WORKSPACE).map(Workspace::new);
    if workspace.as_ref().is_some_and(|workspace| workspace.as_str().contains(['/', ' ', '?', '#'])) {
        let fix = "for https://bitbucket.org/acme/ write acme".to_owned();
        let origin = values.given_origin(WORKSPACE).cloned();
        findings.problem(variable(WORKSPACE), origin, "expected the slug of a workspace", Some(fix));
    }
    if workspace.is_none() && !values.is_broken(WORKSPACE) {
        missing(WORKSPACE, "set it to the slug in https://bitbucket.org/<workspace>/", findings);
    }
    let credentials = credentials::cloud(values, findings);
    let base_url = values.url("integration.config.bitbucket_host_url");
    warn_if_exposed("integration.config.bitbucket_host_url", base_url.as_ref(), values, findings);
    Some(CloudConfig {
        workspace: workspace?,
        credentials,
        base_url: base_url?,
        webhook_secret: values.secret("integration.config.webhook_secret"),
        budget: HourlyBudget {
            rest: HourlyLimit::read("budget.rest_per_hour", values),
            files: HourlyLimit::read("budget.files_per_hour", values),
        },
    })
}

fn datacenter(values: &Values, findings: &mut Findings) -> Option<DataCenterConfig> {
    let base_url = values.url(SERVER);
    if base_url.is_none() && !values.is_broken(SERVER) {
        missing(SERVER, "set it to the server's address, for example https://bitbucket.example.com", findings);
    }
    warn_if_exposed(SERVER, base_url.as_ref(), values, findings);
    let credentials = credentials::datacenter(values, findings);
    let quota = RateQuota { requests: values.number(QUOTA), window: values.seconds(QUOTA_WINDOW) };
    let quota_is_given = values.is_given(QUOTA) || values.is_given(QUOTA_WINDOW);
    Some(DataCenterConfig {
        base_url: base_url?,
        credentials: credentials?,
        webhook_secret: values.secret("integration.config.bitbucket_webhook_secret"),
        is_version_8_7_or_older: values.flag("integration.config.bitbucket_is_version8_point7_or_older"),
        quota: quota_is_given.then_some(quota),
    })
}

fn missing(path: &str, fix: &str, findings: &mut Findings) {
    findings.missing(variable(path), None, "is required and missing", fix.to_owned());
}

/// Warns of credentials that would travel in the clear.
pub(crate) fn warn_if_exposed(path: &str, url: Option<&BaseUrl>, values: &Values, findings: &mut Findings) {
    if url.is_some_and(BaseUrl::is_exposed) {
        let what = "is plain HTTP: credentials and data can be read on the way; use https://";
        findings.warn(variable(path), values.given_origin(path).cloned(), what);
    }
}
