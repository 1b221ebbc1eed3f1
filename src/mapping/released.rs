//! The mappings and blueprints that are released with the program and embedded in it.

use super::node::Node;
use crate::catalog::Blueprint;

/// A released mapping with the blueprints that it writes to.
#[derive(Clone, Copy, Debug)]
pub struct Released {
    /// For which product.
    pub product: &'static str,
    /// Its name: the file's stem in `mappings/<product>/`.
    pub name: &'static str,
    /// The mapping document, YAML.
    pub mapping: &'static str,
    blueprints: &'static str,
}

/// The default mapping of Bitbucket Cloud.
pub static CLOUD_DEFAULT: Released = Released {
    product: "cloud",
    name: "default",
    mapping: include_str!("../../mappings/cloud/default.yaml"),
    blueprints: include_str!("../../mappings/cloud/blueprints.yaml"),
};

macro_rules! cloud {
    ($name:literal) => {
        Released {
            product: "cloud",
            name: $name,
            mapping: include_str!(concat!("../../mappings/cloud/", $name, ".yaml")),
            blueprints: include_str!(concat!("../../mappings/cloud/", $name, ".blueprints.yaml")),
        }
    };
}

/// Further examples for Bitbucket Cloud.
static CLOUD_FURTHER: [Released; 4] =
    [cloud!("files"), cloud!("gitops"), cloud!("deployment-frequency"), cloud!("monorepo")];

/// The default mapping of Bitbucket Cloud with a prefix before each identifier.
static CLOUD_PREFIXED: Released =
    Released { name: "prefixed", mapping: include_str!("../../mappings/cloud/prefixed.yaml"), ..CLOUD_DEFAULT };

/// The default mapping of Bitbucket Data Center.
pub static DATACENTER_DEFAULT: Released = Released {
    product: "datacenter",
    name: "default",
    mapping: include_str!("../../mappings/datacenter/default.yaml"),
    blueprints: include_str!("../../mappings/datacenter/blueprints.yaml"),
};

/// The mapping that Port documents for Bitbucket Data Center.
static DATACENTER_DOCUMENTED: Released = Released {
    name: "documented",
    mapping: include_str!("../../mappings/datacenter/documented.yaml"),
    ..DATACENTER_DEFAULT
};

/// The default mapping of Bitbucket Data Center with a prefix before each identifier.
static DATACENTER_PREFIXED: Released = Released {
    name: "prefixed",
    mapping: include_str!("../../mappings/datacenter/prefixed.yaml"),
    ..DATACENTER_DEFAULT
};

static RELEASED: &[&Released] = &[
    &CLOUD_DEFAULT,
    &CLOUD_FURTHER[0],
    &CLOUD_FURTHER[1],
    &CLOUD_FURTHER[2],
    &CLOUD_FURTHER[3],
    &CLOUD_PREFIXED,
    &DATACENTER_DEFAULT,
    &DATACENTER_DOCUMENTED,
    &DATACENTER_PREFIXED,
];

/// The released mapping of that product and name, for example `cloud`, `default`.
#[must_use]
pub fn released(product: &str, name: &str) -> Option<&'static Released> {
    RELEASED.iter().copied().find(|released| released.product == product && released.name == name)
}

/// All released mappings.
#[must_use]
pub fn all() -> &'static [&'static Released] {
    RELEASED
}

impl Released {
    /// The version in the document's head; `mappings/CHANGELOG.md` says what changed.
    #[must_use]
    pub fn version(&self) -> Option<&'static str> {
        self.mapping.lines().find_map(|line| line.strip_prefix("# version: ")).map(str::trim)
    }

    /// The blueprints, in an order in which each relation's target comes before it.
    ///
    /// # Errors
    /// The embedded document is broken; a test reads each of them.
    pub fn blueprints(&self) -> Result<Vec<Blueprint>, String> {
        let node = Node::parse(self.blueprints).map_err(|error| error.to_string())?;
        serde_json::from_value(node.to_json()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_version_that_the_changelog_explains() {
        let changes = include_str!("../../mappings/CHANGELOG.md");
        for released in all() {
            let version = released.version().unwrap_or_else(|| panic!("{} has no version", released.name));
            let title = format!("{}/{}\n", released.product, released.name);
            let section = changes.split("\n## ").find(|part| part.starts_with(&title));
            assert!(section.is_some_and(|section| section.contains(&format!("* {version}:"))), "{}", released.name);
            assert!(released.mapping.starts_with("# yaml-language-server: $schema=schema.json\n"), "{}", released.name);
            assert!(!released.blueprints().unwrap().is_empty(), "{}", released.name);
        }
    }
}
