//! Many rows, put into a database that a gateway has made, past it: through its API they would take minutes.

use std::path::Path;

use rusqlite::{Connection, params};

/// Endpoints of a large customer, with keys.
pub(crate) const ENDPOINTS_WITH_KEYS: usize = 10_000;
pub(crate) const GROUPS: usize = 1_000;
pub(crate) const KEYS: usize = 100_000;

/// Endpoints `my-org/model-0` and so on, all of one model.
pub(crate) fn endpoints(data: &Path, count: usize) {
    let mut connection = Connection::open(data.join("repoint.db")).unwrap();
    let transaction = connection.transaction().unwrap();
    let sql = "INSERT INTO endpoints (id, workspace, slug, region, provider, model_id, created_at, updated_at)
               VALUES (?1, 0, ?2, 'UNRESTRICTED', 'BASETEN', '3kZ9xqd', ?3, ?3)";
    let mut statement = transaction.prepare(sql).unwrap();
    for number in 0..count {
        let time = 1_760_000_000_000_000_i64 + number as i64;
        statement.execute((format!("e{number:010}"), slug(number), time)).unwrap();
    }
    drop(statement);
    transaction.commit().unwrap();
    connection.close().unwrap();
}

/// Groups that may call one endpoint each, and their keys.
pub(crate) fn groups_and_keys(data: &Path) {
    let mut connection = Connection::open(data.join("repoint.db")).unwrap();
    let transaction = connection.transaction().unwrap();
    let sql = "INSERT INTO groups (id, external_entity_id, limit_enforcement, models, created_at)
               VALUES (?1, ?2, 'INDEPENDENT', ?3, ?4)";
    let mut statement = transaction.prepare(sql).unwrap();
    for number in 0..GROUPS {
        let limit = serde_json::json!({"type": "REQUEST", "unit": "MINUTE", "threshold": 1_000_000_000});
        let models = serde_json::json!([{"slug": slug(number), "rate_limits": [limit], "usage_limits": []}]);
        let row = params![format!("g{number}"), format!("customer-{number}"), models.to_string(), number as i64];
        statement.execute(row).unwrap();
    }
    drop(statement);
    let sql = "INSERT INTO api_keys (group_id, prefix, digest, created_at) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = transaction.prepare(sql).unwrap();
    for number in 0..KEYS {
        let key = key(number);
        let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
        let row = params![format!("g{}", number % GROUPS), &key[..16], digest.as_ref(), number as i64];
        statement.execute(row).unwrap();
    }
    drop(statement);
    transaction.commit().unwrap();
    connection.close().unwrap();
}

pub(crate) fn slug(number: usize) -> String {
    format!("my-org/model-{number}")
}

/// A key, which opens group `number % GROUPS`.
pub(crate) fn key(number: usize) -> String {
    format!("sky_{number:012}.a-benchmark-key-of-no-worth")
}
