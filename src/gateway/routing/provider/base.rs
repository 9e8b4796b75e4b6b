//! Where an upstream stands: scheme, host, port and the path that its routes hang below.

use thiserror::Error;
use url::{Host, Url};

/// How an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear: only where an operator says so.
    Http,
    /// TLS.
    Https,
}

/// Which addresses a host may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Any: an operator named it.
    Anywhere,
    /// Only public ones: it came through the API.
    PublicOnly,
}

/// Where an upstream stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Base {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// A name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What a `Host` header says.
    pub authority: String,
    /// Ends without a slash; `/v1` where the URL has no path.
    pub path: String,
    /// Which addresses may be connected to.
    pub reach: Reach,
}

/// Why a URL is no base.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BaseError {
    /// It cannot be read.
    #[error("{0:?} is not a URL; hint: give one such as http://127.0.0.1:8000/v1")]
    Url(String),
    /// Neither http nor https.
    #[error("{0:?} is neither http nor https")]
    Scheme(String),
    /// No host.
    #[error("{0:?} has no host")]
    Host(String),
    /// Something that would be lost.
    #[error("{0:?} has a user, a query or a fragment, which are not sent; hint: leave them out")]
    Extra(String),
}

impl Base {
    /// Reads a base URL. One without a path stands for the one with `/v1`.
    ///
    /// # Errors
    /// Anything that cannot be connected to or would be lost.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, BaseError> {
        let url = Url::parse(text).map_err(|_| BaseError::Url(text.to_owned()))?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(BaseError::Scheme(text.to_owned())),
        };
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseError::Extra(text.to_owned()));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(BaseError::Host(text.to_owned())),
        };
        let named = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| named.to_owned(), |port| format!("{named}:{port}"));
        let port = url.port_or_known_default().unwrap_or(443);
        let path = match url.path().trim_end_matches('/') {
            "" => "/v1".to_owned(),
            path => path.to_owned(),
        };
        Ok(Self { scheme, host, port, authority, path, reach })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_without_a_path_stands_for_v1() {
        for text in ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1/"] {
            let base = Base::parse(text, Reach::Anywhere).unwrap();
            assert_eq!((base.path.as_str(), base.authority.as_str(), base.port), ("/v1", "127.0.0.1:8000", 8000));
        }
        let base = Base::parse("https://[2001:db8::1]/openai", Reach::PublicOnly).unwrap();
        assert_eq!((base.host.as_str(), base.authority.as_str(), base.port), ("2001:db8::1", "[2001:db8::1]", 443));
        assert_eq!(base.path, "/openai");
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        for text in ["ftp://a", "nonsense", "https://u:p@a/", "https://a/?k=v", "https://a/#f"] {
            assert!(Base::parse(text, Reach::Anywhere).is_err(), "{text}");
        }
    }
}
