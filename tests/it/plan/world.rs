//! What the scripted server has, and what its operations do to it.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use repoint::api::{CreateEndpoint, CreateGroup, Endpoint, EndpointId, Group, GroupId, Hierarchy, KeyInfo, KeyPrefix};
use repoint::api::{LimitEnforcement, Page, Pagination, Region, Slug, Time, Unknown, UpdateEndpoint, UpdateGroup};
use serde_json::{Value, json};

/// What the server has.
pub(crate) struct World {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) groups: Vec<Group>,
    pub(crate) keys: Vec<(GroupId, KeyInfo)>,
    /// Every write that was done: method and path, in order.
    pub(crate) writes: Vec<String>,
    /// Every write as it came: method, path, guard, and the body byte for byte.
    pub(crate) wire: Vec<String>,
    /// Every body of a write, done or not.
    pub(crate) bodies: Vec<Value>,
    pub(crate) if_match_is_known: bool,
    pub(crate) slugs_are_fixed: bool,
    pub(crate) applied_revision: u64,
    pub(crate) revision: u64,
    pub(crate) has_report: bool,
    /// What the data plane answers: the status, and the header that names the target.
    pub(crate) inference: (u16, String),
    made: u64,
    last: Time,
}

impl World {
    pub(crate) fn with(endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints,
            groups: Vec::new(),
            keys: Vec::new(),
            writes: Vec::new(),
            wire: Vec::new(),
            bodies: Vec::new(),
            if_match_is_known: true,
            slugs_are_fixed: false,
            applied_revision: 0,
            revision: 0,
            has_report: false,
            inference: (200, String::new()),
            made: 0,
            last: Time::EPOCH,
        }
    }

    /// The server's clock: it moves with every write, so that no two have the same time.
    fn now(&mut self) -> Time {
        self.made += 1;
        self.last = repoint::clock::now().max(self.last.plus(std::time::Duration::from_micros(1)));
        self.last
    }

    pub(crate) fn handle(
        &mut self,
        method: &Method,
        path: &str,
        body: &[u8],
        if_match: Option<&str>,
    ) -> Response<Full<Bytes>> {
        if path == "/v1/chat/completions" {
            let (status, target) = &self.inference;
            let mut response = Response::builder().status(*status);
            if !target.is_empty() {
                response = response.header("x-repoint-target", target);
            }
            return response.body(Full::new(Bytes::from_static(br#"{"error":"no upstream"}"#))).unwrap();
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let result = match (method.as_str(), segments.as_slice()) {
            ("GET", ["repoint", "v1", "sync"]) if self.has_report => Ok(self.report()),
            ("GET", ["v1", "gateway", "endpoints"]) => Ok(page(&self.endpoints, query)),
            ("GET", ["v1", "gateway", "groups"]) => Ok(self.groups_page(query)),
            ("GET", ["v1", "gateway", "endpoints", id]) => self.endpoint(id).map(|place| json!(self.endpoints[place])),
            ("GET", ["v1", "gateway", "groups", id]) => self.group(id).map(|place| json!(self.groups[place])),
            ("POST", ["v1", "gateway", "endpoints"]) => self.create(body),
            ("PATCH", ["v1", "gateway", "endpoints", id]) => self.update(id, body, if_match),
            ("DELETE", ["v1", "gateway", "endpoints", id]) => self.delete(id, if_match),
            ("POST", ["v1", "gateway", "groups"]) => self.create_group(body),
            ("PATCH", ["v1", "gateway", "groups", id]) => self.update_group(id, body),
            ("DELETE", ["v1", "gateway", "groups", id]) => self.delete_group(id),
            ("POST", ["v1", "gateway", "groups", id, "api_keys"]) => self.mint(id, body),
            ("GET", ["v1", "gateway", "groups", id, "api_keys", prefix]) => self.key(id, prefix),
            ("DELETE", ["v1", "gateway", "groups", id, "api_keys", prefix]) => self.revoke(id, prefix),
            _ => Err((404, "no such route".to_owned())),
        };
        let is_write = method != Method::GET;
        match result {
            Ok(value) => {
                if is_write {
                    self.writes.push(format!("{method} {path}"));
                    self.revision += 1;
                }
                let mut response = Response::builder().header("content-type", "application/json");
                if self.if_match_is_known {
                    response = response.header("x-repoint-revision", self.revision.to_string());
                }
                response.body(Full::new(Bytes::from(value.to_string()))).unwrap()
            }
            Err((status, message)) => {
                let body = json!({ "code": "ERROR", "message": message }).to_string();
                Response::builder()
                    .status(StatusCode::from_u16(status).unwrap())
                    .header("content-type", "application/json")
                    .body(Full::new(Bytes::from(body)))
                    .unwrap()
            }
        }
    }

    fn report(&self) -> Value {
        let at = Time::parse("2026-11-22T13:30:00Z").unwrap();
        json!({ "interval_seconds": 60.0, "revision": self.revision, "applied_revision": self.applied_revision,
                "last_sync_at": at, "next_sync_at": at })
    }

    fn endpoint(&self, id: &str) -> Result<usize, (u16, String)> {
        self.endpoints
            .iter()
            .position(|endpoint| endpoint.id.as_str() == id)
            .ok_or((404, "no such endpoint".to_owned()))
    }

    fn group(&self, id: &str) -> Result<usize, (u16, String)> {
        self.groups.iter().position(|group| group.id.as_str() == id).ok_or((404, "no such group".to_owned()))
    }

    fn slug_is_free(&self, slug: &Slug, except: Option<usize>) -> Result<(), (u16, String)> {
        let taken =
            self.endpoints.iter().enumerate().any(|(place, other)| other.slug == *slug && Some(place) != except);
        if taken { Err((400, format!("slug {slug} is taken"))) } else { Ok(()) }
    }

    pub(crate) fn create(&mut self, body: &[u8]) -> Result<Value, (u16, String)> {
        let create: CreateEndpoint = serde_json::from_slice(body).map_err(|error| (400, error.to_string()))?;
        self.slug_is_free(&create.slug, None)?;
        let now = self.now();
        let endpoint = Endpoint {
            id: EndpointId::new(format!("ep{}", self.made)),
            slug: create.slug,
            region: Some(create.region.unwrap_or(Region::Unrestricted)),
            targets: create.targets.into_iter().map(repoint::api::Target::normalized).collect(),
            created_at: now,
            updated_at: now,
            unknown: Unknown::new(),
        };
        self.endpoints.push(endpoint.clone());
        Ok(json!(endpoint))
    }

    fn update(&mut self, id: &str, body: &[u8], if_match: Option<&str>) -> Result<Value, (u16, String)> {
        let update: UpdateEndpoint = serde_json::from_slice(body).map_err(|error| (400, error.to_string()))?;
        let place = self.endpoint(id)?;
        self.matches(place, if_match)?;
        if let Some(slug) = &update.slug {
            self.slug_is_free(slug, Some(place))?;
        }
        let now = self.now();
        let slugs_are_fixed = self.slugs_are_fixed;
        let endpoint = &mut self.endpoints[place];
        if let Some(slug) = update.slug.filter(|_| !slugs_are_fixed) {
            endpoint.slug = slug;
        }
        if let Some(targets) = update.targets {
            endpoint.targets = targets.into_iter().map(repoint::api::Target::normalized).collect();
        }
        endpoint.updated_at = now;
        Ok(json!(endpoint))
    }

    fn delete(&mut self, id: &str, if_match: Option<&str>) -> Result<Value, (u16, String)> {
        let place = self.endpoint(id)?;
        self.matches(place, if_match)?;
        let endpoint = self.endpoints.remove(place);
        Ok(json!({ "id": endpoint.id, "slug": endpoint.slug }))
    }

    fn matches(&self, place: usize, if_match: Option<&str>) -> Result<(), (u16, String)> {
        let wanted = if_match.map(|text| text.trim_matches('"')).and_then(|text| Time::parse(text).ok());
        match wanted {
            Some(wanted) if self.if_match_is_known && wanted != self.endpoints[place].updated_at => {
                Err((412, "it was changed".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn groups_page(&self, query: &str) -> Value {
        let entity = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "external_entity_id")
            .map(|(_, value)| value.into_owned());
        let groups: Vec<Group> = self
            .groups
            .iter()
            .filter(|group| entity.as_ref().is_none_or(|entity| group.metadata.external_entity_id == *entity))
            .cloned()
            .collect();
        page(&groups, query)
    }

    fn knows_slugs(&self, models: &[repoint::api::GroupModel]) -> Result<(), (u16, String)> {
        match models.iter().find(|model| self.endpoints.iter().all(|endpoint| endpoint.slug != model.slug)) {
            Some(model) => Err((400, format!("models: there is no endpoint {}", model.slug))),
            None => Ok(()),
        }
    }

    pub(crate) fn create_group(&mut self, body: &[u8]) -> Result<Value, (u16, String)> {
        let create: CreateGroup = serde_json::from_slice(body).map_err(|error| (400, error.to_string()))?;
        self.knows_slugs(&create.models)?;
        if self.groups.iter().any(|group| group.metadata.external_entity_id == create.metadata.external_entity_id) {
            return Err((400, "external_entity_id is taken".to_owned()));
        }
        let hierarchy = create.hierarchy.unwrap_or_default();
        if let Some(parent) = &hierarchy.parent_group_id {
            self.group(parent.as_str())?;
        }
        let created_at = self.now();
        let group = Group {
            id: GroupId::new(format!("grp{}", self.made)),
            metadata: create.metadata,
            models: create.models,
            effective_models: Vec::new(),
            hierarchy: Hierarchy {
                limit_enforcement: hierarchy.limit_enforcement.unwrap_or(LimitEnforcement::Independent),
                parent_group_id: hierarchy.parent_group_id,
            },
            created_at,
            unknown: Unknown::new(),
        };
        self.groups.push(group.clone());
        Ok(json!(group))
    }

    fn update_group(&mut self, id: &str, body: &[u8]) -> Result<Value, (u16, String)> {
        let update: UpdateGroup = serde_json::from_slice(body).map_err(|error| (400, error.to_string()))?;
        let place = self.group(id)?;
        if let Some(models) = &update.models {
            self.knows_slugs(models)?;
        }
        let group = &mut self.groups[place];
        if let Some(metadata) = update.metadata {
            group.metadata.name = metadata.name;
        }
        if let Some(models) = update.models {
            group.models = models;
        }
        Ok(json!(group))
    }

    fn delete_group(&mut self, id: &str) -> Result<Value, (u16, String)> {
        let place = self.group(id)?;
        let deleted_at = self.now();
        let mut gone = vec![self.groups.remove(place)];
        let mut next = 0;
        while next < gone.len() {
            let parent = gone[next].id.clone();
            let (children, rest): (Vec<Group>, Vec<Group>) = std::mem::take(&mut self.groups)
                .into_iter()
                .partition(|group| group.hierarchy.parent_group_id.as_ref() == Some(&parent));
            self.groups = rest;
            gone.extend(children);
            next += 1;
        }
        self.keys.retain(|(group, _)| gone.iter().all(|gone| gone.id != *group));
        Ok(json!({ "id": gone[0].id, "metadata": gone[0].metadata, "deleted_at": deleted_at }))
    }

    fn mint(&mut self, id: &str, body: &[u8]) -> Result<Value, (u16, String)> {
        self.group(id)?;
        let name = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["name"].as_str().map(str::to_owned));
        self.made += 1;
        let prefix = KeyPrefix::new(format!("sky_{:012}", self.made));
        self.keys.push((GroupId::new(id), KeyInfo { prefix: prefix.clone(), name: name.clone() }));
        Ok(json!({ "api_key": format!("{prefix}.canary-secret"), "prefix": prefix, "name": name }))
    }

    fn key(&self, id: &str, prefix: &str) -> Result<Value, (u16, String)> {
        let found = self.keys.iter().find(|(group, key)| group.as_str() == id && key.prefix.as_str() == prefix);
        found.map(|(_, key)| json!(key)).ok_or((404, "no such key".to_owned()))
    }

    fn revoke(&mut self, id: &str, prefix: &str) -> Result<Value, (u16, String)> {
        self.key(id, prefix)?;
        self.keys.retain(|(group, key)| group.as_str() != id || key.prefix.as_str() != prefix);
        Ok(json!({ "prefix": prefix }))
    }
}

fn page<T: Clone + serde::Serialize>(items: &[T], query: &str) -> Value {
    let value = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let limit: usize = value("limit").and_then(|text| text.parse().ok()).unwrap_or(100);
    let start: usize = value("cursor").and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = items.len().min(start + limit);
    let has_more = end < items.len();
    let pagination = Pagination { has_more, cursor: has_more.then(|| end.to_string()) };
    json!(Page { items: items[start.min(end)..end].to_vec(), pagination })
}
