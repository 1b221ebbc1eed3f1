//! Certificates: whom the client trusts.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use bitbucket_port::{
    bitbucket::{CallError, Transport},
    http::{HttpSettings, TlsSettings, Verification, http_client},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

use crate::client::{jumping, tokens};

/// A certificate for these names, marked as an authority or not, signed by itself.
fn self_signed(names: &[&str], authority: IsCa) -> CertifiedIssuer<'static, KeyPair> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.is_ca = authority;
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn an_authority() -> IsCa {
    IsCa::Ca(BasicConstraints::Unconstrained)
}

/// A server that answers every request with `{}` behind this certificate.
async fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> SocketAddr {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {}
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

/// A file with this certificate, and the directory that holds it.
fn file(certificate: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("authority.pem");
    std::fs::write(&path, certificate).unwrap();
    (directory, path)
}

/// Calls the server under `host`, and gives the error if there is one.
async fn call(address: SocketAddr, host: &str, tls: TlsSettings) -> Option<CallError> {
    let client = http_client(&HttpSettings { tls, ..HttpSettings::default() }).unwrap();
    let transport = Transport::new(tokens("one"), jumping().0);
    let request = client.get(format!("https://{host}:{}/2.0/x", address.port())).build().unwrap();
    let response = transport.execute(&client, request, "anything").await.unwrap();
    (!response.status().is_success()).then(|| progenitor_client::Error::<()>::UnexpectedResponse(response).into())
}

fn trusting(path: PathBuf) -> TlsSettings {
    TlsSettings { extra_authorities: vec![path], verification: Verification::Full }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_once_named() {
    let authority = self_signed(&[], an_authority());
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let address = serve(certificate.der().clone(), &key).await;
    let refused = call(address, "localhost", TlsSettings::default()).await.unwrap();
    assert!(refused.to_string().contains("name its file as an extra authority"), "{refused}");
    // Distrust does not pass by itself, so that it is reported at once.
    assert!(matches!(refused, CallError::Unreachable { attempts: 1, .. }), "{refused:?}");
    let (_directory, path) = file(&authority.pem());
    assert!(call(address, "localhost", trusting(path)).await.is_none());
    let skipping = TlsSettings { verification: Verification::Skip, ..TlsSettings::default() };
    assert!(call(address, "localhost", skipping).await.is_none());
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_once_named_but_only_for_its_host() {
    for authority in [an_authority(), IsCa::NoCa] {
        let own = self_signed(&["localhost"], authority);
        let address = serve(own.der().clone(), own.key()).await;
        let (_directory, path) = file(&own.pem());
        assert!(call(address, "localhost", TlsSettings::default()).await.is_some());
        let ended = call(address, "localhost", trusting(path.clone())).await;
        assert!(ended.is_none(), "{ended:?}");
        assert!(call(address, "127.0.0.1", trusting(path)).await.is_some());
    }
}

#[tokio::test]
async fn a_named_certificate_does_not_vouch_for_others() {
    let (named, other) = (self_signed(&["localhost"], an_authority()), self_signed(&["localhost"], an_authority()));
    let address = serve(other.der().clone(), other.key()).await;
    let (_directory, path) = file(&named.pem());
    assert!(call(address, "localhost", trusting(path)).await.is_some());
}
