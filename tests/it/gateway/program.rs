//! The gateway as a process, for tests of its ends and of what it leaves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use repoint::gateway::Addresses;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Longer than any end may take; only a test that fails waits so long.
const LIMIT: Duration = Duration::from_secs(30);

/// A gateway that runs; dropped, it is killed.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) addresses: Addresses,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How it is run on this directory, with these flags more.
pub(super) fn command(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repoint"));
    command.args(["gateway", "run", "--inference-listen", "127.0.0.1:0", "--data"]).arg(data);
    if !more.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(more).env_remove("REPOINT_GATEWAY_KEY").env_remove("REPOINT_LOG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it and waits for its ready line.
pub(super) fn start(mut command: Command) -> Process {
    let mut child = command.spawn().expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let Ok(addresses) = serde_json::from_str(&line) else {
        child.kill().unwrap();
        panic!("no ready line but {line:?}: {:?}", child.stderr.take().map(|log| text(Some(log))));
    };
    Process { child, addresses }
}

/// All that stands in a pipe.
pub(super) fn text(stream: Option<impl Read>) -> String {
    let mut text = String::new();
    stream.expect("a pipe").read_to_string(&mut text).expect("text");
    text
}

impl Process {
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The exit code; `None` after a signal.
    pub(super) fn end(&mut self) -> Option<i32> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let pid = Pid::from_child(&self.child);
        let watch = std::thread::spawn(move || {
            if receiver.recv_timeout(LIMIT).is_err() {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let status = self.child.wait().unwrap();
        sender.send(()).unwrap();
        watch.join().unwrap();
        status.code()
    }
}

/// A request on a connection of its own; `None` where no whole answer came.
pub(super) fn request(
    addresses: &Addresses,
    key: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Option<(u16, Value)> {
    let address = addresses.management_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).ok()?;
    let body = body.to_string();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Api-Key {key}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    Some((status, body))
}

pub(super) fn new_endpoint(slug: &str) -> Value {
    json!({"slug": slug, "targets": [{"provider": "BASETEN", "model_id": "3kZ9xqd"}]})
}

/// The slug that [`provision`] makes.
pub(super) const SLUG: &str = "my-org/calls";

/// Makes what a caller needs, has it served, and gives the caller's key. The target is a model of the workspace.
pub(super) fn provision(addresses: &Addresses, key: &str) -> String {
    let ask = |path: &str, body: &Value| {
        let (status, answer) = request(addresses, key, "POST", path, body).expect("an answer");
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    };
    ask("/v1/gateway/endpoints", &new_endpoint(SLUG));
    let limit = json!([{"type": "REQUEST", "unit": "DAY", "threshold": 1_000_000}]);
    let models = json!([{"slug": SLUG, "usage_limits": limit}]);
    let group = ask("/v1/gateway/groups", &json!({"metadata": {"external_entity_id": "calls"}, "models": models}));
    let keys = format!("/v1/gateway/groups/{}/api_keys", group["id"].as_str().unwrap());
    let minted = ask(&keys, &json!({"name": "calls"}));
    ask("/repoint/v1/sync", &json!({}));
    minted["api_key"].as_str().unwrap().to_owned()
}

/// A connection to the data plane.
pub(super) fn connect(addresses: &Addresses) -> std::io::Result<BufReader<TcpStream>> {
    let address: SocketAddr = addresses.inference_url.strip_prefix("http://").unwrap().parse().unwrap();
    TcpStream::connect(address).map(BufReader::new)
}

/// Sends a chat completion of [`SLUG`].
pub(super) fn send_chat(connection: &mut BufReader<TcpStream>, key: &str, is_stream: bool) -> std::io::Result<()> {
    let body = json!({"model": SLUG, "stream": is_stream, "messages": [{"role": "user", "content": "Hello"}]});
    let body = body.to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Api-Key {key}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.get_mut().write_all((head + &body).as_bytes())
}

/// The head of the next answer, in lower case; `None` where the connection ended.
pub(super) fn head(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head.to_ascii_lowercase())
}

/// A header of a head.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
