//! `/v1/audit_logs` and `/repoint/v1/audit`: who changed what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::cursor::{self, List};
use super::plane::Plane;
use super::query::Query;
use super::reply::page;
use crate::api::{AuditLogs, Page, Pagination, Time};
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::{AuditDirection, AuditQuery, AuditScope};

const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 200;
/// The published groups of event types, with the types of ours that each holds by their beginnings.
const GROUPS: &[(&str, &[&str])] = &[
    ("DEPLOYED", &[]),
    ("PROMOTED", &[]),
    ("ACTIVATED_DEACTIVATED", &[]),
    ("AUTOSCALING_SETTINGS", &[]),
    ("REQUEST_BACKPRESSURE_SETTINGS", &[]),
    ("INSTANCE_TYPE_CHANGED", &[]),
    ("ENVIRONMENT_SETTINGS", &[]),
    ("REPLICA_TERMINATED", &[]),
    ("DELETED", &[]),
    ("METADATA", &[]),
    ("SECRETS", &["SECRET_"]),
    ("API_KEYS", &["API_KEY_"]),
    ("GATEWAY", &["GATEWAY_"]),
    ("CODE", &[]),
    ("WEBHOOK_SIGNING_SECRETS", &[]),
    ("USER_MANAGEMENT", &[]),
    ("DIRECTORY_GROUP_MANAGEMENT", &[]),
    ("SSH", &[]),
];
const SOURCES: &[&str] = &["UI", "API", "MCP", "SYSTEM", "OTHER"];
/// Filters by what no entry of ours has: they find nothing.
const FOREIGN_FILTERS: &[&str] = &["user_ids", "deployment_ids", "chain_deployment_ids", "environment_names"];

/// What the published specification has a type for: strict clients fail on any other.
pub(super) async fn list(State(plane): State<Arc<Plane>>, query: Query) -> Result<Json<AuditLogs>, ApiError> {
    answer(&plane, AuditScope::Published, &query).await
}

/// What else is written down: changes of groups.
pub(super) async fn own(State(plane): State<Arc<Plane>>, query: Query) -> Result<Json<AuditLogs>, ApiError> {
    answer(&plane, AuditScope::Own, &query).await
}

async fn answer(plane: &Plane, scope: AuditScope, query: &Query) -> Result<Json<AuditLogs>, ApiError> {
    let (list, asked, nothing) = parse(scope, query)?;
    if nothing {
        return Ok(Json(Page { items: Vec::new(), pagination: Pagination::default() }));
    }
    Ok(Json(page(list, plane.store.audit_page(asked).await?)))
}

/// The list that cursors belong to, what is asked, and whether it can find nothing.
fn parse(scope: AuditScope, query: &Query) -> Result<(List, AuditQuery, bool), ApiError> {
    let direction = match query.get("direction")? {
        None | Some("DESC") => AuditDirection::Newest,
        Some("ASC") => AuditDirection::Oldest,
        Some(_) => return Err(ApiError::invalid("direction must be ASC or DESC")),
    };
    let list = match (scope, direction) {
        (AuditScope::Published, AuditDirection::Newest) => List::AuditNewest,
        (AuditScope::Published, AuditDirection::Oldest) => List::AuditOldest,
        (AuditScope::Own, AuditDirection::Newest) => List::OwnAuditNewest,
        (AuditScope::Own, AuditDirection::Oldest) => List::OwnAuditOldest,
    };
    let groups = query.all("event_type_groups");
    let mut type_prefixes = Vec::new();
    for group in &groups {
        let known = GROUPS.iter().find(|(name, _)| name == group);
        let (_, prefixes) = known.ok_or_else(|| ApiError::invalid(format!("event_type_groups has no {group}")))?;
        type_prefixes.extend(prefixes.iter().map(|prefix| (*prefix).to_owned()));
    }
    let sources = query.all("sources");
    if let Some(odd) = sources.iter().find(|source| !SOURCES.contains(source)) {
        return Err(ApiError::invalid(format!("sources has no {odd}")));
    }
    let foreign = FOREIGN_FILTERS.iter().any(|name| !query.all(name).is_empty());
    let nothing = foreign || (!groups.is_empty() && type_prefixes.is_empty());
    let time = |millis: i64| Time::from_micros(millis.saturating_mul(1000));
    let asked = AuditQuery {
        scope,
        direction,
        after: query.get("cursor")?.map(|text| cursor::decode(list, text)).transpose()?,
        limit: query.limit(LIMIT_DEFAULT, LIMIT_MAX)?,
        search: query.get("search")?.map(str::to_owned),
        type_prefixes,
        sources: sources.into_iter().map(str::to_owned).collect(),
        start: query.number("start_epoch_millis")?.map(time),
        end: query.number("end_epoch_millis")?.map(time),
    };
    Ok((list, asked, nothing))
}
