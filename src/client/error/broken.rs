//! Requests that got no whole answer: what broke, and whether anything was sent.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::{ClientError, ErrorKind};

impl ClientError {
    /// What a request's failure means. `host` is the host and port that were called.
    pub(in crate::client) fn broken(error: &reqwest::Error, host: &str) -> Self {
        if let Some(reason) = tls(error) {
            return Self::new(ErrorKind::Tls, format!("no secure connection to {host}: {reason}"))
                .with_hint(
                    "check the address and the clock; where a proxy has its own certificate, name it in the context as `certificates`",
                );
        }
        if error.is_connect() {
            return Self::unreachable(error, host);
        }
        if error.is_timeout() {
            return Self::new(ErrorKind::Timeout, format!("no answer from {host} in time"));
        }
        if error.is_builder() {
            return Self::new(ErrorKind::Refused, format!("the request to {host} cannot be made: {}", deepest(error)));
        }
        Self::new(ErrorKind::Lost, format!("the connection to {host} broke: {}", deepest(error)))
    }

    fn unreachable(error: &reqwest::Error, host: &str) -> Self {
        let refused = io_kind(error) == Some(io::ErrorKind::ConnectionRefused);
        let kind = ErrorKind::Unreachable { refused };
        if refused {
            return Self::new(kind, format!("cannot connect to {host}: connection refused"))
                .with_hint("check that the server runs, its address, and the proxy where one is set");
        }
        if error.is_timeout() {
            return Self::new(kind, format!("cannot connect to {host}: no answer in time"))
                .with_hint("check the network and the address");
        }
        Self::new(kind, format!("cannot connect to {host}: {}", deepest(error)))
            .with_hint("check the network, the address and the proxy settings")
    }
}

/// Every cause of an error, the error first. What `io::Error` wraps is among them; its `source` would skip it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn tls(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()).map(|error| match error {
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS".to_owned(),
        rustls::Error::InvalidCertificate(error) => certificate(error),
        other => other.to_string(),
    })
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "nobody that this machine trusts has signed its certificate".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is of another name".to_owned()
        }
        CertificateError::Revoked => "its certificate has been revoked".to_owned(),
        other => format!("its certificate is refused: {other}"),
    }
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
