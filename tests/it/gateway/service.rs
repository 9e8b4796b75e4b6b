//! The gateway under a service manager: what it tells, the sockets it is handed, and its health check.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::program::{Process, command, request, start};

/// Longer than any message may take; only a test that fails waits so long.
const LIMIT: Duration = Duration::from_secs(30);

fn message(manager: &UnixDatagram) -> String {
    let mut bytes = [0; 1024];
    let length = manager.recv(&mut bytes).expect("a message within the limit");
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[test]
fn the_service_manager_hears_of_ready_of_life_and_of_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(LIMIT)).unwrap();
    let mut command = command(&directory.path().join("data"), &[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "20000");
    let mut process = start(command);
    let ready = message(&manager);
    assert!(ready.starts_with("READY=1\nSTATUS="), "{ready}");
    assert!(ready.contains(&process.addresses.inference_url), "{ready}");
    for _ in 0..3 {
        assert_eq!(message(&manager).trim(), "WATCHDOG=1");
    }
    process.signal(Signal::TERM);
    let mut last = message(&manager);
    while last.trim() == "WATCHDOG=1" {
        last = message(&manager);
    }
    assert!(last.starts_with("STOPPING=1\nSTATUS=draining"), "{last}");
    assert_eq!(process.end(), Some(0));
}

/// Starts it with two sockets, the first as descriptor 3, as a service manager would.
fn activated(data: &Path, names: &str, first: TcpListener, second: TcpListener) -> Process {
    let inner = command(data, &[]);
    // The shell keeps its process id, which is what LISTEN_PID must say. The sockets travel as its input and its log.
    let script = "exec 3<&0 4<&2 0</dev/null 2>/dev/null; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(inner.get_program()).args(inner.get_args());
    shell.env("LISTEN_FDNAMES", names).env_remove("REPOINT_GATEWAY_KEY").env_remove("REPOINT_LOG");
    shell.stdin(Stdio::from(OwnedFd::from(first))).stderr(Stdio::from(OwnedFd::from(second))).stdout(Stdio::piped());
    start(shell)
}

#[test]
fn sockets_of_the_service_manager_are_served_under_their_names() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let (first_at, second_at) = (first.local_addr().unwrap(), second.local_addr().unwrap());
    // A caller that comes before the gateway is there waits in the socket.
    let _early = TcpStream::connect(second_at).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut process = activated(directory.path(), "inference:management", first, second);
    assert_eq!(process.addresses.inference_url, format!("http://{first_at}"));
    assert_eq!(process.addresses.management_url, format!("http://{second_at}"));
    let (status, _) = request(&process.addresses, "", "GET", "/v1/models", &Value::Null).unwrap();
    assert_eq!(status, 401);
    process.signal(Signal::TERM);
    assert_eq!(process.end(), Some(0));
}

fn health(address: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_repoint"))
        .args(["gateway", "health", "--timeout", "30s", "--address"])
        .arg(address)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn health_is_0_where_a_gateway_answers_and_1_with_a_hint_where_none_does() {
    let directory = tempfile::tempdir().unwrap();
    let process = start(command(&directory.path().join("data"), &[]));
    let address = process.addresses.management_url.strip_prefix("http://").unwrap().to_owned();
    assert_eq!(health(&address), (Some(0), String::new()));
    drop(process);
    let (code, text) = health(&address);
    assert_eq!(code, Some(1));
    assert!(text.contains("does not answer") && text.contains("hint: "), "{text}");
    // What answers there is something else.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"220 mail ready\r\n").unwrap();
        let _ = std::io::Read::read(&mut stream, &mut [0; 512]);
    });
    assert_eq!(health(&at).0, Some(1));
    answering.join().unwrap();
}
