//! The vocabulary of the management API: what goes over the wire, as values, with no input or output.
//!
//! Both sides use it: the client reads what any server answers, so unknown fields, providers and
//! enum values are kept and written back untouched; the local gateway writes with it. Rules that both
//! sides need (the shape of a slug, which field belongs to which provider) stand here once.

mod audit;
mod chat;
mod endpoint;
mod error;
mod event;
mod explain;
mod fault;
mod group;
mod id;
mod key;
mod limit;
mod pace;
mod page;
mod request;
mod slug;
mod status;
mod sync;
mod target;
mod time;
mod workspace;

pub use audit::{AuditActor, AuditEntry, AuditEvent, AuditLogs, PUBLISHED_EVENT_TYPES};
pub use chat::Chat;
pub use endpoint::{CreateEndpoint, Endpoint, EndpointTombstone, Region, UpdateEndpoint};
pub use error::ErrorBody;
pub use event::{Event, EventTokens};
pub use explain::{ExplainedLimit, Explanation, Question};
pub use fault::{DELAY_MS_MAX, FAULTS_MAX, Fault, FaultKind, FaultList};
pub use group::{
    CreateGroup, CreateHierarchy, EffectiveModel, EffectiveRateLimit, EffectiveUsageLimit, Group, GroupMetadata,
    GroupModel, GroupTombstone, Hierarchy, LimitEnforcement, UpdateGroup, UpdateGroupMetadata, Usage, UsageOfLimit,
};
pub use id::{EndpointId, GroupId, KeyPrefix, ModelId, SecretId};
pub use key::{CreateKey, KeyInfo, KeyTombstone, MintedKey, RegisterKey, RegisteredKey};
pub use limit::{LimitType, RateLimit, RateUnit, UsageLimit, UsageUnit};
pub use pace::Pace;
pub use page::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, Pagination};
pub use request::{RequestReport, RequestReports};
pub use slug::{SLUG_CHARS_MAX, Slug, SlugError};
pub use status::{GatewayStatus, LatencyStatus, OpenStatus, StoreStatus, Totals};
pub use sync::SyncReport;
pub use target::{PRODUCTION, Provider, Target, TargetField, TargetProblem, VertexConfig};
pub use time::Time;
pub use workspace::{
    Deployment, DeploymentStatus, Deployments, Environment, Environments, Model, Models, Secret, SecretTombstone,
    Secrets, UpsertSecret, User,
};

/// Fields of an answer that this program does not know. They are kept, shown and written back.
pub type Unknown = serde_json::Map<String, serde_json::Value>;

/// An enum of the wire whose unknown values are kept as they came.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that this program does not know, as the server wrote it.
            Other(String),
        }

        impl $name {
            /// Every value that this program knows, in the order in which it is offered.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// The value as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }

            /// True for a value that this program knows.
            #[must_use]
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Ok(Self::from(text.as_ref()))
            }
        }
    };
}
use open_enum;
