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
    /// Blueprints of the other product, for mappings that share a catalog with it.
    beside: Option<&'static str>,
}

/// The default mapping of Bitbucket Cloud.
pub static CLOUD_DEFAULT: Released = Released {
    product: "cloud",
    name: "default",
    mapping: include_str!("../../mappings/cloud/default.yaml"),
    blueprints: include_str!("../../mappings/cloud/blueprints.yaml"),
    beside: None,
};

macro_rules! cloud {
    ($name:literal) => {
        Released {
            product: "cloud",
            name: $name,
            mapping: include_str!(concat!("../../mappings/cloud/", $name, ".yaml")),
            blueprints: include_str!(concat!("../../mappings/cloud/", $name, ".blueprints.yaml")),
            beside: None,
        }
    };
}

/// Further examples for Bitbucket Cloud.
static CLOUD_FURTHER: [Released; 4] =
    [cloud!("files"), cloud!("gitops"), cloud!("deployment-frequency"), cloud!("monorepo")];

/// The default mapping of Bitbucket Cloud with a prefix before each identifier.
pub static CLOUD_PREFIXED: Released = Released {
    name: "prefixed",
    mapping: include_str!("../../mappings/cloud/prefixed.yaml"),
    beside: Some(DATACENTER_DEFAULT.blueprints),
    ..CLOUD_DEFAULT
};

/// The default mapping of Bitbucket Data Center.
pub static DATACENTER_DEFAULT: Released = Released {
    product: "datacenter",
    name: "default",
    mapping: include_str!("../../mappings/datacenter/default.yaml"),
    blueprints: include_str!("../../mappings/datacenter/blueprints.yaml"),
    beside: None,
};

/// The mapping that Port documents for Bitbucket Data Center.
static DATACENTER_DOCUMENTED: Released = Released {
    name: "documented",
    mapping: include_str!("../../mappings/datacenter/documented.yaml"),
    ..DATACENTER_DEFAULT
};

/// The default mapping of Bitbucket Data Center with a prefix before each identifier.
pub static DATACENTER_PREFIXED: Released = Released {
    name: "prefixed",
    mapping: include_str!("../../mappings/datacenter/prefixed.yaml"),
    beside: Some(CLOUD_DEFAULT.blueprints),
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

    /// The blueprints, in an order in which each relation's target comes before it. Both products name theirs alike; a
    /// mapping that is meant to stand beside the other product's gives them the properties of both.
    ///
    /// # Errors
    /// The embedded document is broken; a test reads each of them.
    pub fn blueprints(&self) -> Result<Vec<Blueprint>, String> {
        let mut blueprints = read(self.blueprints)?;
        for other in self.beside.map(read).transpose()?.into_iter().flatten() {
            match blueprints.iter_mut().find(|own| own.identifier == other.identifier) {
                Some(own) => extend(own, other),
                None => blueprints.insert(0, other),
            }
        }
        Ok(blueprints)
    }
}

fn read(text: &str) -> Result<Vec<Blueprint>, String> {
    let node = Node::parse(text).map_err(|error| error.to_string())?;
    serde_json::from_value(node.to_json()).map_err(|error| error.to_string())
}

/// Adds what only the other has.
fn extend(own: &mut Blueprint, other: Blueprint) {
    for (name, property) in other.schema.properties {
        own.schema.properties.entry(name).or_insert(property);
    }
    for (name, relation) in other.relations {
        own.relations.entry(name).or_insert(relation);
    }
    for (name, section) in other.other {
        own.other.entry(name).or_insert(section);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn those_with_prefixes_share_blueprints_with_the_properties_of_both() {
        let names = |released: &Released| {
            let blueprints = released.blueprints().unwrap();
            let known: Vec<&str> = blueprints.iter().map(|blueprint| blueprint.identifier.as_str()).collect();
            for (index, blueprint) in blueprints.iter().enumerate() {
                assert!(
                    blueprint.relations.values().all(|to| known[..index].contains(&to.target.as_str())),
                    "{known:?}"
                );
            }
            let of = |blueprint: &Blueprint| {
                let fields = blueprint.schema.properties.keys().chain(blueprint.relations.keys());
                fields.map(|name| format!("{}.{name}", blueprint.identifier)).collect::<Vec<_>>()
            };
            blueprints.iter().flat_map(of).collect::<BTreeSet<_>>()
        };
        let both = &names(&CLOUD_DEFAULT) | &names(&DATACENTER_DEFAULT);
        assert_eq!(names(&CLOUD_PREFIXED), both);
        assert_eq!(names(&DATACENTER_PREFIXED), both);
    }

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
