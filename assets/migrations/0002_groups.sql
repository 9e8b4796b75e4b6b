-- Groups, their keys, what they used, and the events that tell of it. Times are microseconds since 1970 in UTC.

CREATE TABLE groups (
    -- The order of creation, which pages follow.
    sequence           INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT NOT NULL UNIQUE,
    external_entity_id TEXT NOT NULL,
    name               TEXT,
    limit_enforcement  TEXT NOT NULL,
    parent_id          TEXT REFERENCES groups (id),
    -- The declared models with their limits, as JSON: they are always read and written whole.
    models             TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    -- Null while the group lives. A deleted row is kept for a while to tell whose events these were.
    deleted_at         INTEGER
) STRICT;
CREATE UNIQUE INDEX groups_by_external_entity_id ON groups (external_entity_id) WHERE deleted_at IS NULL;
CREATE INDEX groups_by_parent ON groups (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX groups_deleted ON groups (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE api_keys (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id   TEXT NOT NULL REFERENCES groups (id),
    -- The public part. A revoked key's row is gone, so what is here opens something.
    prefix     TEXT NOT NULL UNIQUE,
    -- SHA-256 of the whole key, which is nowhere stored.
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    name       TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_by_group ON api_keys (group_id);

-- How much of a slug a group used on the last day that it used any.
CREATE TABLE day_usage (
    group_id              TEXT NOT NULL,
    slug                  TEXT NOT NULL,
    -- Counted from 1970 in UTC.
    day                   INTEGER NOT NULL,
    requests              INTEGER NOT NULL,
    tokens                INTEGER NOT NULL,
    uncached_input_tokens INTEGER NOT NULL,
    output_tokens         INTEGER NOT NULL,
    PRIMARY KEY (group_id, slug)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    -- The order in which they were stored, which the webhook follows.
    sequence            INTEGER PRIMARY KEY AUTOINCREMENT,
    idempotency_key     TEXT NOT NULL UNIQUE,
    timestamp           INTEGER NOT NULL,
    request_id          TEXT NOT NULL,
    model_slug          TEXT NOT NULL,
    external_entity_id  TEXT NOT NULL,
    api_key_prefix      TEXT NOT NULL,
    input_tokens        INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL
) STRICT;
-- The list is read in this order; a row's sequence is part of every index.
CREATE INDEX events_by_time ON events (timestamp);

CREATE TABLE webhook (
    only_row           INTEGER PRIMARY KEY CHECK (only_row = 1),
    -- The last event that was delivered or became a dead letter.
    delivered_sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE dead_letters (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The delivery's request id.
    id          TEXT NOT NULL UNIQUE,
    -- The exact bytes that were refused.
    body        BLOB NOT NULL,
    event_count INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
