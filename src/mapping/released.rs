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

/// The default mapping of Bitbucket Cloud with a prefix before each identifier.
pub static CLOUD_PREFIXED: Released =
    Released { name: "prefixed", mapping: include_str!("../../mappings/cloud/prefixed.yaml"), ..CLOUD_DEFAULT };

/// The default mapping of Bitbucket Data Center.
pub static DATACENTER_DEFAULT: Released = Released {
    product: "datacenter",
    name: "default",
    mapping: include_str!("../../mappings/datacenter/default.yaml"),
    blueprints: include_str!("../../mappings/datacenter/blueprints.yaml"),
};

/// The mapping that Port documents for Bitbucket Data Center.
pub static DATACENTER_DOCUMENTED: Released = Released {
    name: "documented",
    mapping: include_str!("../../mappings/datacenter/documented.yaml"),
    ..DATACENTER_DEFAULT
};

/// The default mapping of Bitbucket Data Center with a prefix before each identifier.
pub static DATACENTER_PREFIXED: Released = Released {
    name: "prefixed",
    mapping: include_str!("../../mappings/datacenter/prefixed.yaml"),
    ..DATACENTER_DEFAULT
};

/// All released mappings.
pub static RELEASED: &[&Released] =
    &[&CLOUD_DEFAULT, &CLOUD_PREFIXED, &DATACENTER_DEFAULT, &DATACENTER_DOCUMENTED, &DATACENTER_PREFIXED];

/// The released mapping of that product and name, for example `cloud`, `default`.
#[must_use]
pub fn released(product: &str, name: &str) -> Option<&'static Released> {
    RELEASED.iter().copied().find(|released| released.product == product && released.name == name)
}

impl Released {
    /// The blueprints, in an order in which each relation's target comes before it.
    ///
    /// # Errors
    /// The embedded document is broken; a test reads each of them.
    pub fn blueprints(&self) -> Result<Vec<Blueprint>, String> {
        let node = Node::parse(self.blueprints).map_err(|error| error.to_string())?;
        serde_json::from_value(node.to_json()).map_err(|error| error.to_string())
    }
}
