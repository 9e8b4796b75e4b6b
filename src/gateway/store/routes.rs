//! The rows as the data plane takes them: everything that a snapshot holds, at one revision.
//!
//! A start reads all of them. A later sync reads again what was written since and shares the rest with the picture
//! that is served; only where too much has changed for that does it read everything once more.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use secrecy::ExposeSecret;

use super::endpoints::{OWN_WORKSPACE, target};
use super::secrets::GivenSecrets;
use super::writer::read_revision;
use super::{Sequence, Store, StoreError};
use crate::api::{DeploymentStatus, EndpointId, ModelId, SecretId, Slug, Target, Time};
use crate::gateway::routing::snapshot::{Route, RoutedModel, RoutedSecret, Routes, RoutesBySlug};
use crate::gateway::store::vault::Vault;

/// From so many rows on they are read by two threads: a start waits for it.
const SPLIT_ROWS: i64 = 10_000;
/// The most rows that are read again one by one on a thread like any other: well below a millisecond.
const FEW: usize = 64;
/// The columns of [`route`].
const COLUMNS: &str = "id, slug, created_at, provider, model_id, environment_name, target_model, secret_id, base_url,
                       vertex_project_id, vertex_location";

impl Store {
    /// A fresh picture, which shares with the one that is served what has not changed since. Where much has, it is
    /// taken beside the requests that are served: nobody waits for it.
    ///
    /// # Errors
    /// The database fails, or a row does not hold what it must.
    pub async fn routes_after(&self, served: Arc<Routes>) -> Result<Routes, StoreError> {
        let from = served.revision;
        let is_little = self.changes.count_after(from).is_some_and(|count| count <= FEW);
        let (vault, given) = (Arc::clone(&self.vault), Arc::clone(&self.given));
        let changes = Arc::clone(&self.changes);
        let read = move |connection: &Connection| {
            let Some(slugs) = changes.between(from, read_revision(connection)?) else {
                return all(connection, 0..Sequence::MAX, &vault, &given);
            };
            let mut routes = Routes::at(0);
            routes.by_slug = served.by_slug.clone();
            again(connection, &slugs, &mut routes.by_slug)?;
            routes.models = models(connection)?;
            routes.secrets = secrets(connection, &vault, &given)?;
            Ok(routes)
        };
        let seen = if is_little { self.read(read).await? } else { self.readers.read_beside(read).await? };
        let mut routes = seen.value;
        routes.revision = seen.revision;
        Ok(routes)
    }

    /// A fresh picture of all rows, as fast as can be: a start waits for it.
    ///
    /// # Errors
    /// The database fails, or a row does not hold what it must.
    pub async fn routes(&self) -> Result<Routes, StoreError> {
        let last = self.read(|connection| Ok(last_sequence(connection)?)).await?;
        if last.value >= SPLIT_ROWS {
            let middle = last.value / 2;
            let (first, second) = tokio::join!(
                self.routes_of(0, middle),
                self.read(move |connection| endpoints(connection, middle, Sequence::MAX))
            );
            let (mut routes, second) = (first?, second?);
            // A write between the two would tear the picture; it is taken again whole then.
            if routes.revision == second.revision {
                routes.by_slug.extend(second.value);
                return Ok(routes);
            }
        }
        self.routes_of(0, Sequence::MAX).await
    }

    /// Everything, but of the endpoints only those with these numbers.
    async fn routes_of(&self, after: Sequence, until: Sequence) -> Result<Routes, StoreError> {
        let (vault, given) = (Arc::clone(&self.vault), Arc::clone(&self.given));
        let seen = self.read(move |connection| all(connection, after..until, &vault, &given)).await?;
        let mut routes = seen.value;
        routes.revision = seen.revision;
        Ok(routes)
    }
}

/// Everything, but of the endpoints only those with these numbers, and no revision yet.
fn all(
    connection: &Connection,
    numbers: Range<Sequence>,
    vault: &Vault,
    given: &GivenSecrets,
) -> Result<Routes, StoreError> {
    let mut routes = Routes::at(0);
    routes.by_slug.extend(endpoints(connection, numbers.start, numbers.end)?);
    routes.models = models(connection)?;
    routes.secrets = secrets(connection, vault, given)?;
    Ok(routes)
}

fn last_sequence(connection: &Connection) -> Result<Sequence, rusqlite::Error> {
    connection.query_row("SELECT coalesce(max(sequence), 0) FROM endpoints", [], |row| row.get(0))
}

