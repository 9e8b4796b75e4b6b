//! Where the key may be sent, and the connections that carry it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use reqwest::redirect::Policy;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{ClientError, ErrorKind};

/// How long an unused connection is kept. Servers often close theirs after 60 to 75 s.
const IDLE_CONNECTION: Duration = Duration::from_secs(50);

/// What connections are made with.
#[derive(Clone)]
pub(in crate::client) struct Settings {
    /// The address, where it is this machine's own.
    pub(in crate::client) loopback: Option<Url>,
    /// True for plain HTTP, which needs no certificates.
    pub(in crate::client) is_plain: bool,
    pub(in crate::client) connect_timeout: Duration,
    pub(in crate::client) call_timeout: Duration,
    pub(in crate::client) extra_certificates: Option<Arc<[u8]>>,
}

impl Settings {
    /// For this address, which was [`checked`].
    pub(in crate::client) fn new(url: &Url, connect_timeout: Duration, call_timeout: Duration) -> Self {
        let loopback = is_loopback(url).then(|| url.clone());
        let is_plain = url.scheme() == "http";
        Self { loopback, is_plain, connect_timeout, call_timeout, extra_certificates: None }
    }
}

fn refused(message: impl Into<String>, hint: &str) -> ClientError {
    ClientError::new(ErrorKind::Refused, message).with_hint(hint)
}

/// The address without a `/v1` at its end, if it is one that a key may be sent to.
pub(in crate::client) fn checked(mut url: Url) -> Result<Url, ClientError> {
    // Whatever is wrong with the address, a password in it must not be shown.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(
            "the address has a user name or password in it",
            "leave them out; the key is what opens the server",
        ));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(refused(
                format!("the key is not sent to {url} in the clear"),
                "use https; plain http is only for this machine (127.0.0.1, [::1], localhost)",
            ));
        }
        other => return Err(refused(format!("an address does not begin with {other}:"), "use https")),
    }
    if url.host().is_none() {
        return Err(refused("the address has no host", "use one such as https://api.baseten.co"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused(format!("{url} has a query or fragment"), "give the address alone"));
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The header that carries the key.
pub(in crate::client) fn authorization(key: &SecretString) -> Result<HeaderValue, ClientError> {
    let key = key.expose_secret();
    if key.trim().is_empty() {
        return Err(refused("the key is empty", "give the workspace's API key"));
    }
    let mut value = HeaderValue::try_from(format!("Api-Key {}", key.trim()))
        .map_err(|_| refused("the key has characters that no key has", "copy it again, without line breaks"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// True for this machine's own addresses and for `localhost`.
pub(in crate::client) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(in crate::client) fn host_and_port(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => url.to_string(),
    }
}

/// Makes what makes connections. Reading the machine's certificates takes a while, so that is done off this thread.
pub(in crate::client) async fn build(settings: Settings) -> Result<reqwest::Client, ClientError> {
    if settings.is_plain {
        return build_now(&settings);
    }
    let built = tokio::task::spawn_blocking(move || build_now(&settings)).await;
    built.unwrap_or_else(|_| Err(ClientError::new(ErrorKind::Tls, "the machine's certificates could not be read")))
}

fn build_now(settings: &Settings) -> Result<reqwest::Client, ClientError> {
    install_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("repoint/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.call_timeout)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_nodelay(true);
    if settings.is_plain {
        builder = builder.tls_certs_only([]);
    } else if let Some(pem) = &settings.extra_certificates {
        builder = builder.tls_certs_merge(certificates(pem)?);
    }
    if let Some(url) = &settings.loopback {
        builder = builder.no_proxy();
        if let Some(Host::Domain(name)) = url.host() {
            // `localhost` is this machine, whatever a resolver says: the key goes nowhere else.
            let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            builder = builder.resolve_to_addrs(name, &addresses.map(|address| SocketAddr::new(address, 0)));
        }
    }
    builder.build().map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        ClientError::new(ErrorKind::Tls, format!("secure connections cannot be set up: {cause}"))
    })
}

/// The certificates of a PEM file. One that holds none, or something that only looks like one, is refused here: later it
/// would be taken for the server's fault.
fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>, ClientError> {
    let unusable = || refused("the context's certificates cannot be read", "give a file of PEM certificates");
    let mut roots = rustls::RootCertStore::empty();
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
        count += 1;
    }
    if count == 0 {
        return Err(unusable());
    }
    reqwest::Certificate::from_pem_bundle(pem).map_err(|_| unusable())
}

/// Names the cryptography that rustls shall use, before anything asks for it. A second call changes nothing.
pub fn install_provider() {
    // An error only says that another part of the program was first, with the same provider.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// A number in 0..=1 that nobody can foresee.
pub(in crate::client) fn chance() -> f64 {
    let mut byte = [0_u8];
    // Without randomness the whole pause is the safe choice.
    SystemRandom::new().fill(&mut byte).map_or(1.0, |()| f64::from(byte[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, String> {
        checked(Url::parse(text).unwrap()).map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn plain_http_goes_to_this_machine_alone() {
        for good in ["http://127.0.0.1:8787/", "http://127.9.9.9/", "http://[::1]:1/", "http://localhost:1/"] {
            assert_eq!(check(good).as_deref(), Ok(good));
        }
        for bad in ["http://api.baseten.co", "http://10.0.0.1", "http://localhost.evil.example", "http://0.0.0.0:1"] {
            assert!(check(bad).unwrap_err().contains("in the clear"), "{bad}");
        }
        assert!(check("ftp://127.0.0.1/").is_err());
        assert!(check("https://a.example/?key=1").is_err());
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let error = check("https://user:hunter2@api.example").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_address_that_ends_in_v1_is_the_same_address() {
        assert_eq!(check("https://api.baseten.co/v1/").as_deref(), Ok("https://api.baseten.co/"));
        assert_eq!(check("https://a.example/gate/v1").as_deref(), Ok("https://a.example/gate"));
    }

    #[test]
    fn a_key_is_one_line() {
        assert!(authorization(&SecretString::from("abc\r\nX: y")).is_err());
        assert!(authorization(&SecretString::from("  ")).is_err());
        assert_eq!(authorization(&SecretString::from("abc\n")).unwrap(), "Api-Key abc");
        let shown = format!("{:?}", authorization(&SecretString::from("abcdef")).unwrap());
        assert!(!shown.contains("abcdef"), "{shown}");
    }
}
