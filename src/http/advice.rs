//! What to do about a connection that does not come about.

use std::error::Error;

/// The innermost cause, which says most.
#[must_use]
pub fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

/// What to do about a failure to reach a service, where its cause is a well-known one.
#[must_use]
pub fn network_advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let cause = innermost(error).to_string().to_ascii_lowercase();
    if cause.contains("certificate") || cause.contains("unknownissuer") {
        return Some(
            "if the service uses an authority of your own, name its file as an extra authority \
             (OCEAN__SSL__CA_FILES) or in SSL_CERT_FILE",
        );
    }
    let is_name = cause.contains("dns") || cause.contains("lookup") || cause.contains("name or service");
    is_name.then_some("check the host name and, behind a proxy, HTTPS_PROXY")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn well_known_causes_have_a_remedy() {
        let advice = |text: &str| network_advice(&io::Error::other(text.to_owned())).unwrap_or_default();
        assert!(advice("invalid peer certificate: UnknownIssuer").contains("OCEAN__SSL__CA_FILES"));
        assert!(advice("failed to lookup address information: Name or service not known").contains("HTTPS_PROXY"));
        assert_eq!(advice("Connection refused (os error 111)"), "");
    }
}
