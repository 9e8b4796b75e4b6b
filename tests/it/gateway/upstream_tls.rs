//! An upstream with TLS: reached where its certificate is good, and never where it is not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustix::process::Signal;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::program::{Process, command, connect, head, header, provision, send_chat, start};
use crate::support::gateway::KEY;

/// A server whose certificate of this name is signed by the authority that is given back.
fn serve(name: &str) -> (u16, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(leaf)], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream.unwrap());
            // A client that does not trust it hangs up in the middle; one that does calls twice.
            while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                let body = r#"{"model":"x","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
                let length = body.len();
                let head = format!("content-type: application/json\r\ncontent-length: {length}");
                stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").as_bytes()).unwrap();
            }
        }
    });
    (port, authority.pem())
}

fn run(folder: &Path, authority: &str, upstream: &str) -> Process {
    let certificates = folder.join("authority.pem");
    std::fs::write(&certificates, authority).unwrap();
    let mut command = command(&folder.join("data"), &["--upstream", &format!("3kZ9xqd={upstream}")]);
    command.env("REPOINT_GATEWAY_KEY", KEY).env("SSL_CERT_FILE", certificates).env_remove("SSL_CERT_DIR");
    start(command)
}

/// What two calls on one connection are answered with.
fn call_twice(process: &Process, key: &str) -> Vec<(String, String)> {
    let mut caller = connect(&process.addresses).unwrap();
    (0..2)
        .map(|_| {
            send_chat(&mut caller, key, false).unwrap();
            let head = head(&mut caller).unwrap();
            let mut body = vec![0; header(&head, "content-length").unwrap().parse().unwrap()];
            caller.read_exact(&mut body).unwrap();
            (head.lines().next().unwrap().to_owned(), String::from_utf8(body).unwrap())
        })
        .collect()
}

#[test]
fn a_certificate_is_checked_by_authority_and_name() {
    for (name, host, is_trusted, is_served) in [
        ("127.0.0.1", "127.0.0.1", true, true),
        ("127.0.0.1", "127.0.0.1", false, false),
        ("other.test", "127.0.0.1", true, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (port, authority) = serve(name);
        let authority = if is_trusted { authority } else { serve(name).1 };
        let mut process = run(folder.path(), &authority, &format!("https://{host}:{port}"));
        let key = provision(&process.addresses, KEY);
        for (status, body) in call_twice(&process, &key) {
            if is_served {
                assert_eq!(status, "http/1.1 200 ok", "{body}");
                assert!(body.starts_with(r#"{"model":"my-org/calls""#), "{body}");
            } else {
                assert!(
                    status.starts_with("http/1.1 502") && body.contains("certificate is not good"),
                    "{status} {body}"
                );
            }
        }
        process.signal(Signal::TERM);
        assert_eq!(process.end(), Some(0));
    }
}
