//! Identifiers: opaque strings, one type each, so that none can be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is: ids are opaque and have no shape of their own.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// An endpoint's id. It stays when the endpoint is renamed or re-pointed.
    EndpointId
);
id!(
    /// A group's id.
    GroupId
);
id!(
    /// The public part of a federated key: what may be shown and logged.
    KeyPrefix
);
id!(
    /// A workspace model's id.
    ModelId
);
id!(
    /// A workspace secret's id. It stays when the secret's value is rotated.
    SecretId
);
