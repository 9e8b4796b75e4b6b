//! A caller that sees every byte.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::plane::KEY;

pub(super) struct Caller {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
    /// False where the body broke off.
    pub(super) is_whole: bool,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A request's bytes with the usual key.
pub(super) fn post(path: &str, body: &str) -> String {
    post_with(path, &format!("authorization: Api-Key {KEY}\r\n"), body)
}

pub(super) fn post_with(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) fn chat(slug: &str) -> String {
    post("/v1/chat/completions", &format!(r#"{{"model":"{slug}","messages":[{{"role":"user","content":"hello"}}]}}"#))
}

pub(super) fn chat_stream(slug: &str) -> String {
    post("/v1/chat/completions", &format!(r#"{{"model":"{slug}","messages":[],"stream":true}}"#))
}

impl Caller {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(super) async fn call(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    /// The head of the next answer: status and text.
    pub(super) async fn head(&mut self) -> (u16, String) {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(
                self.fill().await,
                "the connection ended before an answer: {:?}",
                String::from_utf8_lossy(&self.read)
            );
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head)
    }

    pub(super) async fn answer(&mut self) -> Answer {
        let (status, head) = self.head().await;
        let mut answer = Answer { status, head, body: String::new(), is_whole: true };
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.read.len() < length && answer.is_whole {
                answer.is_whole = self.fill().await;
            }
            let body = self.read.drain(..length.min(self.read.len())).collect();
            answer.body = String::from_utf8(body).unwrap();
        } else if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                match self.chunk().await {
                    Some(chunk) if chunk.is_empty() => break,
                    Some(chunk) => answer.body.push_str(&chunk),
                    None => {
                        answer.is_whole = false;
                        break;
                    }
                }
            }
        } else {
            while self.fill().await {}
            answer.body = String::from_utf8(std::mem::take(&mut self.read)).unwrap();
        }
        answer
    }

    /// The next chunk of a chunked body; empty at its end, `None` where it broke off.
    pub(super) async fn chunk(&mut self) -> Option<String> {
        let line_end = loop {
            if let Some(at) = self.read.windows(2).position(|window| window == b"\r\n") {
                break at;
            }
            if !self.fill().await {
                return None;
            }
        };
        let size = usize::from_str_radix(std::str::from_utf8(&self.read[..line_end]).unwrap(), 16).unwrap();
        let end = line_end + 2 + size + 2;
        while self.read.len() < end {
            if !self.fill().await {
                return None;
            }
        }
        let chunk: Vec<u8> = self.read.drain(..end).collect();
        Some(String::from_utf8(chunk[line_end + 2..end - 2].to_vec()).unwrap())
    }

    /// Takes what comes and throws it away. False where the connection has ended.
    pub(super) async fn take_some(&mut self) -> bool {
        self.read.clear();
        self.fill().await
    }

    /// Sends nothing more.
    pub(super) async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Waits until the connection ends. An error where that was a reset.
    pub(super) async fn end(mut self) -> std::io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        while self.stream.read(&mut buffer).await? > 0 {}
        Ok(())
    }

    /// Waits until the gateway closes the connection, and gives what came before.
    pub(super) async fn rest(mut self) -> String {
        while self.fill().await {}
        String::from_utf8_lossy(&self.read).into_owned()
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
