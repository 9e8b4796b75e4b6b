-- The workspace and its endpoints. Times are microseconds since 1970 in UTC.

CREATE TABLE meta (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    -- Moves with every write; what the data plane has taken is compared with it.
    revision   INTEGER NOT NULL CHECK (revision >= 0)
) STRICT;
INSERT INTO meta (only_row, revision) VALUES (1, 0);

CREATE TABLE models (
    sequence           INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 TEXT NOT NULL UNIQUE,
    name               TEXT NOT NULL,
    instance_type_name TEXT NOT NULL,
    team_name          TEXT NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE deployments (
    sequence             INTEGER PRIMARY KEY AUTOINCREMENT,
    id                   TEXT NOT NULL UNIQUE,
    model_id             TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    name                 TEXT NOT NULL,
    status               TEXT NOT NULL,
    environment          TEXT,
    is_development       INTEGER NOT NULL CHECK (is_development IN (0, 1)),
    active_replica_count INTEGER NOT NULL,
    created_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX deployments_by_model ON deployments (model_id);

CREATE TABLE environments (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id      TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    -- What answers there; null where nothing does.
    deployment_id TEXT,
    created_at    INTEGER NOT NULL,
    UNIQUE (model_id, name)
) STRICT;

CREATE TABLE secrets (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL UNIQUE,
    team_name  TEXT NOT NULL,
    -- Encrypted with the key file that lies beside this database.
    sealed     BLOB NOT NULL,
    -- 1 for a seeded value that opens nothing: what uses it is answered by the simulator.
    simulated  INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE endpoints (
    -- The order of creation, which pages follow. AUTOINCREMENT: a deleted row's number never comes again.
    sequence          INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    -- 0 is this workspace; another number is a neighbour's, whose slugs are taken and whose rows are refused.
    workspace         INTEGER NOT NULL,
    slug              TEXT NOT NULL UNIQUE,
    region            TEXT NOT NULL,
    provider          TEXT NOT NULL,
    model_id          TEXT,
    environment_name  TEXT,
    target_model      TEXT,
    secret_id         TEXT,
    base_url          TEXT,
    vertex_project_id TEXT,
    vertex_location   TEXT,
    created_at        INTEGER NOT NULL,
    -- Strictly increases for an endpoint.
    updated_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    sequence          INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    created           INTEGER NOT NULL,
    event_type        TEXT NOT NULL,
    event_data        TEXT NOT NULL,
    source            TEXT NOT NULL,
    actor             TEXT NOT NULL,
    client_name       TEXT,
    client_version    TEXT,
    client_session_id TEXT
) STRICT;
