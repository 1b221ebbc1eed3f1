//! For which product a mapping was written.

use bitbucket_port_jq::Compiler;

use super::checker::{Check, Portability};
use super::finding::{Level, Rule};
use crate::kinds::of_product;

/// The product under which a document makes more sense: of whose kinds, selectors and fields it names fewer unknown
/// ones. `None` where both are alike.
#[must_use]
pub fn likely_product(text: &str, compiler: &Compiler) -> Option<&'static str> {
    let [cloud, datacenter] = ["cloud", "datacenter"].map(|product| strangeness(text, product, compiler));
    match cloud.cmp(&datacenter) {
        std::cmp::Ordering::Less => Some("cloud"),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some("datacenter"),
    }
}

/// What a product does not know at all; other findings say nothing about the product.
const UNKNOWN: [Rule; 4] = [Rule::UnknownKind, Rule::UnknownKey, Rule::Selector, Rule::UnknownField];

/// How many things a document names that a product does not know: for certain, and perhaps.
fn strangeness(text: &str, product: &str, compiler: &Compiler) -> (usize, usize) {
    let kinds = of_product(product);
    let check = Check { product, kinds, blueprints: None, compiler, portability: Portability::Free };
    let findings = check.run(text);
    let unknown = || findings.iter().filter(|finding| UNKNOWN.contains(&finding.rule));
    let count = |level| unknown().filter(|finding| finding.level == level).count();
    (count(Level::Error), count(Level::Warning))
}

#[cfg(test)]
mod tests {
    use bitbucket_port_jq::{Environment, Limits};
    use rstest::rstest;

    use super::*;
    use crate::mapping::released_mappings;

    fn likely(text: &str) -> Option<&'static str> {
        likely_product(text, &Compiler::new(Limits::default(), Environment::empty()))
    }

    #[test]
    fn released_mappings_tell_their_product() {
        for released in released_mappings() {
            assert_eq!(likely(released.mapping), Some(released.product), "{}", released.name);
        }
    }

    #[rstest]
    #[case::kind("user", "query: 'true'", ".slug", Some("datacenter"))]
    #[case::kind_of_cloud("folder", "query: 'true'", ".folder.path", Some("cloud"))]
    #[case::selector("repository", "{query: 'true', projects: [OPS]}", ".slug", Some("datacenter"))]
    #[case::selector_of_cloud("repository", "{query: 'true', userRole: member}", ".slug", Some("cloud"))]
    #[case::field("pull-request", "query: 'true'", ".toRef.repository.slug", Some("datacenter"))]
    #[case::field_of_cloud("pull-request", "query: 'true'", ".destination.repository.full_name", Some("cloud"))]
    #[case::either("project", "query: 'true'", ".key", None)]
    fn kinds_selectors_and_fields_tell(
        #[case] kind: &str,
        #[case] selector: &str,
        #[case] identifier: &str,
        #[case] expected: Option<&str>,
    ) {
        let selector = if selector.starts_with('{') { selector.to_owned() } else { format!("{{{selector}}}") };
        let text = format!(
            "resources:\n  - kind: {kind}\n    selector: {selector}\n    port: {{entity: {{mappings: {{identifier: '{identifier}', blueprint: '\"b\"'}}}}}}\n"
        );
        assert_eq!(likely(&text), expected, "{text}");
    }
}
