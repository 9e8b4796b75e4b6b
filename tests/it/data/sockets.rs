//! What is set on the gateway's sockets, and TLS to an upstream.

use std::net::TcpStream;
use std::os::fd::OwnedFd;

use repoint::gateway::planes::data::Settings;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::caller::{Caller, chat_stream, post_with};
use super::plane::{GLM, KEY, Plane, settings};
use super::script::{EVENTS, Script, completion};

/// The TCP connections of this process, each with its two ends.
fn connections() -> Vec<(TcpStream, std::net::SocketAddr, std::net::SocketAddr)> {
    let own = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let names = std::fs::read_dir("/proc/self/fd").unwrap();
    let numbers = names.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    // The directory's own descriptor is gone by now, and files have no peer.
    let copies = numbers.filter_map(|number: i32| pidfd_getfd(&own, number, PidfdGetfdFlags::empty()).ok());
    copies
        .filter_map(|copy: OwnedFd| {
            let stream = TcpStream::from(copy);
            let (here, there) = (stream.local_addr().ok()?, stream.peer_addr().ok()?);
            Some((stream, here, there))
        })
        .collect()
}

#[tokio::test]
async fn small_pieces_wait_for_nobody_on_either_side() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (_, _connection) = upstream.answer_once(EVENTS).await;
    assert_eq!(caller.head().await.0, 200);
    let open = connections();
    let to_callers: Vec<_> = open.iter().filter(|(_, here, _)| *here == plane.address).collect();
    let to_upstreams: Vec<_> = open.iter().filter(|(_, _, there)| *there == upstream.address).collect();
    assert_eq!((to_callers.len(), to_upstreams.len()), (1, 1));
    for (stream, ..) in to_callers.into_iter().chain(to_upstreams) {
        assert!(stream.nodelay().unwrap(), "{stream:?} waits for acknowledgements");
    }
}

#[tokio::test]
async fn a_header_flood_is_431_and_the_connection_ends() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let auth = format!("authorization: Api-Key {KEY}\r\n");
    for flood in ["x: y\r\n".repeat(5_000), format!("x: {}\r\n", "y".repeat(300_000))] {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(post_with("/v1/chat/completions", &(auth.clone() + &flood), r#"{"model":"my-org/glm"}"#)).await;
        let text = caller.rest().await;
        assert!(text.starts_with("HTTP/1.1 431") && text.matches("HTTP/1.1 ").count() == 1, "{text}");
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn the_limit_of_header_lines_is_the_one_that_was_set() {
    let upstream = Script::start().await.always(|_| completion());
    let settings = Settings { header_bytes_max: 400_000, ..settings() };
    let plane = Plane::start_with(upstream, settings, |_| ()).await;
    for (bytes, status) in [(300_000, 200), (400_000, 431)] {
        let lines = format!("authorization: Api-Key {KEY}\r\nx: {}\r\n", "y".repeat(bytes));
        let request = post_with("/v1/chat/completions", &lines, r#"{"model":"my-org/glm"}"#);
        assert_eq!(Caller::connect(plane.address).await.call(&request).await.status, status);
    }
}

#[tokio::test]
async fn a_body_that_nobody_read_is_never_taken_for_a_request() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    let hidden = post_with("/v1/models", &format!("authorization: Api-Key {KEY}\r\n"), "");
    for (version, key, bytes) in [("1.1", "sky_AAAAAAAAAAAA.bad", 200), ("1.1", "bad", 2_000_000), ("1.0", KEY, 200)] {
        let body = hidden.repeat(1 + bytes / hidden.len());
        let mut caller = Caller::connect(plane.address).await;
        caller
            .send(format!(
                "POST /v1/chat/completions HTTP/{version}\r\nhost: g\r\nauthorization: Api-Key {key}\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ))
            .await;
        let text = caller.rest().await;
        assert!(text.matches("HTTP/1.").count() <= 1, "{text}");
        assert!(text.is_empty() || text.contains(" 403 ") || text.contains(" 400 "), "{text}");
    }
}