fn endpoints(connection: &Connection, after: Sequence, until: Sequence) -> Result<Vec<Arc<Route>>, StoreError> {
    let mut routes = Vec::new();
    let mut targets = Targets::default();
    let sql = format!("SELECT {COLUMNS} FROM endpoints WHERE workspace = ?1 AND sequence > ?2 AND sequence <= ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([OWN_WORKSPACE, after, until])?;
    while let Some(row) = rows.next()? {
        routes.push(route(row, &mut targets)?);
    }
    Ok(routes)
}

/// Brings these slugs to what the rows say now.
fn again(connection: &Connection, slugs: &HashSet<Slug>, routes: &mut RoutesBySlug) -> Result<(), StoreError> {
    let mut targets = Targets::default();
    let sql = format!("SELECT {COLUMNS} FROM endpoints WHERE workspace = ?1 AND slug = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    for slug in slugs {
        let mut rows = statement.query(params![OWN_WORKSPACE, slug.as_str()])?;
        match rows.next()? {
            Some(row) => routes.put(route(row, &mut targets)?),
            None => routes.remove(slug.as_str()),
        }
    }
    Ok(())
}

fn route(row: &Row<'_>, targets: &mut Targets) -> Result<Arc<Route>, StoreError> {
    let id: String = row.get(0)?;
    let slug: String = row.get(1)?;
    let damaged = |what: String| StoreError::Damaged(format!("endpoint {id} in the database is damaged: {what}"));
    Slug::check(&slug).map_err(|error| damaged(error.to_string()))?;
    let target = targets.of(row)?;
    if !target.provider.is_known() {
        return Err(damaged(format!("its provider is {}", target.provider)));
    }
    let created_at = Time::from_micros(row.get(2)?);
    Ok(Arc::new(Route { id: EndpointId::new(id), slug: Slug::from_wire(slug), target, created_at }))
}

/// The targets of the rows so far. Most endpoints of a large store share a few: each is built and held once, which
/// halves the time of a start.
#[derive(Default)]
struct Targets {
    known: HashMap<Vec<u8>, Arc<Target>>,
    key: Vec<u8>,
}

/// The first column of a target in [`COLUMNS`], and how many it has.
const TARGET_COLUMNS: (usize, usize) = (3, 8);
/// The most targets that are looked for again.
const TARGETS_MAX: usize = 4096;

impl Targets {
    fn of(&mut self, row: &Row<'_>) -> Result<Arc<Target>, StoreError> {
        let (first, count) = TARGET_COLUMNS;
        self.key.clear();
        for column in first..first + count {
            // The length stands before the text, so that no two rows share a key by chance.
            if let ValueRef::Text(text) = row.get_ref(column)? {
                self.key.push(1);
                self.key.extend(text.len().to_le_bytes());
                self.key.extend(text);
            } else {
                self.key.push(0);
            }
        }
        if let Some(target) = self.known.get(&self.key) {
            return Ok(Arc::clone(target));
        }
        let target = Arc::new(target(row, first)?);
        if self.known.len() < TARGETS_MAX {
            self.known.insert(self.key.clone(), Arc::clone(&target));
        }
        Ok(target)
    }
}

fn models(connection: &Connection) -> Result<HashMap<ModelId, RoutedModel>, StoreError> {
    let mut models = HashMap::new();
    let mut statement = connection.prepare_cached("SELECT id, name FROM models")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let model = RoutedModel { name: row.get(1)?, environments: HashMap::new() };
        models.insert(ModelId::new(row.get::<_, String>(0)?), model);
    }
    let sql = "SELECT environments.model_id, environments.name, deployments.status FROM environments
               LEFT JOIN deployments ON deployments.id = environments.deployment_id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let status: Option<String> = row.get(2)?;
        if let Some(model) = models.get_mut(row.get::<_, String>(0)?.as_str()) {
            model.environments.insert(row.get(1)?, status.as_deref().map(DeploymentStatus::from));
        }
    }
    Ok(models)
}

