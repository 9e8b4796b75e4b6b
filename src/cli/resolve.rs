//! Names that people type: a slug or an id, a group's id, own id or name. What is misspelt or ambiguous says what is near.
//!
//! Pure: the list is read by the caller.

use std::fmt;

use crate::api::{Endpoint, Group, KeyInfo};
use crate::near::did_you_mean;

/// Something that a person can name.
pub trait Named {
    /// What it is, for the sentence about it.
    const KIND: &'static str;
    /// The command that lists them.
    const LISTED_BY: &'static str;

    /// Its id, which names it before anything else does.
    fn id(&self) -> &str;

    /// What else it is called, the most telling first.
    fn names(&self) -> Vec<&str>;
}

impl Named for Endpoint {
    const KIND: &'static str = "endpoint";
    const LISTED_BY: &'static str = "repoint endpoints list";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<&str> {
        vec![self.slug.as_str()]
    }
}

impl Named for Group {
    const KIND: &'static str = "group";
    const LISTED_BY: &'static str = "repoint groups list";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<&str> {
        std::iter::once(self.metadata.external_entity_id.as_str()).chain(self.metadata.name.as_deref()).collect()
    }
}

impl Named for KeyInfo {
    const KIND: &'static str = "key";
    const LISTED_BY: &'static str = "repoint keys list GROUP";

    fn id(&self) -> &str {
        self.prefix.as_str()
    }

    fn names(&self) -> Vec<&str> {
        self.name.as_deref().into_iter().collect()
    }
}

/// Why a name names nothing, or too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// Nothing is called so.
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// The command that lists them.
        listed_by: &'static str,
        /// What was typed.
        name: String,
        /// What is called nearly so, as a question.
        near: Option<String>,
    },
    /// Several are called so.
    Ambiguous {
        /// What was looked for.
        kind: &'static str,
        /// What was typed.
        name: String,
        /// The ids of all that it could be.
        ids: Vec<String>,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { kind, listed_by, name, near: None } => {
                write!(formatter, "there is no {kind} {name:?}\nhint: {listed_by} shows what there is")
            }
            Self::Unknown { kind, name, near: Some(near), .. } => {
                write!(formatter, "there is no {kind} {name:?}\nhint: {near}")
            }
            Self::Ambiguous { kind, name, ids } => {
                write!(
                    formatter,
                    "{name:?} names more than one {kind}\nhint: say which by its id: {}",
                    ids.join(" or ")
                )
            }
        }
    }
}

impl std::error::Error for NameError {}

/// The one thing that is called so: by its id, else by its only name, else by the last part of a slug.
///
/// # Errors
/// None or several are called so.
pub fn resolve<'a, T: Named>(things: &'a [T], name: &str) -> Result<&'a T, NameError> {
    if let Some(found) = things.iter().find(|thing| thing.id() == name) {
        return Ok(found);
    }
    let called: Vec<&T> = things.iter().filter(|thing| thing.names().contains(&name)).collect();
    let called = if called.is_empty() { by_last_part(things, name) } else { called };
    match called.as_slice() {
        [found] => Ok(found),
        [] => Err(NameError::Unknown {
            kind: T::KIND,
            listed_by: T::LISTED_BY,
            name: name.to_owned(),
            near: near(things, name),
        }),
        several => Err(NameError::Ambiguous {
            kind: T::KIND,
            name: name.to_owned(),
            ids: several.iter().map(|thing| format!("{} ({})", thing.id(), thing.names().join(", "))).collect(),
        }),
    }
}

/// What is called nearly so. A slug is mostly typed without its prefix, so that its last part is compared alone too.
fn near<T: Named>(things: &[T], wanted: &str) -> Option<String> {
    let names = || things.iter().flat_map(|thing| thing.names().into_iter().chain([thing.id()]));
    if let Some(whole) = did_you_mean(wanted, names()) {
        return Some(whole);
    }
    let last = |name: &'_ str| name.rsplit_once('/').map(|(_, last)| last.to_owned());
    let parts: Vec<(String, &str)> = names().filter_map(|name| Some((last(name)?, name))).collect();
    let near = crate::near::near(wanted, parts.iter().map(|(part, _)| part.as_str()));
    let meant: Vec<&str> =
        parts.iter().filter(|(part, _)| near.contains(&part.as_str())).map(|(_, name)| *name).collect();
    (!meant.is_empty()).then(|| format!("did you mean {}?", meant.join(" or ")))
}

/// `glm-5.2` for `my-org/glm-5.2`, as long as no other prefix has one.
fn by_last_part<'a, T: Named>(things: &'a [T], name: &str) -> Vec<&'a T> {
    if name.contains('/') || name.is_empty() {
        return Vec::new();
    }
    let is_meant = |thing: &T| {
        thing.names().first().and_then(|full| full.split_once('/')).is_some_and(|(prefix, last)| {
            // A group's name may hold a slash too; a slug has exactly one and no blanks.
            last == name && !prefix.contains(' ') && !last.contains('/')
        })
    };
    things.iter().filter(|thing| is_meant(thing)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{EndpointId, Slug, Target, Time, Unknown};

    fn endpoint(id: &str, slug: &str) -> Endpoint {
        Endpoint {
            id: EndpointId::new(id),
            slug: Slug::from_wire(slug),
            region: None,
            targets: vec![Target::baseten("m", None)],
            created_at: Time::EPOCH,
            updated_at: Time::EPOCH,
            unknown: Unknown::new(),
        }
    }

    fn endpoints() -> Vec<Endpoint> {
        vec![
            endpoint("ep1", "my-org/glm-5.2"),
            endpoint("ep2", "my-org/glm-5.2-canary"),
            endpoint("ep3", "other/claude"),
            endpoint("ep4", "my-org/claude"),
            endpoint("other/claude", "odd/id"),
        ]
    }

    #[test]
    fn an_id_a_slug_and_the_last_part_of_a_slug_name_an_endpoint() {
        let endpoints = endpoints();
        for (name, id) in
            [("ep2", "ep2"), ("my-org/glm-5.2", "ep1"), ("glm-5.2", "ep1"), ("other/claude", "other/claude")]
        {
            assert_eq!(resolve(&endpoints, name).unwrap().id.as_str(), id, "{name}");
        }
    }

    #[test]
    fn an_ambiguous_name_says_what_it_could_be() {
        let text = resolve(&endpoints(), "claude").unwrap_err().to_string();
        assert_eq!(
            text,
            "\"claude\" names more than one endpoint\nhint: say which by its id: ep3 (other/claude) or ep4 (my-org/claude)"
        );
    }

    #[test]
    fn a_misspelt_name_says_what_is_near() {
        for (typed, near) in [
            ("my-org/glm-52", "my-org/glm-5.2"),
            ("my-org/gml-5.2", "my-org/glm-5.2"),
            ("MY-ORG/GLM-5.2", "my-org/glm-5.2"),
            ("cluade", "other/claude or my-org/claude"),
            ("glm-5.2-can", "my-org/glm-5.2-canary"),
        ] {
            let text = resolve(&endpoints(), typed).unwrap_err().to_string();
            assert!(text.contains("did you mean") && text.contains(near), "{typed}: {text}");
        }
        let text = resolve(&endpoints(), "zzz").unwrap_err().to_string();
        assert_eq!(text, "there is no endpoint \"zzz\"\nhint: repoint endpoints list shows what there is");
    }
}
