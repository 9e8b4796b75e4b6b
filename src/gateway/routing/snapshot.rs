//! What the data plane serves: an immutable picture of the store, swapped whole at each sync.
//!
//! A request enters the picture that is there ([`Snapshots::enter`]) and keeps it to its end, so that it never
//! sees half a change. Pictures that requests still hold are counted by revision and are freed by the sync task,
//! never by a request: freeing 100,000 routes takes milliseconds.

mod slugs;

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use secrecy::SecretString;

use crate::api::{DeploymentStatus, EndpointId, ModelId, SecretId, Slug, Target, Time};
pub use slugs::RoutesBySlug;

/// The store's rows at one revision, as the data plane needs them.
#[derive(Debug, Default)]
pub struct Routes {
    /// The store's revision that this picture was taken at.
    pub revision: u64,
    /// The workspace's endpoints by their slugs.
    pub by_slug: RoutesBySlug,
    /// The workspace's models. A BASETEN target whose model is not here has lost it.
    pub models: HashMap<ModelId, RoutedModel>,
    /// The workspace's secrets. A target whose secret is not here has lost it.
    pub secrets: HashMap<SecretId, RoutedSecret>,
    in_flight: AtomicU64,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The endpoint's id, for `X-Repoint-Target`.
    pub id: EndpointId,
    /// What callers name.
    pub slug: Slug,
    /// Where its requests go. Endpoints with the same target share it.
    pub target: Arc<Target>,
    /// When the endpoint was created, for `GET /v1/models`.
    pub created_at: Time,
}

/// One workspace model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoutedModel {
    /// Its name, which simulated answers give.
    pub name: String,
    /// Its environments by name, with the status of what is deployed there; `None` where nothing is.
    pub environments: HashMap<String, Option<DeploymentStatus>>,
}

/// One workspace secret, opened.
#[derive(Debug, Clone)]
pub struct RoutedSecret {
    /// Its name, for errors.
    pub name: String,
    /// What is sent to the provider.
    pub value: SecretString,
    /// True for a seeded value that opens nothing: targets that use it go to the simulator, never out.
    pub simulated: bool,
}

impl Routes {
    /// An empty picture at this revision, to be filled and then swapped in.
    #[must_use]
    pub fn at(revision: u64) -> Self {
        Self { revision, ..Self::default() }
    }
}

/// The picture that is served, and the older ones that requests still hold.
#[derive(Debug, Default)]
pub struct Snapshots {
    current: ArcSwap<Routes>,
    retired: Mutex<Vec<Arc<Routes>>>,
}

/// A picture that a request holds. Dropping it ends the request's count.
#[derive(Debug)]
pub struct InFlight(Arc<Routes>);

impl Deref for InFlight {
    type Target = Routes;

    fn deref(&self) -> &Routes {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Release);
    }
}

impl Snapshots {
    /// The picture that is served now, held and counted until the answer is dropped.
    #[must_use]
    pub fn enter(&self) -> InFlight {
        let routes = self.current.load_full();
        routes.in_flight.fetch_add(1, Ordering::Acquire);
        InFlight(routes)
    }

    /// The picture that is served now, for the sync to build the next one on. A request enters it.
    #[must_use]
    pub fn served(&self) -> Arc<Routes> {
        self.current.load_full()
    }

    /// The revision that new requests get.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.current.load().revision
    }

    /// How many endpoints are served.
    #[must_use]
    pub fn len(&self) -> usize {
        self.current.load().by_slug.len()
    }

    /// True where no endpoint is served.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Serves these routes from now on and frees what no request holds any longer. Not for the request path.
    pub fn swap(&self, routes: Routes) {
        let previous = self.current.swap(Arc::new(routes));
        let unused = {
            let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
            retired.push(previous);
            let (held, unused): (Vec<_>, Vec<_>) = retired.drain(..).partition(|routes| Arc::strong_count(routes) > 1);
            *retired = held;
            unused
        };
        drop(unused);
    }

    /// How many requests run on each revision that has any.
    #[must_use]
    pub fn in_flight(&self) -> BTreeMap<u64, u64> {
        let retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut counts = BTreeMap::new();
        for routes in retired.iter().chain([&self.current.load_full()]) {
            let running = routes.in_flight.load(Ordering::Acquire);
            if running > 0 {
                *counts.entry(routes.revision).or_default() += running;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_the_picture_it_entered() {
        let snapshots = Snapshots::default();
        snapshots.swap(Routes::at(1));
        let old = snapshots.enter();
        snapshots.swap(Routes::at(2));
        let new = snapshots.enter();
        assert_eq!((old.revision, new.revision, snapshots.revision()), (1, 2, 2));
        assert_eq!(snapshots.in_flight(), BTreeMap::from([(1, 1), (2, 1)]));
        drop(old);
        assert_eq!(snapshots.in_flight(), BTreeMap::from([(2, 1)]));
    }

    #[test]
    fn pictures_that_nobody_holds_are_freed_at_the_next_swap() {
        let snapshots = Snapshots::default();
        snapshots.swap(Routes::at(1));
        let held = snapshots.enter();
        snapshots.swap(Routes::at(2));
        snapshots.swap(Routes::at(3));
        assert_eq!(snapshots.retired.lock().unwrap().len(), 1);
        drop(held);
        snapshots.swap(Routes::at(4));
        assert!(snapshots.retired.lock().unwrap().is_empty());
    }
}
