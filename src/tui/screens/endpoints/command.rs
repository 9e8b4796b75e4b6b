//! An endpoint as `curl` reads it. Keys stay variables; changes are `plan::command`'s.

use crate::api::Endpoint;
use crate::plan::command::KEY_VARIABLE;

/// A text for the shell, quoted where it has to be.
#[must_use]
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,~".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The `curl` call that reads an endpoint.
#[must_use]
pub fn read_curl(endpoint: &Endpoint, address: &str) -> String {
    let url = quoted(&format!("{address}/v1/gateway/endpoints/{}", endpoint.id));
    format!("curl -sS {url} -H \"Authorization: Api-Key {KEY_VARIABLE}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_stays_a_quote() {
        assert_eq!(quoted("my-org/glm-5.2"), "my-org/glm-5.2");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
