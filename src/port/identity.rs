//! Who we are at Port: what the user agent says decides which entities are ours.

use uuid::Uuid;

/// The release of Port's own runtime whose behaviour on the wire this client follows; Port is told so.
pub const CORE_VERSION: &str = "0.48.12";

/// The integration that speaks to Port.
///
/// Port derives the owner of an entity from the user agent of the request that wrote it, so type and identifier
/// must be exactly those under which the entities were written before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Type of the integration, for example `bitbucket-cloud`.
    pub integration_type: String,
    /// Version of this program.
    pub version: String,
    /// Identifier of the integration.
    pub identifier: String,
}

/// On whose behalf a request is sent, as the user agent shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agent {
    /// The program itself.
    Plain,
    /// The part that writes entities and blueprints.
    Exporter,
}

impl Identity {
    /// The `User-Agent` of a request.
    pub(crate) fn user_agent(&self, agent: Agent) -> String {
        let Self { integration_type, version, identifier } = self;
        let suffix = match agent {
            Agent::Plain => "",
            Agent::Exporter => "/exporter",
        };
        format!("port-ocean/{integration_type}/{version}/{identifier}{suffix}")
    }

    /// What the data source of an entity of this integration begins with.
    #[must_use]
    pub fn source_prefix(&self) -> String {
        format!("port-ocean/{}/", self.integration_type)
    }

    /// What the data source of an entity of this integration ends with.
    #[must_use]
    pub fn source_suffix(&self) -> String {
        format!("/{}/exporter", self.identifier)
    }
}

/// Names one resync at Port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResyncId(Uuid);

impl ResyncId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl From<Uuid> for ResyncId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl std::fmt::Display for ResyncId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_names_type_version_and_identifier_in_this_order() {
        let identity = Identity {
            integration_type: "bitbucket-cloud".to_owned(),
            version: "1.2.3".to_owned(),
            identifier: "my-id".to_owned(),
        };
        assert_eq!(identity.user_agent(Agent::Plain), "port-ocean/bitbucket-cloud/1.2.3/my-id");
        let exporter = identity.user_agent(Agent::Exporter);
        assert_eq!(exporter, "port-ocean/bitbucket-cloud/1.2.3/my-id/exporter");
        assert!(exporter.starts_with(&identity.source_prefix()) && exporter.ends_with(&identity.source_suffix()));
    }
}
