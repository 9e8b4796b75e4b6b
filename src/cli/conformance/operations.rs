//! The operations, in the order in which they are sent. What one answers, later ones name: `<endpoint>`, `<group>`,
//! `<key>`; `<model>` is the first model of the workspace, `<slug>` and `<entity>` are names of this run alone.

/// A request, and what is kept of its answer.
#[derive(Debug)]
pub(super) struct Operation {
    /// What it is, in the table.
    pub(super) name: &'static str,
    /// The method.
    pub(super) method: &'static str,
    /// The path, with places in `<>`.
    pub(super) path: &'static str,
    /// The body, with places in `<>`.
    pub(super) body: Option<&'static str>,
    /// Which key is sent.
    pub(super) key: Key,
    /// A place that later operations name, and where it stands in the answer.
    pub(super) keeps: Option<(&'static str, &'static str)>,
    /// True where the sources are silent and our gateway had to decide: a difference is no fault.
    pub(super) is_ours: bool,
}

/// Which key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// The management key.
    Good,
    /// One that opens nothing.
    Wrong,
    /// None.
    None,
}

const fn get(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: "GET", path, body: None, key: Key::Good, keeps: None, is_ours: false }
}

const fn send(name: &'static str, method: &'static str, path: &'static str, body: &'static str) -> Operation {
    Operation { name, method, path, body: Some(body), key: Key::Good, keeps: None, is_ours: false }
}

const fn delete(name: &'static str, path: &'static str) -> Operation {
    Operation { name, method: "DELETE", path, body: None, key: Key::Good, keeps: None, is_ours: false }
}

impl Operation {
    const fn keeping(self, place: &'static str, pointer: &'static str) -> Self {
        Self { keeps: Some((place, pointer)), ..self }
    }

    const fn with_key(self, key: Key) -> Self {
        Self { key, ..self }
    }

    const fn ours(self) -> Self {
        Self { is_ours: true, ..self }
    }
}

const ENDPOINTS: &str = "/v1/gateway/endpoints";
const ENDPOINT: &str = "/v1/gateway/endpoints/<endpoint>";
const GROUPS: &str = "/v1/gateway/groups";
const GROUP: &str = "/v1/gateway/groups/<group>";
const KEYS: &str = "/v1/gateway/groups/<group>/api_keys";
const KEY: &str = "/v1/gateway/groups/<group>/api_keys/<key>";

const TARGET: &str = r#"{"targets":[{"provider":"BASETEN","model_id":"<model>"}]}"#;
const CREATE: &str = r#"{"slug":"<slug>","targets":[{"provider":"BASETEN","model_id":"<model>"}]}"#;
const CREATE_GROUP: &str = r#"{"metadata":{"external_entity_id":"<entity>","name":"Conformance"},"models":[{"slug":"<slug>-b","rate_limits":[{"type":"REQUEST","unit":"MINUTE","threshold":100}]}]}"#;
const LIMIT: &str =
    r#"{"models":[{"slug":"<slug>-b","usage_limits":[{"type":"TOKEN","unit":"DAY","threshold":1000}]}]}"#;

/// All of them.
pub(super) const OPERATIONS: &[Operation] = &[
    get("who the key belongs to", "/v1/users/me"),
    get("no key", ENDPOINTS).with_key(Key::None),
    get("a wrong key", ENDPOINTS).with_key(Key::Wrong),
    get("models", "/v1/models").keeping("model", "/models/0/id"),
    get("environments", "/v1/models/<model>/environments"),
    get("deployments", "/v1/models/<model>/deployments"),
    get("secrets", "/v1/secrets"),
    send("create an endpoint", "POST", ENDPOINTS, CREATE).keeping("endpoint", "/id"),
    send("create: the slug is taken", "POST", ENDPOINTS, CREATE),
    send("create: no targets", "POST", ENDPOINTS, r#"{"slug":"<slug>-c","targets":[]}"#),
    send(
        "create: two targets",
        "POST",
        ENDPOINTS,
        r#"{"slug":"<slug>-c","targets":[{"provider":"BASETEN","model_id":"<model>"},{"provider":"BASETEN","model_id":"<model>"}]}"#,
    ),
    send(
        "create: no such model",
        "POST",
        ENDPOINTS,
        r#"{"slug":"<slug>-c","targets":[{"provider":"BASETEN","model_id":"nosuchmodel"}]}"#,
    ),
    send(
        "create: a field of another provider",
        "POST",
        ENDPOINTS,
        r#"{"slug":"<slug>-c","targets":[{"provider":"BASETEN","model_id":"<model>","base_url":"https://a.example"}]}"#,
    ),
    send(
        "create: a malformed slug",
        "POST",
        ENDPOINTS,
        r#"{"slug":"no slash","targets":[{"provider":"BASETEN","model_id":"<model>"}]}"#,
    ),
    send("create: a body that is no JSON", "POST", ENDPOINTS, "{"),
    get("read an endpoint", ENDPOINT),
    get("read: no such endpoint", "/v1/gateway/endpoints/nosuchendpoint"),
    get("list endpoints", "/v1/gateway/endpoints?limit=1"),
    get("list: limit 0", "/v1/gateway/endpoints?limit=0").ours(),
    get("list: a wrong cursor", "/v1/gateway/endpoints?cursor=nosuchcursor").ours(),
    send("re-point", "PATCH", ENDPOINT, TARGET),
    send("re-point: no targets", "PATCH", ENDPOINT, r#"{"targets":[]}"#),
    send("change: an empty body", "PATCH", ENDPOINT, "{}").ours(),
    send("change: no such endpoint", "PATCH", "/v1/gateway/endpoints/nosuchendpoint", TARGET),
    send("rename", "PATCH", ENDPOINT, r#"{"slug":"<slug>-b"}"#),
    send("create a group", "POST", GROUPS, CREATE_GROUP).keeping("group", "/id"),
    send("group: the id is taken", "POST", GROUPS, CREATE_GROUP),
    send("group: no models", "POST", GROUPS, r#"{"metadata":{"external_entity_id":"<entity>-c"},"models":[]}"#),
    send(
        "group: no such parent",
        "POST",
        GROUPS,
        r#"{"metadata":{"external_entity_id":"<entity>-c"},"models":[{"slug":"<slug>-b"}],"hierarchy":{"parent_group_id":"nosuchgroup"}}"#,
    ),
    get("read a group", GROUP),
    get("group: no such group", "/v1/gateway/groups/nosuchgroup"),
    get("list groups", "/v1/gateway/groups?limit=1"),
    get("find a group", "/v1/gateway/groups?external_entity_id=<entity>"),
    send("limit a group", "PATCH", GROUP, LIMIT),
    send("group: an empty body", "PATCH", GROUP, "{}"),
    get("usage", "/v1/gateway/groups/<group>/usage"),
    send("mint a key", "POST", KEYS, r#"{"name":"conformance"}"#).keeping("key", "/prefix"),
    get("list keys", KEYS),
    get("read a key", KEY),
    delete("revoke a key", KEY),
    delete("revoke: already revoked", KEY),
    delete("delete a group", GROUP),
    get("group: deleted", GROUP),
    delete("delete an endpoint", ENDPOINT),
    delete("delete: already deleted", ENDPOINT),
    get("audit log", "/v1/audit_logs?event_type_groups=GATEWAY&limit=1"),
    get("events", "/v1/gateway/events?start_time=2026-01-01T00:00:00Z&limit=1"),
    get("events: no start", "/v1/gateway/events"),
    get("sync report", "/repoint/v1/sync").ours(),
];
