//! Reads of a server, each answered with messages.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;

use crate::api::{PAGE_LIMIT_MAX, Slug};
use crate::client::{Client, ClientError, ErrorKind};
use crate::plan::preflight::Workspace;
use crate::plan::survey;
use crate::tui::load::{Failure, Ticket};
use crate::tui::message::{Message, PageRead};

/// The first page is small, so that something is on the screen soon.
const FIRST_PAGE: usize = 200;
/// How many models are asked for their environments; a picker of more is filtered by typing anyway.
const MODELS_MAX: usize = 200;
/// How many requests of one kind are under way at once.
const PARALLEL: usize = 8;

/// Where answers go.
pub(super) type Messages = UnboundedSender<Message>;

/// Says something to the dashboard. The receiver is gone only when the program leaves.
pub(super) fn tell(messages: &Messages, message: Message) {
    drop(messages.send(message));
}

/// Reads all endpoints, page by page. Each page takes one of the `slots`, which are given back when it has been laid: a
/// hundred thousand endpoints must not lie in memory twice because they come faster than they are sorted.
pub(super) async fn endpoints(client: Client, ticket: Ticket, messages: Messages, slots: Arc<Semaphore>) {
    let mut cursor: Option<String> = None;
    let mut limit = FIRST_PAGE;
    loop {
        let answer = client.endpoints_page(cursor.as_deref(), limit).await;
        limit = PAGE_LIMIT_MAX;
        let page = match answer {
            Ok(page) => page,
            Err(error) => {
                return tell(&messages, Message::Page { ticket, answer: Err(error.into()) });
            }
        };
        // Never closed: it ends with the program.
        let Ok(slot) = slots.acquire().await else { return };
        slot.forget();
        let next = page.body.pagination.cursor.filter(|next| Some(next) != cursor.as_ref());
        // A server that promises more without saying where would be asked for the same page for ever.
        let is_last = !page.body.pagination.has_more || next.is_none();
        let read = PageRead { endpoints: page.body.items, is_last, revision: page.revision, date: page.date };
        tell(&messages, Message::Page { ticket, answer: Ok(read) });
        if is_last {
            return;
        }
        cursor = next;
    }
}

/// Reads one endpoint.
pub(super) async fn endpoint(client: Client, ticket: Ticket, id: crate::api::EndpointId, messages: Messages) {
    let answer = client.endpoint(&id).await.map(|answer| answer.body).map_err(Failure::from);
    tell(&messages, Message::Endpoint { ticket, answer: Box::new(answer) });
}

/// Reads the sync report, or asks for a sync.
pub(super) async fn sync(client: Client, ticket: Ticket, now: bool, messages: Messages) {
    let answer = if now { client.sync_now().await } else { client.sync_report().await };
    let answer = match answer {
        Ok(answer) => Ok((Some(answer.body), answer.date)),
        Err(ClientError { kind: ErrorKind::NotFound, .. }) => Ok((None, None)),
        Err(_) if client.is_local_gateway() == Some(false) => Ok((None, None)),
        Err(error) => Err(error.into()),
    };
    tell(&messages, Message::Sync { ticket, answer });
}

/// Reads what targets can name. What the workspace refuses to tell stays unknown: pickers fall back to typing.
pub(super) async fn workspace(client: Client, ticket: Ticket, messages: Messages) {
    let (models, secrets) = futures_util::join!(client.models(), client.secrets());
    let mut workspace = Workspace {
        models: models.ok().map(|answer| answer.body.models),
        secrets: secrets.ok().map(|answer| answer.body.secrets),
        ..Workspace::default()
    };
    tell(&messages, Message::Workspace { ticket, workspace: Box::new(workspace.clone()), is_whole: false });
    let ids: Vec<_> = workspace.models.iter().flatten().take(MODELS_MAX).map(|model| model.id.clone()).collect();
    let mut answers = stream::iter(ids)
        .map(|id| {
            let client = client.clone();
            async move { (client.environments(&id).await, id) }
        })
        .buffer_unordered(PARALLEL);
    while let Some((answer, id)) = answers.next().await {
        if let Ok(answer) = answer {
            workspace.environments.insert(id, answer.body.environments);
        }
    }
    tell(&messages, Message::Workspace { ticket, workspace: Box::new(workspace), is_whole: true });
}

/// Counts who may call the slugs, and how much they are called.
pub(super) async fn impact(client: Client, ticket: Ticket, slugs: Vec<Slug>, messages: Messages) {
    let slugs: Vec<&Slug> = slugs.iter().collect();
    let answer = survey::impact_of(&client, &slugs).await.map_err(Failure::from);
    tell(&messages, Message::Impact { ticket, answer });
}
