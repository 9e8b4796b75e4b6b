//! `POST /v1/messages/count_tokens`: how many tokens a prompt would be.
//!
//! It spends nothing: no limit is looked at, no token charged, no request counted and no event made. Programs send it
//! by the dozen (Claude Code's `/context` thirty at once), and a provider does not bill it either.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::ask::Ask;
use super::exchange::Exchange;
use super::headers;
use super::held::{hold, put_back, whole};
use super::refusal::Refusal;
use super::relay::Answer;
use super::send::send;
use super::worker::Callee;
use crate::gateway::routing::provider::{Operation, Unroutable};

/// What the target says, where it has the route; else an estimate.
pub(super) async fn count(
    exchange: &mut Exchange,
    head: &Parts,
    ask: &Ask,
    body: Bytes,
) -> Result<Response<Answer>, Refusal> {
    exchange.model.clone_from(&ask.model);
    let routes = exchange.worker.shared.snapshots.enter();
    let key = exchange.key.as_ref().ok_or(Refusal::NoKey)?;
    key.group.grant(&ask.model).ok_or(Refusal::NoModel)?;
    // Not noted down as the exchange's route: what has one is a call, and has an event.
    let route = routes.by_slug.get(ask.model.as_str()).ok_or(Refusal::NoModel)?;
    let callee = exchange.worker.callee(&routes, route, Operation::CountTokens);
    exchange.routes = Some(routes);
    match callee {
        Ok(callee) => {
            exchange.callee = Some(std::sync::Arc::clone(&callee));
            if let Some(told) = told(exchange, &callee, head, ask, &body).await? {
                return Ok(told);
            }
        }
        Err(Refusal::Unroutable(Unroutable::NoRoute { .. } | Unroutable::NoAdapter(_))) => {}
        Err(refusal) => return Err(refusal),
    }
    Ok(estimated(exchange, ask))
}

/// What the target says. `None` where it has no such route.
async fn told(
    exchange: &mut Exchange,
    callee: &Callee,
    head: &Parts,
    ask: &Ask,
    body: &Bytes,
) -> Result<Option<Response<Answer>>, Refusal> {
    let spliced = ask.splice(body, callee.model.as_deref(), false);
    let (mut link, answer) = send(exchange, callee, head, spliced).await?;
    let deadline = Instant::from_std(exchange.started) + exchange.worker.settings.time_limit;
    let (text, _share) = timeout_at(deadline, hold(exchange, &mut link)).await.map_err(|_| Refusal::Silent)??;
    put_back(callee, link).await;
    let is_unknown =
        matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED);
    Ok(if is_unknown { None } else { Some(whole(exchange, answer, text)) })
}

fn estimated(exchange: &mut Exchange, ask: &Ask) -> Response<Answer> {
    let text = serde_json::json!({ "input_tokens": ask.prompt_tokens.max(1) }).to_string();
    let mut lines = HeaderMap::with_capacity(2);
    lines.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    lines.insert(headers::REQUEST_ID, exchange.id_header());
    exchange.status = 200;
    let mut response = Response::new(Answer::Whole(Bytes::from(text)));
    *response.headers_mut() = lines;
    response
}
