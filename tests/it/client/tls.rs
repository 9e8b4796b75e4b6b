//! Certificates: which are trusted, and what is said of the others.

use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, date_time_ymd};
use repoint::api::EndpointId;
use repoint::client::{Client, ErrorKind, Options};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::options;

/// An authority that this machine does not know, and a server with a certificate of it.
struct Server {
    url: String,
    authority: String,
}

async fn serve(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Server {
    repoint::client::install_provider();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut leaf = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    change(&mut leaf);
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &authority).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(leaf)], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust it hangs up in the middle.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let body = r#"{"id":"abc123","slug":"my-org/x","targets":[],"region":"UNRESTRICTED","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#;
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    Server { url, authority: authority.pem() }
}

fn trusting(server: &Server) -> Options {
    let mut options = options(&server.url);
    options.extra_certificates = Some(Arc::from(server.authority.as_bytes()));
    options
}

async fn refusal(options: Options) -> String {
    let error = Client::new(options).unwrap().endpoint(&EndpointId::new("abc123")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls, "{error}");
    assert!(error.was_not_done());
    error.to_string()
}

#[tokio::test]
async fn an_authority_is_trusted_where_the_context_names_its_certificate_and_not_before() {
    let server = serve(&["127.0.0.1"], |_| {}).await;
    let said = refusal(options(&server.url)).await;
    assert!(said.contains("nobody that this machine trusts has signed its certificate"), "{said}");
    let client = Client::new(trusting(&server)).unwrap();
    assert_eq!(client.endpoint(&EndpointId::new("abc123")).await.unwrap().body.slug.as_str(), "my-org/x");
}

#[tokio::test]
async fn a_certificate_that_has_expired_or_is_of_another_name_is_refused_and_why() {
    let expired = serve(&["127.0.0.1"], |leaf| {
        leaf.not_before = date_time_ymd(2020, 1, 1);
        leaf.not_after = date_time_ymd(2021, 1, 1);
    })
    .await;
    let said = refusal(trusting(&expired)).await;
    assert!(said.contains("has expired"), "{said}");
    let other = serve(&["elsewhere.example"], |_| {}).await;
    let said = refusal(trusting(&other)).await;
    assert!(said.contains("of another name"), "{said}");
}

#[tokio::test]
async fn a_file_that_holds_no_certificate_is_said_before_anything_is_sent() {
    let server = serve(&["127.0.0.1"], |_| {}).await;
    for file in ["", "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n"] {
        let mut options = options(&server.url);
        options.extra_certificates = Some(Arc::from(file.as_bytes()));
        let error = Client::new(options).unwrap().endpoint(&EndpointId::new("abc123")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains("certificates cannot be read"), "{error}");
    }
}
