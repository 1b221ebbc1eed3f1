//! Settings of the connection to Port.

use super::{Group, Kind, Setting};

const fn port(path: &'static str, kind: Kind, default: Option<&'static str>, doc: &'static str) -> Setting {
    Setting::ocean(Group::Port, path, kind, default, doc)
}

pub(super) const SETTINGS: &[Setting] = &[
    port("port.client_id", Kind::Text, None, "Client id of the Port credentials.").secret(),
    port("port.client_secret", Kind::Text, None, "Client secret of the Port credentials.").secret(),
    port(
        "port.base_url",
        Kind::Url,
        Some("https://api.getport.io"),
        "Root of Port's API, without `/v1`. Organisations in the US use `https://api.us.getport.io`.",
    ),
    port(
        "port.port_app_config_cache_ttl",
        Kind::Whole { least: 0, most: 1_000_000_000 },
        Some("60"),
        "Seconds for which a mapping fetched from Port is reused between live events.",
    ),
    port(
        "port.feature_flags_cache_ttl_seconds",
        Kind::Decimal,
        Some("300"),
        "Seconds for which the organisation's feature flags are reused.",
    ),
    port(
        "port.blueprint_cache_ttl_seconds",
        Kind::Decimal,
        Some("120"),
        "Seconds for which a blueprint fetched from Port is reused within a resync.",
    ),
];
