//! An upstream that does what a test tells it, byte by byte.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An upstream that a test drives: it accepts when the test says so.
pub(super) struct Script {
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

/// A connection that the gateway made.
pub(super) struct Conversation {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A request as it arrived, byte by byte.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Arrived {
    pub(super) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Script {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(super) async fn accept(&self) -> Conversation {
        let (stream, _) = self.listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        Conversation { stream, read: Vec::new() }
    }

    /// Accepts, reads one request and answers it with these bytes.
    pub(super) async fn answer_once(&self, answer: &str) -> (Arrived, Conversation) {
        let mut conversation = self.accept().await;
        let arrived = conversation.request().await;
        conversation.send(answer).await;
        (arrived, conversation)
    }

    /// True where nobody has connected.
    pub(super) fn is_untouched(&self) -> bool {
        let listener = std::os::fd::AsFd::as_fd(&self.listener);
        let copy = std::net::TcpListener::from(listener.try_clone_to_owned().unwrap());
        copy.set_nonblocking(true).unwrap();
        copy.accept().is_err()
    }

    /// Answers every request on every connection with the same, until the test ends.
    pub(super) fn always(self, answer: impl Fn(&Arrived) -> String + Send + Sync + 'static) -> SocketAddr {
        let address = self.address;
        let answer = std::sync::Arc::new(answer);
        tokio::spawn(async move {
            loop {
                let mut conversation = self.accept().await;
                let answer = std::sync::Arc::clone(&answer);
                tokio::spawn(async move {
                    while let Some(arrived) = conversation.try_request().await {
                        conversation.send(&answer(&arrived)).await;
                    }
                });
            }
        });
        address
    }
}

impl Conversation {
    /// The next request, whole.
    pub(super) async fn request(&mut self) -> Arrived {
        self.try_request().await.expect("a request comes")
    }

    /// The head of the next request; what follows it is left where it is.
    pub(super) async fn head(&mut self) -> Option<String> {
        let head_end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.fill().await {
                return None;
            }
        };
        Some(String::from_utf8(self.read.drain(..head_end).collect()).unwrap())
    }

    pub(super) async fn try_request(&mut self) -> Option<Arrived> {
        let mut arrived = Arrived { head: self.head().await?, body: Vec::new() };
        let length: usize = arrived.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            if !self.fill().await {
                return None;
            }
        }
        arrived.body = self.read.drain(..length).collect();
        Some(arrived)
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        // A gateway that has gone is what some tests are about.
        let _ = self.stream.write_all(bytes).await;
    }

    /// One chunk of a chunked body.
    pub(super) async fn chunk(&mut self, text: &str) {
        self.send(&format!("{:x}\r\n{text}\r\n", text.len())).await;
    }

    /// One chunk of a chunked body. False where the gateway has closed.
    pub(super) async fn try_chunk(&mut self, text: &str) -> bool {
        self.stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.is_ok()
    }

    /// Waits until the gateway closes the connection.
    pub(super) async fn closed(&mut self) {
        while self.fill().await {}
    }

    /// Closes it with a reset.
    pub(super) fn reset(self) {
        let stream = self.stream.into_std().unwrap();
        socket_linger_zero(&stream);
        drop(stream);
    }

    async fn fill(&mut self) -> bool {
        let mut buffer = vec![0; 16 * 1024];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(read) => {
                self.read.extend_from_slice(&buffer[..read]);
                true
            }
        }
    }
}

fn socket_linger_zero(stream: &std::net::TcpStream) {
    let socket = TcpStream::from_std(stream.try_clone().unwrap()).unwrap();
    socket.set_zero_linger().unwrap();
}

/// A JSON answer.
pub(super) fn json_answer(body: &str) -> String {
    status_answer("200 OK", "application/json", body)
}

pub(super) fn status_answer(status: &str, content_type: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The head of a stream of events.
pub(super) const EVENTS: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// A small chat completion, as an upstream answers it.
pub(super) fn completion() -> String {
    json_answer(
        r#"{"id":"c1","object":"chat.completion","model":"upstream-model","choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}}"#,
    )
}
