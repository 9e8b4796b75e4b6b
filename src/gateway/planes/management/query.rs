//! Query strings: parsed leniently where it costs nothing, refused by name where a value is wrong.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;

use super::cursor::{self, List};
use crate::api::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Time};
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::Sequence;

/// The parameters of a request in their order. Names may repeat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or("")))
    }
}

impl Query {
    fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The value of a parameter. An empty one counts as absent.
    ///
    /// # Errors
    /// The parameter is given twice.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.all(name).as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(ApiError::invalid(format!("{name} must be given at most once"))),
        }
    }

    /// Every value of a parameter that may repeat. Empty ones count as absent.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(given, value)| given == name && !value.is_empty());
        values.map(|(_, value)| value.as_str()).collect()
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let malformed = |_| ApiError::invalid(format!("{name} must be a whole number"));
        self.get(name)?.map(|text| text.parse().map_err(malformed)).transpose()
    }

    /// A point in time as the API writes them.
    pub(super) fn time(&self, name: &str) -> Result<Option<Time>, ApiError> {
        let malformed = |_| ApiError::invalid(format!("{name} must be a time such as 2026-06-17T12:00:00Z"));
        self.get(name)?.map(|text| Time::parse(text).map_err(malformed)).transpose()
    }

    /// The page's length.
    pub(super) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        let wrong = || ApiError::invalid(format!("limit must be a whole number from 1 to {most}"));
        let Some(text) = self.get("limit")? else { return Ok(default) };
        text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(wrong)
    }

    /// Where a list of the gateway API goes on, and how many rows are asked for.
    pub(super) fn page(&self, list: List) -> Result<(Option<Sequence>, usize), ApiError> {
        let limit = self.limit(PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX)?;
        let after = self.get("cursor")?.map(|text| cursor::decode(list, text)).transpose()?;
        Ok((after, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_with_a_bare_equals_sign_is_read_whole() {
        let query = Query::parse("limit=5&cursor=abc==");
        assert_eq!(query.get("cursor").unwrap(), Some("abc=="));
        assert_eq!(query.limit(100, 1000).unwrap(), 5);
    }

    #[test]
    fn a_limit_out_of_range_is_refused_by_name() {
        for text in ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=1.5", "limit=1&limit=2"] {
            let Err(ApiError::Invalid(message)) = Query::parse(text).limit(100, 1000) else { panic!("{text}") };
            assert!(message.contains("limit"), "{message}");
        }
        assert_eq!(Query::parse("limit=").limit(100, 1000).unwrap(), 100);
    }
}
