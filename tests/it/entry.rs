//! The program's front door: who gets a key, what goes through a proxy, and what happens without a terminal.

use std::process::Output;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "sk-front-door-1234567890";
const EMPTY_PAGE: &str = r#"{"items":[],"pagination":{"has_more":false,"cursor":null}}"#;

/// Runs the program with these arguments and no more of the environment than is given.
async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let home = TempDir::new().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_repoint"));
    command.args(arguments).env_clear().env("HOME", home.path()).envs(environment.iter().copied());
    command.stdin(std::process::Stdio::null()).output().await.unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A listener that notes the first bytes of every connection and hangs up.
async fn noting() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 2048];
            let count = stream.read(&mut bytes).await.unwrap_or(0);
            sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).unwrap();
            // The caller may have hung up first.
            drop(stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await);
        }
    });
    (address, receiver)
}

async fn gateway() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(header("authorization", format!("Api-Key {KEY}")))
        .respond_with(ResponseTemplate::new(200).set_body_raw(EMPTY_PAGE, "application/json"))
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn without_a_terminal_the_dashboard_says_so_and_ends_with_2() {
    for arguments in [&[][..], &["--local"], &["--url", "https://api.baseten.co"]] {
        let output = run(arguments, &[]).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(told(&output).contains("needs a terminal"), "{}", told(&output));
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn a_mistyped_command_line_ends_with_64() {
    for arguments in [&["--frob"][..], &["--local", "--url", "https://a.example"], &["--url", "nowhere"]] {
        assert_eq!(run(arguments, &[]).await.status.code(), Some(64), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_key_of_the_environment_opens_the_address_that_is_given() {
    let server = gateway().await;
    let output = run(&["--url", &server.uri(), "endpoints", "list"], &[("REPOINT_API_KEY", KEY)]).await;
    assert!(output.status.success(), "{}", told(&output));
}

#[tokio::test]
async fn the_hosted_key_is_sent_nowhere_else() {
    let (address, mut seen) = noting().await;
    let url = format!("http://{address}");
    let output = run(&["--url", &url, "endpoints", "list"], &[("BASETEN_API_KEY", KEY)]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("REPOINT_API_KEY is not set"), "{}", told(&output));
    assert!(seen.try_recv().is_err(), "nothing was sent");
}

#[tokio::test]
async fn no_key_goes_in_the_clear_to_another_machine() {
    let output = run(&["--url", "http://192.0.2.1", "endpoints", "list"], &[("REPOINT_API_KEY", KEY)]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("in the clear"), "{}", told(&output));
    assert!(!told(&output).contains(KEY));
}

#[tokio::test]
async fn a_proxy_is_never_asked_for_this_machine() {
    let server = gateway().await;
    let (proxy, mut seen) = noting().await;
    let proxy = format!("http://{proxy}");
    let environment: Vec<(&str, &str)> = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .map(|name| (name, proxy.as_str()))
        .chain([("REPOINT_API_KEY", KEY)])
        .collect();
    for url in [server.uri(), server.uri().replace("127.0.0.1", "localhost")] {
        let output = run(&["--url", &url, "endpoints", "list"], &environment).await;
        assert!(output.status.success(), "{url}: {}", told(&output));
    }
    assert!(seen.try_recv().is_err(), "the proxy saw nothing");
}

#[tokio::test]
async fn other_machines_are_reached_through_the_proxy_that_is_set() {
    let (proxy, mut seen) = noting().await;
    let proxy = format!("http://{proxy}");
    let environment = [("HTTPS_PROXY", proxy.as_str()), ("REPOINT_API_KEY", KEY)];
    let output = run(&["--url", "https://gateway.invalid", "endpoints", "list"], &environment).await;
    assert_eq!(output.status.code(), Some(1));
    let asked = seen.recv().await.unwrap();
    assert!(asked.starts_with("CONNECT gateway.invalid:443 "), "{asked}");
    assert!(!asked.contains(KEY));
}
