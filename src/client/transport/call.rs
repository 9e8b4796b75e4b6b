//! A request before it is sent. Addresses are made of encoded parts, never of joined texts.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use super::{ClientError, ErrorKind};
use crate::api::Time;

/// One request: what to do to what, and with which body.
pub(in crate::client) struct Call {
    pub(super) method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<Bytes>,
}

impl Call {
    pub(in crate::client) fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    pub(in crate::client) fn post(path: &[&str]) -> Self {
        Self::new(Method::POST, path)
    }

    pub(in crate::client) fn put(path: &[&str]) -> Self {
        Self::new(Method::PUT, path)
    }

    pub(in crate::client) fn patch(path: &[&str]) -> Self {
        Self::new(Method::PATCH, path)
    }

    pub(in crate::client) fn delete(path: &[&str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: &[&str]) -> Self {
        let segments = path.iter().map(|part| (*part).to_owned()).collect();
        Self { method, segments, query: Vec::new(), headers: Vec::new(), body: None }
    }

    /// One more part of the path: an id, encoded whatever it holds.
    ///
    /// An empty id, `.` and `..` would name another thing than is meant, so they are refused.
    pub(in crate::client) fn segment(mut self, id: &str) -> Result<Self, ClientError> {
        if matches!(id, "" | "." | "..") {
            return Err(ClientError::new(ErrorKind::Refused, format!("{id:?} is no id")));
        }
        self.segments.push(id.to_owned());
        Ok(self)
    }

    /// One more fixed part of the path.
    pub(in crate::client) fn then(mut self, part: &'static str) -> Self {
        self.segments.push(part.to_owned());
        self
    }

    pub(in crate::client) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(in crate::client) fn page(self, cursor: Option<&str>, limit: usize) -> Self {
        self.query("limit", Some(limit)).query("cursor", cursor)
    }

    pub(in crate::client) fn if_match(self, updated_at: Option<Time>) -> Self {
        let value = updated_at.and_then(|time| HeaderValue::try_from(time.to_string()).ok());
        self.header(header::IF_MATCH, value)
    }

    pub(in crate::client) fn header(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }

    pub(in crate::client) fn json(self, body: &impl Serialize) -> Result<Self, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| {
            ClientError::new(ErrorKind::Refused, format!("the request cannot be written as JSON: {error}"))
        })?;
        Ok(self.bytes(body))
    }

    pub(in crate::client) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(Bytes::from(body));
        self
    }

    /// The method's name as it stands in the log.
    pub(super) fn name(&self) -> &'static str {
        match self.method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PATCH => "PATCH",
            Method::PUT => "PUT",
            Method::DELETE => "DELETE",
            _ => "OTHER",
        }
    }

    pub(super) fn url(&self, base: &Url) -> Result<Url, ClientError> {
        let mut url = base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(&self.segments);
            }
            Err(()) => return Err(ClientError::new(ErrorKind::Refused, format!("{base} cannot have a path"))),
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(call: &Call, base: &str) -> String {
        call.url(&Url::parse(base).unwrap()).unwrap().to_string()
    }

    #[test]
    fn ids_and_cursors_are_encoded() {
        let call = Call::get(&["v1", "things"]).segment("a/../b?c#d e%2f").unwrap().page(Some("x=+&y"), 10);
        assert_eq!(
            url(&call, "http://127.0.0.1:1/base/"),
            "http://127.0.0.1:1/base/v1/things/a%2F..%2Fb%3Fc%23d%20e%252f?limit=10&cursor=x%3D%2B%26y"
        );
    }

    #[test]
    fn an_id_that_would_change_the_path_is_refused() {
        for id in ["", ".", ".."] {
            assert_eq!(Call::delete(&["v1"]).segment(id).err().unwrap().kind, ErrorKind::Refused, "{id:?}");
        }
    }
}
