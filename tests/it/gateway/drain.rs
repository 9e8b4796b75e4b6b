//! The end of a gateway with streams and requests under way, from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::program::{Process, command, connect, head, provision, request, send_chat, start};
use crate::support::gateway::KEY;

/// A model's server that a test drives from its own thread.
struct Model(TcpListener);

impl Model {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// The flag that has the model of [`provision`] answered here.
    fn flag(&self) -> String {
        format!("3kZ9xqd=http://{}", self.0.local_addr().unwrap())
    }

    /// Takes a call and begins a stream.
    fn begin(&self) -> TcpStream {
        let (stream, _) = self.0.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let head = head(&mut reader).unwrap();
        let length = super::program::header(&head, "content-length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut stream = stream;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            .unwrap();
        chunk(&mut stream, "data: {\"choices\":[{}]}\n\n");
        stream
    }
}

fn chunk(stream: &mut TcpStream, text: &str) {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).unwrap();
}

fn run(directory: &std::path::Path, more: &[&str]) -> Process {
    let mut command = command(directory, more);
    command.env("REPOINT_GATEWAY_KEY", KEY);
    start(command)
}

/// A stream of which the first piece has come.
fn open(process: &Process, model: &Model, key: &str) -> (BufReader<TcpStream>, TcpStream) {
    let mut caller = connect(&process.addresses).unwrap();
    send_chat(&mut caller, key, true).unwrap();
    let upstream = model.begin();
    let head = head(&mut caller).unwrap();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let mut line = String::new();
    while !line.contains("choices") {
        line.clear();
        assert!(caller.read_line(&mut line).unwrap() > 0);
    }
    (caller, upstream)
}

/// Reads what the program logs until this is said.
fn wait_for(process: &mut Process, said: &str) -> BufReader<std::process::ChildStderr> {
    let mut log = BufReader::new(process.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(said) {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended and did not say {said:?}");
    }
    log
}

#[test]
fn sigterm_cuts_none_of_100_streams_that_end_within_the_drain_time() {
    let directory = tempfile::tempdir().unwrap();
    let model = Model::start();
    let mut process = run(directory.path(), &["--upstream", &model.flag()]);
    let key = provision(&process.addresses, KEY);
    let mut streams: Vec<_> = (0..100).map(|_| open(&process, &model, &key)).collect();
    process.signal(Signal::TERM);
    let log = wait_for(&mut process, "draining");
    // Whoever reads no more lets the program block on its own log.
    let reader = std::thread::spawn(move || log.lines().for_each(drop));
    for (caller, upstream) in &mut streams {
        chunk(upstream, "data: {\"choices\":[{}]}\n\n");
        chunk(upstream, "data: [DONE]\n\n");
        upstream.write_all(b"0\r\n\r\n").unwrap();
        let mut rest = String::new();
        caller.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"), "{rest:?}");
    }
    assert_eq!(process.end(), Some(0));
    reader.join().unwrap();
    let mut again = run(directory.path(), &[]);
    let path = "/v1/gateway/events?start_time=2020-01-01T00:00:00Z&limit=1000";
    let (_, page) = request(&again.addresses, KEY, "GET", path, &Value::Null).unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 100, "each stream has its event");
    again.signal(Signal::TERM);
    assert_eq!(again.end(), Some(0));
}

#[test]
fn what_outlasts_the_drain_time_is_cut_visibly_on_both_planes() {
    let directory = tempfile::tempdir().unwrap();
    let model = Model::start();
    let mut process = run(directory.path(), &["--upstream", &model.flag(), "--drain-timeout", "200ms"]);
    let key = provision(&process.addresses, KEY);
    let (mut caller, _upstream) = open(&process, &model, &key);
    let management = process.addresses.management_url.strip_prefix("http://").unwrap().to_owned();
    let mut writer = TcpStream::connect(management).unwrap();
    let head = format!(
        "POST /v1/gateway/endpoints HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nauthorization: Api-Key {KEY}\r\n\
         content-length: 10\r\n\r\n"
    );
    writer.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(writer);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains("100"), "the write is under way: {line}");
    // Without the flag it would be ten seconds.
    let begun = repoint::clock::instant();
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(8), "it took {:?}", begun.elapsed());
    let mut rest = Vec::new();
    // A reset is as good an end as any.
    let _ = caller.read_to_end(&mut rest);
    let rest = String::from_utf8_lossy(&rest);
    assert!(!rest.contains("[DONE]") && !rest.ends_with("0\r\n\r\n"), "{rest:?}");
    line.clear();
    assert!(reader.read_line(&mut line).is_err() || !line.contains("200"), "{line}");
    let mut log = String::new();
    process.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("drain time"), "{log}");
}
