//! The future of one request. Most of what is refused is refused on sight, and then there is nothing to wait for.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Response;
use tokio::time::Sleep;

use super::caller::{Said, Talk};
use super::relay::Answer;

/// How a request is answered, and on which connection.
pub(super) struct Answering {
    how: How,
    talk: Arc<Talk>,
}

/// When it is answered.
///
/// What takes its time is boxed: a connection keeps the room for the largest of these to its own end, also while it
/// is idle or streams.
enum How {
    /// Now. `None` once it was taken.
    AtOnce(Option<Response<Answer>>),
    /// Now would do, but the caller is held back.
    Late(Pin<Box<Sleep>>, Option<Response<Answer>>),
    /// When its upstream has answered.
    InTime(Pin<Box<dyn Future<Output = Response<Answer>> + Send>>),
}

impl Answering {
    /// An answer that is there, held back for so long.
    pub(super) fn after(talk: &Arc<Talk>, wait: Option<Duration>, response: Response<Answer>) -> Self {
        let how = match wait {
            None => How::AtOnce(Some(response)),
            Some(wait) => How::Late(Box::pin(tokio::time::sleep(wait)), Some(response)),
        };
        Self { how, talk: Arc::clone(talk) }
    }

    /// An answer that takes its time.
    pub(super) fn in_time(talk: &Arc<Talk>, answer: impl Future<Output = Response<Answer>> + Send + 'static) -> Self {
        Self { how: How::InTime(Box::pin(answer)), talk: Arc::clone(talk) }
    }
}

impl Future for Answering {
    type Output = Result<Response<Said>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let response = match &mut this.how {
            How::AtOnce(response) => response.take(),
            How::Late(sleep, response) => {
                ready!(sleep.as_mut().poll(context));
                response.take()
            }
            How::InTime(answer) => Some(ready!(answer.as_mut().poll(context))),
        };
        // Whoever polls a future that has ended gets nothing, as with any other.
        let Some(response) = response else { return Poll::Pending };
        Poll::Ready(Ok(response.map(|answer| Said { answer, talk: Arc::clone(&this.talk) })))
    }
}
