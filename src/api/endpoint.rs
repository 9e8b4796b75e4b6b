//! Endpoints: a slug and what it routes to.

use serde::{Deserialize, Serialize};

use super::{EndpointId, Slug, Target, Time, Unknown, open_enum};

open_enum!(
    /// Where an endpoint's requests may be served. It is set at creation and cannot be changed.
    Region {
        /// Anywhere.
        Unrestricted = "UNRESTRICTED",
        /// In the European Union.
        Eu = "EU",
    }
);

/// An endpoint as a server answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Stays for the endpoint's whole life.
    pub id: EndpointId,
    /// What customers call.
    pub slug: Slug,
    /// Older servers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Exactly one today; a server that answers several is shown as it is.
    pub targets: Vec<Target>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last written. Strictly increases on the local gateway.
    pub updated_at: Time,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

impl Endpoint {
    /// The first target. `None` only where a server breaks its own rule.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        self.targets.first()
    }
}

/// The body of `POST /v1/gateway/endpoints`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateEndpoint {
    /// What customers will call.
    pub slug: Slug,
    /// `UNRESTRICTED` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Exactly one.
    pub targets: Vec<Target>,
}

/// The body of `PATCH /v1/gateway/endpoints/{id}`: only what changes is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateEndpoint {
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<Slug>,
    /// Replaces the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<Target>>,
}

/// What `DELETE /v1/gateway/endpoints/{id}` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointTombstone {
    /// The id that is gone.
    pub id: EndpointId,
    /// The slug that is free again.
    pub slug: Slug,
}
