//! Requests that pass the data plane of a gateway of ours: the last ones, and a stream of those that come.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::transport::Call;
use super::{Answer, Client, ClientError, ErrorKind};
use crate::api::{RequestReport, RequestReports};

const REQUESTS: [&str; 3] = ["repoint", "v1", "requests"];
/// A stream says every 15 s that it is there. Past three of these it is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// No line of the stream is longer.
const LINE_BYTES_MAX: usize = 1 << 20;

/// What a stream of requests tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A request that has ended.
    Request(Box<RequestReport>),
    /// What came so far had ended before the stream began; so many were told. What follows is new.
    Live {
        /// How many. Fewer than were asked for are all that there have been.
        replayed: usize,
    },
    /// This many were left out, because this reader was too slow.
    Missed(u64),
}

/// Requests as they end. Dropping it hangs up.
pub struct RequestStream {
    response: reqwest::Response,
    host: String,
    lines: Lines,
}

impl fmt::Debug for RequestStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RequestStream").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Client {
    /// The last requests to one slug, oldest first, at most `limit` of them. Only a gateway of ours tells.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) on every other server. Else see [`ErrorKind`].
    pub async fn requests_of(&self, slug: &str, limit: usize) -> Result<Answer<RequestReports>, ClientError> {
        self.read(Call::get(&REQUESTS).query("slug", Some(slug)).query("limit", Some(limit))).await
    }

    /// The last `limit` requests, and then each as it ends. Only a gateway of ours tells.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) on every other server. Else see [`ErrorKind`]. It is tried once.
    pub async fn follow_requests(&self, limit: usize) -> Result<RequestStream, ClientError> {
        let response = self.transport.open_stream(&Call::get(&REQUESTS).query("limit", Some(limit))).await?;
        let host = self.transport.host().to_owned();
        let kind = response.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Err(ClientError::new(ErrorKind::Malformed, format!("{host} does not stream its requests")));
        }
        Ok(RequestStream { response, host, lines: Lines::default() })
    }
}

impl RequestStream {
    /// The next thing that it tells; `None` where the server has ended it.
    ///
    /// Cancelling the future loses nothing.
    ///
    /// # Errors
    /// The connection broke, or nothing came for 45 s.
    pub async fn next(&mut self) -> Result<Option<Seen>, ClientError> {
        loop {
            if let Some(seen) = self.lines.seen.pop_front() {
                return Ok(Some(seen));
            }
            let chunk = tokio::time::timeout(SILENCE_MAX, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| {
                ClientError::new(ErrorKind::Timeout, format!("the stream of {} has gone silent", self.host))
            })?;
            match chunk.map_err(|error| ClientError::broken(&error, &self.host))? {
                Some(chunk) => self.lines.take(&chunk)?,
                None => return Ok(None),
            }
        }
    }

    /// What has come already. Never waits.
    pub fn ready(&mut self) -> Option<Seen> {
        self.lines.seen.pop_front()
    }
}

/// A stream's bytes on their way to being told. A line may be cut anywhere.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    event: String,
    seen: VecDeque<Seen>,
}

#[derive(Deserialize)]
struct LiveData {
    replayed: usize,
}

#[derive(Deserialize)]
struct MissedData {
    missed: u64,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if self.line.is_empty() {
                self.read(line);
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.read(&whole);
                whole.clear();
                self.line = whole;
            }
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > LINE_BYTES_MAX {
            return Err(ClientError::new(ErrorKind::Malformed, "the stream has a line without end"));
        }
        Ok(())
    }

    fn read(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.event.clear();
        } else if let Some(name) = line.strip_prefix(b"event:") {
            String::from_utf8_lossy(name).trim().clone_into(&mut self.event);
        } else if let Some(data) = line.strip_prefix(b"data:") {
            self.seen.extend(seen(&self.event, data));
        }
    }
}

/// What an event says. Kinds that this program does not know, and what it cannot read, are left out.
fn seen(event: &str, data: &[u8]) -> Option<Seen> {
    match event {
        "request" => serde_json::from_slice(data).ok().map(|report| Seen::Request(Box::new(report))),
        "live" => serde_json::from_slice(data).ok().map(|LiveData { replayed }| Seen::Live { replayed }),
        "missed" => serde_json::from_slice(data).ok().map(|MissedData { missed }| Seen::Missed(missed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "event: live\ndata: {\"replayed\":0}\n\n:\n\nevent: missed\r\ndata: {\"missed\":7}\r\n\r\n\
        event: new\ndata: {}\n\ndata: {\"missed\":9}\n\nevent: missed\ndata: {\"missed\":8}\n\n";

    #[test]
    fn a_stream_says_the_same_wherever_it_is_cut() {
        for size in 1..STREAM.len() {
            let mut lines = Lines::default();
            for piece in STREAM.as_bytes().chunks(size) {
                lines.take(piece).unwrap();
            }
            let wanted = [Seen::Live { replayed: 0 }, Seen::Missed(7), Seen::Missed(8)];
            assert_eq!(Vec::from(lines.seen), wanted, "cut every {size} bytes");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        assert!(Lines::default().take(&vec![b'x'; LINE_BYTES_MAX + 1]).is_err());
    }
}
