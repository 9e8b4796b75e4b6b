//! The processes that are compared: each forwards to the same upstream.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::Sample;

/// A process that answers calls.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Where it is managed; only ours is.
    pub(crate) management: Option<SocketAddr>,
    /// What callers present; only ours looks at it.
    pub(crate) key: String,
    pub(crate) start: Duration,
    process: Option<Child>,
    /// Open for as long as the process shall run.
    _input: Option<ChildStdin>,
    folder: Option<tempfile::TempDir>,
}

/// The slug that callers name, also where nobody looks at it.
pub(crate) const SLUG: &str = "my-org/bench";

impl Contestant {
    /// This benchmark in another role.
    pub(crate) fn role(name: &'static str, role: &str, upstream: Option<SocketAddr>) -> Self {
        let begun = Instant::now();
        let mut command = Command::new(std::env::current_exe().expect("the benchmark has a path"));
        command.arg("--role").arg(role);
        command.args(upstream.map(|address| address.to_string()));
        let (process, input, line) = start(command);
        let address = line.trim().parse().expect("a role prints its address");
        Self {
            name,
            address,
            key: "none".to_owned(),
            start: begun.elapsed(),
            process: Some(process),
            _input: Some(input),
            folder: None,
            management: None,
        }
    }

    /// The upstream again, without anything between: what all others are compared with.
    pub(crate) fn direct(name: &'static str, upstream: SocketAddr) -> Self {
        Self {
            name,
            address: upstream,
            key: "none".to_owned(),
            start: Duration::ZERO,
            process: None,
            _input: None,
            folder: None,
            management: None,
        }
    }

    /// nginx as a reverse proxy with kept-alive upstream connections, where it is installed.
    pub(crate) fn nginx(upstream: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).ok()?.port();
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, nginx_configuration(folder.path(), port, upstream)).expect("a file can be written");
        let begun = Instant::now();
        let process = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&path)
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while std::net::TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "nginx does not listen");
            std::thread::yield_now();
        }
        Some(Self {
            name: "nginx",
            address,
            key: "none".to_owned(),
            start: begun.elapsed(),
            process: Some(process),
            _input: None,
            folder: Some(folder),
            management: None,
        })
    }

    /// Ours, with authentication, a group with limits, metering and the log on.
    pub(crate) fn ours(upstream: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ours = Self::repoint(upstream, &folder);
        ours.key = crate::setup::provision(ours.management.expect("ours is managed"));
        ours.folder = Some(folder);
        ours
    }

    /// Ours on a database that was filled past it.
    pub(crate) fn ours_filled(upstream: SocketAddr, fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The first start makes the database.
        drop(Self::repoint(upstream, &folder));
        fill(folder.path());
        let mut ours = Self::repoint(upstream, &folder);
        ours.folder = Some(folder);
        ours
    }

    fn repoint(upstream: SocketAddr, folder: &tempfile::TempDir) -> Self {
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_repoint"));
        command.env("REPOINT_GATEWAY_KEY", MANAGEMENT_KEY).args(["gateway", "run", "--seed", "workspace"]);
        command.args(["--listen", "127.0.0.1:0", "--inference-listen", "127.0.0.1:0", "--exit-with-parent"]);
        command.arg("--data").arg(folder.path()).arg("--upstream").arg(format!("{MODEL}=http://{upstream}"));
        let (process, input, line) = start(command);
        let ready: serde_json::Value = serde_json::from_str(&line).expect("the ready line is JSON");
        Self {
            name: "repoint",
            address: address_in(&ready["inference_url"]),
            management: Some(address_in(&ready["management_url"])),
            key: "none".to_owned(),
            start: begun.elapsed(),
            process: Some(process),
            _input: Some(input),
            folder: None,
        }
    }

    /// The processor time and memory of the process and its children.
    pub(crate) fn sample(&self) -> Sample {
        let Some(process) = &self.process else { return Sample::default() };
        let mut whole = Sample::of(process.id());
        for child in crate::process::children(process.id()) {
            let more = Sample::of(child);
            whole.cpu += more.cpu;
            whole.resident_bytes += more.resident_bytes;
            whole.anonymous_bytes += more.anonymous_bytes;
        }
        whole
    }
}

/// A model of the seeded workspace that is active in production.
pub(crate) const MODEL: &str = "3kZ9xqd";
/// A key for the gateway of this run alone.
pub(crate) const MANAGEMENT_KEY: &str = "a-benchmark-key-of-no-worth";

impl Drop for Contestant {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // nginx ends its workers on a termination; a kill would leave them.
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let _ = process.wait();
        }
    }
}

fn start(mut command: Command) -> (Child, ChildStdin, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().expect("the process starts");
    let input = process.stdin.take().expect("its input is a pipe");
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("its output is a pipe"))
        .read_line(&mut line)
        .expect("it prints a line");
    (process, input, line)
}

fn address_in(url: &serde_json::Value) -> SocketAddr {
    let text = url.as_str().expect("a URL");
    text.trim_start_matches("http://").trim_end_matches('/').parse().expect("an address")
}

fn nginx_configuration(folder: &Path, port: u16, upstream: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process on; worker_processes 2; pid {folder}/pid; error_log /dev/null crit;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
         client_body_buffer_size 1m; keepalive_requests 100000000;\n\
         upstream up {{ server {upstream}; keepalive 256; keepalive_requests 100000000; }}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}\n"
    )
}
