//! The settings as a typed, checked whole.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::explain::Explanation;
use super::key::squash;
use super::problem::{Findings, Problem, SettingsErrors};
use super::table::{all, variable};
use super::values::Values;
use super::{
    Batches, DeletionSettings, EnduranceSettings, Integration, IntegrationIdentifier, JqSettings, Listener,
    LiveSettings, LogSettings, PortSettings, Product, Provisioning, ResyncSettings, RetrySettings, Secret,
    ServerSettings, Sources, TlsSettings, build, listener, product,
};

/// Everything that can be set, checked. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Bitbucket that is read.
    pub product: Product,
    /// Who we are at Port.
    pub integration: Integration,
    /// The connection to Port; `None` where its credentials are not given. See [`Settings::require_port`].
    pub port: Option<PortSettings>,
    /// What starts a resync.
    pub listener: Listener,
    /// First blueprints and mapping.
    pub provisioning: Provisioning,
    /// The HTTP server.
    pub server: ServerSettings,
    /// The log.
    pub log: LogSettings,
    /// When and how resyncs run.
    pub resync: ResyncSettings,
    /// How what failed in passing is repeated.
    pub retry: RetrySettings,
    /// Deletion of entities whose objects are gone.
    pub deletion: DeletionSettings,
    /// Interrupted resyncs, and several processes.
    pub endurance: EnduranceSettings,
    /// Sizes of calls to Port.
    pub batches: Batches,
    /// Bounds of expressions.
    pub jq: JqSettings,
    /// Live events.
    pub live: LiveSettings,
    /// Certificates and outbound calls.
    pub tls: TlsSettings,
    /// Time after which a request to Bitbucket is given up.
    pub client_timeout: Duration,
    /// Address that metrics are pushed to; it may hold a token.
    pub metrics_push: Option<Secret>,
    /// The state file.
    pub state_path: PathBuf,
    explanation: Explanation,
    port_problems: Vec<Problem>,
}

impl Settings {
    /// Reads the typed whole; `None` where problems were reported that leave a hole.
    pub(crate) fn build(values: &Values, sources: &Sources, findings: &mut Findings) -> Option<Self> {
        let product = product::build(values, findings);
        let listener = listener::build(values, findings);
        build::check_unsupported(values, findings);
        build::check_identifier(values, findings);
        let mut without_port = Findings::default();
        let port = build::port(values, findings, &mut without_port);
        findings.for_port.clone_from(&without_port.problems);
        let tls = build::tls(values, &sources.variables, findings);
        let provisioning = build::provisioning(values, findings);
        let metrics_push = build::metrics_push(values, findings);
        let (product, listener) = (product?, listener?);
        let integration = build::integration(values, &product);
        let state_path = build::state_path(values, &sources.surroundings);
        let explanation = Explanation::new(values, &integration, &product, &state_path);
        Some(Self {
            integration,
            port,
            listener,
            provisioning,
            server: build::server(values),
            log: build::log(values),
            resync: build::resync(values),
            retry: build::retry(values),
            deletion: build::deletion(values),
            endurance: build::endurance(values),
            batches: build::batches(values),
            jq: build::jq(values),
            live: build::live(values),
            tls,
            client_timeout: values.seconds("client_timeout"),
            metrics_push,
            state_path,
            explanation,
            port_problems: without_port.problems,
            product,
        })
    }

    /// The connection to Port, or what is missing for it.
    pub fn require_port(&self) -> Result<&PortSettings, SettingsErrors> {
        let missing = || SettingsErrors::new(self.port_problems.clone(), Vec::new());
        self.port.as_ref().ok_or_else(missing)
    }

    /// Values that must not be seen anywhere: to be masked in logs, errors and examples. Empty and very short
    /// ones are left out, because masking them would only spoil unrelated text.
    #[must_use]
    pub fn sensitive_values(&self) -> Vec<String> {
        const SHORTEST: usize = 4;
        let port = self.port.iter().flat_map(|port| [&port.client_id, &port.client_secret]);
        let mut values: Vec<String> =
            self.product.secrets().into_iter().chain(port).map(|secret| secret.expose().to_owned()).collect();
        values.extend(self.explanation.secrets().iter().map(|secret| secret.expose().to_owned()));
        values.retain(|value| value.chars().count() >= SHORTEST);
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The variables that expressions may see as `env` and `$ENV`: none that sets a sensitive setting, none that
    /// holds a sensitive value.
    #[must_use]
    pub fn visible_variables(&self, variables: &[(String, String)]) -> Vec<(String, String)> {
        let secrets = self.sensitive_values();
        let hidden = sensitive_names();
        let is_visible = |(name, value): &&(String, String)| {
            !hidden.contains(&squash(name)) && !secrets.iter().any(|secret| value.contains(secret))
        };
        variables.iter().filter(is_visible).cloned().collect()
    }

    /// Every setting with its value (secrets masked) and where it came from.
    #[must_use]
    pub const fn explain(&self) -> &Explanation {
        &self.explanation
    }
}

impl Integration {
    /// The identifier when none is given.
    pub(crate) fn default_identifier(product: &Product) -> IntegrationIdentifier {
        IntegrationIdentifier::new(format!("my-{}-integration", product.kind().integration_type()))
    }
}

/// Variables (squashed) that set a sensitive setting, themselves or as JSON for a whole branch.
fn sensitive_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for setting in all().filter(|setting| setting.sensitive) {
        let ends = setting.path.match_indices('.').map(|(end, _)| end).chain([setting.path.len()]);
        names.extend(ends.filter_map(|end| setting.path.get(..end)).map(|path| squash(&variable(path))));
    }
    names
}
