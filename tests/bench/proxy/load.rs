//! The callers: raw HTTP/1.1 over kept-alive connections, with as little work of their own as can be.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection that calls again and again.
pub(crate) struct Caller {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// When the parts of one answer came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// From the send to the last byte.
    pub(crate) whole: Duration,
    /// From the send to the first byte of the body.
    pub(crate) first: Duration,
    /// Between the pieces of the body.
    pub(crate) gaps: Vec<Duration>,
}

/// The bytes of a request with this body.
pub(crate) fn request(path: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Api-Key {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Caller {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server takes a connection");
        stream.set_nodelay(true).expect("a socket takes TCP_NODELAY");
        Self { stream, buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Answer {
        let begun = Instant::now();
        self.send(request).await;
        let (head_bytes, status, framing) = self.head().await;
        let mut first = (self.buffer.len() > head_bytes).then(|| begun.elapsed());
        let mut last = Instant::now();
        let mut gaps = Vec::new();
        while !framing.is_whole(&self.buffer[head_bytes..]) {
            self.read().await;
            let now = Instant::now();
            match first {
                None => first = Some(now - begun),
                Some(_) => gaps.push(now - last),
            }
            last = now;
        }
        self.buffer.clear();
        Answer { status, whole: begun.elapsed(), first: first.unwrap_or_else(|| begun.elapsed()), gaps }
    }

    /// Sends a request and waits for the first byte of the answer's body only.
    pub(crate) async fn open(&mut self, request: &[u8]) {
        self.send(request).await;
        let (head_bytes, _, _) = self.head().await;
        while self.buffer.len() == head_bytes {
            self.read().await;
        }
    }

    async fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.expect("the server takes a request");
    }

    async fn head(&mut self) -> (usize, u16, Framing) {
        loop {
            if let Some(at) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..at]).to_ascii_lowercase();
                let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
                return (at + 4, status, Framing::of(&head));
            }
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let count = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
        assert!(count > 0, "the server closed: {}", String::from_utf8_lossy(&self.buffer));
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

impl Framing {
    fn of(head: &str) -> Self {
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        length.map_or(Self::Chunked, |text| Self::Length(text.trim().parse().expect("a length")))
    }

    fn is_whole(&self, body: &[u8]) -> bool {
        match self {
            Self::Length(length) => body.len() >= *length,
            Self::Chunked => body.ends_with(b"\r\n0\r\n\r\n") || body == b"0\r\n\r\n",
        }
    }
}
