//! The future of one request. Most of what is refused is refused on sight, and then there is nothing to wait for.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Response;
use tokio::time::Sleep;

use super::relay::Answer;

/// How a request is answered.
///
/// What takes its time is boxed: a connection keeps the room for the largest of these to its own end, also while it
/// is idle or streams.
pub(super) enum Answering {
    /// Now. `None` once it was taken.
    AtOnce(Option<Response<Answer>>),
    /// Now would do, but the caller is held back.
    Late(Pin<Box<Sleep>>, Option<Response<Answer>>),
    /// When its upstream has answered.
    InTime(Pin<Box<dyn Future<Output = Response<Answer>> + Send>>),
}

impl Answering {
    /// An answer that is there, held back for so long.
    pub(super) fn after(wait: Option<Duration>, response: Response<Answer>) -> Self {
        match wait {
            None => Self::AtOnce(Some(response)),
            Some(wait) => Self::Late(Box::pin(tokio::time::sleep(wait)), Some(response)),
        }
    }
}

impl Future for Answering {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match self.get_mut() {
            Self::AtOnce(response) => response.take(),
            Self::Late(sleep, response) => {
                if sleep.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                response.take()
            }
            Self::InTime(answer) => return answer.as_mut().poll(context).map(Ok),
        };
        // Whoever polls a future that has ended gets nothing, as with any other.
        response.map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
    }
}