fn secrets(
    connection: &Connection,
    vault: &Vault,
    given: &GivenSecrets,
) -> Result<HashMap<SecretId, RoutedSecret>, StoreError> {
    let mut secrets = HashMap::new();
    let mut statement = connection.prepare_cached("SELECT id, name, sealed, simulated FROM secrets")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let name: String = row.get(1)?;
        if let Some(value) = given.get(&name) {
            let secret = RoutedSecret { name, value: value.clone(), simulated: false };
            secrets.insert(SecretId::new(id), secret);
            continue;
        }
        let value = vault.open(&id, row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?);
        let value = value.map_err(|error| StoreError::Damaged(error.to_string()))?;
        // Empty: it was given at an earlier start, and is not at this one.
        if !value.expose_secret().is_empty() {
            secrets.insert(SecretId::new(id), RoutedSecret { name, value, simulated: row.get(3)? });
        }
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::Region;
    use crate::gateway::store::{Change, NewEndpoint, Origin, Patch, Place};

    /// What is done to the endpoint of a name, or of a name and another.
    #[derive(Debug, Clone)]
    enum Step {
        Create(u8),
        Retarget(u8),
        Rename(u8, u8),
        Delete(u8),
        Secret,
        Sync,
    }

    fn step() -> impl Strategy<Value = Step> {
        let name = || 0..6_u8;
        prop_oneof![
            name().prop_map(Step::Create),
            name().prop_map(Step::Retarget),
            (name(), name()).prop_map(|(from, to)| Step::Rename(from, to)),
            name().prop_map(Step::Delete),
            Just(Step::Secret),
            Just(Step::Sync),
        ]
    }

    fn slug(name: u8) -> Slug {
        Slug::from_wire(format!("a/{name}"))
    }

    fn target(number: usize) -> Target {
        Target { base_url: Some(format!("https://{number}.example")), ..Target::new("OPENAI_COMPATIBLE".into()) }
    }

    /// Does it, where the rows let it.
    async fn take(store: &Store, step: &Step, number: usize) {
        let origin = Origin::system(Time::from_micros(0));
        let id_of = |name: u8| async move {
            let served = store.routes().await.unwrap();
            served.by_slug.get(slug(name).as_str()).map(|route| route.id.clone())
        };
        let patch = |change| Patch { change, if_match: None };
        match step {
            Step::Create(name) => {
                let id = EndpointId::new(format!("e{number}"));
                let new = NewEndpoint { id, slug: slug(*name), region: Region::Unrestricted, target: target(number) };
                // A name that is taken is refused, and a refused write is no change.
                let _ = store.create_endpoint(new, origin).await;
            }
            Step::Retarget(name) => {
                let Some(id) = id_of(*name).await else { return };
                let change = Change { target: Some(target(number)), ..Change::default() };
                store.update_endpoint(id, patch(change), origin).await.unwrap();
            }
            Step::Rename(from, to) => {
                let Some(id) = id_of(*from).await else { return };
                let change = Change { slug: Some(slug(*to)), ..Change::default() };
                let _ = store.update_endpoint(id, patch(change), origin).await;
            }
            Step::Delete(name) => {
                let Some(id) = id_of(*name).await else { return };
                store.delete_endpoint(id, None, origin).await.unwrap();
            }
            Step::Secret => {
                let value = secrecy::SecretString::from(format!("value {number}"));
                store.upsert_secret(SecretId::new("s"), "s".to_owned(), value, origin).await.unwrap();
            }
            Step::Sync => {}
        }
    }

    fn text(routes: &Routes) -> (u64, Vec<String>, Vec<String>) {
        let mut slugs: Vec<String> = routes.by_slug.iter().map(|route| format!("{route:?}")).collect();
        slugs.sort();
        let value = |(id, secret): (&SecretId, &RoutedSecret)| format!("{id} {}", secret.value.expose_secret());
        (routes.revision, slugs, routes.secrets.iter().map(value).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_read_again_makes_the_same_picture_as_reading_everything(
            steps in prop::collection::vec(step(), 1..40),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let store = Store::open(&Place::Memory, Vault::in_memory().unwrap()).unwrap();
                let mut served = Arc::new(store.routes().await.unwrap());
                for (number, step) in steps.iter().chain([&Step::Sync]).enumerate() {
                    take(&store, step, number).await;
                    if matches!(step, Step::Sync) {
                        let next = store.routes_after(Arc::clone(&served)).await.unwrap();
                        let whole = store.routes().await.unwrap();
                        prop_assert_eq!(text(&next), text(&whole));
                        prop_assert_eq!(next.by_slug.len(), whole.by_slug.len());
                        served = Arc::new(next);
                    }
                }
                Ok(())
            })?;
        }
    }

    #[tokio::test]
    async fn a_sync_that_is_too_far_behind_reads_everything() {
        let store = Store::open(&Place::Memory, Vault::in_memory().unwrap()).unwrap();
        take(&store, &Step::Create(1), 1).await;
        let stranger = Arc::new(Routes::at(u64::MAX));
        assert_eq!(store.changes.between(u64::MAX, 1), None);
        let routes = store.routes_after(stranger).await.unwrap();
        assert_eq!((routes.revision, routes.by_slug.len()), (1, 1));
    }
}
