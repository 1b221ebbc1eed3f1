//! TLS: rustls with ring, roots from the system or from where the settings say.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme,
    WantsVerifier,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem, pem::PemObject},
    server::ParsedCertificate,
};

/// Whom to trust.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// PEM files with authorities to trust besides the system's.
    pub extra_authorities: Vec<PathBuf>,
    /// Whether the service must prove who it is.
    pub verification: Verification,
}

/// Whether the service must prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// The certificate must lead to a trusted authority and name the host.
    #[default]
    Full,
    /// Any certificate will do. Whoever chooses this is warned by the caller: tokens go to whoever answers.
    Skip,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of authorities cannot be read.
    #[error("cannot read certificates from {path}: check that the file exists, is readable and in PEM format", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: pem::Error,
    },
    /// A file of authorities holds none.
    #[error("{path} holds no certificate: expected at least one block that begins with BEGIN CERTIFICATE", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A certificate cannot serve as an authority.
    #[error("a certificate in {path} cannot be used as an authority: export it again as X.509 in PEM format", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: rustls::Error,
    },
    /// The authorities cannot be used together.
    #[error("the trusted certificates cannot be used")]
    Roots(#[source] VerifierBuilderError),
    /// The cryptography does not support what is asked for.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// The TLS configuration for a client.
///
/// Roots are the system's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, and the extra authorities of the
/// settings. A system without any roots is no error here: plain HTTP works without, and HTTPS then fails by name.
pub fn tls_config(settings: &TlsSettings) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    let mut config = match settings.verification {
        Verification::Full => full(builder, settings, provider)?,
        Verification::Skip => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny { provider })).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn full(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    settings: &TlsSettings,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsError> {
    let mut roots = system_roots();
    let mut named = Vec::new();
    for path in &settings.extra_authorities {
        named.extend(add_file(&mut roots, path)?);
    }
    if named.is_empty() {
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    let usual =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(TlsError::Roots)?;
    let verifier = Arc::new(WithNamed { usual, named });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "some trusted certificates of the system cannot be read; check SSL_CERT_FILE and SSL_CERT_DIR");
    }
    let (added, ignored) = roots.add_parsable_certificates(system.certs);
    tracing::debug!(added, ignored, "trusted certificates of the system");
    roots
}

fn add_file(roots: &mut RootCertStore, path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.clone(), source };
    let mut added = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        let certificate = certificate.map_err(unreadable)?;
        roots.add(certificate.clone()).map_err(|source| TlsError::Unusable { path: path.clone(), source })?;
        added.push(certificate);
    }
    if added.is_empty() {
        return Err(TlsError::Empty { path: path.clone() });
    }
    Ok(added)
}

/// The usual verification, and one thing more: a server's own certificate that the settings name is trusted even if it
/// is marked as an authority, as self-signed ones mostly are. Host name and dates still count.
#[derive(Debug)]
struct WithNamed {
    usual: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for WithNamed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // "Other" is what an authority used as a server's certificate gives; dates are looked at before.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) if self.named.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Takes any certificate for good: [`Verification::Skip`].
#[derive(Debug)]
struct AcceptAny {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(content: &str) -> Result<ClientConfig, TlsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("authority.pem");
        std::fs::write(&path, content).unwrap();
        tls_config(&TlsSettings { extra_authorities: vec![path], verification: Verification::Full })
    }

    #[test]
    fn both_ways_of_verification_can_be_set_up() {
        assert!(tls_config(&TlsSettings::default()).is_ok());
        assert!(tls_config(&TlsSettings { verification: Verification::Skip, ..TlsSettings::default() }).is_ok());
    }

    #[test]
    fn a_missing_file_is_named() {
        let missing = PathBuf::from("no-such-authority.pem");
        let settings = TlsSettings { extra_authorities: vec![missing.clone()], ..TlsSettings::default() };
        let error = tls_config(&settings).unwrap_err();
        assert!(matches!(&error, TlsError::Unreadable { path, .. } if *path == missing), "{error:?}");
        assert!(error.to_string().contains("no-such-authority.pem"), "{error}");
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(matches!(with_file("nothing to see"), Err(TlsError::Empty { .. })));
    }

    #[test]
    fn a_block_that_is_no_certificate_is_refused() {
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(with_file(bad), Err(TlsError::Unusable { .. })));
    }
}
