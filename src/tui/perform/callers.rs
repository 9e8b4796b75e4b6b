//! Reads who may call a slug, and how much it is called.

use std::time::Duration;

use super::wanted::{count_keys, groups};
use crate::api::{EndpointId, Group, GroupId, PAGE_LIMIT_MAX, Slug};
use crate::client::{Client, ClientError, EventsQuery};
use crate::clock;
use crate::tui::load::Failure;
use crate::tui::traffic::{Passed, Since, Tally};
use crate::tui::wanted::{Lately, SlugDetail};

/// How many requests of the slug are asked for.
const REQUESTS: usize = 300;
/// How far back usage events are asked for, where there is nothing better.
const EVENTS_BACK: Duration = Duration::from_mins(1);

/// What covers less is told as a moment: it has no whole seconds to count over.
const MOMENT: Duration = Duration::from_secs(10);

/// Reads it. What cannot be read of it is left out: a pane that tells the rest is worth more than none.
pub(super) async fn read(
    client: &Client,
    id: EndpointId,
    slug: Slug,
    known: Option<Vec<GroupId>>,
    counted_max: usize,
) -> SlugDetail {
    let callers = async {
        let all = match known {
            Some(_) => None,
            None => Some(groups(client).await.map_err(Failure::from)),
        };
        let ids = match (&all, known) {
            (Some(Ok(all)), _) => naming(all, &slug),
            (_, known) => known.unwrap_or_default(),
        };
        let keys = if ids.len() > counted_max { None } else { count_keys(client, ids).await.ok() };
        (all, keys)
    };
    let ((groups, keys), traffic) = futures_util::join!(callers, traffic(client, &slug));
    SlugDetail { id, groups, keys, traffic: traffic.ok() }
}

fn naming(groups: &[Group], slug: &Slug) -> Vec<GroupId> {
    let names = |group: &&Group| group.models.iter().any(|model| model.slug == *slug);
    groups.iter().filter(names).map(|group| group.id.clone()).collect()
}

async fn traffic(client: &Client, slug: &Slug) -> Result<Lately, ClientError> {
    let mut tally = Tally::default();
    if client.is_local_gateway() == Some(false) {
        let start = clock::now().minus(EVENTS_BACK);
        let query = EventsQuery { start: Some(start), limit: Some(PAGE_LIMIT_MAX), ..EventsQuery::default() };
        let page = client.events(&query).await?.body;
        // Of more than a page the oldest are told, and nothing is known of the rest.
        let is_whole = !page.pagination.has_more;
        for event in page.items.into_iter().filter(|event| event.model_slug == *slug) {
            tally.add(&Passed::Event(Box::new(event)));
        }
        let since = if is_whole { Since::Time(start) } else { Since::Now };
        return Ok(Lately { tally, since, moment: None });
    }
    let reports = client.requests_of(slug.as_str(), REQUESTS).await?.body;
    let requests = reports.requests;
    // What is older than the gateway keeps, or than was asked for, is not known.
    let oldest = requests.first().filter(|_| requests.len() == REQUESTS).map(|oldest| oldest.time);
    let since = oldest.max(reports.since).map_or(Since::Start, Since::Time);
    let newest = requests.last().map(|newest| newest.time);
    let covered = newest.zip(oldest.max(reports.since)).map(|(newest, from)| newest.since(from));
    let moment = covered.filter(|covered| *covered < MOMENT);
    for report in requests {
        tally.add(&Passed::Report(Box::new(report)));
    }
    Ok(Lately { tally, since, moment })
}
